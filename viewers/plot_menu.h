#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ablate {

/// The popup in which a person chooses plots, or tags, by their names. Drawing thread.
class PlotMenu {
 public:
  static constexpr const char* kPopup = "plots";
  /// `chosen` is nullopt for the usual ones.
  using Usual = std::function<std::set<std::string>(const std::vector<std::string>& names)>;
  void draw(const std::vector<std::string>& names, std::optional<std::set<std::string>>& chosen, const Usual& usual);

 private:
  std::string filter_;
};

/// Dear ImGui's of a plot, whose name may be empty, or have what ends a label.
std::string label_of(const std::string& name);

}  // namespace ablate
