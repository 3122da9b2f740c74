#include "sweeps/slurm_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

SlurmOptions SlurmOptions::from_json(nlohmann::json document, const std::string& where) {
  if (!document.is_object()) throw Error(fmt::format("{}: not an object", where));
  SlurmOptions options;
  take(document, "partition", options.partition, where);
  take(document, "account", options.account, where);
  take(document, "time", options.time, where);
  take(document, "mem", options.mem, where);
  take(document, "gres", options.gres, where);
  take(document, "cpus", options.cpus, where);
  take(document, "requeue", options.requeue, where);
  take(document, "slots", options.slots, where);
  take(document, "sbatch", options.lines, where);
  document.erase("format");
  if (!document.empty())
    throw Error(
        fmt::format("{}: \"{}\" is no option of Slurm jobs; those are partition, account, time, mem, gres, cpus, "
                    "requeue, slots and sbatch (a list of lines).",
                    where, document.begin().key()));
  options.check();
  return options;
}

nlohmann::json SlurmOptions::to_json() const {
  return {{"partition", partition}, {"account", account}, {"time", time},   {"mem", mem},     {"gres", gres},
          {"cpus", cpus},           {"requeue", requeue}, {"slots", slots}, {"sbatch", lines}};
}

void SlurmOptions::check() const {
  std::vector<std::string> texts = lines;
  for (const std::string& each : {partition, account, time, mem, gres}) texts.push_back(each);
  for (const std::string& text : texts)
    if (text.find_first_of("\n\r") != std::string::npos)
      throw Error(fmt::format("\"{}\" is more than one line, which no option of a Slurm job can be.", text));
}

std::vector<std::string> SlurmOptions::for_sbatch() const {
  std::vector<std::string> words;
  const auto add = [&words](const char* name, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("--{}={}", name, value));
  };
  add("partition", partition);
  add("account", account);
  add("time", time);
  add("mem", mem);
  add("gres", gres);
  if (cpus > 0) add("cpus-per-task", std::to_string(cpus));
  words.emplace_back(requeue ? "--requeue" : "--no-requeue");
  return words;
}

SlurmOptions read_slurm_options(const std::filesystem::path& run) {
  const std::filesystem::path file = run / "slurm.json";
  auto document = read_json_file(file);
  if (!document) return {};
  if (document->is_object()) document->erase("user");
  return SlurmOptions::from_json(*document, file.string());
}

void write_slurm_options(const std::filesystem::path& run, const SlurmOptions& options) {
  nlohmann::json document = options.to_json();
  document["user"] = ::getuid();
  write_json_file(run / "slurm.json", document);
}

bool submitted_by_another_user(const std::filesystem::path& run) {
  const auto document = read_json_file(run / "slurm.json");
  return document && document->is_object() && document->value("user", nlohmann::json(::getuid())) != ::getuid();
}

bool awaits_another_user(const RunInfo& run) {
  return run.status.state == RunState::queued && run.status.launcher == "slurm" && !run.status.job.empty() &&
         submitted_by_another_user(run.folder);
}

}  // namespace ablate
