#include "sweeps/sweep_controller.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/led_sweep.h"
#include "sweeps/sweep_folder.h"
#include "sweeps/trial_attendance.h"
#include "sweeps/trial_records.h"
#include "sweeps/trial_supply.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// What nothing tells of (other hosts' disks, heartbeats) is looked at so often.
constexpr milliseconds kLook{2000};
/// After something could not be done.
constexpr milliseconds kTryAgain{2000}, kNap{100};
/// Between two looks, for each trial: one is looked at at once, a hundred that write all the time are together.
constexpr std::chrono::microseconds kBreath{500};

class SweepController {
 public:
  SweepController(const fs::path& folder, Launcher& launcher, const SweepControl& control)
      : sweep_(folder, launcher, control), attendance_(sweep_), supply_(sweep_), requests_(folder / "requests") {
    std::error_code ignored;
    fs::create_directories(requests_, ignored);
    sweep_.wakeups.watch(folder, Wakeups::arrival | Wakeups::closing);
    sweep_.wakeups.watch(requests_, Wakeups::closing | Wakeups::removal);
  }

  SweepEnd run() {
    std::set<std::string> changed;
    while (true) {
      bool failed = false;
      try {
        const bool stopping = fs::exists(requests_ / "stop");
        const bool all = Clock::now() - looked_at_all_ >= kLook;
        look(changed, all, stopping);
        const std::string stuck = attendance_.stuck();
        tell(!stuck.empty() ? stuck : !attendance_.trouble().empty() ? attendance_.trouble() : unknown_);
        // The request stays, for one who follows: lead_sweep takes it away.
        if (stopping && !anything_trains()) return SweepEnd::stopped;
        if (!stuck.empty() && !anything_works()) return SweepEnd::given_up;
        if (supply_.exhausted() && !stopping && supply_.taken() == 0) return finish();
      } catch (const std::exception& error) {  // A file system's own too.
        tell(error.what());
        looked_at_all_ = {};
        noticed_.clear();
        failed = true;
        if (stopped_anyway()) return SweepEnd::stopped;
      }
      const Clock::time_point looked = Clock::now();
      changed = sweep_.wakeups.wait(failed ? milliseconds(0) : kLook);
      std::this_thread::sleep_until(looked + kBreath * sweep_.open.size());
      changed.merge(sweep_.wakeups.wait(milliseconds(0)));
      for (milliseconds slept{0}; failed && slept < kTryAgain && !interrupted(); slept += kNap)
        std::this_thread::sleep_for(kNap);
      if (interrupted()) return SweepEnd::left;
    }
  }

 private:
  bool interrupted() const { return sweep_.control.interrupted && sweep_.control.interrupted(); }

  bool anything_trains() const {
    return std::ranges::any_of(sweep_.open, [this](int number) { return sweep_.trains(number); });
  }

  /// Not so a run that nobody has taken.
  bool anything_works() const {
    return std::ranges::any_of(sweep_.open,
                               [this](int number) { return sweep_.trains(number) && !attendance_.refused(number); });
  }

  /// Where the journal can't be read a request to stop is obeyed all the same. Whether nothing trains any more.
  bool stopped_anyway() {
    std::error_code ignored;
    if (!fs::exists(requests_ / "stop", ignored)) return false;
    try {
      for (auto& [number, run] : sweep_.runs) {
        if (run.trains()) run.stop();
        run.poll_status();
      }
      if (anything_trains()) return false;
      tell("");  // Whoever looks at the journal from now on sees for himself.
      return true;
    } catch (const std::exception& error) {
      tell(error.what());
      return false;
    }
  }

  /// `changed`: folders that notices came of; `all`: of the others too.
  void look(const std::set<std::string>& changed, bool all, bool stopping) {
    sweep_.sync();
    reread_budget();
    std::set<int> written, silent;
    for (const std::string& folder : changed)
      if (const auto run = sweep_.numbers.find(folder);
          run != sweep_.numbers.end() && sweep_.open.contains(run->second))
        written.insert(run->second);
    sweep_.news.insert(written.begin(), written.end());
    noticed_.insert(written.begin(), written.end());
    if (all || changed.contains(requests_.native())) {
      obey_kills();
      sweep_.look_at_all();
    }
    if (all) {
      looked_at_all_ = Clock::now();
      refresh();
      std::ranges::set_difference(sweep_.open, std::exchange(noticed_, {}), std::inserter(silent, silent.end()));
      attendance_.forget_trouble();
    }
    sweep_.make_pruner_ready();
    do {
      attendance_.attend(std::exchange(written, {}), std::exchange(silent, {}), stopping);
      if (!stopping && attendance_.stuck().empty()) supply_.fill_slots();
    } while (!sweep_.news.empty());
  }

