#pragma once

#include <torch/torch.h>

#include <vector>

namespace ablate {

struct Likeness {
  std::size_t other = 0;
  /// The smaller of two: of the details that are left without the coarse light and dark, at the best shift; and of the
  /// coarse light and dark. Also with margins cut off. −1 … 1.
  double correlation = 0;
};

/// For each of `pictures` the most alike of `others`, mirrored ones too ({N, C, H, W} each, of any size). With
/// `the_same` the i-th picture is the i-th of the others, and not compared with itself.
std::vector<Likeness> most_alike(const torch::Tensor& pictures, const torch::Tensor& others, bool the_same = false);

}  // namespace ablate
