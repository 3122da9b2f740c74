#include "sweeps/slurm_launcher.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <system_error>
#include <thread>
#include <utility>

#include "experiments/after.h"
#include "runs/atomic_file.h"
#include "runs/console_log.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/turn.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kBetweenLooks{5}, kAfterNoAnswer{30};
constexpr seconds kLeaving{40};       // A job that is told to end is killed after KillWait, usually 30 s.
constexpr double kFileSeconds = 60;   // After which a file that another host wrote is seen here, over NFS too.
constexpr std::size_t kArray = 1000;  // Slurm's own default for the longest (MaxArraySize).

fs::path submissions(const fs::path& root) { return root / ".ablate" / "slurm"; }

fs::path key_of(const fs::path& run) {
  std::error_code failed;
  const fs::path canonical = fs::canonical(run, failed);
  return failed ? fs::absolute(run).lexically_normal() : canonical;
}

fs::path make_submission_folder(const fs::path& root) {
  fs::create_directories(submissions(root));
  const std::string now = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
  for (int serial = 1;; ++serial) {
    const fs::path folder = submissions(root) / fmt::format("{}-{}", now, serial);
    if (::mkdir(folder.c_str(), 0777) == 0) return folder;
    if (errno != EEXIST) throw Error(fmt::format("{}: can't be made: {}", folder.string(), system_error_text(errno)));
  }
}

/// The worker takes the shell's place, so that Slurm's signals reach it; Slurm's own words land in the run's
/// console.log like the worker's.
std::string script_of(const fs::path& folder, const SlurmOptions& options) {
  std::string script = "#!/bin/bash\n";
  for (const std::string& line : options.lines) script += fmt::format("#SBATCH {}\n", line);
  script += fmt::format(
      "run=$(readlink -f {}/\"$SLURM_ARRAY_TASK_ID\")\n"
      "export ABLATE_JOB=\"${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID\"\n"
      "export ABLATE_THREADS=\"${{SLURM_CPUS_PER_TASK:-${{SLURM_CPUS_ON_NODE:-1}}}}\"\n"
      "export OMP_WAIT_POLICY=\"${{OMP_WAIT_POLICY:-passive}}\"\n"
      "exec {} run \"$run\"",
      shell_quoted(folder.string()), shell_quoted(worker_program().string()));
  return script;
}

/// An sbatch that gives up waiting for its answer may have submitted all the same.
void remove_if_refused(const fs::path& folder) {
  try {
    const auto goes_on = [&](const SlurmJob& job) { return !job.over() && job.script.parent_path() == folder; };
    if (std::ranges::none_of(slurm_jobs(), goes_on)) fs::remove_all(folder);
  } catch (const std::exception&) {  // That isn't known while the controller is silent.
  }
}

/// Slurm shows people their own jobs.
bool has_another_users_job(const fs::path& run, const RunStatus& status) {
  return status.launcher == "slurm" && !status.job.empty() && submitted_by_another_user(run);
}

std::string experiment_of(const fs::path& run) {
  try {
    const nlohmann::json document = read_json_file(run / "run.json").value_or(nlohmann::json::object());
    return document.value("experiment", "");
  } catch (const std::exception&) {  // A damaged run.json is the worker's to tell.
    return "";
  }
}

/// sbatch takes a % in names of files for one of its own.
std::string with_percent_doubled(const std::string& path) {
  std::string doubled;
  for (const char c : path) doubled += std::string(c == '%' ? 2 : 1, c);
  return doubled;
}

long job_number(const SlurmJob& job) {
  long number = 0;
  std::from_chars(job.id.data(), job.id.data() + job.id.size(), number);
  return number;
}

/// Writes what `change` makes of a status, unless somebody else wrote it since it was read as `before`.
template <class Change>
void change_status(const fs::path& run, const RunStatus& before, Change&& change) {
  std::optional<RunStatus> status = read_status(run);
  if (!status || status->state != before.state || status->heartbeat != before.heartbeat || status->job != before.job ||
      status->launcher != before.launcher)
    return;
  const nlohmann::json as_it_was = to_json(*status);
  change(*status);
  if (to_json(*status) != as_it_was) write_status(run, *status);
}

void write_waiting(const fs::path& run, const RunStatus& before, const std::string& job, const std::string& words) {
  change_status(run, before, [&](RunStatus& status) {
    status.state = RunState::queued;
    status.error.clear();
    status.ended_seconds = 0;
    status.job = job;
    status.waiting = words;
  });
}

