#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "viewers/panel.h"

namespace ablate {

/// Has runs examined for the window, one after the other, on a thread of its own. Any thread may call. When it goes
/// away what is being examined is stopped.
class Examiner {
 public:
  /// `done` is called from that thread after each.
  explicit Examiner(std::function<void()> done);
  /// One that waits or is being examined stays as it is.
  void examine(const std::string& run, const std::filesystem::path& folder);
  /// Also of one that waits.
  void stop(const std::string& run);
  /// By id of run; nullopt where another thread has it just now.
  std::optional<std::map<std::string, Examination>> examinations() const;

 private:
  struct Wanted {
    std::string run;
    std::filesystem::path folder;
    std::stop_source stop;
  };
  /// One that has not been stopped.
  std::deque<Wanted>::iterator find(const std::string& run);
  void work(const std::stop_token& ending);
  Examination examined(const Wanted& wanted);

  std::function<void()> done_;
  mutable std::mutex mutex_;  // Guards the following.
  std::condition_variable_any changed_;
  std::deque<Wanted> wanted_;  ///< the first is being examined, or is about to be
  std::map<std::string, Examination> examinations_;
  std::jthread thread_;
};

}  // namespace ablate
