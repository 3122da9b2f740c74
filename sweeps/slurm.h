#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runs/error.h"

namespace ablate {

/// One job of Slurm, or one of an array.
struct SlurmJob {
  std::string id;     ///< "123_4", or "123" outside of an array
  std::string state;  ///< as squeue and sacct write it: "PENDING", "RUNNING", "TIMEOUT", …; of one that both have
                      ///< forgotten "", or "GONE" where it never began
  std::string reason;
  double ended_seconds = 0;      ///< Unix time of one that is over; else when it has to be
  std::string host;              ///< of its first node; empty while it has none
  std::filesystem::path script;  ///< that was submitted

  /// It waits, be it again after it was requeued.
  bool waits() const;
  /// Nothing but another request helps.
  bool waits_in_vain() const;
  /// It has begun, and its processes may still be there.
  bool works() const;
  /// Ended, or taken out of the queue, by somebody who meant it.
  bool by_a_person() const;
  /// Ended by Slurm, through no fault of the worker's.
  bool by_slurm() const;
  /// Neither waits nor works: it can't come back.
  bool over() const { return !waits() && !works(); }
};

/// A command of Slurm's that answered, and failed.
class SlurmRefusal : public Error {
 public:
  using Error::Error;
};

// Slurm through its own commands. Each takes a few milliseconds where the controller answers; all throw Error where the
// command is missing, fails, or gives no answer for a few seconds, and say why.

/// The jobs of this user that the controller knows: those that wait or work, and for a while (MinJobAge) those that
/// ended.
std::vector<SlurmJob> slurm_jobs();

/// What accounting says of a job that the controller has forgotten; nullopt where there is no accounting, or none that
/// works.
std::optional<SlurmJob> accounted_job(const std::string& id);

/// sbatch with these options and this script; returns the job's number.
std::string submit_job(const std::vector<std::string>& options, const std::filesystem::path& script);

/// Cancels a job, or one of an array ("123_4"), also one that works. Told to leave those alone that work (--state),
/// Slurm 22.05 cancels all of an array that wait.
void cancel_job(const std::string& id);

/// A value of `scontrol show config`; empty where it has no such key.
std::string slurm_setting(std::string_view key);

/// What `scontrol ping` prints, also where the controller is down.
std::string slurm_ping();

/// The nodes by partition and state, as sinfo groups them.
struct SlurmNodes {
  std::string partition;
  bool is_default = false, up = false;   ///< of the partition
  std::string time_limit, default_time;  ///< of the partition, "n/a" where it has none
  int count = 0;                         ///< of these nodes
  std::string state, gres, reason;       ///< "idle", "drained", …; empty where they have none
  /// They take jobs, now or when others are over.
  bool usable() const;
};
std::vector<SlurmNodes> slurm_nodes();

/// What `sbatch --test-only` says of such a job: when and where it would start.
std::string test_submission(const std::vector<std::string>& options, const std::filesystem::path& script);

/// What slurm_jobs reads: lines of squeue, and of sacct for accounted_job.
std::vector<SlurmJob> parse_squeue(std::string_view text);
std::optional<SlurmJob> parse_sacct(std::string_view text);

/// How a job ended by the last line of Slurm's own in what it printed ("… CANCELLED AT … DUE TO TIME LIMIT ***"):
/// "TIMEOUT", "PREEMPTED", "NODE_FAIL", "CANCELLED"; empty where there is none, or a worker has begun after it.
std::string state_in_console(std::string_view text);

/// One word of a shell, whatever `text` holds.
std::string shell_quoted(const std::string& text);

/// What became of a job that is over, and what to do about its run: "ran into its time limit …".
std::string words_of_end(const SlurmJob& job);

/// Why a job waits, in words where Slurm's own need some: "Slurm waits for free nodes (Resources)".
std::string words_of_waiting(const SlurmJob& job);

}  // namespace ablate
