// ablate lr-find: a learning-rate range test, one for each variant of an experiment, or the analysis of one that was
// recorded.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "experiments/lr_suggest.h"
#include "runs/paths.h"
#include "runs/run_reader.h"
#include "sweeps/finder_sweep.h"
#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"
#include "workbench/cli/progress.h"
#include "workbench/cli/train.h"

namespace ablate {
namespace {

struct LrFindOptions {
  TrainOptions run;
  std::optional<std::string> experiment, points;
  std::string procedure, smooth;
  int seeds = 1;
  TrainingPlace where;
  std::optional<double> start, end;
  std::optional<Step> steps, batch_size;

  /// --start, --end, --iterations and --batch-size as options of a run.
  std::vector<std::string> settings() const {
    std::vector<std::string> assignments;
    if (start) assignments.push_back(fmt::format("lr_find.start_lr={}", *start));
    if (end) assignments.push_back(fmt::format("lr_find.end_lr={}", *end));
    if (steps) assignments.push_back(fmt::format("lr_find.iterations={}", *steps));
    if (batch_size) assignments.push_back(fmt::format("lr_find.batch_size={}", *batch_size));
    return assignments;
  }
};

nlohmann::json document_of(const RangeCurve& curve, const LrSuggestions& found) {
  nlohmann::json document = to_json(found), points = nlohmann::json::array();
  for (const RangePoint& point : curve.points())
    points.push_back({point.lr, json_number(point.loss), json_number(point.smoothed)});
  document["points"] = std::move(points);
  document["stopped"] = curve.stopped();
  return document;
}

void print_suggestions(const RangeCurve& curve, const LrSuggestions& found) {
  fmt::print("{} points, {}\n\n", curve.points().size(), curve.stopped());
  Table table({{"RULE"}, {"LEARNING RATE", Align::right}, {""}});
  for (const LrSuggestion& each : found.rules)
    table.add({{each.rule},
               {each.lr ? fmt::format("{:.2e}", *each.lr) : "–", Tone::strong},
               {each.lr ? "" : "can't tell: " + each.why, Tone::quiet}});
  table.print();
  for (const std::string& doubt : found.doubts) fmt::print("\n{}\n", doubt);
}

int analyse(const Invocation& invocation, const LrFindOptions& options) {
  const std::string smooth = !options.smooth.empty()      ? options.smooth
                             : !options.procedure.empty() ? options.procedure
                                                          : "fastai";
  const RecordedTest recorded = read_recorded_test(*options.points);
  const RangeCurve curve = curve_of(recorded, *range_smoothing_of(smooth));
  if (options.steps && *options.steps < std::ssize(recorded))
    throw UsageError(
        fmt::format("--iterations {} is less than the {} points that were recorded; it says how long the "
                    "test was meant to be.",
                    *options.steps, recorded.size()));
  const LrSuggestions found = suggest_lr(recorded, curve, options.steps.value_or(0));
  if (invocation.json)
    print_json(document_of(curve, found));
  else
    print_suggestions(curve, found);
  return 0;
}

int find(const Invocation& invocation, const LrFindOptions& options) {
  TrainOptions run = options.run;
  const auto names_procedure = [](const std::string& each) { return each.starts_with("lr_find.procedure="); };
  if (!options.procedure.empty() || std::ranges::none_of(run.assignments, names_procedure))
    run.assignments.push_back("lr_find.procedure=" + (options.procedure.empty() ? "fastai" : options.procedure));
  for (const std::string& setting : options.settings()) run.assignments.push_back(setting);
  for (const std::string& each : run.assignments)
    if (each == "lr_find.procedure=none")
      throw UsageError("lr_find.procedure=none is an ordinary run, which `ablate train` makes.");
  const RunInfo done = train_in_foreground(invocation, run);
  RunReader reader(done.folder);
  reader.poll();
  const RangeTest test = *RangeTest::from(RunConfig::from_json(done.run->at("config")));
  const RangeCurve curve = curve_of(test, *reader.data());
  const bool whole = done.status.state == RunState::completed;
  const LrSuggestions found =
      whole ? suggest_lr(curve.points(), test.steps) : cannot_tell("the test did not come to its end");
  if (invocation.json) {
    nlohmann::json document = document_of(curve, found);
    if (!whole) document["stopped"] = name_of(done.status.state);
    document.update(run_summary(done));
    print_json(document);
  } else if (whole) {
    print_suggestions(curve, found);
  }
  return tell_outcome(done);
}

/// "1.2e-03", and where several seeds differ, from where to where.
std::string rates_words(const VariantRangeTests& tests, const std::string& rule) {
  const auto found = tests.rates.find(rule);
  if (found == tests.rates.end()) return "–";
  const std::vector<double>& rates = found->second;
  const std::string median = fmt::format("{:.2e}", tests.suggestion(rule));
  const std::string spread =
      rates.size() > 1 ? fmt::format(" ({:.1e} … {:.1e})", rates.front(), rates.back()) : std::string();
  return median + spread +
         (rates.size() < tests.runs.size() ? fmt::format(", {} of {}", rates.size(), tests.runs.size()) : "");
}

nlohmann::json document_of(const std::vector<VariantRangeTests>& variants) {
  nlohmann::json document = nlohmann::json::array();
  for (const VariantRangeTests& tests : variants) {
    nlohmann::json suggestions = nlohmann::json::object(), runs = nlohmann::json::array();
    for (const std::string& rule : lr_rules()) {
      const double median = tests.suggestion(rule);
      const auto rates = tests.rates.find(rule);
      suggestions[rule] = {
          {"median", median > 0 ? nlohmann::json(median) : nlohmann::json()},
          {"seeds", rates == tests.rates.end() ? nlohmann::json::array() : nlohmann::json(rates->second)}};
    }
    for (const RunInfo* run : tests.runs) runs.push_back(run->id);
    document.push_back(
        {{"variant", tests.name}, {"runs", runs}, {"suggestions", suggestions}, {"doubts", tests.doubts}});
  }
  return document;
}

/// The range tests of an experiment, and what they suggest for each of its variants.
int find_for_variants(const Invocation& invocation, const LrFindOptions& options) {
  Experiment experiment = experiment_of(*options.experiment);
  for (const std::string& assignment : options.settings()) experiment.base.update(base_of({assignment}));
  const Experiment sweep = finder_sweep(experiment, options.procedure, options.seeds);
  tell_problems(check_data(sweep));
  worker_program();  // Before any folder is made.
  const std::filesystem::path root = invocation.root();
  const std::unique_ptr<Launcher> launcher = make_launcher(root, checked_place(options.where));
  Progress progress(root, launch_runs(root, sweep, *launcher));
  await_runs(progress, *launcher);
  const std::vector<VariantRangeTests> variants = range_tests_by_variant(progress.runs());
  if (invocation.json) {
    print_json(document_of(variants));
  } else {
    std::vector<Table::Column> columns{{"VARIANT"}};
    for (const std::string& rule : lr_rules()) columns.push_back({rule, Align::right});
    Table table(columns);
    for (const VariantRangeTests& tests : variants) {
      std::vector<Cell> row{{tests.name}};
      for (const std::string& rule : lr_rules()) row.push_back({rates_words(tests, rule), Tone::strong});
      table.add(row);
    }
    table.print();
    for (const VariantRangeTests& tests : variants)
      for (const std::string& doubt : tests.doubts) fmt::print("\n{}: {}\n", tests.name, doubt);
    if (varies_lr(experiment))
      fmt::print(
          stderr,
          "\nThe experiment varies optimizer.lr, which a range test goes through anyway: variants that differ in "
          "nothing else are one test.\n");
    else
      fmt::print(stderr, "\nTo train each variant at its own: ablate --runs {} launch {} --own-lr valley\n",
                 shell_word(root.string()), shell_word(*options.experiment));
  }
  const auto completed = [](const RunInfo& run) { return run.status.state == RunState::completed; };
  return std::ranges::all_of(progress.runs(), completed) ? 0 : 1;
}

int lr_find(const Invocation& invocation, const LrFindOptions& options) {
  if (options.experiment) {
    if (options.points) throw UsageError("--points analyses a test that was recorded: leave out the experiment.");
    if (!options.smooth.empty() || options.run.from || !options.run.name.empty() || !options.run.assignments.empty())
      throw UsageError(
          "An experiment's range tests take its own options; --procedure, --start, --end, --iterations, --batch-size, "
          "--seeds and where they train (--launcher, --slots, …) are what goes with it.");
    return find_for_variants(invocation, options);
  }
  if (options.seeds > 1 || options.where != TrainingPlace{})
    throw UsageError(
        "--seeds, --launcher, --slots and what is asked of a cluster are for the range tests of an experiment's "
        "variants: name its file.");
  if (!options.points) {
    if (!options.smooth.empty())
      throw UsageError(
          "--smooth is for recorded tests (--points FILE); a test that is made smooths as its --procedure.");
    return find(invocation, options);
  }
  if (!options.run.assignments.empty() || !options.run.name.empty() || options.run.from || options.start ||
      options.end || options.batch_size)
    throw UsageError("--points analyses a test that was recorded: nothing can be set for it. Leave one of them out.");
  return analyse(invocation, options);
}

}  // namespace

void add_lr_find(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("lr-find", "Learning-rate range test, and what it suggests");
  const auto options = std::make_shared<LrFindOptions>();
  command.add_option("EXPERIMENT.json", options->experiment, "Test the learning rate of each of its variants");
  command.add_option("--seeds", options->seeds, "Each with so many seeds")->type_name("N")->check(CLI::Range(1, 1000));
  add_launcher_options(command, options->where);
  add_train_options(command, options->run);
  command.add_option("--procedure", options->procedure, "fastai (as it is without) or pytorch-lr-finder")
      ->type_name("NAME")
      ->check(CLI::IsMember({"fastai", "pytorch-lr-finder"}));
  command.add_option("--start", options->start, "The first learning rate (lr_find.start_lr)")->type_name("LR");
  command.add_option("--end", options->end, "What it rises to (lr_find.end_lr)")->type_name("LR");
  command
      .add_option("--iterations", options->steps,
                  "In so many steps (lr_find.iterations); of --points, that the recorded test was meant to have")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000));
  command.add_option("--batch-size", options->batch_size, "Of so many images each (lr_find.batch_size)")
      ->type_name("N")
      ->check(CLI::Range(1, 100000));
  command
      .add_option("--points", options->points,
                  "Analyse a recorded test: two columns, lr and loss, as CSV, TSV or with spaces; or JSON")
      ->type_name("FILE");
  command.add_option("--smooth", options->smooth, "How its losses are smoothed; none: they were already")
      ->type_name("NAME")
      ->check(CLI::IsMember({"fastai", "pytorch-lr-finder", "none"}));
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return lr_find(invocation, *options); }; });
}

}  // namespace ablate
