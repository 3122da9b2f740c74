#include "experiments/training/status_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "runs/error.h"
#include "runs/run_store.h"

namespace ablate {

struct StatusKeeper::Impl {
  std::filesystem::path folder;
  mutable std::mutex mutex;
  std::condition_variable stopped;
  RunStatus status;
  std::string failure;
  bool stop = false;
  std::thread thread;

  void beat() {
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, std::chrono::seconds(1), [this] { return stop; })) {
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
      stopped.notify_all();
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
  status.ended_seconds = 0;
  status.started_seconds = 0;
  status.job = std::to_string(::getpid());
  if (status.launcher.empty()) status.launcher = "foreground";
  ++status.heartbeat;
  write_status(impl_->folder, status);
  impl_->thread = std::thread([impl = impl_.get()] { impl->beat(); });
}

StatusKeeper::~StatusKeeper() { impl_->join(); }

void StatusKeeper::change(const std::function<void(RunStatus&)>& change) {
  const std::lock_guard lock(impl_->mutex);
  change(impl_->status);
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
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(impl_->folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!is_event_file_name(name)) continue;
    std::error_code gone;
    const std::uintmax_t size = entry.file_size(gone);
    if (gone) continue;
    std::uint64_t& bytes = status.log_bytes[name];
    bytes = std::max<std::uint64_t>(bytes, size);  // One that was cut since then stays known.
  }
  write_status(impl_->folder, status);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace ablate
