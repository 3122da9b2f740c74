#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// All runs in a table: options and metrics as columns, which a person chooses and sorts by.
std::unique_ptr<Panel> make_table_panel();

}  // namespace ablate
