#pragma once

#include <optional>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// The last values of a run's leading metric: with running statistics (eval mode) and with those of the batch.
struct LastMetrics {
  std::string metric;  ///< "iou"; empty where none is known
  std::optional<double> eval, train;
  /// Eval mode is worse than train mode by more than 0.1: what broken running statistics look like.
  bool suspicious() const { return eval && train && *train - *eval > 0.1; }
};
LastMetrics last_metrics(const RunView& run);

/// The tags that show validation of `metric` ("iou", "loss") in each mode; empty where the run has none. A run that was
/// validated in one mode only has `<metric>/val` for that mode.
struct ModeTags {
  std::string eval, train;
};
ModeTags mode_tags(const RunView& run, const std::string& metric);

/// Seconds until a running run's last step, from the time its steps took so far; nullopt before anything is known.
std::optional<double> seconds_left(const RunView& run);

/// Options in which the runs differ, as the catalogue's short words ("norm", "norm sharing"); data path, seed included.
std::vector<std::string> differing_words(const std::vector<const RunView*>& runs);

/// The last part of an option's key as a person says it: "model.norm_sharing" is "norm sharing".
std::string option_word(const std::string& key);

}  // namespace ablate
