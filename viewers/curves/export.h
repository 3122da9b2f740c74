#pragma once

#include <string>
#include <vector>

#include "viewers/curves/plot.h"

namespace ablate {

/// Every point in sight, none left out: plot, run, step, wall time, value and, where lines are smoothed, that too. Of
/// bands group, x, mean, low, high and how many runs.
std::string csv_of(const std::vector<Plot>& plots, const XView& view);

/// Plots as pictures of lines, one below the other, with their axes and a legend.
std::string svg_of(const std::vector<Plot>& plots, const XView& view, const std::vector<Limits>& y_limits);

/// Between 2 and `most` round numbers within the limits, for an axis; powers of ten and parts of them where it is
/// logarithmic.
std::vector<double> round_ticks(const Limits& limits, bool logarithmic, std::size_t most);

}  // namespace ablate