void write_end_of_job(const fs::path& run, const RunStatus& before, const SlurmJob& job) {
  change_status(run, before, [&](RunStatus& status) {
    if (job.by_a_person())
      status.state = RunState::stopped;
    else if (status.state != RunState::interrupted)  // With a checkpoint.
      status.state = job.by_slurm() ? RunState::interrupted : RunState::failed;
    status.error = words_of_end(job);
    if (const std::string last = last_console_line(run); status.state == RunState::failed && !last.empty())
      status.error += " Its last words: " + last;
    status.waiting.clear();
    status.job = job.id;
    status.ended_seconds = static_cast<double>(std::time(nullptr));
    remember_log_sizes(run, status);
  });
}

}  // namespace

SlurmLauncher::SlurmLauncher(const fs::path& root, std::optional<SlurmOptions> options)
    : root_(fs::absolute(root).lexically_normal()), options_(std::move(options)) {
  if (options_) options_->check();
}

/// Empty for a job that is not ours.
fs::path SlurmLauncher::run_of(const SlurmJob& job) {
  const std::size_t underscore = job.id.find('_');
  if (underscore == std::string::npos || job.script.filename() != "job.sh" ||
      job.script.parent_path().parent_path().filename() != "slurm")
    return {};
  const fs::path link = job.script.parent_path() / job.id.substr(underscore + 1);
  if (const auto known = runs_of_links_.find(link); known != runs_of_links_.end()) return known->second;
  std::error_code not_there;  // Or not yet.
  const fs::path run = fs::canonical(link, not_there);
  if (!not_there) runs_of_links_[link] = run;
  return run;
}

SlurmLauncher::Jobs SlurmLauncher::look() {
  Jobs jobs;
  for (SlurmJob& job : slurm_jobs()) {
    const fs::path run = run_of(job);
    if (run.empty()) continue;
    SlurmJob& known = jobs[run];
    const auto rank = [](const SlurmJob& each) { return std::pair(!each.over(), job_number(each)); };
    if (known.id.empty() || rank(known) < rank(job)) known = std::move(job);
  }
  return jobs;
}

void SlurmLauncher::submit(const std::vector<fs::path>& runs) {
  const std::lock_guard guard(mutex_);
  worker_program();
  std::error_code failed;
  fs::create_directories(submissions(root_), failed);
  const FileLock lock(submissions(root_) / "lock");
  for (const Array& array : stages_in_order(without_job(runs))) submit_array(array);
  next_look_ = {};
}

/// Those that have to be submitted.
std::vector<SlurmLauncher::Array> SlurmLauncher::without_job(std::vector<fs::path> runs) {
  Jobs jobs = look();
  const auto job_of = [&](const fs::path& run) -> const SlurmJob* {
    const auto found = jobs.find(key_of(run));
    return found == jobs.end() || found->second.over() ? nullptr : &found->second;
  };
  const auto status_of = [&](const fs::path& run) { return read_run(root_, run).status; };
  const auto state_of = [&](const fs::path& run) { return status_of(run).state; };
  // Only when its job has left Slurm says whether it waits again or is over.
  const auto undecided = [&](const fs::path& run) {
    const SlurmJob* job = job_of(run);
    return job && job->state == "COMPLETING" && state_of(run) == RunState::interrupted;
  };
  for (const auto deadline = steady_clock::now() + kLeaving;
       std::ranges::any_of(runs, undecided) && steady_clock::now() < deadline; jobs = look())
    std::this_thread::sleep_for(std::chrono::milliseconds(200));

  std::vector<Array> arrays;
  const std::size_t asked_for = runs.size();
  for (std::size_t i = 0; i < runs.size(); ++i) {  // It grows.
    const fs::path run = runs[i];
    const RunStatus status = status_of(run);
    const RunState state = status.state;
    if (state != RunState::queued && !can_go_on(state)) continue;
    if (state == RunState::queued && has_another_users_job(run, status)) continue;  // It waits for that one's job.
    const SlurmJob* job = job_of(run);
    const SlurmJob* const in_vain =
        job && (job->waits_in_vain() || i >= asked_for) ? std::exchange(job, nullptr) : nullptr;
    const bool leaving = job && job->works() && (state == RunState::stopped || state == RunState::failed);
    if (job && !leaving) {
      if (job->waits() && state != RunState::queued) queue_again(run);
      continue;
    }
    const SlurmOptions options = options_ ? *options_ : read_slurm_options(run);
    const fs::path after = comes_after(run);
    auto array = std::ranges::find_if(arrays, [&](const Array& each) {
      return each.options == options && each.after == after && each.runs.size() < kArray;
    });
    if (array == arrays.end()) array = arrays.insert(arrays.end(), Array{options, {}, after, {}, {}});
    array->runs.push_back(run);
    if (leaving) array->leaving.push_back(job->id);
    if (in_vain) array->in_vain.push_back(in_vain->id);
    for (const fs::path& stage : waiting_for(run, jobs))
      if (std::ranges::find(runs, stage, key_of) == runs.end()) runs.push_back(stage);
  }
  return arrays;
}

