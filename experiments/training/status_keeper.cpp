#include "experiments/training/status_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "runs/error.h"
#include "runs/run_store.h"

namespace ablate {

struct StatusKeeper::Impl {
  std::filesystem::path folder;
  mutable std::mutex mutex;
  std::condition_variable changed;
  RunStatus status;
  std::string failure;
  bool stop = false, told = false;
  std::thread thread;

  void beat() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait_for(lock, std::chrono::seconds(1), [this] { return stop || told; });
      if (stop) return;
      told = false;
      ++status.heartbeat;
      const RunStatus copy = status;
      lock.unlock();
      std::string problem;
      try {
        write_status(folder, copy);
      } catch (const std::exception& error) {
        problem = error.what();
      }
      lock.lock();
      failure = problem;
    }
  }

  void join() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
      changed.notify_all();
    }
    if (thread.joinable()) thread.join();
  }
};

StatusKeeper::StatusKeeper(std::filesystem::path folder) : impl_(std::make_unique<Impl>()) {
  impl_->folder = std::move(folder);
  RunStatus& status = impl_->status;
  status = read_status(impl_->folder).value_or(RunStatus{});
  status.state = RunState::running;
  status.error.clear();
  status.waiting.clear();
  status.ended_seconds = 0;
  status.started_seconds = 0;
  const char* job = std::getenv("ABLATE_JOB");  // A cluster's name for it.
  status.job = job ? job : std::to_string(::getpid());
  if (const char* launcher = std::getenv("ABLATE_LAUNCHER"))
    status.launcher = launcher;
  else if (status.launcher.empty())
    status.launcher = "foreground";
  ++status.heartbeat;
  write_status(impl_->folder, status);
  impl_->thread = std::thread([impl = impl_.get()] { impl->beat(); });
}

StatusKeeper::~StatusKeeper() { impl_->join(); }

void StatusKeeper::change(const std::function<void(RunStatus&)>& change) {
  const std::lock_guard lock(impl_->mutex);
  change(impl_->status);
}

void StatusKeeper::tell() {
  const std::lock_guard lock(impl_->mutex);
  impl_->told = true;
  impl_->changed.notify_all();
}

RunStatus StatusKeeper::now() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->status;
}

void StatusKeeper::check() const {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->failure.empty()) throw Error(impl_->failure);
}

void StatusKeeper::finish(RunState state, const std::string& error) {
  impl_->join();
  RunStatus& status = impl_->status;
  status.state = state;
  status.error = error;
  status.ended_seconds = wall_seconds();
  ++status.heartbeat;
  remember_log_sizes(impl_->folder, status);
  write_status(impl_->folder, status);
}

}  // namespace ablate
