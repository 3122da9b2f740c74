#include "experiments/training/doctor/early_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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
  std::vector<LayerActivity::Layer> updated = layers;
  for (LayerActivity::Layer& layer : updated) {  // Not every step is one of all networks.
    if (layer.gradient_norm) with_gradient_.insert(layer.name);
    if (with_gradient_.contains(layer.name) && !layer.gradient_norm) layer.gradient_norm = NAN;
  }
  for (const auto& finding : {layers_not_updated(updated), dead_layer(layers)}) {
    if (!finding) continue;
    seen.push_back(finding->cause);
    if (std::ranges::find(seen_, finding->cause) != seen_.end()) keep(step, *finding);
  }
  seen_ = std::move(seen);
}

void EarlyFindings::validated(Step step, double lost, const std::function<std::optional<Finding>()>& shared_norm) {
  const bool lost_before = std::exchange(lost_before_, lost > kALot);
  if (!lost_before || !lost_before_ || step < not_before_) return;
  not_before_ = 2 * step;
  try {
    auto finding = shared_norm();
    if (!finding) return;
    keep(step, std::move(*finding));
    not_before_ = std::numeric_limits<Step>::max();
  } catch (const std::exception& error) {  // It is not worth the run: memory, for one.
    say_(fmt::format("step {}: why eval mode loses {:.3f} could not be tested: {}", step, lost, error.what()));
  }
}

std::vector<Finding> EarlyFindings::still_seen() const {
  std::vector<Finding> still;
  for (const Finding& finding : kept_)
    if (std::ranges::find(seen_, finding.cause) != seen_.end()) still.push_back(finding);
  return still;
}

void EarlyFindings::keep(Step step, Finding finding) {
  if (std::ranges::find(kept_, finding.cause, &Finding::cause) != kept_.end()) return;
  say_(fmt::format("step {}: {}: {}", step, finding.cause, finding.sentence));
  finding.evidence.push_back(fmt::format("seen at step {}, while it trains; it is examined again at the end", step));
  kept_.push_back(std::move(finding));
  try {
    std::vector<Finding> all = kept_;
    for (const Finding& other : read_findings(run_))  // Somebody may have asked the doctor meanwhile.
      if (std::ranges::find(all, other.cause, &Finding::cause) == all.end()) all.push_back(other);
    write_findings(run_, all, Examined::while_training);
  } catch (const Error& error) {  // A full disk: the run's own files will say so, and this is written again at the end.
    say_(error.what());
  }
}

}  // namespace ablate
