#include "viewers/builder_panel.h"
#include "viewers/console_panel.h"
#include "viewers/curves_panel.h"
#include "viewers/findings_panel.h"
#include "viewers/layers_panel.h"
#include "viewers/logged_panel.h"
#include "viewers/lr_panel.h"
#include "viewers/masks_panel.h"
#include "viewers/runs_panel.h"
#include "viewers/scores_panel.h"
#include "viewers/sweep_panel.h"
#include "viewers/table_panel.h"

namespace ablate {

std::vector<std::unique_ptr<Panel>> make_panels() {
  std::vector<std::unique_ptr<Panel>> panels;
  panels.push_back(make_runs_panel());
  panels.push_back(make_builder_panel());
  panels.push_back(make_console_panel());
  panels.push_back(make_curves_panel());
  panels.push_back(make_table_panel());
  panels.push_back(make_lr_panel());
  panels.push_back(make_sweep_panel());
  panels.push_back(make_masks_panel());
  panels.push_back(make_layers_panel());
  panels.push_back(make_findings_panel());
  panels.push_back(make_scores_panel());
  panels.push_back(make_logged_panel());
  return panels;
}

}  // namespace ablate
