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
/// - not-finite: a loss that ends with values that are NaN or infinite;
/// - learning-rate-too-high: a training loss of which nearly all of the last third lies far above the first;
/// - overfitting: a validation loss that has risen again far above its least, more than it jumps about, while the
///   training loss of that name went on falling;
/// - layers-not-updated: gradients that are all zero in every one of several histograms of them.
/// A loss is a tag whose words are "loss" or "total loss" besides those that name a set ("train", "val", "dev", …), an
/// epoch or a step: parts of a loss, scales and weights may do what they like.
LogDiagnosis diagnose_log(const RunData& data);

}  // namespace ablate
