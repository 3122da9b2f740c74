// ablate show RUN: one run, anybody's.
#include <fmt/format.h>

#include <memory>

#include "experiments/run_config.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

nlohmann::json findings_json(const RunInfo& run) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : read_findings(run.folder)) findings.push_back(to_json(finding));
  return findings;
}

/// Of a fingerprint, what a person asks for.
std::string words_of(const nlohmann::json& data) {
  const std::string from = data.value("path", data.value("dataset", ""));
  return fmt::format("{}, {} samples (key {})", from, data.value("count", 0), data.value("key", "none"));
}

int show(const Invocation& invocation, const std::string& word) {
  const RunInfo run = find_run(invocation.root(), word);
  const std::map<std::string, double> values = last_values(run);
  if (invocation.json) {
    nlohmann::json document = run_summary(run);
    for (const auto& [tag, value] : values) document["metrics"][tag] = json_number(value);
    document["config"] = run.run.is_object() ? run.run.value("config", nlohmann::json()) : nlohmann::json();
    document["findings"] = findings_json(run);
    print_json(document);
    return 0;
  }
  const RunStatus& status = run.status;
  Table head({{run.name}, {""}});
  const auto line = [&head](const std::string& what, const std::string& value, Tone tone = Tone::plain) {
    if (!value.empty()) head.add({{what, Tone::quiet}, {value, tone}});
  };
  line("folder", run.folder.string());
  line("experiment", run.experiment);
  line("state", std::string(name_of(status.state)), tone_of(status.state));
  line("error", status.error, Tone::bad);
  if (status.total_steps > 0)
    line("step", fmt::format("{} of {}, epoch {:.4g}", status.step, status.total_steps, status.epoch));
  if (!status.best_metric.empty())
    line("best",
         fmt::format("{} {} at step {}", status.best_metric, short_number(status.best_value), status.best_step));
  if (status.training_seconds > 0) line("training", short_time(status.training_seconds));
  if (run.run.is_object() && run.run.contains("data")) line("data", words_of(run.run["data"]));
  head.print();
  if (run.run.is_object() && run.run.contains("config")) {
    const RunConfig config = RunConfig::from_json(run.run["config"]);
    const RunConfig defaults;
    Table table({{"OPTION"}, {"VALUE"}, {"DEFAULT"}});
    for (const std::string& key : differing_keys({defaults, config}))
      table.add({{key}, {config.at(key).dump(), Tone::strong}, {defaults.at(key).dump(), Tone::quiet}});
    fmt::print("\n");
    table.print();
  }
  if (!values.empty()) {
    Table table({{"METRIC"}, {"LAST", Align::right}});
    for (const auto& [tag, value] : values) table.add({{tag}, {short_number(value), Tone::strong}});
    fmt::print("\n");
    table.print();
  }
  for (const Finding& finding : read_findings(run.folder)) fmt::print("\n{}\n  {}\n", finding.sentence, finding.cure);
  return 0;
}

}  // namespace

void add_show(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("show", "One run: state, options, last metrics, findings");
  const auto word = std::make_shared<std::string>();
  command.add_option("RUN", *word, "An id, a unique beginning of one, a name, or a path")->required();
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, word] { invocation.action = [&invocation, word] { return show(invocation, *word); }; });
}

}  // namespace ablate
