#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// What a column of the runs table shows of each run.
struct RunColumn {
  enum class Kind { state, started, duration, steps, option, last, lowest, highest, mean_of_last };
  Kind kind = Kind::option;
  std::string of;  ///< an option's key, a hyper-parameter's name, or a scalar tag; empty for the first four

  /// As a person chooses it: "duration", "model.norm", "iou/val: highest".
  std::string name() const;
  bool operator==(const RunColumn&) const = default;
};
/// What `name` names; an option where it is nothing else.
RunColumn run_column(const std::string& name);

/// Every column that any of the runs could fill, by name: options that differ from their default or were logged as
/// hyper-parameters, and four for each scalar tag.
std::vector<std::string> run_columns(const std::vector<const RunView*>& runs);
/// Those shown while nobody has chosen: how it went, options in which the runs differ, and the metrics that Curves
/// shows.
std::vector<RunColumn> usual_run_columns(const std::vector<const RunView*>& runs);

/// Keys of options and hyper-parameters whose values differ between the runs, by name.
std::vector<std::string> differing_options(const std::vector<const RunView*>& runs);

struct RunCell {
  std::string text;              ///< empty where the run has no such thing
  std::optional<double> number;  ///< what it is sorted by, where it is one
};
RunCell run_cell(const RunView& run, const RunColumn& column);

/// Rows by the column's cells: numbers before texts, NaN and runs that have none last whichever way; equals as they
/// were.
std::vector<const RunView*> sorted_by(const std::vector<const RunView*>& runs, const RunColumn& column,
                                      bool descending);

/// Whether less of it is better, by its name: losses, errors, times.
bool lower_is_better(const std::string& tag);

}  // namespace ablate
