#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "viewers/panel.h"

namespace ablate {

/// Does what panels ask for, on a thread of its own: makes run folders, queues, stops and resumes runs. The window can
/// close at any time: what has been asked for is done first, and the runs are other processes.
class Session : public Actions {
 public:
  /// `done` is called from the session's thread after each action, whether it worked or not.
  Session(std::filesystem::path root, std::function<void()> done);
  ~Session() override;

  void launch(const Experiment& experiment) override;
  void stop(const RunView& run) override;
  void resume(const RunView& run) override;
  /// Starts the queue's keeper where runs wait and nobody attends to them.
  void keep_going();

  /// The id of the first run of what was launched last, once.
  std::optional<std::string> take_launched();
  /// Why an action failed, once for each.
  std::optional<std::string> take_error();

 private:
  void add(std::function<void()> job);
  void work();

  std::filesystem::path root_;
  std::function<void()> done_;
  std::mutex mutex_;  // Guards the following.
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::deque<std::string> errors_;
  std::optional<std::string> launched_;
  bool ending_ = false;
  std::thread worker_;
};

}  // namespace ablate
