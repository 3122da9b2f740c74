#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// Whether a file looks like a journal of Optuna's: its first line is one of its records, or its name ends in .journal.
bool is_journal_file(const std::filesystem::path& file);

/// Follows the sweeps of runs roots, and journals that were named. One thread.
class SweepFollower {
 public:
  SweepFollower();
  ~SweepFollower();
  /// The sweeps below it. `run_prefix` as in SweepView.
  void add_root(std::filesystem::path root, std::string run_prefix);
  /// Each of its studies is a view. A sweep's own journal is that sweep.
  void add_journal(std::filesystem::path file);

  /// Lists and reads everything anew that has changed. Whether anything has. Never throws: what goes wrong stands in
  /// the view's problem.
  bool look();
  /// By name.
  const std::vector<std::shared_ptr<const SweepView>>& sweeps() const { return views_; }
  /// A controller leads one of them, so that news is to be expected.
  bool active() const;

 private:
  struct Root {
    std::filesystem::path path;
    std::string run_prefix;
  };
  struct Followed;

  std::vector<Root> roots_;
  std::vector<std::filesystem::path> journals_;
  std::vector<std::unique_ptr<Followed>> followed_;
  std::vector<std::shared_ptr<const SweepView>> views_;
};

}  // namespace ablate
