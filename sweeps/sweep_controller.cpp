#include "sweeps/sweep_controller.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "experiments/experiment.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/pruners/pruner.h"
#include "sweeps/samplers/sampler.h"
#include "sweeps/sweep_folder.h"
#include "sweeps/trial_records.h"
#include "sweeps/trial_run.h"
#include "sweeps/wakeups.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// What nothing tells of (other hosts' disks, heartbeats) is looked at so often.
constexpr milliseconds kLook{2000};
/// After something could not be done.
constexpr milliseconds kTryAgain{2000}, kNap{100};
/// So many failed trials in a row, and nothing new begins until a person has looked.
constexpr int kTooManyFailures = 5;

class SweepController {
 public:
  SweepController(fs::path folder, Launcher& launcher, const SweepControl& control)
      : folder_(std::move(folder)),
        root_(root_of(folder_)),
        launcher_(launcher),
        control_(control),
        sweep_(read_sweep(folder_)),
        journal_(journal_file(folder_)),
        study_(study_of(sweep_, journal_)),
        sampler_(make_sampler(sweep_.space, sweep_.sampler, study_.directions)) {
    std::error_code ignored;
    fs::create_directories(folder_ / "requests", ignored);
    wakeups_.watch(folder_, Wakeups::arrival | Wakeups::closing);
    wakeups_.watch(folder_ / "requests", Wakeups::closing | Wakeups::removal);
  }

  SweepEnd run() {
    std::set<fs::path> changed;
    while (true) {
      bool failed = false;
      try {
        const bool stopping = fs::exists(folder_ / "requests" / "stop");
        const bool all = Clock::now() - looked_at_all_ >= kLook;
        look(all ? nullptr : &changed, stopping);
        if (!fs::exists(folder_ / "requests" / "pause")) stuck_.clear();
        tell(trouble_.empty() ? stuck_ : trouble_);
        // The request stays, for one who follows: lead_sweep takes it away.
        if (stopping && training() == 0) return SweepEnd::stopped;
        if (over_ && !stopping && occupied() == 0) return finish();
      } catch (const std::exception& error) {  // A file system's own too.
        tell(error.what());
        looked_at_all_ = {};
        failed = true;
      }
      changed = wakeups_.wait(failed ? milliseconds(0) : kLook);
      for (milliseconds slept{0}; failed && slept < kTryAgain && !interrupted(); slept += kNap)
        std::this_thread::sleep_for(kNap);
      if (interrupted()) return SweepEnd::left;
    }
  }

  /// For sweep_state, and for a person once.
  void tell(const std::string& problem, bool finished = false) {
    if (!problem.empty() && problem != problem_) control_.say(problem);
    const bool news = problem != problem_ || finished || !told_;
    problem_ = problem;
    if (!news) return;
    try {
      write_json_file(folder_ / "controller.json", {{"host", host_name()},
                                                    {"process", ::getpid()},
                                                    {"slots", control_.slots},
                                                    {"problem", problem},
                                                    {"finished", finished}});
      told_ = true;
    } catch (const Error&) {  // A full disk has been said already.
    }
  }

 private:
  using Records = std::vector<journal::Record>;

  bool interrupted() const { return control_.interrupted && control_.interrupted(); }

  /// `changed`: folders; nullptr: look everywhere.
  void look(const std::set<fs::path>* changed, bool stopping) {
    if (changed == nullptr) looked_at_all_ = Clock::now();
    journal_.sync();
    if (journal_.replay().find(study_.name) != &study_)
      throw Error(fmt::format(
          "The study {} was deleted from {}; put the journal back from a copy, or give the sweep another name.",
          study_.name, journal_file(folder_).string()));
    reread_budget();
    if (changed == nullptr || changed->contains(folder_ / "requests")) obey_kills();
    if (changed == nullptr) refresh();
    make_pruner_ready();
    trouble_.clear();
    static const std::set<fs::path> kNothing;
    for (bool again = true; again; changed = &kNothing) {
      again = attend(changed, stopping);
      if (!stopping && begin_more()) again = true;
    }
  }

  void append(const Records& records) {
    if (!records.empty()) journal_.update([&](const JournalReplay&) { return records; });
  }

  const Trial& trial_at(int number) const { return study_.trials[static_cast<std::size_t>(number)]; }

