// ablate cluster: whether a Slurm cluster would train runs, before the first one is lost.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "sweeps/launcher.h"
#include "sweeps/slurm_check.h"
#include "workbench/cli/command.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct ClusterOptions {
  SlurmOptions slurm;
  int wait = 60;
};

const char* word_of(ClusterCheck::Verdict verdict) {
  switch (verdict) {
    case ClusterCheck::Verdict::good:
      return "ok";
    case ClusterCheck::Verdict::unclear:
      return "note";
    case ClusterCheck::Verdict::bad:
      return "wrong";
  }
  return "";
}

int check(const Invocation& invocation, const ClusterOptions& options) {
  worker_program();
  const bool colour = colourful(STDOUT_FILENO);
  nlohmann::json document = nlohmann::json::array();
  const auto tell = [&](const ClusterCheck& check) {
    document.push_back({{"check", check.what}, {"verdict", word_of(check.verdict)}, {"words", check.words}});
    if (invocation.json) return;
    const Tone tone = check.verdict == ClusterCheck::Verdict::bad    ? Tone::bad
                      : check.verdict == ClusterCheck::Verdict::good ? Tone::good
                                                                     : Tone::strong;
    fmt::print("{}  {:<10}  {}\n", painted(fmt::format("{:<5}", word_of(check.verdict)), tone, colour), check.what,
               check.words);
    std::fflush(stdout);
  };
  const std::vector<ClusterCheck> checks =
      check_cluster(invocation.root(), options.slurm, std::chrono::seconds(options.wait), tell);
  if (invocation.json) print_json(document);
  const auto bad = [](const ClusterCheck& check) { return check.verdict == ClusterCheck::Verdict::bad; };
  return std::ranges::any_of(checks, bad) ? 1 : 0;
}

}  // namespace

void add_cluster(CLI::App& app, Invocation& invocation) {
  CLI::App& command =
      *app.add_subcommand("cluster", "What is wrong with a Slurm cluster, before the first run is lost");
  const auto options = std::make_shared<ClusterOptions>();
  add_slurm_options(command, options->slurm);
  command.add_option("--wait", options->wait, "How long a tiny job may take that tries everything (60); 0: none")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 86400));
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return check(invocation, *options); }; });
}

}  // namespace ablate
