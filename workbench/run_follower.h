#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "runs/run_reader.h"
#include "sweeps/wakeups.h"
#include "viewers/panel.h"

namespace ablate {

/// Reads what runs log on and on: curves, findings, evaluations. One thread.
class RunFollower {
 public:
  using Clock = std::chrono::steady_clock;

  /// `cache`: of long logs; empty for none.
  explicit RunFollower(std::filesystem::path cache) : cache_(std::move(cache)) {}

  /// The run with what it has logged since the last look; nullptr where that is nothing. Looks where its folder has
  /// changed, where a part of its log is unread, and once in every `period`.
  std::shared_ptr<const RunView> look(const RunView& run, std::chrono::milliseconds period, Clock::time_point now);
  /// Whether nothing is known to be unread.
  bool caught_up(const std::string& id) const;
  /// Of its scalars.
  std::size_t bytes(const std::string& id) const;
  /// Whether the folder of a run has changed since it was looked at.
  bool has_changed(const std::string& id) const { return changed_.contains(id); }
  void forget_if(const std::function<bool(const std::string& id)>& is_over);
  /// Until folders change or `descriptor` can be read. False where only the time is over.
  bool wait(std::chrono::milliseconds at_most, int descriptor);

 private:
  struct Followed {
    RunReader reader;
    bool caught_up = false;
    std::size_t bytes = 0;
    Clock::time_point next_look{};
    std::filesystem::file_time_type findings_written{}, evaluated{};
  };

  std::filesystem::path cache_;
  std::map<std::string, Followed> followed_;
  Wakeups wakeups_;
  std::map<std::string, std::string> watched_;  ///< folders of followed runs, to their ids
  std::set<std::string> changed_;               ///< ids
};

}  // namespace ablate
