// ablate doctor RUN[@STEP]…: what is wrong with a run's network, by tests on copies of it; --fix writes the experiment
// that shows the cure. Of a run that another program logged: what its log alone tells.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "experiments/cure.h"
#include "experiments/log_findings.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_reader.h"
#include "sweeps/examination.h"
#include "workbench/cli/checkpoints.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct DoctorOptions {
  std::string run;
  std::filesystem::path fix;
  std::string data;
};

nlohmann::json diagnosis_of(const NamedCheckpoint& named, const std::string& moved) {
  const bool terminal = ::isatty(STDERR_FILENO);
  const auto diagnosis = examine_run(named.word(), moved, [&](const std::string& test) {
    fmt::print(stderr, "{}testing: {}{}", terminal ? "\033[K" : "", test, terminal ? "\r" : "\n");
  });
  if (terminal) fmt::print(stderr, "\033[K");
  for (const nlohmann::json& note : diagnosis->at("notes"))
    fmt::print(stderr, "ablate: note: {}\n", note.get<std::string>());
  return *diagnosis;
}

/// The run as it was, and with each cure that is a change of one option.
Experiment experiment_of_cures(const RunInfo& run, const DoctorOptions& options, const nlohmann::json& findings) {
  RunConfig config = RunConfig::from_json(run.run->at("config"));
  if (!options.data.empty()) config.set("data.path", plain_path(options.data).string());
  Experiment experiment;
  experiment.name = run.name + "-fix";
  experiment.base = config.to_json();
  experiment.variants.push_back({"as-it-was", nlohmann::json::object()});
  for (const nlohmann::json& finding : findings) {
    const auto changed = cured(config, finding.at("cure").get<std::string>());
    if (!changed) continue;
    nlohmann::json set = nlohmann::json::object();
    for (const std::string& key : differing_keys({config, *changed})) set[key] = changed->at(key);
    if (set.empty()) continue;
    experiment.variants.push_back({finding.at("cause").get<std::string>() + "-cured", set});
  }
  return experiment;
}

void write_fix(const RunInfo& run, const DoctorOptions& options, const nlohmann::json& findings) {
  const Experiment experiment = experiment_of_cures(run, options, findings);
  if (experiment.variants.size() == 1)
    throw Error(findings.empty() ? fmt::format("{} needs no cure: {} is not written.", run.id, options.fix.string())
                                 : fmt::format("No cure of {} is a change of one option: {} is not written.", run.id,
                                               options.fix.string()));
  write_json_file(options.fix, experiment.to_json());
  fmt::print(stderr, "{} has the run as it was, and cured. Train both: ablate launch {} --wait\n", options.fix.string(),
             options.fix.string());
}

void print(const Invocation& invocation, const std::string& run, const nlohmann::json& diagnosis) {
  if (invocation.json) {
    print_json(diagnosis);
    return;
  }
  for (const nlohmann::json& finding : diagnosis["findings"]) {
    fmt::print("{}: {} ({:.0f} % sure)\n{}\n", run, finding["cause"].get<std::string>(),
               100 * finding["confidence"].get<double>(), finding["sentence"].get<std::string>());
    for (const nlohmann::json& line : finding["evidence"]) fmt::print("    {}\n", line.get<std::string>());
    fmt::print("    cure: {}\n", finding["cure"].get<std::string>());
  }
  if (diagnosis["findings"].empty()) {
    fmt::print("{}: nothing found{}.\n", run, diagnosis["untested"].empty() ? "" : " in what could be tested");
    for (const nlohmann::json& line : diagnosis["tests"]) fmt::print("    {}\n", line.get<std::string>());
  }
  for (const nlohmann::json& line : diagnosis["untested"]) fmt::print("    not tested: {}\n", line.get<std::string>());
}

/// Of a run that others made there is a log and nothing to try anything out with.
nlohmann::json diagnosis_of_log(const RunInfo& run) {
  RunReader reader(run.folder);
  do reader.poll();
  while (reader.more());
  const LogDiagnosis diagnosis = diagnose_log(*reader.data());
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : diagnosis.findings) findings.push_back(to_json(finding));
  return {{"checkpoint", ""},
          {"findings", findings},
          {"tests", diagnosis.tests},
          {"untested", diagnosis.untested},
          {"notes", nlohmann::json::array()}};
}

/// Where a word names a run of another program's; nullopt for ours, for checkpoints, and for what is none.
std::optional<RunInfo> foreign_run(const Invocation& invocation, const std::string& word) {
  if (word.find('@') != std::string::npos && !std::filesystem::exists(word)) return std::nullopt;
  RunInfo run = find_run(invocation.root(), word);
  return run.status.state == RunState::foreign ? std::optional(std::move(run)) : std::nullopt;
}

int doctor(const Invocation& invocation, const DoctorOptions& options) {
  if (!options.fix.empty() && !std::filesystem::is_directory(plain_path(options.fix).parent_path()))
    throw Error(fmt::format("--fix {}: there is no folder {}.", options.fix.string(),
                            plain_path(options.fix).parent_path().string()));
  if (const auto run = foreign_run(invocation, options.run)) {
    if (!options.data.empty())
      throw Error(fmt::format("{} was not made by Ablate: there is no network to test on --data.", run->id));
    if (!options.fix.empty())
      throw Error(fmt::format("{} was not made by Ablate: its settings are not known here, so {} can't be written.",
                              run->id, options.fix.string()));
    print(invocation, options.run, diagnosis_of_log(*run));
    return 0;
  }
  const NamedCheckpoint named = named_checkpoint(invocation, options.run);
  const nlohmann::json diagnosis = diagnosis_of(named, options.data);
  print(invocation, options.run, diagnosis);
  if (!options.fix.empty()) write_fix(named.run, options, diagnosis["findings"]);
  return 0;
}

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("doctor", "What is wrong with a run, by tests on copies of its network");
  const auto options = std::make_shared<DoctorOptions>();
  command.add_option("RUN", options->run, "A run, RUN@STEP or RUN@best (its newest checkpoint)")->required();
  command.add_option("--data", options->data, "Where the folder that it trained on is now")->type_name("FOLDER");
  command.add_option("--fix", options->fix, "Write the experiment that shows the cure: the run as it was, and cured")
      ->type_name("FILE.json");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return doctor(invocation, *options); }; });
}

}  // namespace ablate
