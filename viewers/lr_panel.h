#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

inline constexpr const char* kLrPanel = "LR finder";

/// Range tests: loss over the learning rate, its slope, and what every rule suggests.
std::unique_ptr<Panel> make_lr_panel();

}  // namespace ablate
