#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sweeps/study.h"

namespace ablate {

/// The studies of an Optuna journal (JournalFileBackend), from its records: one JSON object a line.
class JournalReplay {
 public:
  /// Throws Error for what no Optuna writes. A record about a trial that has finished, or a study that there isn't,
  /// does nothing, as in Optuna.
  void apply(const nlohmann::json& record);

  /// nullptr where there is none (any more). A study stays where it is for as long as this exists, also when it is
  /// deleted; its trials move when others come.
  const Study* find(std::string_view name) const;
  std::vector<const Study*> studies() const;
  /// Whether there was one of that name, which was deleted.
  bool had(std::string_view name) const;

 private:
  Trial* updatable(const nlohmann::json& record);
  std::shared_ptr<const Distribution> distribution(const std::string& text);
  void create_trial(const nlohmann::json& record);
  void set_state(const nlohmann::json& record);

  std::map<std::int64_t, Study> studies_;
  std::vector<std::map<std::int64_t, Study>::node_type> deleted_;  ///< kept, for whoever still looks at one
  std::int64_t next_study_ = 0;
  std::vector<std::pair<std::int64_t, int>> trials_;  ///< by id: study and number
  std::map<std::string, std::shared_ptr<const Distribution>> distributions_;
};

/// Records to append. Each is one line: what belongs together so that half of it would be wrong goes into one.
namespace journal {
using Record = nlohmann::json;
Record create_study(const std::string& name, const std::vector<Direction>& directions);
Record set_study_user_attr(const Study& study, const std::string& key, const nlohmann::json& value);
/// A new trial as it is, but for id and number, which the journal gives.
Record create_trial(const Study& study, const Trial& trial);
Record set_param(const Trial& trial, const std::string& key, double internal, const Distribution& distribution);
/// Finished, or running from now on. `values`: empty for none.
Record set_state(const Trial& trial, TrialState state, const std::vector<double>& values);
Record set_intermediate(const Trial& trial, Step step, double value);
Record set_user_attr(const Trial& trial, const std::string& key, const nlohmann::json& value);
Record set_system_attr(const Trial& trial, const std::string& key, const nlohmann::json& value);
}  // namespace journal

/// A journal file that Optuna's processes and ours read and write at the same time. One thread at a time.
///
/// Writers hold Optuna's lock, a symbolic link `<file>.lock` (JournalFileSymlinkLock). Ours points to a file that its
/// owner has locked with the kernel, so that one left by a dead process of this host is taken over at once; one that
/// Optuna, or another host, left behind is broken after Optuna's 30 s without a change.
class Journal {
 public:
  /// Made where there is none. Throws Error where it can't be read.
  explicit Journal(std::filesystem::path file);

  /// Reads what has been appended. Whether there was anything. A last line without its end is not there yet. Throws
  /// Error naming file and line for one that can't be understood, and says how to mend it.
  bool sync();

  const JournalReplay& replay() const { return replay_; }
  const std::filesystem::path& file() const { return file_; }

  /// With the lock held: reads what others have appended, and appends what `change` makes of it in one write, synced. A
  /// torn last line, of a writer that died, is cut first: Optuna would glue the next record to it. Throws Error where
  /// it can't be written; then nothing was appended.
  void update(const std::function<std::vector<journal::Record>(const JournalReplay&)>& change);

 private:
  std::filesystem::path file_;
  JournalReplay replay_;
  std::uint64_t read_ = 0;  ///< bytes
  std::int64_t line_ = 0;   ///< lines
};

}  // namespace ablate
