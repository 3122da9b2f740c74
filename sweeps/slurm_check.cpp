#include "sweeps/slurm_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <map>
#include <set>
#include <system_error>
#include <thread>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/run_status.h"
#include "sweeps/launcher.h"
#include "sweeps/run_command.h"
#include "sweeps/slurm.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using ClusterVerdict = ClusterCheck::Verdict;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kFileArrives{10};

struct Partition {
  std::string name, time_limit, default_time;
  bool is_default = false, up = false;
  int nodes = 0, usable = 0;
  std::set<std::string> gres, troubles;  ///< what its nodes have; why some can't be used
};

std::vector<Partition> partitions() {
  std::map<std::string, Partition> by_name;
  for (const SlurmNodes& nodes : slurm_nodes()) {
    Partition& partition = by_name[nodes.partition];
    partition.name = nodes.partition;
    partition.time_limit = nodes.time_limit;
    partition.default_time = nodes.default_time;
    partition.is_default = nodes.is_default;
    partition.up = nodes.up;
    partition.nodes += nodes.count;
    if (nodes.usable())
      partition.usable += nodes.count;
    else
      partition.troubles.insert(nodes.reason.empty() ? nodes.state : fmt::format("{} ({})", nodes.state, nodes.reason));
    if (!nodes.gres.empty()) partition.gres.insert(nodes.gres);
  }
  std::vector<Partition> all;
  for (auto& [name, partition] : by_name) all.push_back(std::move(partition));
  return all;
}

/// A script that begins with the free lines of the options.
void write_script(const fs::path& file, const SlurmOptions& options, const std::string& commands) {
  std::string text = "#!/bin/bash\n";
  for (const std::string& line : options.lines) text += fmt::format("#SBATCH {}\n", line);
  write_file_atomically(file, std::array{std::string_view(text), std::string_view(commands)});
}

/// What the tiny job says on its node, as `key=value` lines.
std::string probe_of(const fs::path& folder, bool gpu) {
  const std::string result = shell_quoted((folder / "result").string());
  std::string script = fmt::format(
      "words=$({} accepted 2>&1 >/dev/null | tail -n 1; exit \"${{PIPESTATUS[0]}}\")\n"
      "code=$?\n"
      "printf 'host=%s\\nworker=%s\\nwords=%s\\n' \"$(hostname)\" \"$code\" \"$words\" >{}.new\n",
      shell_quoted(worker_program().string()), result);
  if (gpu)
    script += fmt::format("printf 'gpus=%s\\n' \"$(nvidia-smi -L 2>/dev/null | grep -c GPU)\" >>{}.new\n", result);
  return script + fmt::format("mv {0}.new {0}\n", result);
}

/// Several may check at once, also of one process.
std::string own_name(const char* word) {
  static std::atomic<int> count{0};
  return fmt::format("{}-{}-{}-{}", word, host_name(), ::getpid(), ++count);
}

class ClusterChecker {
 public:
  ClusterChecker(const fs::path& root, const SlurmOptions& options,
                 const std::function<void(const ClusterCheck&)>& tell)
      : root_(fs::absolute(root).lexically_normal()), options_(options), tell_(tell) {}

  std::vector<ClusterCheck> check(std::chrono::seconds patience) {
    try {
      const bool sound = commands() && controller() && partition() && request();
      if (sound) grace();
      if (sound && patience.count() > 0) job(patience);
    } catch (const fs::filesystem_error& error) {
      say("runs", ClusterVerdict::bad,
          fmt::format("{} can't be written ({}): runs have to be where this machine and the cluster's nodes can write. "
                      "Another folder: --runs",
                      root_.string(), error.code().message()));
    } catch (const std::exception& error) {  // The controller went away.
      say("check", ClusterVerdict::bad, error.what());
    }
    return std::move(checks_);
  }

 private:
  bool say(const char* what, ClusterVerdict verdict, std::string words) {
    checks_.push_back({what, verdict, std::move(words)});
    tell_(checks_.back());
    return verdict != ClusterVerdict::bad;
  }

