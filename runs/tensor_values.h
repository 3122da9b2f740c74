#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "runs/event_decoding.h"

namespace ablate {

// What a TensorProto holds, by the rules of tensorboard.util.tensor_util.make_ndarray; beyond them bfloat16 is read,
// and unsigned numbers in the lists where PyTorch puts them.

/// The one number of a tensor of any shape that has exactly one; nullopt for anything else.
std::optional<double> scalar_of(const TensorFields& tensor);

struct FloatTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
/// Any numeric tensor as float32; nullopt when it is not one, or its shape and its values disagree.
std::optional<FloatTensor> floats_of(const TensorFields& tensor);

/// The elements of a DT_STRING tensor; nullopt for any other.
std::optional<std::vector<std::string_view>> strings_of(const TensorFields& tensor);

/// The histograms plugin's tensor, rows of left edge, right edge, count. It keeps neither sum nor sum of squares: they
/// are estimated from the middles of the buckets. nullopt for any other shape.
std::optional<Histogram> histogram_of_tensor(const TensorFields& tensor);

}  // namespace ablate
