#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runs/run_store.h"

namespace ablate {

/// Whether a run trains no more.
bool is_over(const RunStatus& status);

/// Live progress of some runs on standard error: on a terminal a line a run that is written over, else a plain line
/// whenever a run starts, ends, or has made another tenth of its way.
class Progress {
 public:
  Progress(std::filesystem::path root, std::vector<std::filesystem::path> runs);

  /// Looks at the runs again and shows what changed. Returns whether all are over, or wait for a
  /// run that will not be completed.
  bool update();

  /// Updates five times a second until all are over, doing `each_time` after each.
  void until_over(const std::function<void()>& each_time = [] {});

  /// Prints a line above what is shown.
  void say(const std::string& line);

  /// Whether standard error is a terminal, so that lines are written over.
  bool on_terminal() const { return terminal_; }

  const std::vector<std::filesystem::path>& folders() const { return folders_; }

  /// As of the last update.
  const std::vector<RunInfo>& runs() const { return infos_; }

 private:
  std::size_t name_width() const;
  void redraw();
  void tell_news(const RunInfo& run, std::size_t index);

  std::filesystem::path root_;
  std::vector<std::filesystem::path> folders_;
  std::vector<RunInfo> infos_;
  std::vector<std::string> told_;       ///< what the plain line said last, or a part of it that stands for it
  std::set<std::string> told_reasons_;  ///< why runs wait, on plain lines
  bool terminal_ = false;
  bool drawn_ = false;
};

}  // namespace ablate
