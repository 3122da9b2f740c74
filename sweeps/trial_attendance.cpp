#include "sweeps/trial_attendance.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "experiments/experiment.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/sweep_folder.h"
#include "sweeps/trial_records.h"

namespace ablate {
namespace {

/// So many failed trials in a row, or so many times that nothing could be begun, and a person has to look.
constexpr int kTooManyFailures = 5, kTooManyRefusals = 5;

/// The run of a trial that is over ends too, and says as what. Whether it has.
bool settle_run(const Trial& trial, TrialRun& run) {
  if (run.trains()) run.stop();
  if (run.trains()) return false;
  RunStatus status = run.status();
  if (run.exists() && trial.state == TrialState::pruned && can_go_on(status.state)) {
    status.state = RunState::pruned;
    write_status(run.folder(), status);
  }
  return true;
}

}  // namespace

void TrialAttendance::attend(const std::set<int>& written, const std::set<int>& silent, bool stopping) {
  Outcome outcome;
  std::vector<int> settled;
  for (const int number : std::exchange(sweep_.news, {}))
    // What is wrong with one must not keep the others waiting.
    or_remember(number, [&] {
      const Trial& trial = sweep_.trial_at(number);
      const bool known = sweep_.runs.contains(number);
      TrialRun* const run = sweep_.run_of(trial);
      if (run == nullptr) {
        if (finished(trial.state)) settled.push_back(number);
        return;
      }
      if (!known && !owns(trial, *run)) {
        if (finished(trial.state))
          settled.push_back(number);
        else
          fail(trial, outcome, fmt::format("its run {} belongs to another sweep or trial", trial.run()));
        sweep_.forget_run(number);
        return;
      }
      const bool just_written = written.contains(number);
      if (known && (just_written || silent.contains(number)))
        finished(trial.state) ? run->poll_status(just_written) : run->poll(just_written);
      if (!finished(trial.state))
        attend_to(trial, *run, known, stopping, outcome);
      else if (settle_run(trial, *run))
        settled.push_back(number);
    });
  for (const int number : settled) sweep_.let_go(number);
  sweep_.append(outcome.records);
  for (const auto& act : outcome.then) act();

  Outcome verdicts;
  for (const auto& [number, steps] : to_judge_)
    if (judge(sweep_.trial_at(number), steps, verdicts) && !sweep_.trains(number)) outcome.to_go_on[number];
  sweep_.append(verdicts.records);
  to_judge_.clear();
  for (const auto& act : verdicts.then) act();
  submit(outcome.to_go_on);
  // After what was refused: that says more than that something waits.
  if (!any_works()) held_up_.merge(waits_);
  waits_.clear();
  for (const auto& [number, why] : std::exchange(held_up_, {}))
    remember(number, fmt::format("trial {}: {}", number, why));
}

void TrialAttendance::or_remember(int number, const std::function<void()>& what) {
  try {
    what();
  } catch (const std::exception& error) {
    remember(number, error.what());
  }
}

void TrialAttendance::remember(int number, const std::string& trouble) {
  if (trouble_.empty()) trouble_ = trouble;
  troubled_.insert(number);
}

/// A journal may have been copied, or edited.
bool TrialAttendance::owns(const Trial& trial, const TrialRun& run) const {
  const auto document = read_json_file(run.folder() / "run.json");
  return !document ||
         (document->value("sweep", "") == sweep_.sweep.name && document->value("trial", -1) == trial.number);
}

void TrialAttendance::forget_trouble() {
  trouble_.clear();
  sweep_.news.merge(troubled_);
  troubled_.clear();
  refused_.clear();
}

bool TrialAttendance::any_works() const {
  return std::ranges::any_of(sweep_.open, [this](int number) {
    const auto run = sweep_.runs.find(number);
    return run != sweep_.runs.end() && run->second.status().state == RunState::running;
  });
}

std::string TrialAttendance::stuck() const {
  if (!all_fail_.empty()) return all_fail_;
  // What worked once may work again.
  if (began_ || refusals_in_a_row_ < kTooManyRefusals) return "";
  return fmt::format("{} No trial could be begun. Once that is mended: ablate sweep resume {}", trouble_,
                     command_word(sweep_.folder));
}

void TrialAttendance::attend_to(const Trial& trial, TrialRun& run, bool known, bool stopping, Outcome& outcome) {
  if (!run.exists()) return stopping ? void() : make_run(trial, run, outcome);
  std::vector<Step> news = report(trial, run, outcome.records);
  // A controller before this one may have written a report, and not lived to judge it.
  if (!known && !trial.intermediate.empty()) news.insert(news.begin(), trial.intermediate.rbegin()->first);
  const RunState state = run.status().state;
  if (state == RunState::completed) return complete(trial, run, outcome);
  if (trial.paused() || stopping) return run.trains() ? run.stop() : void();
  switch (state) {
    case RunState::queued:
      if (!run.submitted()) outcome.to_go_on[trial.number];
      // What holds the local queue up needs a person; a cluster's may, where nothing trains meanwhile.
      if (!run.status().waiting.empty())
        (run.status().launcher == "slurm" ? waits_ : held_up_)[trial.number] = run.status().waiting;
      break;
    case RunState::running:
      // With its last step it is about to be complete.
      if (!news.empty() && news.back() < run.status().total_steps) to_judge_[trial.number] = news;
      break;
    case RunState::stopped:
      if (run.asked_to_stop())
        outcome.to_go_on[trial.number];  // It waited, and was promoted before it had stopped.
      else if (run.submitted())
        end(trial, run, outcome, "stopped by hand");
      else if (news.empty())
        outcome.to_go_on[trial.number];
      else
        to_judge_[trial.number] = news;
      break;
    case RunState::interrupted:
      if (run.surely_dead()) try_again(trial, run, outcome);
      break;
    case RunState::failed:
      try_again(trial, run, outcome);
      break;
    case RunState::diverged:
    case RunState::pruned:
    case RunState::foreign:
    case RunState::completed:
      end(trial, run, outcome, run.status().error);
      break;
  }
}

void TrialAttendance::make_run(const Trial& trial, TrialRun& run, Outcome& outcome) {
  Variant variant{fmt::format("{}-t{}", sweep_.sweep.name, trial.number), {}};
  try {
    variant.config = sweep_.sweep.config(trial.params);
  } catch (const Error& error) {  // One that somebody else asked for.
    outcome.records.push_back(journal::set_user_attr(trial, "error", error.what()));
    outcome.records.push_back(journal::set_state(trial, TrialState::fail, {}));
    sweep_.news.insert(trial.number);
    return;
  }
  nlohmann::json document = run_json(variant, sweep_.sweep.name);
  document["sweep"] = sweep_.sweep.name;
  document["trial"] = trial.number;
  create_run_in(run.folder(), std::move(document));
  run.poll_status();
  outcome.to_go_on[trial.number];
  sweep_.wakeups.watch(run.folder(), Wakeups::arrival);
}

/// Together; where that can't be, whichever of them can. One that was refused has to wait for the next round: what the
/// launcher wrote of it is no reason to ask again at once.
void TrialAttendance::submit(const std::map<int, GoingOn>& to_go_on) {
  std::map<int, TrialRun*> runs;
  for (const auto& [number, going_on] : to_go_on)
    if (!refused(number)) runs[number] = &sweep_.runs.at(number);
  if (runs.empty()) return;
  bool all = runs.size() > 1, none = true;
  std::string why_not_all;
  try {
    std::vector<TrialRun*> together;
    for (const auto& [number, run] : runs) together.push_back(run);
    if (all) TrialRun::submit(together, sweep_.launcher);
  } catch (const std::exception& error) {
    all = false;
    why_not_all = error.what();
  }
  for (const auto& [number, run] : runs)
    or_remember(number, [&, number = number, run = run] {
      refused_.insert(number);
      // What keeps one alone from it as it kept all keeps the others too, and may take its time to.
      if (trouble_ == why_not_all && !why_not_all.empty()) throw Error(why_not_all);
      if (!all) TrialRun::submit({run}, sweep_.launcher);
      refused_.erase(number);
      none = false;
      const GoingOn& going_on = to_go_on.at(number);
      sweep_.append(going_on.records);
      if (going_on.words.empty()) return;
      sweep_.control.say(fmt::format("trial {}: {}", number, going_on.words));
      count(sweep_.trial_at(number), true);
    });
  refusals_in_a_row_ = none ? refusals_in_a_row_ + 1 : 0;
  began_ |= !none;
}

/// What the run logged of the metric since it was last looked at. Optuna has no such reports with several objectives.
std::vector<Step> TrialAttendance::report(const Trial& trial, const TrialRun& run, Records& records) const {
  std::vector<Step> steps;
  if (sweep_.study.directions.size() > 1) return steps;
  const auto& reported = run.reported();
  const auto first =
      trial.intermediate.empty() ? reported.begin() : reported.upper_bound(trial.intermediate.rbegin()->first);
  for (auto each = first; each != reported.end(); ++each) {
    records.push_back(journal::set_intermediate(trial, each->first, each->second));
    steps.push_back(each->first);
  }
  return steps;
}

/// By each of its newest reports, as if it were the last. Whether it goes on.
bool TrialAttendance::judge(const Trial& trial, const std::vector<Step>& steps, Outcome& verdicts) {
  if (finished(trial.state) || trial.paused()) return false;
  Trial then = trial;
  for (const Step step : steps) {
    then.intermediate = {trial.intermediate.begin(), trial.intermediate.upper_bound(step)};
    const Verdict verdict = sweep_.pruner ? sweep_.pruner->judge(sweep_.study, then) : Verdict::go_on;
    if (verdict == Verdict::go_on) continue;
    const bool pauses = verdict == Verdict::pause;
    verdicts.records.push_back(pauses ? journal::set_user_attr(trial, "paused_at", step) : end_early(trial));
    verdicts.then.emplace_back([this, number = trial.number, pauses, step, value = then.intermediate.at(step)] {
      sweep_.news.insert(number);
      sweep_.control.say(
          fmt::format("trial {}: {} at step {} ({:.4g})", number, pauses ? "waits" : "pruned", step, value));
    });
    return false;
  }
  return true;
}

void TrialAttendance::complete(const Trial& trial, const TrialRun& run, Outcome& outcome) {
  std::string words;
  try {
    const std::vector<double> values = run.values();
    outcome.records.push_back(journal::set_state(trial, TrialState::complete, values));
    for (std::size_t i = 0; i < values.size(); ++i)
      words += fmt::format("{}{} {:.4g}", i == 0 ? "" : "  ", sweep_.sweep.objectives[i].metric, values[i]);
  } catch (const Error& error) {
    return end(trial, run, outcome, error.what());
  }
  then_say(outcome, trial.number, true, words);
}

/// With what it has reported.
void TrialAttendance::end(const Trial& trial, const TrialRun& run, Outcome& outcome, const std::string& why) {
  Trial now = trial;
  if (sweep_.study.directions.size() == 1) now.intermediate.insert(run.reported().begin(), run.reported().end());
  if (!why.empty()) outcome.records.push_back(journal::set_user_attr(trial, "error", why));
  outcome.records.push_back(end_early(now));
  const bool good = outcome.records.back().at("state") != static_cast<int>(TrialState::fail);
  then_say(outcome, trial.number, good, why.empty() ? "ended" : why);
}

/// From its checkpoint; where there is none, or that one was tried often enough, as a new trial of the same parameters.
void TrialAttendance::try_again(const Trial& trial, const TrialRun& run, Outcome& outcome) {
  const auto checkpoints = checkpoints_of(run.folder());
  const Step from = checkpoints.empty() ? 0 : checkpoints.rbegin()->first;
  const int resumed =
      trial.user_attrs.value("resumed_from", Step{0}) == from ? trial.user_attrs.value("resumed", 0) : 0;
  if (from > 0 && resumed < sweep_.sweep.retries) {
    outcome.to_go_on[trial.number] = {
        {journal::set_user_attr(trial, "resumed", resumed + 1), journal::set_user_attr(trial, "resumed_from", from)},
        run.status().error.empty() ? "its worker died; it goes on from its checkpoint" : run.status().error};
    return;
  }
  fail(trial, outcome, run.status().error.empty() ? "its worker died" : run.status().error);
}

/// And its parameters are tried again.
void TrialAttendance::fail(const Trial& trial, Outcome& outcome, const std::string& why) {
  const Records records = fail_trial(sweep_.sweep, sweep_.study, trial, why);
  outcome.records.insert(outcome.records.end(), records.begin(), records.end());
  then_say(outcome, trial.number, false, "failed: " + why);
}

void TrialAttendance::then_say(Outcome& outcome, int number, bool good, const std::string& words) {
  outcome.then.emplace_back([this, number, good, words] {
    if (finished(sweep_.trial_at(number).state)) sweep_.news.insert(number);  // Its run ends too.
    sweep_.control.say(fmt::format("trial {}: {}", number, words));
    count(sweep_.trial_at(number), good);
  });
}

/// Where everything fails a person has to look.
void TrialAttendance::count(const Trial& trial, bool good) {
  failures_in_a_row_ = good ? 0 : failures_in_a_row_ + 1;
  if (failures_in_a_row_ < kTooManyFailures || !all_fail_.empty()) return;
  all_fail_ = fmt::format(
      "The last {} trials failed, the newest, trial {}, in {}. Nothing new begins: look at it, then: ablate sweep "
      "resume {}",
      kTooManyFailures, trial.number, trial.run(), command_word(sweep_.folder));
}

}  // namespace ablate
