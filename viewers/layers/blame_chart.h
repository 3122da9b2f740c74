#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runs/findings.h"
#include "viewers/colors.h"

namespace ablate {

/// Norm layers by what the metric gains when one alone uses the statistics of its batch, the most to blame at the top:
/// a bar each, `most` as long as there is room. The layer that was pressed.
std::optional<std::string> draw_blame(const std::vector<LayerBlame>& blame, double most, const Color& color);

}  // namespace ablate
