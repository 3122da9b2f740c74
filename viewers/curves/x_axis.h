#pragma once

#include <string>

#include "viewers/panel.h"
#include "viewers/series_plot.h"

namespace ablate {

/// What an axis says: "step", "epoch", "images".
inline constexpr std::array kXAxes{"step", "time", "wall time", "order", "epoch", "images"};

/// How much a step of the run is on the axis: 1, but for epochs and images. Of a run of Ablate by its progress and
/// options; of another program's, images by a hyper-parameter whose name ends in batch_size. 0 where it is not known.
double x_per_step(const RunView& run, XAxis axis);

/// "step 400", "epoch 2.5", "5 min".
std::string x_words(XAxis axis, double x);

}  // namespace ablate
