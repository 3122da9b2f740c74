#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "sweeps/study.h"
#include "sweeps/sweep.h"

namespace ablate {

/// One quantity of a study's trials: a parameter, or an objective. Values are as Distribution holds them, of a category
/// its index.
struct StudyAxis {
  std::string name;  ///< "optimizer.lr"; of an objective its metric
  bool log = false;
  std::vector<std::string> choices;  ///< of a category, as words; empty for a number
  double low = 0, high = 1;          ///< what is drawn: low < high, both positive where `log`
  std::vector<double> values;        ///< by trial number; NaN where a trial has none
  std::size_t count = 0;             ///< how many have one

  bool has(int trial) const { return std::isfinite(values[static_cast<std::size_t>(trial)]); }
  double of(int trial) const { return values[static_cast<std::size_t>(trial)]; }
  /// From 0 at `low` to 1 at `high`, evenly in the logarithm where `log`.
  double position(double value) const;
  /// The reverse.
  double value(double position) const;
  /// A value as a person writes it.
  std::string words(double value) const;
};

struct StudyAxes {
  std::vector<StudyAxis> parameters;  ///< in the sweep's order; of another program's study by name
  std::vector<StudyAxis> objectives;  ///< one a direction
};

/// A parameter's axis spans what its distributions allow, an objective's what complete trials came to (of less than
/// two: all), but for few that lie far off: what was pruned is somewhere else. `sweep` may be null: then the study
/// itself has to know what its objectives are called.
StudyAxes axes_of(const Study& study, const Sweep* sweep);

/// The value of an objective: of a trial that was pruned the last that it reported, NaN where there is none.
double objective_of(const Study& study, const Trial& trial, std::size_t objective);

/// From the least to the greatest of the finite ones; few that lie far off are left out. {0, 1} for none.
struct ValueRange {
  double low = 0, high = 1;
};
ValueRange usual_range(std::vector<double> values);

}  // namespace ablate
