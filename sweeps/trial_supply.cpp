#include "sweeps/trial_supply.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <vector>

#include "sweeps/sweep_folder.h"
#include "sweeps/trial_records.h"

namespace ablate {

TrialSupply::TrialSupply(LedSweep& sweep)
    : sweep_(sweep), sampler_(make_sampler(sweep.sweep.space, sweep.sweep.sampler, sweep.study.directions)) {}

void TrialSupply::fill_slots() {
  exhausted_ = false;
  if (std::filesystem::exists(sweep_.folder / "requests" / "pause")) return;
  while (!exhausted_ && taken() < sweep_.control.slots) {
    exhausted_ = !promote() && !new_trial();
    began_ |= !exhausted_;
  }
}

int TrialSupply::taken() const {
  return static_cast<int>(std::ranges::count_if(sweep_.open, [this](int number) {
    const Trial& trial = sweep_.trial_at(number);
    const auto to_train = [&] { return trial.state == TrialState::running && !trial.paused() && !trial.run().empty(); };
    return sweep_.trains(number) || to_train();
  }));
}

bool TrialSupply::promote() {
  if (!sweep_.pruner || !time_left()) return false;
  const std::optional<int> number = sweep_.pruner->promote(sweep_.study);
  if (!number) return false;
  sweep_.append({journal::set_user_attr(sweep_.trial_at(*number), "paused_at", nullptr)});
  sweep_.control.say(fmt::format("trial {}: goes on", *number));
  TrialRun& run = *sweep_.run_of(sweep_.trial_at(*number));
  sweep_.news.insert(*number);
  run.poll();
  // One that has not stopped yet goes on when it has.
  if (!run.trains()) TrialRun::submit({&run}, sweep_.launcher);
  return true;
}

bool TrialSupply::trials_left() const {
  const auto counts = [](const Trial& trial) { return !trial.system_attrs.contains("failed_trial"); };
  const auto& most = sweep_.sweep.budget.trials;
  return !most || std::ranges::count_if(sweep_.study.trials, counts) < *most;
}

std::string TrialSupply::time_used_up() const {
  std::vector<const RunStatus*> runs;
  for (const auto& [number, run] : sweep_.runs) runs.push_back(&run.status());
  return sweep_.sweep.budget.time_used_up(runs);
}

TrialSupply::Exhaustion TrialSupply::exhaustion() const {
  const bool early = sweep_.sweep.budget.trials && trials_left();
  const std::string name = command_word(sweep_.folder);
  if (all_tried(sweep_.sweep, sweep_.study)) {
    std::set<Params> tried;
    for (const Trial& trial : sweep_.study.trials) tried.insert(trial.params);
    return {fmt::format("all {} combinations of the search space were tried", tried.size()), "", early};
  }
  if (const std::string used_up = time_used_up(); !used_up.empty())
    return {fmt::format("the budget of {} is used up", used_up),
            fmt::format("raise it in {}, then: ablate sweep resume {}", (sweep_.folder / "sweep.json").string(), name),
            early};
  return {fmt::format("the journal has {} trials", sweep_.study.trials.size()),
          fmt::format("ablate sweep add {} N", name), early};
}

bool TrialSupply::new_trial() {
  const auto& trials = sweep_.study.trials;
  const auto wanted = [this] { return trials_left() && time_left(); };
  const auto first_waiting = [&] { return std::ranges::find(trials, TrialState::waiting, &Trial::state); };
  // Without the lock, which is Optuna's too: there may be nothing to do for a long time.
  if (first_waiting() == trials.end() && (!wanted() || no_more_at_ == std::ssize(trials))) return false;
  bool made = false;
  int number = 0;
  sweep_.update([&]() -> std::vector<journal::Record> {
    const auto waiting = first_waiting();
    const bool waits = waiting != trials.end();
    if (!waits && !wanted()) return {};
    number = waits ? waiting->number : static_cast<int>(trials.size());
    const std::optional<Params> params = sampler_->suggest(sweep_.study, number);
    made = waits || params;
    if (!made) no_more_at_ = number;
    if (waits) return take_waiting(sweep_.sweep, *waiting, params.value_or(Params{}));
    return params ? std::vector{begin_trial(sweep_.sweep, sweep_.study, *params)} : std::vector<journal::Record>{};
  });
  if (!made) return false;
  sweep_.news.insert(number);
  if (const Trial& trial = sweep_.trial_at(number); trial.state == TrialState::fail)  // It can't go together.
    sweep_.control.say(fmt::format("trial {}: {}", number, trial.user_attrs.value("error", "")));
  return true;
}

}  // namespace ablate
