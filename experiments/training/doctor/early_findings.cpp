#include "experiments/training/doctor/early_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/training/doctor/layer_findings.h"
#include "runs/error.h"

namespace ablate {
namespace {

constexpr double kALot = 0.1;  // Of a metric between 0 and 1.

}  // namespace

EarlyFindings::EarlyFindings(std::filesystem::path run, std::function<void(const std::string&)> say)
    : run_(std::move(run)), say_(std::move(say)) {}

void EarlyFindings::look(Step step, const std::vector<LayerActivity::Layer>& layers) {
  if (layers.empty()) return;
  std::vector<std::string> seen;
  for (auto& finding : {layers_not_updated(layers), dead_layer(layers)}) {
    if (!finding) continue;
    seen.push_back(finding->cause);
    if (std::ranges::find(seen_, finding->cause) != seen_.end()) keep(step, *finding);
  }
  seen_ = std::move(seen);
}

void EarlyFindings::validated(Step step, double lost, const std::function<Diagnosis()>& diagnose) {
  const bool lost_before = std::exchange(lost_before_, lost > kALot);
  if (!lost_before || !lost_before_ || step < not_before_) return;
  not_before_ = 2 * step;
  for (Finding& finding : diagnose().findings)
    if (finding.cause == "shared-norm") keep(step, std::move(finding));
}

void EarlyFindings::keep(Step step, Finding finding) {
  if (std::ranges::find(kept_, finding.cause, &Finding::cause) != kept_.end()) return;
  say_(fmt::format("step {}: {}: {}", step, finding.cause, finding.sentence));
  finding.evidence.push_back(fmt::format("seen at step {}, while it trains; it is examined again at the end", step));
  kept_.push_back(std::move(finding));
  try {
    write_findings(run_, kept_, Examined::while_training);
  } catch (const Error& error) {  // A full disk: the run's own files will say so, and this is written again at the end.
    say_(error.what());
  }
}

}  // namespace ablate
