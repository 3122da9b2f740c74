#pragma once

#include <set>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// Names of the plots that the runs' scalar tags make. `<metric>/val`, `<metric>/val_eval` and
/// `<metric>/val_train_mode` share one plot, "<metric>/val"; every other tag has its own. In the order in which a
/// person wants them: losses, metrics, learning rate, the rest by name.
std::vector<std::string> plot_names(const std::vector<const RunView*>& runs);

/// Those shown while a person hasn't chosen: loss/train, iou/val, loss/val, lr as far as they are there; of a log that
/// has none of these the first four.
std::set<std::string> default_plots(const std::vector<std::string>& names);

/// A line of a plot: which tag of a run, and whether it is dashed: as what was measured in train mode.
struct PlotLineTag {
  std::string tag;
  bool train_mode = false;
};
std::vector<PlotLineTag> lines_of(const RunView& run, const std::string& plot);

/// The charts that any of the runs' logs asks for; of equal names the first run's.
std::vector<LoggedChart> logged_charts(const std::vector<const RunView*>& runs);
/// Of such a chart the run's lines: dashed is every second one, and what a value lies between.
std::vector<PlotLineTag> lines_of(const RunView& run, const LoggedChart& chart);

/// Whether a logarithmic axis makes sense: not for metrics that lie between 0 and 1, nor for a learning rate that ends
/// at 0.
bool may_be_logarithmic(const std::string& plot);
/// Whether its values lie between 0 and 1 by nature, so that the axis shows that range.
bool is_share(const std::string& plot);
/// Validation is rare and averaged already: smoothing would only move it away from what was measured.
bool may_be_smoothed(const std::string& tag);

}  // namespace ablate
