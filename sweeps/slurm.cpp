#include "sweeps/slurm.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <sstream>
#include <utility>

#include "runs/error.h"
#include "runs/text.h"
#include "sweeps/run_command.h"

namespace ablate {
namespace {

using std::chrono::seconds;

// A controller that is gone is asked for about ten seconds by Slurm's own commands; a person who lists runs would not
// wait so long.
constexpr seconds kLookPatience{5}, kChangePatience{60};

/// "sbatch: error: A\nsbatch: error: B" as "A; B".
std::string complaint_of(const CommandOutput& output) {
  std::istringstream lines(output.err.empty() ? output.out : output.err);
  std::string words;
  for (std::string line; std::getline(lines, line);) {
    for (const char* lead : {"error: ", "fatal: "})
      if (const std::size_t at = line.find(lead); at != std::string::npos) line.erase(0, at + std::string(lead).size());
    if (line = std::string(trimmed(line)); !line.empty()) words += (words.empty() ? "" : "; ") + line;
  }
  return words.empty() ? fmt::format("exit code {}", output.exit_code) : words;
}

/// Runs one of Slurm's commands, unmoved by what the environment says about which jobs and times to show. Throws Error
/// where it is missing or gives no answer.
CommandOutput ask_slurm(const std::vector<std::string>& words, seconds patience) {
  if (!on_path(words[0]))
    throw Error(
        fmt::format("There is no {} on the PATH: this is no machine of a Slurm cluster, or Slurm's commands have to be "
                    "made known first (often: module load slurm).",
                    words[0]));
  std::vector<std::string> all = {"env"};
  for (const char* filter : {"SQUEUE_ACCOUNT", "SQUEUE_LICENSES", "SQUEUE_NAMES", "SQUEUE_PARTITION", "SQUEUE_QOS"})
    all.push_back(fmt::format("--unset={}", filter));
  if (words[0] != "sbatch") all.emplace_back("SLURM_TIME_FORMAT=%s");
  all.insert(all.end(), words.begin(), words.end());
  try {
    return run_command(all, patience);
  } catch (const Error&) {
    throw Error(
        fmt::format("Slurm gave no answer to {} within {} seconds; its jobs go on.", words[0], patience.count()));
  }
}

/// The same, where failing is an error too.
CommandOutput run_slurm(const std::vector<std::string>& words, seconds patience) {
  CommandOutput output = ask_slurm(words, patience);
  if (output.exit_code != 0) throw SlurmRefusal(fmt::format("{}: {}.", words[0], complaint_of(output)));
  return output;
}

/// `text` cut at the first `count - 1` bars.
std::vector<std::string> fields_of(std::string_view text, std::size_t count) {
  std::vector<std::string> fields;
  while (fields.size() + 1 < count && text.find('|') != std::string_view::npos) {
    fields.emplace_back(text.substr(0, text.find('|')));
    text.remove_prefix(text.find('|') + 1);
  }
  fields.emplace_back(text);
  return fields;
}

double number_in(const std::string& text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_one_of(const std::string& state, std::initializer_list<std::string_view> states) {
  return std::ranges::find(states, state) != states.end();
}

}  // namespace

bool SlurmJob::waits() const {
  return is_one_of(
      state, {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"});
}

bool SlurmJob::works() const {
  return is_one_of(state, {"RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "STOPPED", "SUSPENDED", "RESIZING"});
}

std::vector<SlurmJob> parse_squeue(std::string_view text) {
  std::vector<SlurmJob> jobs;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = fields_of(line, 7);
    if (fields.size() < 7) continue;  // Some sites greet on standard output.
    SlurmJob& job = jobs.emplace_back();
    job.id = fields[1] == "N/A" ? fields[0] : fields[0] + "_" + fields[1];
    job.state = fields[2];
    job.reason = fields[3] == "None" ? "" : fields[3];
    job.ended_seconds = number_in(fields[4]);
    job.host = fields[5] == "n/a" ? "" : fields[5];
    job.script = fields[6];
  }
  return jobs;
}

std::optional<SlurmJob> parse_sacct(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::optional<SlurmJob> last;  // A job that was requeued has a line for each time.
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = fields_of(line, 4);
    if (fields.size() < 4) continue;
    last.emplace();
    last->id = fields[0];
    last->state = fields[1].substr(0, fields[1].find(' '));  // "CANCELLED by 1000"
    last->ended_seconds = number_in(fields[2]);
    last->host = fields[3];
  }
  return last;
}

std::vector<SlurmJob> slurm_jobs() {
  return parse_squeue(run_slurm({"squeue", fmt::format("--user={}", ::getuid()), "--states=all", "--array",
                                 "--noheader", "--format=%F|%K|%T|%r|%e|%B|%o"},
                                kLookPatience)
                          .out);
}

std::optional<SlurmJob> accounted_job(const std::string& id) {
  try {
    if (slurm_setting("AccountingStorageType") == "accounting_storage/none") return std::nullopt;
    return parse_sacct(ask_slurm({"sacct", "--allocations", "--duplicates", "--noheader", "--parsable2", "--jobs=" + id,
                                  "--format=JobID,State,End,NodeList"},
                                 kLookPatience)
                           .out);
  } catch (const Error&) {  // It hangs, or isn't installed here.
    return std::nullopt;
  }
}

std::string submit_job(const std::vector<std::string>& options, const std::filesystem::path& script) {
  std::vector<std::string> words = {"sbatch", "--parsable"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(script.string());
  const std::string said(trimmed(run_slurm(words, kChangePatience).out));
  const std::string last = said.substr(said.rfind('\n') + 1);  // "123" or "123;cluster"
  const std::string number = last.substr(0, last.find(';'));
  if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos)
    throw Error(fmt::format("sbatch named no job, but said: {}", said));
  return number;
}

void cancel_job(const std::string& id) { run_slurm({"scancel", id}, kChangePatience); }

std::string slurm_setting(std::string_view key) {
  std::istringstream lines(run_slurm({"scontrol", "show", "config"}, kLookPatience).out);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos && trimmed(line.substr(0, equals)) == key)
      return std::string(trimmed(line.substr(equals + 1)));
  }
  return {};
}

std::string slurm_ping() { return std::string(trimmed(ask_slurm({"scontrol", "ping"}, kLookPatience).out)); }

bool SlurmNodes::usable() const {
  return is_one_of(state, {"idle", "mixed", "allocated", "allocated+", "completing", "planned"});
}

std::vector<SlurmNodes> slurm_nodes() {
  std::istringstream lines(run_slurm({"sinfo", "--noheader", "--format=%P|%a|%l|%L|%D|%T|%G|%E"}, kLookPatience).out);
  std::vector<SlurmNodes> all;
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = fields_of(line, 8);
    if (fields.size() < 8) continue;
    SlurmNodes& nodes = all.emplace_back();
    nodes.partition = fields[0];
    if ((nodes.is_default = fields[0].ends_with('*'))) nodes.partition.pop_back();
    nodes.up = fields[1] == "up";
    nodes.time_limit = fields[2];
    nodes.default_time = fields[3];
    nodes.count = static_cast<int>(number_in(fields[4]));
    nodes.state = fields[5];
    nodes.gres = fields[6] == "(null)" ? "" : fields[6];
    nodes.reason = fields[7] == "none" ? "" : fields[7];
  }
  return all;
}

std::string test_submission(const std::vector<std::string>& options, const std::filesystem::path& script) {
  std::vector<std::string> words = {"sbatch", "--test-only"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(script.string());
  const std::string said = complaint_of(run_slurm(words, kChangePatience));
  return said.substr(said.starts_with("sbatch: ") ? 8 : 0);
}

std::string state_in_console(std::string_view text) {
  const std::size_t at = text.rfind(" CANCELLED AT ");
  if (at == std::string_view::npos) return "";
  if (text.find("samples to train on", at) != std::string_view::npos) return "";  // It has begun again since.
  const std::string_view line = text.substr(at, text.find('\n', at) - at);
  if (line.find("DUE TO TIME LIMIT") != std::string_view::npos) return "TIMEOUT";
  if (line.find("DUE TO PREEMPTION") != std::string_view::npos) return "PREEMPTED";
  if (line.find("DUE TO NODE FAILURE") != std::string_view::npos) return "NODE_FAIL";
  return line.find("DUE TO") == std::string_view::npos ? "CANCELLED" : "";
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string words_of_end(const SlurmJob& job) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kWords{{
      {"CANCELLED", "was cancelled in Slurm (scancel). Resume it to go on from its last checkpoint."},
      {"TIMEOUT",
       "ran into its time limit. Resume it to go on from its last checkpoint; a new launch can be given "
       "more (--time)."},
      {"DEADLINE", "reached its deadline. Resume it to go on from its last checkpoint."},
      {"PREEMPTED",
       "had to make room for another job. Resume it to go on from its last checkpoint; jobs launched "
       "without --no-requeue do so by themselves."},
      {"OUT_OF_MEMORY",
       "used more memory than it had asked for. Launch it with more (--mem), or with half the "
       "train.batch_size."},
      {"NODE_FAIL", "lost its node, which failed. Resume it to go on from its last checkpoint."},
      {"BOOT_FAIL", "never began: its node did not start. Resume it to try again."},
      {"COMPLETED", "ended without a word of its worker. What it printed is in console.log; resume it to try again."},
      {"REVOKED", "was taken over by another cluster of the federation."},
      {"GONE",
       "is no longer in Slurm's queue, and never began: it was cancelled, most likely. Resume it to submit it "
       "again."},
      {"", "is no longer known to Slurm, and nothing tells how it ended. Resume it to go on from its last checkpoint."},
  }};
  for (const auto& [state, words] : kWords)
    if (job.state == state) return fmt::format("Its job {} {}", job.id, words);
  return fmt::format("Its job {} ended as {}{}. What it printed is in console.log; resume it to try again.", job.id,
                     job.state, job.reason.empty() ? "" : fmt::format(" ({})", job.reason));
}

bool SlurmJob::by_a_person() const { return is_one_of(state, {"CANCELLED", "GONE"}); }

bool SlurmJob::by_slurm() const { return is_one_of(state, {"TIMEOUT", "DEADLINE", "PREEMPTED", "NODE_FAIL", ""}); }

bool SlurmJob::waits_in_vain() const {
  return is_one_of(reason, {"PartitionTimeLimit", "PartitionNodeLimit", "DependencyNeverSatisfied"});
}

std::string words_of_waiting(const SlurmJob& job) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kWords{{
      {"Resources", "until enough is free"},
      {"Priority", "behind jobs of higher priority"},
      {"BeginTime", "until its time comes (--begin; a requeued job waits for two minutes)"},
      {"DependencyNeverSatisfied", "in vain: the run that it comes after ended. Resume that one, and this follows"},
      {"Dependency", "until its last job, or the run that it comes after, is over"},
      {"JobArrayTaskLimit", "until others of its experiment are over (--slots)"},
      {"PartitionTimeLimit", "in vain: its partition gives less time (--time)"},
      {"PartitionNodeLimit", "in vain: its partition has no such nodes"},
      {"PartitionConfig", "until its partition allows such a job; ablate cluster says more"},
      {"PartitionDown", "until the partition is up again"},
      {"PartitionInactive", "until the partition is active again"},
      {"ReqNodeNotAvail", "until a node comes back that is drained, down or reserved"},
      {"Nodes required", "until nodes come back that are drained, down or reserved"},
      {"JobHeldUser", "until it is released (scontrol release)"},
  }};
  const std::string slurms = job.reason.empty() ? job.state : job.reason;
  for (const auto& [reason, words] : kWords)
    if (job.reason.starts_with(reason)) return fmt::format("waits in Slurm {} ({})", words, slurms);
  return fmt::format("waits in Slurm ({})", slurms);
}

}  // namespace ablate
