#pragma once

#include <imgui.h>

#include "runs/series.h"

namespace ablate {

/// Histograms over time as colours: steps from left to right, values from below, the brighter the more of a step's
/// values lie there. Draws nothing where there are none.
void draw_histogram_map(const char* id, const SharedColumn<HistogramPoint>& points, ImVec2 size);

/// `bins` equal bins from `low` to `high`, as parts of all values; those of a bucket are spread evenly over it.
std::vector<double> rebinned(const Histogram& histogram, double low, double high, std::size_t bins);

}  // namespace ablate
