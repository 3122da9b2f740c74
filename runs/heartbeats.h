#pragma once

#include <chrono>
#include <map>
#include <string>

#include "runs/run_status.h"

namespace ablate {

/// Tells whether runs of other hosts still train: locks and clocks of those say nothing here, so a run is `interrupted`
/// when its heartbeat has not moved for a minute of this clock.
class Heartbeats {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kSilence{60};

  /// Call with every status that is read; changes `running` to `interrupted` where the run has been silent for that
  /// long since it was first seen so.
  void resolve(const std::string& id, RunStatus& status, Clock::time_point now);

 private:
  struct Beat {
    std::int64_t heartbeat = 0;
    Clock::time_point since;
  };
  std::map<std::string, Beat> beats_;
};

}  // namespace ablate
