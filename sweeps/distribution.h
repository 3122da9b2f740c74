#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// What a parameter of a trial may be, as Optuna's FloatDistribution, IntDistribution and CategoricalDistribution.
/// Values are held as Optuna holds them ("internal"): of a category its index, else the number itself.
struct Distribution {
  enum class Type { real, integer, categorical };
  Type type = Type::real;
  double low = 0, high = 0;    ///< inclusive; whole numbers up to 2^53 for an integer
  bool log = false;            ///< uniform in the logarithm; low > 0 then, of an integer low ≥ 1
  std::optional<double> step;  ///< values are low + k·step; nullopt: a continuous real. Always set for an integer
  std::vector<nlohmann::json> choices;  ///< null, booleans, numbers, texts

  /// Throws Error (what, not where) for an empty range, log of a bound that is not positive, log with a step, a step
  /// that is not positive, no or equal choices; lowers `high` to the last value on the grid. A range of one value (low
  /// = high) is none of these: Optuna takes it, as a single choice.
  void check();

  /// How many values there are; nullopt for a continuous one.
  std::optional<std::int64_t> count() const;
  /// The k-th of count() values.
  double value(std::int64_t k) const;
  /// The nearest value to `internal` that is allowed.
  double nearest(double internal) const;
  bool contains(double internal) const;

  /// A value as a person writes it. `internal` is one that contains() takes.
  nlohmann::json external(double internal) const;
  /// Throws Error for a value that is not one of this.
  double internal(const nlohmann::json& external) const;

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

/// As Optuna's journals have it: {"name": "FloatDistribution", "attributes": {…}}, as text.
std::string optuna_text(const Distribution& distribution);
/// The reverse; takes the names that older Optunas wrote, too. Throws Error.
Distribution distribution_from_optuna(std::string_view text);

/// Whether one parameter can have both within one study, as Optuna sees it: the same kind, both or neither log, of
/// categories the same choices. Ranges may differ.
bool compatible(const Distribution& a, const Distribution& b);

}  // namespace ablate
