#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// Of which runs the drawing thread wants more than a line in the list.
struct Interest {
  std::set<std::string> shown;  ///< ids: their events are followed
  std::string selected;         ///< id: its events are followed and its console is read
  bool everything = false;      ///< the events of all others too, after these and as far as there is room for them
  bool operator==(const Interest&) const = default;
};

/// Reads everything the window shows, on a thread of its own: lists the runs of one or several roots, follows the event
/// files of those of interest and the journals of sweeps, and publishes immutable snapshots. The members may be called
/// from any thread; none waits for a file.
class Tailer {
 public:
  /// `more_paths`: other roots, runs or log folders, whose ids begin with the folder's name, and Optuna's journals.
  /// `cache`: see RunReader. `changed` is called from the tailer's thread after each new snapshot.
  Tailer(std::filesystem::path root, std::vector<std::filesystem::path> more_paths, std::filesystem::path cache,
         std::function<void()> changed);
  ~Tailer();
  Tailer(const Tailer&) = delete;
  Tailer& operator=(const Tailer&) = delete;

  /// The newest one; never null.
  std::shared_ptr<const Snapshot> snapshot() const;
  void set_interest(Interest interest);
  /// Lists the runs again at once: something has just been launched, stopped or resumed.
  void look_now();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
