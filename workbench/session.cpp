#include "workbench/session.h"

#include <exception>
#include <utility>

#include "sweeps/launcher.h"

namespace ablate {

Session::Session(std::filesystem::path root, std::function<void()> done)
    : root_(std::move(root)), done_(std::move(done)), worker_([this] { work(); }) {}

Session::~Session() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

void Session::launch(const Experiment& experiment) {
  add([this, experiment] {
    const std::vector<std::filesystem::path> runs = launch_locally(root_, experiment);
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

void Session::keep_going() {
  add([this] {
    if (std::filesystem::exists(root_ / ".ablate")) LocalQueue(root_).keep_going();
  });
}

std::optional<std::string> Session::take_launched() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? std::exchange(launched_, std::nullopt) : std::nullopt;
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
