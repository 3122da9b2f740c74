#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "sweeps/distribution.h"

namespace ablate {

/// A trial's parameters by key, as Distribution holds them.
using Params = std::map<std::string, double>;

/// One key of the configuration that a sweep varies.
struct Parameter {
  std::string key;  ///< of the catalogue, "optimizer.lr"
  Distribution distribution;
  /// It exists only while each of these other parameters (all categorical) has one of these values: their indices.
  std::map<std::string, std::vector<double>> when;
};

/// What a sweep varies. A parameter stands behind those that it depends on.
class SearchSpace {
 public:
  SearchSpace() = default;
  /// Sorts them so that none stands before one that it depends on. Throws Error for a `when` that goes in a circle or
  /// names no parameter.
  explicit SearchSpace(std::vector<Parameter> parameters);

  /// {key: {"type": "float" | "int" | "categorical", "low", "high", "log", "step", "choices", "when": {other key: value
  /// or list of values}}}. A choice that is a list is kept as its text, as Optuna knows none. Where the catalogue says
  /// that an option matters only for some value of another one that is varied too, that is its `when` where none is
  /// written. Throws Error that begins with `where` for: an unknown key (with the nearest) or field, a range that is
  /// empty, shorter than its step, or beyond what the option takes, a choice that it doesn't take, `when` of what is
  /// not varied.
  static SearchSpace from_json(const nlohmann::ordered_json& json, const std::string& where);
  nlohmann::ordered_json to_json() const;

  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// nullptr where there is none.
  const Parameter* find(std::string_view key) const;
  bool empty() const { return parameters_.empty(); }

  /// Whether `parameter` exists, `params` holding all that it depends on.
  static bool active(const Parameter& parameter, const Params& params);

  /// `base` with what the parameters say. Throws Error where an option doesn't take its value.
  RunConfig config(const RunConfig& base, const Params& params) const;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace ablate
