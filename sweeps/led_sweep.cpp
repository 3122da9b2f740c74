#include "sweeps/led_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "runs/error.h"
#include "sweeps/sweep_folder.h"

namespace ablate {

LedSweep::LedSweep(std::filesystem::path sweep_folder, Launcher& place, const SweepControl& with)
    : folder(std::move(sweep_folder)),
      root(root_of(folder)),
      launcher(place),
      control(with),
      sweep(read_sweep(folder)),
      journal(journal_of(folder)),
      study(study_of(sweep, journal)) {
  check_same_search(sweep, study);
}

TrialRun* LedSweep::run_of(const Trial& trial) {
  if (trial.run().empty() || trial.state == TrialState::waiting) return nullptr;
  const auto [found, is_new] = runs.try_emplace(trial.number, root / trial.run(), sweep.objectives, launcher);
  TrialRun& run = found->second;
  numbers[run.folder().string()] = trial.number;
  if (is_new && finished(trial.state)) {
    run.poll_status();
  } else if (is_new) {
    run.poll();
    if (run.exists()) wakeups.watch(run.folder(), Wakeups::arrival);
  }
  return &run;
}

bool LedSweep::trains(int number) const {
  const auto run = runs.find(number);
  return run != runs.end() && run->second.trains();
}

void LedSweep::let_go(int number) {
  open.erase(number);
  news.erase(number);
  const auto run = runs.find(number);
  if (run == runs.end()) return;
  wakeups.unwatch(run->second.folder());
  run->second.forget_log();
}

void LedSweep::sync() {
  const bool anything = journal.sync();
  if (journal.replay().find(study.name) != &study)
    throw Error(
        fmt::format("The study {} was deleted from {}; put the journal back from a copy, or give the sweep another "
                    "name.",
                    study.name, journal_file(folder).string()));
  open_new_trials();
  if (anything) look_at_all();
}

void LedSweep::update(const std::function<std::vector<journal::Record>()>& change) {
  journal.update([&](const JournalReplay&) { return change(); });
  open_new_trials();
}

void LedSweep::forget_run(int number) {
  const auto run = runs.find(number);
  if (run == runs.end()) return;
  wakeups.unwatch(run->second.folder());
  numbers.erase(run->second.folder().string());
  runs.erase(run);
}

void LedSweep::append(const std::vector<journal::Record>& records) {
  if (!records.empty()) update([&] { return records; });
}

void LedSweep::open_new_trials() {
  for (; seen_ < std::ssize(study.trials); ++seen_) {
    open.insert(seen_);
    news.insert(seen_);
  }
}

void LedSweep::make_pruner_ready() {
  if (pruner || study.directions.size() > 1) return;
  Step steps = sweep.total_steps();
  if (steps == 0) steps = study.user_attrs.value("total_steps", Step{0});
  if (steps == 0) {
    for (const auto& [number, run] : runs) steps = std::max(steps, run.status().total_steps);
    if (steps == 0) return;
    append({journal::set_study_user_attr(study, "total_steps", steps)});
  }
  pruner = make_pruner(sweep.pruner, steps, study.directions);
}

}  // namespace ablate