/// Stages that come after it, and whose jobs wait for a job that it had.
std::vector<fs::path> SlurmLauncher::waiting_for(const fs::path& run, const Jobs& jobs) const {
  std::vector<fs::path> stages;
  for (const auto& [stage, job] : jobs)
    if (stage.parent_path() == key_of(root_) && job.waits() && job.reason.starts_with("Dependency") &&
        comes_after(stage) == key_of(run))
      stages.push_back(root_ / stage.filename());
  return stages;
}

/// Empty where it comes after none, or that one is completed.
fs::path SlurmLauncher::comes_after(const fs::path& run) const {
  const std::optional<After> after = after_of(*read_run(root_, run).run);
  if (!after || turn_of(root_, *after).kind == Turn::Kind::come) return {};
  return key_of(root_ / after->run);
}

std::vector<SlurmLauncher::Array> SlurmLauncher::stages_in_order(std::vector<Array> arrays) {
  std::vector<Array> ordered;
  const auto is_first = [&](const Array& array) {
    return std::ranges::none_of(arrays, [&](const Array& other) {
      return std::ranges::find(other.runs, array.after, key_of) != other.runs.end();
    });
  };
  while (!arrays.empty()) {
    const auto first = std::ranges::find_if(arrays, is_first);
    if (first == arrays.end()) throw Error("These runs come after one another in a circle.");
    ordered.push_back(std::move(*first));
    arrays.erase(first);
  }
  return ordered;
}

std::vector<std::string> SlurmLauncher::dependencies(const Array& array) const {
  std::vector<std::string> awaited;
  if (!array.leaving.empty()) awaited.push_back(fmt::format("afterany:{}", fmt::join(array.leaving, ":")));
  if (array.after.empty()) return awaited;
  const RunInfo before = read_run(root_, array.after);
  if (const Turn turn = turn_of(root_, {before.id, ""}); turn.kind == Turn::Kind::held_up) throw Error(turn.words);
  if (before.status.launcher != "slurm" || before.status.job.empty())
    throw Error(
        fmt::format("{} comes after {}, which has no job of Slurm to wait for. Launch it when that one is completed.",
                    array.runs.front().filename().string(), before.id));
  awaited.push_back("afterok:" + before.status.job);
  return awaited;
}

void SlurmLauncher::submit_array(const Array& array) {
  const std::vector<std::string> awaited = dependencies(array);
  const fs::path folder = make_submission_folder(root_), script = folder / "job.sh";
  std::vector<RunStatus> before;
  const auto as_they_were = [&] {
    for (std::size_t i = 0; i < before.size(); ++i) write_status(array.runs[i], before[i]);
  };
  try {
    for (std::size_t i = 0; i < array.runs.size(); ++i) {
      const fs::path& run = array.runs[i];
      fs::create_directory_symlink(key_of(run), folder / std::to_string(i));
      write_slurm_options(run, array.options);
      RunStatus& status = before.emplace_back(read_status(run).value_or(RunStatus{}));
      status.launcher = "slurm";
      status.job.clear();
      write_status(run, status);
      if (status.state != RunState::queued) queue_again(run);
    }
  } catch (const std::exception& error) {
    as_they_were();
    throw Error(fmt::format("Can't write into {} and its runs: {}", root_.string(), error.what()));
  }
  const std::string text = script_of(folder, array.options);
  write_file_atomically(script, std::array{std::string_view(text), std::string_view("\n")});
  std::vector<std::string> words = array.options.for_sbatch();
  std::string job_name = experiment_of(array.runs.front());
  std::ranges::replace_if(
      job_name, [](unsigned char letter) { return std::iscntrl(letter) != 0; }, ' ');  // For squeue.
  words.push_back(fmt::format("--job-name={}", job_name.empty() ? "ablate" : job_name));
  words.push_back(fmt::format("--chdir={}", root_.string()));
  words.push_back(fmt::format("--output={}/%a/console.log", with_percent_doubled(folder.string())));
  words.emplace_back("--open-mode=append");
  words.push_back(fmt::format("--array=0-{}", array.runs.size() - 1));
  if (array.options.slots > 0) words.back() += fmt::format("%{}", array.options.slots);
  if (!awaited.empty()) words.push_back(fmt::format("--dependency={}", fmt::join(awaited, ",")));
  try {
    const std::string number = submit_job(words, script);
    for (std::size_t i = 0; i < array.runs.size(); ++i) {
      before[i].state = RunState::queued;
      change_status(array.runs[i], before[i], [&](RunStatus& status) { status.job = fmt::format("{}_{}", number, i); });
    }
  } catch (const Error& error) {
    as_they_were();
    if (dynamic_cast<const SlurmRefusal*>(&error)) remove_if_refused(folder);
    throw Error(fmt::format("{} ablate cluster says more.", error.what()));
  }
  for (const std::string& job : array.in_vain) {
    try {
      cancel_job(job);
    } catch (const Error&) {  // It stays in Slurm's queue; nothing comes of it.
    }
  }
}

