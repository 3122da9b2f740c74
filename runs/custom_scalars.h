#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// A chart of several tags that a log asks for (TensorBoard's custom scalars).
struct LoggedChart {
  std::string name;               ///< "category: title"
  std::vector<std::string> tags;  ///< expressions that fit from a tag's beginning; with margins, names
  /// Tags come in threes: a value, and what it lies between.
  bool margins = false;
  bool operator==(const LoggedChart&) const = default;
};

/// Of a tensorboard.Layout message; what can't be read of it is left out.
std::vector<LoggedChart> decode_layout(std::string_view layout);

}  // namespace ablate
