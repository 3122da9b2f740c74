#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runs/run_writer.h"
#include "runs/types.h"

namespace ablate {

// Each function makes one serialised tensorboard.Event.

/// `brain.Event:2`, the first record of every file.
std::string encode_version(double wall_seconds);

/// SessionLog START: points at or after `step` that came before are dropped by readers.
std::string encode_session_start(double wall_seconds, Step step);

/// Lengths of the nested messages of a scalar, so that it is written into its place in one go.
struct ScalarSizes {
  ScalarSizes(std::string_view tag, Step step);
  std::size_t value, summary, event;
};
/// Writes `sizes.event` bytes at `at`.
void encode_scalar(char* at, const ScalarSizes& sizes, double wall_seconds, Step step, std::string_view tag,
                   float value);

std::string encode_histogram(double wall_seconds, Step step, std::string_view tag, const Histogram& histogram);

struct ImageSize {
  int height, width, channels;
};
std::string encode_image(double wall_seconds, Step step, std::string_view tag, ImageSize size,
                         std::string_view encoded);

std::string encode_text(double wall_seconds, Step step, std::string_view tag, std::string_view markdown);

std::string encode_tensor(double wall_seconds, Step step, std::string_view tag, std::span<const std::int64_t> shape,
                          std::span<const float> values, std::string_view plugin);

/// HParams: which hyper-parameters and metrics there are. `values` is a flat object; what is neither a number, a bool
/// nor a string becomes its JSON text, null is left out. Throws Error when it is no object.
std::string encode_hparams_experiment(double wall_seconds, const nlohmann::json& values,
                                      const std::vector<std::string>& metric_tags);
/// HParams: the values of this run.
std::string encode_hparams_session(double wall_seconds, const nlohmann::json& values);
/// That the session is over.
std::string encode_hparams_session_end(double wall_seconds, bool success);

}  // namespace ablate
