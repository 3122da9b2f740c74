#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "sweeps/launchers.h"

namespace ablate {

/// Leads a sweep: asks its sampler for trials, has their runs trained, reports what they log, asks its pruner, and goes
/// on until the budget is used up. All it knows is in the journal and the run folders, and every step is made so that
/// it can be made again: killed at any moment, the next controller goes on where it was. A trial's run is named in the
/// journal before its folder is made.
struct SweepControl {
  int slots = 1;                                     ///< how many trials train at once
  std::function<bool()> interrupted;                 ///< whether to leave; asked at least every two seconds
  std::function<void(const std::string& line)> say;  ///< what happens, for a person
};

enum class SweepEnd {
  finished,  ///< the budget is used up, and no trial trains any more
  stopped,   ///< somebody asked it to (stop_sweep): all its runs have stopped
  given_up,  ///< everything fails, or nothing can be begun, and nothing trains: a person has to look (sweep_state)
  left,      ///< interrupted: what trains goes on
};

/// Where another controller leads, says so and waits; takes over when that one is gone. What can't be done (a full
/// disk, a launcher that refuses) is said, kept for sweep_state, and tried again until it can; but where the launcher
/// has never taken a run, or trial after trial fails, it gives up. Throws Error where the sweep itself can't be
/// understood.
SweepEnd lead_sweep(const std::filesystem::path& sweep, Launcher& launcher, const SweepControl& control);

}  // namespace ablate
