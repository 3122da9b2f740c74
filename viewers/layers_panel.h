#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// How far the running statistics of each norm layer of the selected run are from those of the batch, over time; a
/// layer opens to its channels.
std::unique_ptr<Panel> make_layers_panel();

}  // namespace ablate
