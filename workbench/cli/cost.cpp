// ablate cost RUN: parameters, multiply-accumulates, latency and memory of its network.
#include <fmt/format.h>
#include <sys/wait.h>

#include <memory>

#include "experiments/catalogue.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"
#include "workbench/cli/checkpoints.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct CostOptions {
  std::vector<std::string> runs;
  std::string size, device = "cpu";
};

nlohmann::json cost_of(const Invocation& invocation, const std::string& run, const CostOptions& options) {
  std::vector<std::string> words = {"cost", checkpoint_word(invocation, run), "--device", options.device};
  if (!options.size.empty()) {
    Option option = *find_option("data.size");
    option.key = "--size";
    const nlohmann::json size = as_usage([&] { return value_from_text(option, options.size); });
    words.insert(words.end(), {"--height", size[0].dump(), "--width", size[1].dump()});
  }
  nlohmann::json answer;
  const int status = read_lines(worker_program(), words,
                                [&](const std::string& line) { answer = parse_json(line, "what the worker said"); });
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || answer.is_null())
    throw Error(fmt::format("The cost of {} could not be measured.", run));
  return answer;
}

int cost(const Invocation& invocation, const CostOptions& options) {
  nlohmann::json document = nlohmann::json::array();
  Table table({{"RUN"},
               {"SIZE"},
               {"PARAMETERS", Align::right},
               {"GMACs", Align::right},
               {"MEAN ms", Align::right},
               {"P95 ms", Align::right},
               {"PEAK MB", Align::right}});
  for (const std::string& run : options.runs) {
    const nlohmann::json answer = cost_of(invocation, run, options);
    const auto number = [](const nlohmann::json& value) { return short_number(value.get<double>()); };
    table.add({{run},
               {fmt::format("{}x{}", answer["size"][0].dump(), answer["size"][1].dump())},
               {answer["parameters"].dump()},
               {short_number(answer["macs"].get<double>() / 1e9)},
               {number(answer["latency_ms"]["mean"])},
               {number(answer["latency_ms"]["p95"])},
               {fmt::format("{:.0f}", answer["peak_memory_mb"].get<double>())}});
    document.push_back(answer);
  }
  if (invocation.json)
    print_json(document);
  else
    table.print();
  return 0;
}

}  // namespace

void add_cost(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("cost", "Parameters, MACs, latency and memory of a run's network");
  const auto options = std::make_shared<CostOptions>();
  command.add_option("RUN", options->runs, "Runs: ids, names or paths")->required();
  command.add_option("--size", options->size, "Of the picture, HEIGHTxWIDTH (as it trains)")->type_name("HxW");
  command.add_option("--device", options->device, "cpu (default) or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return cost(invocation, *options); }; });
}

}  // namespace ablate