void SlurmLauncher::stop(const fs::path& run) {
  const std::lock_guard guard(mutex_);
  const RunStatus before = read_status(run).value_or(RunStatus{});
  const RunState state = read_run(root_, run).status.state;
  const bool may_begin = state == RunState::queued || awaits_word_of_cluster(before);
  if (state == RunState::running || (may_begin && has_another_users_job(run, before)))
    return request(run, Request::stop);
  if (state != RunState::queued && state != RunState::interrupted) return;
  try {
    Jobs jobs = look();
    if (const auto job = jobs.find(key_of(run)); job != jobs.end() && job->second.waits()) {
      cancel_job(job->second.id);
      jobs = look();
    }
    if (const auto job = jobs.find(key_of(run)); job != jobs.end() && !job->second.over())
      return request(run, Request::stop);  // It begins this moment.
  } catch (const Error& error) {
    request(run, Request::stop);
    throw Error(
        fmt::format("{} It can't be taken out of Slurm's queue now; it will stop as soon as it starts.", error.what()));
  }
  change_status(run, before, [](RunStatus& status) {
    status.state = RunState::stopped;
    status.error.clear();
    status.waiting.clear();
  });
}

void SlurmLauncher::refresh(const std::vector<fs::path>& runs) {
  const std::lock_guard guard(mutex_);
  const auto now = steady_clock::now();
  std::vector<std::pair<fs::path, RunStatus>> open;
  for (const fs::path& run : runs) {
    std::optional<RunStatus> status;
    try {
      status = read_status(run);
    } catch (const Error&) {  // A damaged one is told of by who reads the run.
    }
    if (!status || status->launcher != "slurm" || has_another_users_job(run, *status)) continue;
    RunStatus seen = *status;
    heartbeats_.resolve(run.string(), seen, now);
    if (status->state == RunState::queued || status->state == RunState::running || awaits_word_of_cluster(*status))
      open.emplace_back(run, std::move(*status));
  }
  if (open.empty()) return;
  if (now < next_look_) {
    if (!problem_.empty()) throw Error(problem_);
    return;
  }
  Jobs jobs;
  try {
    jobs = look();
  } catch (const Error& error) {
    problem_ = error.what();
    next_look_ = steady_clock::now() + kAfterNoAnswer;
    throw;
  }
  problem_.clear();
  next_look_ = steady_clock::now() + kBetweenLooks;
  for (const auto& [run, before] : open) bring_up_to_date(run, before, jobs);
}

void SlurmLauncher::bring_up_to_date(const fs::path& run, const RunStatus& before, const Jobs& jobs) {
  auto found = jobs.find(key_of(run));
  // One that it had before, of which Slurm still knows, says nothing of its newest.
  if (found != jobs.end() && found->second.over() && before.state == RunState::queued && !before.job.empty() &&
      found->second.id != before.job)
    found = jobs.end();
  if (found != jobs.end() && found->second.waits())
    return write_waiting(run, before, found->second.id, words_of_waiting(found->second));
  if (found != jobs.end() && found->second.works()) return;
  const bool has_none = found == jobs.end() || found->second.over();  // But perhaps one that it had before.
  if (has_none && before.state == RunState::queued && before.job.empty())
    return write_waiting(run, before, "",
                         "Slurm has no job for it; ablate resume submits it, or the sweep that it is of");
  // Its worker may be alive all the same: started again since, or by somebody else.
  if (before.state == RunState::running && before.host == host_name() && RunLock::held(run)) return;
  RunStatus seen = before;
  heartbeats_.resolve(run.string(), seen, steady_clock::now());
  if (found != jobs.end()) {
    const SlurmJob& job = found->second;
    const bool elsewhere = !job.host.empty() && job.host != host_name();
    if (!elsewhere || static_cast<double>(std::time(nullptr)) > job.ended_seconds + kFileSeconds)
      write_end_of_job(run, before, job);
  } else if (before.host == host_name() || seen.state != RunState::running) {
    // Slurm keeps no record of a task of an array that was cancelled before it began.
    SlurmJob forgotten{before.job, before.state == RunState::queued ? "GONE" : "", "", 0, "", {}};
    if (const auto accounted = accounted_job(before.job); accounted && accounted->over())
      forgotten = *accounted;
    else if (before.state != RunState::queued)
      forgotten.state = state_in_console(console_tail(run));
    write_end_of_job(run, before, forgotten);
  }
}

}  // namespace ablate
