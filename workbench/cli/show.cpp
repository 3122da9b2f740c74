// ablate show RUN|FILE: one run, anybody's, or the weights in a file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "experiments/after.h"
#include "experiments/run_config.h"
#include "runs/weights_file.h"
#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/launcher_options.h"
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

struct TensorSummary {
  double least = 0, greatest = 0, mean = 0, deviation = 0;
  std::size_t not_finite = 0;
};

TensorSummary summary_of(const std::vector<double>& numbers) {
  TensorSummary summary;
  double sum = 0, squares = 0, finite = 0;
  for (const double number : numbers) {
    if (!std::isfinite(number)) {
      ++summary.not_finite;
      continue;
    }
    summary.least = finite == 0 ? number : std::min(summary.least, number);
    summary.greatest = finite == 0 ? number : std::max(summary.greatest, number);
    sum += number;
    squares += number * number;
    ++finite;
  }
  if (finite == 0) return summary;
  summary.mean = sum / finite;
  summary.deviation = std::sqrt(std::max(0.0, squares / finite - summary.mean * summary.mean));
  return summary;
}

/// Names, shapes and statistics of the weights in a file.
int show_weights(const Invocation& invocation, const std::filesystem::path& path) {
  const WeightsFile file(path);
  nlohmann::json document = nlohmann::json::array();
  Table table({{"TENSOR"},
               {"TYPE"},
               {"SHAPE"},
               {"MEAN", Align::right},
               {"STD", Align::right},
               {"MIN", Align::right},
               {"MAX", Align::right},
               {"NOT FINITE", Align::right}});
  std::size_t elements = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    const std::vector<double> numbers = numbers_of(tensor);
    const TensorSummary summary = summary_of(numbers);
    elements += numbers.size();
    document.push_back({{"name", name},
                        {"dtype", tensor.dtype},
                        {"shape", tensor.shape},
                        {"mean", summary.mean},
                        {"std", summary.deviation},
                        {"min", summary.least},
                        {"max", summary.greatest},
                        {"not_finite", summary.not_finite}});
    table.add({{name},
               {tensor.dtype},
               {fmt::format("{}", fmt::join(tensor.shape, "x"))},
               {short_number(summary.mean)},
               {short_number(summary.deviation)},
               {short_number(summary.least)},
               {short_number(summary.greatest)},
               {summary.not_finite ? std::to_string(summary.not_finite) : "", Tone::bad}});
  }
  if (invocation.json) {
    print_json(document);
  } else {
    table.print();
    fmt::print("\n{} tensors, {} numbers\n", file.tensors().size(), elements);
    if (!file.note().empty()) fmt::print("{}: {}\n", path.string(), file.note());
  }
  return 0;
}

int show(const Invocation& invocation, const std::string& word) {
  if (std::filesystem::is_regular_file(word)) return show_weights(invocation, word);
  if (const auto weights = std::filesystem::path(word) / "model.safetensors"; std::filesystem::exists(weights))
    return show_weights(invocation, weights);  // A checkpoint's folder.
  const RunInfo run = find_run_up_to_date(invocation.root(), word);
  const auto [values, damage, hparams, not_drawn] = last_values(run);
  if (invocation.json) {
    nlohmann::json document = run_summary(run);
    for (const auto& [tag, value] : values) document["metrics"][tag] = json_number(value);
    document["config"] = run.run->is_object() ? run.run->value("config", nlohmann::json()) : nlohmann::json();
    document["findings"] = findings_json(run);
    if (run.status.range_test.is_object()) document["range_test"] = run.status.range_test;
    document["damage"] = damage;
    document["hparams"] = hparams;
    document["not_drawn"] = not_drawn;
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
  line("tags", fmt::format("{}", fmt::join(run.meta.tags, ", ")));
  for (const auto& [name, value] : run.meta.figures) line(name, fmt::format("{:g}", value));
  line("notes", run.meta.notes);
  line("state", state_words(invocation.root(), run), tone_of(status.state));
  if (const auto after = after_of(*run.run))
    line("after", after->run + (after->from.empty() ? "" : fmt::format(", from its weights \"{}\"", after->from)));
  if (const auto priority = LocalQueue(invocation.root()).priority(run.folder); priority && *priority != 0)
    line("priority", std::to_string(*priority));
  line("error", status.error, Tone::bad);
  line("queue", status.waiting);
  if (status.launcher == "slurm") line("job", status.job);
  if (status.total_steps > 0)
    line("step", fmt::format("{} of {}, epoch {:.4g}", status.step, status.total_steps, status.epoch));
  if (!status.best_metric.empty())
    line("best",
         fmt::format("{} {} at step {}", status.best_metric, short_number(status.best_value), status.best_step));
  if (status.training_seconds > 0) line("training", short_time(status.training_seconds));
  if (run.run->is_object() && run.run->contains("data")) line("data", words_of(run.run->at("data")));
  line("not drawn", not_drawn);
  head.print();
  if (run.run->is_object() && run.run->contains("config")) {
    const RunConfig config = RunConfig::from_json(run.run->at("config"));
    const RunConfig defaults;
    Table table({{"OPTION"}, {"VALUE"}, {"DEFAULT"}});
    for (const std::string& key : differing_keys({defaults, config}))
      table.add({{key}, {config.at(key).dump(), Tone::strong}, {defaults.at(key).dump(), Tone::quiet}});
    fmt::print("\n");
    table.print();
  }
  if (!run.run->is_object() && !hparams.empty()) {  // Ours are its options.
    Table table({{"HYPER-PARAMETER"}, {"VALUE"}});
    for (const auto& [name, value] : hparams.items()) table.add({{name}, {value.dump(), Tone::strong}});
    fmt::print("\n");
    table.print();
  }
  if (!values.empty()) {
    Table table({{"METRIC"}, {"LAST", Align::right}});
    for (const auto& [tag, value] : values) table.add({{tag}, {short_number(value), Tone::strong}});
    fmt::print("\n");
    table.print();
  }
  if (status.range_test.is_object()) {
    Table table({{"RULE"}, {"LEARNING RATE", Align::right}});
    const nlohmann::json suggestions = status.range_test.value("suggestions", nlohmann::json::object());
    for (const auto& [rule, lr] : suggestions.items())
      table.add({{rule}, {lr.is_number() ? fmt::format("{:.2e}", lr.get<double>()) : "can't tell", Tone::strong}});
    fmt::print("\n");
    table.print();
  }
  for (const Finding& finding : read_findings(run.folder)) fmt::print("\n{}\n  {}\n", finding.sentence, finding.cure);
  return 0;
}

}  // namespace

void add_show(CLI::App& app, Invocation& invocation) {
  CLI::App& command =
      *app.add_subcommand("show", "One run: state, options, last metrics, findings; or the weights in a file");
  const auto word = std::make_shared<std::string>();
  command
      .add_option("RUN", *word,
                  "An id, a unique beginning of one, a name, or a path; or FILE, .safetensors or .pth; or a "
                  "checkpoint's folder")
      ->required();
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, word] { invocation.action = [&invocation, word] { return show(invocation, *word); }; });
}

}  // namespace ablate