  /// nullptr for a trial of another program, or one that waits.
  TrialRun* run_of(const Trial& trial) {
    if (trial.run().empty() || trial.state == TrialState::waiting) return nullptr;
    const auto [found, is_new] = runs_.try_emplace(trial.number, root_ / trial.run(), sweep_.objectives, launcher_);
    if (is_new) poll(trial, found->second);
    return &found->second;
  }

  void poll(const Trial& trial, TrialRun& run) {
    if (finished(trial.state)) return run.poll_status();
    run.poll();
    if (run.exists()) wakeups_.watch(run.folder(), Wakeups::arrival);
  }

  bool trains(int number) const {
    const auto run = runs_.find(number);
    return run != runs_.end() && run->second.trains();
  }

  /// Jobs that ended without a word.
  void refresh() {
    std::vector<fs::path> folders;
    for (const int number : open_)
      if (const auto run = runs_.find(number); run != runs_.end() && run->second.exists())
        folders.push_back(run->second.folder());
    if (!folders.empty()) launcher_.refresh(folders);
  }

  /// Every trial that is not settled, and of its run what changed. Whether anything came of it.
  bool attend(const std::set<fs::path>* changed, bool stopping) {
    for (; seen_ < std::ssize(study_.trials); ++seen_) open_.insert(seen_);
    Outcome outcome;
    std::vector<int> settled;
    for (const int number : open_)
      // What is wrong with one must not keep the others waiting.
      or_remember([&] {
        const Trial& trial = trial_at(number);
        const bool known = runs_.contains(number);
        TrialRun* const run = run_of(trial);
        if (run == nullptr) {
          if (finished(trial.state)) settled.push_back(number);
          return;
        }
        if (known && (changed == nullptr || changed->contains(run->folder()))) poll(trial, *run);
        if (!finished(trial.state))
          attend_to(trial, *run, known, stopping, outcome);
        else if (settle(trial, *run))
          settled.push_back(number);
      });
    for (const int number : settled) let_go(number);
    append(outcome.records);
    for (const auto& act : outcome.then) act();

    Outcome verdicts;
    std::vector<int> to_go_on = outcome.to_go_on;
    for (const auto& [number, steps] : to_judge_)
      if (judge(trial_at(number), steps, verdicts) && !trains(number)) to_go_on.push_back(number);
    append(verdicts.records);
    to_judge_.clear();
    for (const auto& act : verdicts.then) act();
    for (const int number : to_go_on) or_remember([&] { runs_.at(number).submit(); });
    append(outcome.afterwards);
    return !outcome.records.empty() || !verdicts.records.empty();
  }

  template <class Do>
  void or_remember(Do&& what) {
    try {
      what();
    } catch (const std::exception& error) {
      if (trouble_.empty()) trouble_ = error.what();
    }
  }

  void let_go(int number) {
    open_.erase(number);
    const auto run = runs_.find(number);
    if (run == runs_.end()) return;
    wakeups_.unwatch(run->second.folder());
    run->second.forget_log();
  }

  /// The run of a trial that is over ends too, and says as what. Whether it has.
  static bool settle(const Trial& trial, TrialRun& run) {
    if (run.trains()) run.stop();
    if (run.trains()) return false;
    RunStatus status = run.status();
    if (run.exists() && trial.state == TrialState::pruned && can_go_on(status.state)) {
      status.state = RunState::pruned;
      write_status(run.folder(), status);
    }
    return true;
  }

  /// What comes of attending to trials.
  struct Outcome {
    Records records;
    std::vector<std::function<void()>> then;  ///< what is counted and said once that is written
    std::vector<int> to_go_on;                ///< numbers; after that
    Records afterwards;                       ///< and then this is written
  };

