// ablate average RUN@STEP… --out FILE: the mean of weights, its norm statistics estimated anew.
#include <fmt/format.h>
#include <sys/wait.h>

#include <filesystem>
#include <memory>

#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"
#include "workbench/cli/checkpoints.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct AverageOptions {
  std::vector<std::string> runs;
  std::string out;
};

int average(const Invocation& invocation, const AverageOptions& options) {
  if (std::filesystem::exists(options.out))
    throw Error(fmt::format("--out {}: is there already. Name a file that is not.", options.out));
  std::vector<std::string> words = {"average", "--out", options.out};
  for (const std::string& run : options.runs) words.push_back(checkpoint_word(invocation, run));
  nlohmann::json answer;
  const int status = read_lines(worker_program(), words,
                                [&](const std::string& line) { answer = parse_json(line, "what the worker said"); });
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !answer.contains("file"))
    throw Error(fmt::format("Nothing was written to {}.", options.out));
  if (invocation.json) {
    print_json(answer);
    return 0;
  }
  fmt::print("{}: the mean of {} checkpoints; held out:", answer["file"].get<std::string>(),
             answer["checkpoints"].dump());
  for (const auto& [name, value] : answer["held_out"].items())
    fmt::print(" {} {}", name, short_number(number_of(value)));
  fmt::print("\n");
  return 0;
}

}  // namespace

void add_average(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("average", "The mean of the weights of checkpoints, as a file");
  const auto options = std::make_shared<AverageOptions>();
  command.add_option("RUN", options->runs, "Checkpoints of one kind of network: RUN@400, RUN@best, RUN")->required();
  command.add_option("--out", options->out, "The file to write (safetensors)")->type_name("FILE")->required();
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return average(invocation, *options); }; });
}

}  // namespace ablate
