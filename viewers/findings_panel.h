#pragma once

#include <memory>
#include <optional>
#include <string>

#include "experiments/experiment.h"
#include "viewers/panel.h"

namespace ablate {

inline constexpr const char* kFindingsPanel = "Findings";

/// What the doctor found in the shown runs: a sentence, the evidence, the cure and a button that launches it; and a
/// button that has it examine the selected run.
std::unique_ptr<Panel> make_findings_panel();

/// The run again with the cure that a finding names ("norm_sharing = none", "model.norm=group"): one run. nullopt where
/// the cure is not a change of an option that this run has.
std::optional<Experiment> cured_experiment(const RunView& run, const std::string& cure);

}  // namespace ablate