  void attend_to(const Trial& trial, TrialRun& run, bool known, bool stopping, Outcome& outcome) {
    if (!run.exists()) return stopping ? void() : make_run(trial, run, outcome.records);
    std::vector<Step> news = report(trial, run, outcome.records);
    // A controller before this one may have written a report, and not lived to judge it.
    if (!known && !trial.intermediate.empty()) news.insert(news.begin(), trial.intermediate.rbegin()->first);
    const RunState state = run.status().state;
    if (state == RunState::completed) return complete(trial, run, outcome);
    if (trial.paused() || stopping) return run.trains() ? run.stop() : void();
    switch (state) {
      case RunState::queued:
        if (!run.submitted()) run.submit();
        break;
      case RunState::running:
        // With its last step it is about to be complete.
        if (!news.empty() && news.back() < run.status().total_steps) to_judge_[trial.number] = news;
        break;
      case RunState::stopped:
        if (run.asked_to_stop())
          outcome.to_go_on.push_back(trial.number);  // It waited, and was promoted before it had stopped.
        else if (run.submitted() && surely_stopped(run))
          end(trial, run, outcome, "stopped by hand");
        else if (news.empty())
          outcome.to_go_on.push_back(trial.number);
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

  /// What the run logged of the metric since it was last looked at. Optuna has no such reports with several objectives.
  std::vector<Step> report(const Trial& trial, const TrialRun& run, Records& records) const {
    std::vector<Step> steps;
    if (study_.directions.size() > 1) return steps;
    for (const auto& [step, value] : run.reported())
      if (!trial.intermediate.contains(step)) {
        records.push_back(journal::set_intermediate(trial, step, value));
        steps.push_back(step);
      }
    return steps;
  }

  /// With what it has reported.
  void end(const Trial& trial, const TrialRun& run, Outcome& outcome, const std::string& why) {
    Trial now = trial;
    if (study_.directions.size() == 1) now.intermediate.insert(run.reported().begin(), run.reported().end());
    if (!why.empty()) outcome.records.push_back(journal::set_user_attr(trial, "error", why));
    outcome.records.push_back(end_early(now));
    const bool good = outcome.records.back().at("state") != static_cast<int>(TrialState::fail);
    then_say(outcome, trial.number, good, why.empty() ? "ended" : why);
  }

  void then_say(Outcome& outcome, int number, bool good, const std::string& words) {
    outcome.then.emplace_back([this, number, good, words] {
      control_.say(fmt::format("trial {}: {}", number, words));
      count(trial_at(number), good);
    });
  }

  /// A cluster's run may be about to wait again: it is asked before a stop is a person's.
  bool surely_stopped(TrialRun& run) {
    launcher_.refresh({run.folder()});
    run.poll_status();
    return run.status().state == RunState::stopped;
  }

  void complete(const Trial& trial, const TrialRun& run, Outcome& outcome) {
    std::string words;
    try {
      const std::vector<double> values = run.values();
      outcome.records.push_back(journal::set_state(trial, TrialState::complete, values));
      for (std::size_t i = 0; i < values.size(); ++i)
        words += fmt::format("{}{} {:.4g}", i == 0 ? "" : "  ", sweep_.objectives[i].metric, values[i]);
    } catch (const Error& error) {
      return end(trial, run, outcome, error.what());
    }
    then_say(outcome, trial.number, true, words);
  }

  /// By each of its newest reports, as if it were the last. Whether it goes on.
  bool judge(const Trial& trial, const std::vector<Step>& steps, Outcome& verdicts) {
    if (finished(trial.state) || trial.paused()) return false;
    Trial then = trial;
    for (const Step step : steps) {
      then.intermediate = {trial.intermediate.begin(), trial.intermediate.upper_bound(step)};
      const Verdict verdict = pruner_ ? pruner_->judge(study_, then) : Verdict::go_on;
      if (verdict == Verdict::go_on) continue;
      const bool pauses = verdict == Verdict::pause;
      verdicts.records.push_back(pauses ? journal::set_user_attr(trial, "paused_at", step) : end_early(trial));
      control_.say(fmt::format("trial {}: {} at step {} ({:.4g})", trial.number, pauses ? "waits" : "pruned", step,
                               then.intermediate.at(step)));
      return false;
    }
    return true;
  }

  /// From its checkpoint; where there is none, or that was tried often enough, as a new trial of the same parameters.
  void try_again(const Trial& trial, const TrialRun& run, Outcome& outcome) {
    const int resumed = trial.user_attrs.value("resumed", 0);
    if (resumed < sweep_.retries && newest_checkpoint(run.folder())) {
      outcome.to_go_on.push_back(trial.number);
      outcome.afterwards.push_back(journal::set_user_attr(trial, "resumed", resumed + 1));
      then_say(outcome, trial.number, true, "its worker died; it goes on from its checkpoint");
      return;
    }
    const std::string why = run.status().error.empty() ? "its worker died" : run.status().error;
    const Records records = fail_trial(sweep_, study_, trial, why);
    outcome.records.insert(outcome.records.end(), records.begin(), records.end());
    then_say(outcome, trial.number, false, "failed: " + why);
  }

  /// Nothing new begins where everything fails: a person has to look.
  void count(const Trial& trial, bool good) {
    failures_in_a_row_ = good ? 0 : failures_in_a_row_ + 1;
    if (failures_in_a_row_ < kTooManyFailures) return;
    failures_in_a_row_ = 0;
    pause_sweep(folder_, true);
    stuck_ = fmt::format(
        "The last {} trials failed, the newest, trial {}, in {}. Nothing new begins: look at it, then: ablate sweep "
        "resume {}",
        kTooManyFailures, trial.number, trial.run(), sweep_.name);
  }

  void make_run(const Trial& trial, TrialRun& run, Records& records) {
    Variant variant{fmt::format("{}-t{}", sweep_.name, trial.number), {}};
    try {
      variant.config = sweep_.config(trial.params);
    } catch (const Error& error) {  // One that somebody else asked for.
      records.push_back(journal::set_user_attr(trial, "error", error.what()));
      records.push_back(journal::set_state(trial, TrialState::fail, {}));
      return;
    }
    json document = run_json(variant, sweep_.name);
    document["sweep"] = sweep_.name;
    document["trial"] = trial.number;
    create_run_in(run.folder(), std::move(document));
    run.submit();
    wakeups_.watch(run.folder(), Wakeups::arrival);
  }

  /// Fills free slots. Whether anything began.
  bool begin_more() {
    over_ = false;
    if (fs::exists(folder_ / "requests" / "pause")) return false;
    bool began = false;
    while (occupied() < control_.slots) {
      if (!promote() && !new_trial()) {
        over_ = true;
        break;
      }
      began = true;
    }
    return began;
  }

  /// Trials whose runs train or wait for their turn.
  std::ptrdiff_t training() const {
    return std::ranges::count_if(open_, [this](int number) { return trains(number); });
  }

  /// Trials that are to train; and those that have been asked to stop and have not.
  int occupied() const {
    int count = 0;
    const auto takes_a_slot = [this](int number) {
      const Trial& trial = trial_at(number);
      const bool to_train = trial.state == TrialState::running && !trial.paused() && !trial.run().empty();
      return to_train || trains(number);
    };
    for (const int number : open_) count += takes_a_slot(number);
    for (int number = seen_; number < std::ssize(study_.trials); ++number) count += takes_a_slot(number);
    return count;
  }

  bool promote() {
    if (!pruner_ || !time_left()) return false;
    const std::optional<int> number = pruner_->promote(study_);
    if (!number) return false;
    append({journal::set_user_attr(trial_at(*number), "paused_at", nullptr)});
    control_.say(fmt::format("trial {}: goes on", *number));
    TrialRun& run = *run_of(trial_at(*number));
    run.poll();
    // One that has not stopped yet goes on when it has.
    if (!run.trains()) run.submit();
    return true;
  }

  bool trials_left() const {
    const auto counts = [](const Trial& trial) { return !trial.system_attrs.contains("failed_trial"); };
    return !sweep_.budget.trials || std::ranges::count_if(study_.trials, counts) < *sweep_.budget.trials;
  }

  bool time_left() const {
    const Sweep::Budget& budget = sweep_.budget;
    double hours = 0, epochs = 0;
    for (const auto& [number, run] : runs_) {
      hours += run.status().training_seconds / 3600;
      epochs += run.status().epoch;
    }
    return !(budget.hours && hours >= *budget.hours) && !(budget.epochs && epochs >= *budget.epochs);
  }

  /// A waiting one (Optuna's enqueue_trial), or what the sampler proposes.
  bool new_trial() {
    const auto wanted = [this] { return trials_left() && time_left(); };
    const auto first_waiting = [this] { return std::ranges::find(study_.trials, TrialState::waiting, &Trial::state); };
    // Without the lock, which is Optuna's too: there may be nothing to do for a long time.
    if (first_waiting() == study_.trials.end() && (!wanted() || exhausted_at_ == std::ssize(study_.trials)))
      return false;
    bool made = false;
    journal_.update([&](const JournalReplay&) -> Records {
      const auto waiting = first_waiting();
      const bool waits = waiting != study_.trials.end();
      if (!waits && !wanted()) return {};
      const int number = waits ? waiting->number : static_cast<int>(study_.trials.size());
      const std::optional<Params> params = sampler_->suggest(study_, number);
      made = waits || params;
      if (!made) exhausted_at_ = number;
      if (waits) return take_waiting(sweep_, *waiting, params.value_or(Params{}));
      return params ? Records{begin_trial(sweep_, study_, *params)} : Records{};
    });
    return made;
  }

  /// Made once it is known how long a run is: where that is in epochs, the first run tells, and the study remembers it.
  void make_pruner_ready() {
    if (pruner_ || study_.directions.size() > 1) return;
    Step steps = sweep_.total_steps();
    if (steps == 0) steps = study_.user_attrs.value("total_steps", Step{0});
    if (steps == 0) {
      for (const auto& [number, run] : runs_) steps = std::max(steps, run.status().total_steps);
      if (steps == 0) return;
      append({journal::set_study_user_attr(study_, "total_steps", steps)});
    }
    pruner_ = make_pruner(sweep_.pruner, steps, study_.directions);
  }

  void obey_kills() {
    std::error_code none;
    std::vector<fs::path> files;
    for (fs::directory_iterator it(folder_ / "requests", none), end; !none && it != end; it.increment(none))
      if (it->path().filename().string().starts_with("kill-")) files.push_back(it->path());
    for (const fs::path& file : files) {
      const int number = std::atoi(file.filename().c_str() + 5);
      if (number >= 0 && number < std::ssize(study_.trials) && !finished(trial_at(number).state)) {
        append({end_early(trial_at(number))});
        control_.say(fmt::format("trial {}: ended by hand", number));
      }
      fs::remove(file);
    }
  }

  void reread_budget() {
    const fs::file_time_type written = fs::last_write_time(folder_ / "sweep.json");
    if (std::exchange(budget_written_, written) == written) return;
    const Sweep now = read_sweep(folder_);
    sweep_.budget = now.budget;
    sweep_.retries = now.retries;
  }

  /// What waits for more budget at the end is over.
  SweepEnd finish() {
    Records records;
    for (const Trial& trial : study_.trials)
      if (trial.paused() && !trial.run().empty()) records.push_back(end_early(trial));
    append(records);
    attend(nullptr, false);
    tell({}, true);
    return SweepEnd::finished;
  }

  const fs::path folder_, root_;
  Launcher& launcher_;
  const SweepControl& control_;
  Sweep sweep_;
  Journal journal_;
  const Study& study_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Pruner> pruner_;
  Wakeups wakeups_;
  std::map<int, TrialRun> runs_;  ///< by number
  std::set<int> open_;            ///< numbers of trials that are not over, or whose run is not
  int seen_ = 0;                  ///< how many of the study's trials were put there
  Clock::time_point looked_at_all_{};
  fs::file_time_type budget_written_{};
  std::map<int, std::vector<Step>> to_judge_;  ///< trials, and what they reported since a verdict
  std::ptrdiff_t exhausted_at_ = -1;           ///< how many trials there were when the sampler had no more
  std::string problem_, trouble_, stuck_;      ///< of the last look; of a trial in it; since nothing new begins
  bool told_ = false, over_ = false;
  int failures_in_a_row_ = 0;
};

}  // namespace

SweepEnd lead_sweep(const fs::path& sweep, Launcher& launcher, const SweepControl& control) {
  for (bool said = false;; said = true) {
    if (const auto lead = InheritableLock::try_acquire(sweep / "controller.lock")) {
      std::error_code ignored;
      // One that a controller before this one obeyed; whoever followed that one obeys it too.
      if (!said) fs::remove(sweep / "requests" / "stop", ignored);
      return SweepController(sweep, launcher, control).run();
    }
    const SweepState state = sweep_state(sweep);
    if (!said)
      control.say(fmt::format("{} is led already, by process {} on {}; following it.", sweep.filename().string(),
                              state.process, state.host));
    if (control.interrupted && control.interrupted()) return SweepEnd::left;
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace ablate
