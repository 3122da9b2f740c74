#include "sweeps/exhaustion.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runs/text.h"
#include "sweeps/samplers/sampler.h"
#include "sweeps/sweep_folder.h"

namespace ablate {

namespace fs = std::filesystem;

bool all_tried(const Sweep& sweep, const Study& study) {
  return sweep.sampler.value("name", "") == "grid" && !make_sampler(sweep.space, sweep.sampler, study.directions)
                                                           ->suggest(study, static_cast<int>(study.trials.size()));
}

std::optional<Exhaustion> exhaustion(const fs::path& folder, const Sweep& sweep, const Study& study,
                                     const BudgetUse& use) {
  if (all_tried(sweep, study)) {
    std::set<Params> tried;
    for (const Trial& trial : study.trials) tried.insert(trial.params);
    return Exhaustion{fmt::format("all {} combinations of the search space were tried", tried.size()), ""};
  }
  const std::string name = command_word(folder);
  if (const std::string used_up = use.time_used_up(sweep.budget); !used_up.empty())
    return Exhaustion{
        fmt::format("the budget of {} is used up", used_up),
        fmt::format("raise it in {}, then: ablate sweep resume {}", (folder / "sweep.json").string(), name)};
  if (!use.trials_left(sweep.budget))
    return Exhaustion{fmt::format("the journal has {}", counted(study.trials.size(), "trial")),
                      fmt::format("ablate sweep add {} N", name)};
  return std::nullopt;
}

BudgetUse budget_use(const fs::path& folder, const Study& study) {
  BudgetUse use(study);
  for (const Trial& trial : study.trials)
    if (const auto run = trial.run().empty() ? std::nullopt : read_status(root_of(folder) / trial.run())) use.add(*run);
  return use;
}

std::optional<Exhaustion> nothing_left(const fs::path& folder) {
  const Sweep sweep = read_sweep(folder);
  const Journal journal = journal_of(folder);
  const Study& study = study_of(sweep, journal);
  check_same_search(sweep, study);
  const auto is_open = [](const Trial& trial) { return !finished(trial.state); };
  // A pruner may give more to what it has paused, and what failed may be tried again.
  if (sweep.pruner.value("name", "none") != "none" || std::ranges::any_of(study.trials, is_open)) return std::nullopt;
  return exhaustion(folder, sweep, study, budget_use(folder, study));
}

}  // namespace ablate