  /// Jobs that ended without a word.
  void refresh() {
    std::vector<fs::path> folders;
    for (const int number : sweep_.open)
      if (const auto run = sweep_.runs.find(number); run != sweep_.runs.end() && run->second.exists())
        folders.push_back(run->second.folder());
    unknown_.clear();
    try {
      if (!folders.empty()) sweep_.launcher.refresh(folders);
    } catch (const Error& error) {  // What the runs say themselves still counts.
      unknown_ = error.what();
    }
  }

  void obey_kills() {
    std::error_code none;
    std::vector<fs::path> files;
    for (fs::directory_iterator it(requests_, none), end; !none && it != end; it.increment(none))
      if (it->path().filename().string().starts_with("kill-")) files.push_back(it->path());
    for (const fs::path& file : files) {
      const int number = std::atoi(file.filename().c_str() + 5);
      if (number >= 0 && number < std::ssize(sweep_.study.trials) && !finished(sweep_.trial_at(number).state)) {
        sweep_.append(end_by_hand(sweep_.trial_at(number)));
        sweep_.control.say(fmt::format("trial {}: ended by hand", number));
      }
      fs::remove(file);
    }
  }

  void reread_budget() {
    const fs::file_time_type written = fs::last_write_time(sweep_.folder / "sweep.json");
    if (std::exchange(budget_written_, written) == written) return;
    const Sweep now = read_sweep(sweep_.folder);
    sweep_.sweep.budget = now.budget;
    sweep_.sweep.retries = now.retries;
  }

  /// For sweep_state, and for a person once, who looks at that state where it has finished.
  void tell(const std::string& problem, bool finished = false) {
    if (!problem.empty() && problem != problem_ && !finished) sweep_.control.say(problem);
    const auto trials = std::ssize(sweep_.study.trials);
    const bool news = problem != problem_ || finished || trials != told_;
    problem_ = problem;
    if (!news) return;
    try {
      write_json_file(sweep_.folder / "controller.json", {{"host", host_name()},
                                                          {"process", ::getpid()},
                                                          {"slots", sweep_.control.slots},
                                                          {"trials", trials},
                                                          {"problem", problem},
                                                          {"finished", finished}});
      told_ = trials;
    } catch (const Error&) {  // A full disk has been said already.
    }
  }

  /// What waits for more budget at the end is over.
  SweepEnd finish() {
    const Exhaustion end = supply_.exhaustion().value_or(Exhaustion{"there is nothing more to try", ""});
    const Budget& budget = sweep_.sweep.budget;
    const bool early = budget.trials && BudgetUse(sweep_.study).trials_left(budget) && supply_.began();
    std::vector<journal::Record> records;
    for (const Trial& trial : sweep_.study.trials)
      if (trial.paused() && !trial.run().empty()) records.push_back(end_early(trial));
    sweep_.append(records);
    sweep_.look_at_all();
    attendance_.attend({}, sweep_.open, false);
    const auto& trials = sweep_.study.trials;
    const auto failed = [](const Trial& trial) { return trial.state == TrialState::fail; };
    if (trials.empty() || !std::ranges::all_of(trials, failed)) {
      if (!early) sweep_.control.say((supply_.began() ? "Finished: " : "Nothing is left to begin: ") + end.words());
      tell(early ? "Ended early: " + end.words() : "", true);
      return SweepEnd::finished;
    }
    tell(fmt::format("All trials failed ({}), the newest with: {}. To try again: {}", trials.size(),
                     trials.back().user_attrs.value("error", "nothing reported"),
                     end.more.empty() ? "begin it anew under another name" : end.more),
         true);
    return SweepEnd::given_up;
  }

  LedSweep sweep_;
  TrialAttendance attendance_;
  TrialSupply supply_;
  const fs::path requests_;
  Clock::time_point looked_at_all_{};
  std::set<int> noticed_;  ///< trials whose runs wrote something since then
  fs::file_time_type budget_written_{};
  std::string problem_;       ///< of the last look
  std::string unknown_;       ///< why the launcher can't tell of jobs
  std::ptrdiff_t told_ = -1;  ///< of how many trials
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
      control.say(
          fmt::format("{} is led already{}; following it.", sweep.filename().string(),
                      state.process == 0 ? "" : fmt::format(", by process {} on {}", state.process, state.host)));
    if (control.interrupted && control.interrupted()) return SweepEnd::left;
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace ablate
