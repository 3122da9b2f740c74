#pragma once

#include <imgui.h>

#include "runs/series.h"
#include "viewers/colors.h"

namespace ablate {

/// Histograms over time, one behind the other, the newest in front and brightest; each as high as its fullest place.
/// Draws nothing where there are none.
void draw_ridgeline(const char* id, const SharedColumn<HistogramPoint>& points, ImVec2 size, const Color& color);

}  // namespace ablate
