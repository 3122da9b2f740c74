#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runs/types.h"

namespace ablate {

/// What a run is asked to do: a value for every key of the catalogue. Always valid key by key; `check()` tests what
/// concerns several keys.
class RunConfig {
 public:
  /// All defaults.
  RunConfig();

  /// From nested JSON ({"model": {"norm": "batch"}}); dotted keys are accepted too. What is not named keeps its
  /// default. Throws Error for an unknown key (naming the nearest), a wrong type, a value out of range.
  static RunConfig from_json(const nlohmann::json& nested);

  void set(std::string_view key, const nlohmann::json& value);
  /// "KEY=VALUE" as after -s: VALUE is JSON, or else plain words; a list may be written a,b,c; nothing unsets.
  void set_from_text(std::string_view assignment);
  /// Lays nested (or dotted) JSON over what is there.
  void merge(const nlohmann::json& nested);

  const nlohmann::json& at(std::string_view key) const;
  std::string text(std::string_view key) const;
  double real(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  bool boolean(std::string_view key) const;
  bool is_set(std::string_view key) const;  ///< not null
  /// A duration key in steps, given the steps of an epoch.
  Step steps(std::string_view key, double steps_per_epoch) const;
  /// A list of durations, likewise.
  std::vector<Step> step_list(std::string_view key, double steps_per_epoch) const;

  /// Nested, complete, defaults spelled out: run.json's "config".
  nlohmann::json to_json() const;

  /// Throws Error where keys don't go together: norm groups that don't divide the channels (naming the layer's
  /// channels), a folder data set without a path, a size that pooling can't halve, all loss weights 0, …
  /// Looks at no file.
  void check() const;

  /// Whether an option has any effect, the others being what they are (Option::when).
  bool matters(std::string_view key) const;

  /// The same with options that don't matter (Option::when) set to their defaults: equal runs compare equal.
  RunConfig canonical() const;

  friend bool operator==(const RunConfig&, const RunConfig&) = default;

 private:
  std::map<std::string, nlohmann::json, std::less<>> values_;
};

/// The tags of what is measured while such a run trains: "loss/train", "iou/val", …
std::vector<std::string> measured_tags(const RunConfig& config);

/// Keys whose values differ between the configurations (dotted).
std::vector<std::string> differing_keys(const std::vector<RunConfig>& configs);

}  // namespace ablate
