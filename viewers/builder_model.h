#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/catalogue.h"
#include "experiments/experiment.h"

namespace ablate {

/// What has been chosen for a new experiment: for every option one value, which goes to the base, or several, which are
/// varied. Options that nobody touched keep the catalogue's default.
class BuilderModel {
 public:
  /// The chosen values; the default where nothing was chosen.
  std::vector<nlohmann::json> values(const std::string& key) const;
  bool is_chosen(const std::string& key, const nlohmann::json& value) const;
  /// Chooses or drops a value; the last one can't be dropped. Kept in the catalogue's order.
  void toggle(const std::string& key, const nlohmann::json& value);
  void choose_only(const std::string& key, const nlohmann::json& value);

  /// The values as words, separated by commas: what a text field shows.
  std::string text(const std::string& key) const;
  /// From such words. What can't be understood is kept as typed, and reported by problem().
  void set_text(const std::string& key, const std::string& text);
  void clear(const std::string& key);

  std::string name;  ///< empty: named after what is varied
  Experiment::Mode mode = Experiment::Mode::grid;
  int seeds = 1;

  /// Keys with more than one value, in the catalogue's order.
  std::vector<std::string> varied() const;
  std::string automatic_name() const;
  /// Why a text can't be understood; empty when all can.
  std::string problem() const;
  /// How many combinations there are before equal ones are merged.
  double combinations() const;
  Experiment experiment() const;

  nlohmann::json to_json() const;
  void from_json(const nlohmann::json& json);
  bool operator==(const BuilderModel&) const = default;

 private:
  std::map<std::string, std::vector<nlohmann::json>> chosen_;
  std::map<std::string, std::string> texts_;     ///< as typed
  std::map<std::string, std::string> problems_;  ///< by key
};

/// An option in the name of what it is varied in: "norm sharing", "schedule" for schedule.name.
std::string naming_word(const std::string& key);

/// A value as a person writes it: words without quotes, a size as "96x64".
std::string value_words(const nlohmann::json& value);

}  // namespace ablate
