#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ablate {

/// The popup in which a person chooses plots by their names. Drawing thread.
class PlotMenu {
 public:
  static constexpr const char* kPopup = "plots";
  /// `chosen` is nullopt for the default ones.
  void draw(const std::vector<std::string>& names, std::optional<std::set<std::string>>& chosen);

 private:
  std::string filter_;
};

/// Dear ImGui's of a plot, whose name may be empty, or have what ends a label.
std::string label_of(const std::string& name);

}  // namespace ablate