  bool commands() {
    std::vector<std::string> missing;
    for (const char* program : {"sbatch", "squeue", "scancel", "scontrol", "sinfo"})
      if (!on_path(program)) missing.emplace_back(program);
    if (missing.empty()) return say("commands", ClusterVerdict::good, "sbatch and its like are on the PATH");
    return say("commands", ClusterVerdict::bad,
               fmt::format("{} not on the PATH: this is no machine of a Slurm cluster, or Slurm's commands have to be "
                           "made known first (often: module load slurm)",
                           fmt::join(missing, ", ")));
  }

  bool controller() {
    try {
      slurm_jobs();
      return say("controller", ClusterVerdict::good, slurm_ping());
    } catch (const Error& error) {
      const std::string words = error.what();
      if (words.find("unge") != std::string::npos || words.find("uthentication") != std::string::npos)
        return say("controller", ClusterVerdict::bad,
                   fmt::format("{} We can't say who we are: munged has to run here (munge -n | unmunge), with the "
                               "cluster's key and the right time of day",
                               words));
      return say("controller", ClusterVerdict::bad,
                 fmt::format("{} slurmctld does not answer. Runs that work go on; nothing can be submitted until an "
                             "administrator has started it, or the network is back",
                             words));
    }
  }

  bool partition() {
    const std::vector<Partition> all = partitions();
    const auto found = std::ranges::find_if(all, [&](const Partition& each) {
      return options_.partition.empty() ? each.is_default : each.name == options_.partition;
    });
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const Partition& each : all) names.push_back(each.name);
      return say("partition", ClusterVerdict::bad,
                 fmt::format("{}. Name one with --partition: {}",
                             options_.partition.empty() ? "none is the default"
                                                        : fmt::format("there is no {}", options_.partition),
                             fmt::join(names, ", ")));
    }
    if (!found->up)
      return say("partition", ClusterVerdict::bad,
                 fmt::format("{} is not up: choose another (--partition), or wait", found->name));
    if (found->usable == 0)
      return say("partition", ClusterVerdict::bad,
                 fmt::format("{}: no node can be used: {}. Choose another (--partition), or ask an administrator",
                             found->name, fmt::join(found->troubles, ", ")));
    std::string words = fmt::format("{}: {} of {} nodes can be used", found->name, found->usable, found->nodes);
    if (options_.time.empty())
      words += fmt::format("; without --time a run has {}",
                           found->default_time == "n/a" ? found->time_limit : found->default_time);
    words += fmt::format("; at most {}", found->time_limit);
    const bool has_gpus =
        std::ranges::any_of(found->gres, [](const std::string& each) { return each.starts_with("gpu"); });
    if (has_gpus && options_.gres.empty())
      return say("partition", ClusterVerdict::unclear,
                 fmt::format("{}; its nodes have {}, of which nothing is asked for: runs train without a GPU unless "
                             "there is --gres=gpu:1",
                             words, fmt::join(found->gres, ", ")));
    return say("partition", ClusterVerdict::good, words);
  }

  bool request() {
    std::error_code ignored;
    fs::create_directories(root_ / ".ablate" / "slurm");
    const fs::path script = root_ / ".ablate" / "slurm" / (own_name("check") + ".sh");
    write_script(script, options_, "");
    std::string problem, said;
    try {
      said = test_submission(options_.for_sbatch(), script);
    } catch (const Error& error) {
      problem = error.what();
    }
    fs::remove(script, ignored);
    if (!problem.empty())
      return say("request", ClusterVerdict::bad,
                 fmt::format("{} Ask for something else: --partition, --account, --time, --mem, --gres, --cpus, "
                             "--sbatch",
                             problem));
    return say("request", ClusterVerdict::good, said);
  }

  void grace() {
    const std::string preemption = slurm_setting("PreemptMode");
    const bool cancels = preemption.find("CANCEL") != std::string::npos;
    say("grace", cancels ? ClusterVerdict::unclear : ClusterVerdict::good,
        fmt::format("a run that is told to go has {} for its last checkpoint (KillWait); preemption: {}{}",
                    slurm_setting("KillWait"), preemption,
                    cancels ? ", so preempted runs have to be resumed by hand" : ""));
  }

  void job(std::chrono::seconds patience) {
    const fs::path folder = root_ / ".ablate" / "slurm" / own_name("check");
    std::error_code ignored;
    fs::create_directories(folder);
    const fs::path script = folder / "probe.sh";
    const bool gpu = options_.gres.starts_with("gpu");
    write_script(script, options_, probe_of(folder, gpu));
    std::string id;
    try {
      std::vector<std::string> words = options_.for_sbatch();
      words.insert(words.end(), {"--job-name=ablate-cluster", "--output=/dev/null", "--chdir=/"});
      id = submit_job(words, script);
      await(id, folder / "result", gpu, patience);
    } catch (const std::exception& error) {
      say("job", ClusterVerdict::bad, error.what());
      if (!id.empty()) cancel_job(id);
    }
    fs::remove_all(folder, ignored);
  }

  void await(const std::string& id, const fs::path& result, bool gpu, std::chrono::seconds patience) {
    const auto began = steady_clock::now();
    SlurmJob job{id, "PENDING", "", 0, "", {}};
    const auto look = [&] {
      for (const SlurmJob& each : slurm_jobs())
        if (each.id == id) return each;
      return SlurmJob{id, "COMPLETED", "", 0, job.host, {}};  // So long ago that Slurm has forgotten.
    };
    while (!fs::exists(result) && !(job = look()).over()) {
      if (job.waits_in_vain() || steady_clock::now() - began > patience) {
        cancel_job(id);
        return tell_of_cancelled(job, patience);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    for (const auto ended = steady_clock::now(); !fs::exists(result) && steady_clock::now() - ended < kFileArrives;)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!fs::exists(result)) {
      say("job", ClusterVerdict::bad,
          fmt::format("a tiny job on {} ended as {} without leaving its file in {}. The nodes have to see that folder "
                      "under the same path: choose one on a file system that they share (--runs)",
                      job.host.empty() ? "no node" : job.host, job.state, result.parent_path().string()));
      return;
    }
    std::map<std::string, std::string> told;
    std::ifstream file(result);
    for (std::string line; std::getline(file, line);)
      if (const std::size_t equals = line.find('='); equals != std::string::npos)
        told[line.substr(0, equals)] = line.substr(equals + 1);
    say("job", ClusterVerdict::good,
        fmt::format("{} ran a tiny job and sees {}; that took {:.1f} s", told["host"], root_.string(),
                    std::chrono::duration<double>(steady_clock::now() - began).count()));
    if (told["worker"] == "0")
      say("worker", ClusterVerdict::good, fmt::format("{} runs there", worker_program().string()));
    else
      say("worker", ClusterVerdict::bad,
          fmt::format("{} does not run there (exit code {}): {}. Put the build, with .deps, on the shared file system",
                      worker_program().string(), told["worker"], told["words"]));
    if (gpu && told["gpus"] != "0")
      say("gpu", ClusterVerdict::good, fmt::format("{} seen there (nvidia-smi)", told["gpus"]));
    else if (gpu)
      say("gpu", ClusterVerdict::bad,
          fmt::format("{} was granted, but nvidia-smi shows no GPU there: ask an administrator", options_.gres));
  }

  void tell_of_cancelled(const SlurmJob& job, std::chrono::seconds patience) {
    if (job.waits_in_vain())
      say("job", ClusterVerdict::bad, fmt::format("a tiny job {}. Ask for something else", words_of_waiting(job)));
    else if (job.waits())
      say("job", ClusterVerdict::unclear,
          fmt::format("a tiny job {}; after {} s it was cancelled. To wait longer: --wait", words_of_waiting(job),
                      patience.count()));
    else
      say("job", ClusterVerdict::unclear,
          fmt::format("a tiny job on {} was not over after {} s, and was cancelled. Look whether the node sees {}, and "
                      "what hangs there",
                      job.host, patience.count(), root_.string()));
  }

  fs::path root_;
  const SlurmOptions& options_;
  const std::function<void(const ClusterCheck&)>& tell_;
  std::vector<ClusterCheck> checks_;
};

}  // namespace

std::vector<ClusterCheck> check_cluster(const fs::path& root, const SlurmOptions& options,
                                        std::chrono::seconds patience,
                                        const std::function<void(const ClusterCheck&)>& tell) {
  options.check();
  return ClusterChecker(root, options, tell).check(patience);
}

}  // namespace ablate
