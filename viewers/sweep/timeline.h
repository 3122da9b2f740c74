#pragma once

#include <string>
#include <vector>

#include "sweeps/study.h"
#include "viewers/panel.h"

namespace ablate {

/// What trained where, and when.
struct Timeline {
  /// A trial from one start to the next pause or its end.
  struct Bar {
    int trial = 0;
    int lane = 0;
    double from = 0, to = 0;  ///< Unix time
    bool resumed = false;     ///< it had begun before
    bool goes_on = false;     ///< in a later bar
    bool open = false;        ///< it still trains: `to` is now
  };
  /// Bars of one host that overlap lie in different lanes: as many as it trained at once.
  struct Host {
    std::string name;  ///< empty where it isn't known
    int first_lane = 0, lanes = 0;
  };
  std::vector<Bar> bars;  ///< by start
  std::vector<Host> hosts;
  int lanes = 0;
  double from = 0, to = 0;  ///< Unix time
};

/// `runs`: of each trial its run, or null. Pauses are known where a run's log has been read or its status tells of a
/// later start; else a trial is one bar from its start to its end.
Timeline timeline_of(const Study& study, const std::vector<const RunView*>& runs, double now);

}  // namespace ablate
