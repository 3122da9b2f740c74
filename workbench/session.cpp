#include "workbench/session.h"

#include <exception>
#include <utility>

#include "runs/atomic_file.h"
#include "runs/bin.h"
#include "runs/error.h"
#include "sweeps/launcher.h"
#include "sweeps/sweep_folder.h"

namespace ablate {
namespace {

constexpr std::chrono::seconds kBetweenQuestions{5};

}  // namespace

bool concerns_cluster(const RunStatus& status) {
  return status.launcher == "slurm" && (status.state == RunState::queued || status.state == RunState::running ||
                                        status.state == RunState::interrupted);
}

Session::Session(std::filesystem::path root, std::function<void()> done)
    : root_(std::move(root)), done_(std::move(done)), worker_([this] { work(); }), examiner_(done_) {}

Session::~Session() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

void Session::launch(const Experiment& experiment, const TrainingPlace& place) {
  add([this, experiment, place] {
    worker_program();  // Where there is none, nothing is made.
    const std::vector<std::filesystem::path> runs = launch_runs(root_, experiment, *make_launcher(root_, place));
    const std::lock_guard lock(mutex_);
    if (!runs.empty()) launched_ = runs.front().filename().string();
  });
}

void Session::stop(const RunView& run) {
  add([root = run.root, info = run.info] { stop_run(root, info); });
}

void Session::resume(const RunView& run) {
  add([root = run.root, info = run.info] { resume_run(root, info); });
}

void Session::change_lr(const RunView& run, const LrRequest& asked) {
  add([root = run.root, info = run.info, asked] { ablate::change_lr(root, info, asked); });
}

void Session::move_in_queue(const RunView& run, QueueEnd end) {
  add([root = run.root, info = run.info, end] { ablate::move_in_queue(root, info, end); });
}

void Session::annotate(const RunView& run, std::function<void(RunMeta&)> change) {
  add([folder = run.info.folder, change = std::move(change)] { change_meta(folder, change); });
}

void Session::remove(const RunView& run) {
  {
    const std::lock_guard lock(mutex_);
    removing_.insert(run.info.folder);
  }
  add([this, root = run.root, info = run.info] {
    remove_run(root, info);
    const std::lock_guard lock(mutex_);
    removed_ = RemovedRun{root, info.id, info.name};
  });
}

void Session::restore(const RemovedRun& run) {
  {
    const std::lock_guard lock(mutex_);
    removing_.erase(run.root / run.id);
  }
  add([run] { restore_run(run.root, run.id); });
}

void Session::launch(const Sweep& sweep, const TrainingPlace& place) {
  add([this, sweep, place] {
    worker_program();  // Where there is none, nothing is made.
    const std::filesystem::path folder = create_sweep(root_, sweep);
    keep_training_place(folder, place);
    start_controller(folder);
    const std::lock_guard lock(mutex_);
    launched_sweep_ = sweep.name;
  });
}

void Session::resume(const SweepView& sweep) {
  add([folder = sweep.place] {
    pause_sweep(folder, false);
    start_controller(folder);
  });
}

void Session::pause(const SweepView& sweep) {
  add([folder = sweep.place] { pause_sweep(folder, true); });
}

void Session::stop(const SweepView& sweep) {
  add([folder = sweep.place] { stop_sweep(folder); });
}

void Session::add_trials(const SweepView& sweep, int count) {
  add([folder = sweep.place, was = sweep.state.now, count] {
    ablate::add_trials(folder, count);
    if (was == SweepState::Now::finished) start_controller(folder);
  });
}

void Session::kill_trial(const SweepView& sweep, int number) {
  add([folder = sweep.place, number] { ablate::kill_trial(folder, number); });
}

void Session::save(const std::filesystem::path& file, std::string content) {
  add([path = root_ / file, content = std::move(content)] {
    if (std::filesystem::exists(path))
      throw Error(path.string() + " is there already: choose another name, or remove it first.");
    const std::string_view whole = content;
    write_file_atomically(path, {&whole, 1});
  });
}

void Session::keep_going() {
  add([this] {
    if (std::filesystem::exists(root_ / ".ablate")) LocalQueue(root_).keep_going();
  });
}

void Session::ask_cluster(const Snapshot& snapshot) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_question_) return;
  next_question_ = now + kBetweenQuestions;
  std::map<std::filesystem::path, std::vector<std::filesystem::path>> runs;
  for (const auto& run : snapshot.runs)
    if (concerns_cluster(run->info.status)) runs[run->root].push_back(run->info.folder);
  if (runs.empty()) return;
  add([this, runs] {
    try {
      for (const auto& [root, folders] : runs) clusters_.try_emplace(root, root).first->second.refresh(folders);
      cluster_problem_.clear();
    } catch (const Error& error) {
      if (std::exchange(cluster_problem_, error.what()) != error.what()) throw;  // Told once, not every few seconds.
    }
  });
}

std::optional<std::string> Session::take_launched() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? std::exchange(launched_, std::nullopt) : std::nullopt;
}

std::optional<std::string> Session::take_launched_sweep() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? std::exchange(launched_sweep_, std::nullopt) : std::nullopt;
}

std::optional<RemovedRun> Session::take_removed() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? std::exchange(removed_, std::nullopt) : std::nullopt;
}

bool Session::removes(const std::filesystem::path& folder) const {
  const std::lock_guard lock(mutex_);
  return removing_.contains(folder);
}

std::optional<std::string> Session::take_error() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || errors_.empty()) return std::nullopt;
  std::string error = std::move(errors_.front());
  errors_.pop_front();
  return error;
}

void Session::add(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
}

void Session::work() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job();
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      errors_.emplace_back(error.what());
    }
    done_();
  }
}

}  // namespace ablate
