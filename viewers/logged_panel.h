#pragma once

#include <memory>

#include "viewers/panel.h"

namespace ablate {

/// Images, histograms and texts of any program's log: a row for each tag, a column for each shown run.
std::unique_ptr<Panel> make_logged_panel();

}  // namespace ablate
