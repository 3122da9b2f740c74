#pragma once

#include <string>
#include <vector>

#include "runs/findings.h"
#include "runs/series.h"

namespace ablate {

/// What a log alone tells of a run, whoever wrote it.
struct LogDiagnosis {
  std::vector<Finding> findings;             ///< the most certain first; empty when nothing is wrong
  std::vector<std::string> tests, untested;  ///< what was looked at; what a log can't tell: a line each
};

/// Only what can hardly be otherwise, since nothing can be tried out:
/// - not-finite: a loss that is NaN or infinite;
/// - learning-rate-too-high: a training loss that ends far above where it began;
/// - overfitting: a validation loss that ends far above its least, while the training loss of that name went on
/// falling;
/// - layers-not-updated: gradients that are all zero in every histogram of them.
/// Losses are tags with "loss" in their names; validation is told from training by "val", "valid", "validation", "test"
/// or "eval" in place of "train" or "training".
LogDiagnosis diagnose_log(const RunData& data);

}  // namespace ablate
