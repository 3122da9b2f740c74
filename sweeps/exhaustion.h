#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sweeps/budget.h"
#include "sweeps/sweep.h"

namespace ablate {

/// Why a sweep has no trial to begin any more, and how it would have one.
struct Exhaustion {
  std::string why;   ///< "the journal has 9 trials"
  std::string more;  ///< "ablate sweep add lr N"; empty where there is no more

  std::string words() const { return why + "." + (more.empty() ? "" : " For more: " + more); }
};

/// Whether its sampler is a grid of which nothing is left.
bool all_tried(const Sweep& sweep, const Study& study);
/// `folder`: the sweep's. nullopt where another trial may begin.
std::optional<Exhaustion> exhaustion(const std::filesystem::path& folder, const Sweep& sweep, const Study& study,
                                     const BudgetUse& use);

/// By what the runs' folders say.
BudgetUse budget_use(const std::filesystem::path& folder, const Study& study);
/// Why nothing is left to begin nor to go on with; nullopt where there is something. Throws Error for a sweep that
/// can't be read.
std::optional<Exhaustion> nothing_left(const std::filesystem::path& folder);

}  // namespace ablate
