#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// What a column of the runs table shows of each run.
struct RunColumn {
  enum class Kind {
    state,
    started,
    duration,
    steps,
    tags,
    notes,
    begun_from,
    figure,
    option,
    last,
    lowest,
    highest,
    mean_of_last,
    spread_of_last,  ///< from the lowest to the highest
    steps_until,     ///< a metric passes a value
    time_until,      ///< likewise, since its first point
  };
  Kind kind = Kind::option;
  /// An option's key, a hyper-parameter's or figure's name, or a scalar tag; "iou/val >= 0.8" of what is passed; else
  /// empty.
  std::string of;

  /// As a person chooses it: "duration", "model.norm", "iou/val: highest".
  std::string name() const;
  bool operator==(const RunColumn&) const = default;
};
/// "iou/val >= 0.8" or "loss/val <= 0.1", the tag and the value; nullopt where it is not written so.
struct Passing {
  std::string tag;
  bool upwards = true;
  double value = 0;
};
std::optional<Passing> passing_from(const std::string& words);
/// What `name` names; an option where it is nothing else.
RunColumn run_column(const std::string& name);

/// Every column that any of the runs could fill, by name: options that differ from their default or were logged as
/// hyper-parameters, figures that were typed in, and five for each scalar tag.
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

/// What a column shows of several runs: of numbers their mean and standard deviation (of a sample), of texts the one
/// that all have, or "various".
RunCell cell_of_all(const std::vector<const RunView*>& runs, const RunColumn& column);

/// Whether a row with this cell stands before one with that: numbers before texts, NaN and what is empty last whichever
/// way.
bool stands_before(const RunCell& a, const RunCell& b, bool descending);

/// Rows by the column's cells, pinned runs before all others; equals as they were.
std::vector<const RunView*> sorted_by(const std::vector<const RunView*>& runs, const RunColumn& column,
                                      bool descending);

/// Whether less of it is better, by its name: losses, errors, times.
bool lower_is_better(const std::string& tag);

}  // namespace ablate
