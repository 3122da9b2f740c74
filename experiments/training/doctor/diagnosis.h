#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/validation.h"
#include "runs/findings.h"

namespace ablate {

/// What looks at a network gave.
struct Diagnosis {
  std::optional<double>
      recalibrated;               ///< primary metric in eval mode with re-estimated buffers; nullopt without buffers
  std::vector<Finding> findings;  ///< the most likely first; empty when nothing is wrong
  /// What was measured, and what could not be and why: a line each, also where nothing is wrong.
  std::vector<std::string> tests, untested;
};

/// A switch that the run has set already can't be a cure: of statistics that lag although they move as usual, and of a
/// schedule that falls already.
void replace_idle_cures(const RunConfig& config, std::vector<Finding>& findings);

/// Told what is tested next, for people.
using TellTest = std::function<void(const std::string& test)>;

/// At most `most` of them, evenly spread: their order is by name, and neighbours may be frames of one film.
std::vector<std::size_t> spread_over(const std::vector<std::size_t>& indices, std::size_t most);

/// ".846", as people write shares.
std::string share_word(double value);
/// "two", "three", …
std::string count_word(std::size_t n);
/// The metric that a task is judged by.
class PrimaryMetric {
 public:
  /// `task` outlives it.
  explicit PrimaryMetric(Task& task) : task_(task), name_(task.primary_metric()) {}
  const std::string& name() const { return name_; }  ///< "iou"
  std::string word() const;                          ///< before people: "IoU"
  /// As measure() does.
  double of(FixedBatches& batches, Mode mode) const { return measure(task_, batches, mode).metrics.at(name_); }
  /// By how much `a` is better than `b`.
  double better(double a, double b) const { return task_.higher_is_better() ? a - b : b - a; }

 private:
  Task& task_;
  std::string name_;
};

}  // namespace ablate
