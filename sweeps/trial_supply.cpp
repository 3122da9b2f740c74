#include "sweeps/trial_supply.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

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

BudgetUse TrialSupply::used() const {
  BudgetUse use(sweep_.study);
  for (const auto& [number, run] : sweep_.runs) use.add(run.status());
  return use;
}

bool TrialSupply::time_left() const { return used().time_used_up(sweep_.sweep.budget).empty(); }

std::optional<Exhaustion> TrialSupply::exhaustion() const {
  return ablate::exhaustion(sweep_.folder, sweep_.sweep, sweep_.study, used());
}

bool TrialSupply::new_trial() {
  const auto& trials = sweep_.study.trials;
  const auto wanted = [this] {
    const Budget& budget = sweep_.sweep.budget;
    const BudgetUse use = used();
    return use.trials_left(budget) && use.time_used_up(budget).empty();
  };
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
