// ablate evaluate RUN[@STEP]… --data SET: all metrics on a named set, stored in the run; --masks DIR scores any
// program's masks.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "experiments/data/dataset.h"
#include "experiments/data/folder_dataset.h"
#include "experiments/metrics/evaluation.h"
#include "experiments/metrics/metric_list.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"
#include "workbench/cli/checkpoints.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct EvaluateOptions {
  std::vector<std::string> runs;
  std::string data = "held-out";
  std::string masks;
  std::string metric = "iou";  ///< that is shown by strata
};

struct Scores {
  std::string name;
  nlohmann::json summary;  ///< as Evaluation::summary
};

Scores scores_of(const Invocation& invocation, const std::string& word, const std::string& data) {
  Scores scores{word, {}};
  const bool terminal = ::isatty(STDERR_FILENO);
  const int status = read_lines(
      worker_program(), {"evaluate", checkpoint_word(invocation, word), "--data", data}, [&](const std::string& line) {
        nlohmann::json said = parse_json(line, "what the worker said");
        if (!said.contains("done"))
          scores.summary = std::move(said);
        else if (terminal)
          fmt::print(stderr, "\r{}: {} of {} ", word, said["done"].dump(), said["total"].dump());
      });
  if (terminal) fmt::print(stderr, "\r\033[K");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || scores.summary.is_null())
    throw Error(fmt::format("{} could not be evaluated.", word));
  return scores;
}

/// 8-bit grey as shares of one.
Plane plane_of(const Picture& picture) {
  Plane plane{picture.height, picture.width, {}};
  for (const std::uint8_t value : picture.pixels) plane.values.push_back(static_cast<float>(value) / 255);
  return plane;
}

/// Masks that any program made of the pictures of a folder or a manifest, called like those; compared at the size of
/// the set's own masks.
Scores scores_of_masks(const std::filesystem::path& masks, const std::string& data) {
  if (data == "held-out" || data == "training")
    throw UsageError("--masks needs --data FOLDER, with images/ and masks/ to compare with.");
  const FolderScan truth = scan_pairs(data, {});
  std::map<std::string, std::filesystem::path> given;
  for (const PictureFiles& file : scan_pictures(masks).files) given[file.name] = file.image;
  Evaluation evaluation;
  std::size_t left_out = 0;
  const auto leave_out = [&](const std::string& why) {
    if (++left_out <= 5) fmt::print(stderr, "ablate: note: {}\n", why);
  };
  for (const PictureFiles& file : truth.files) {
    const auto mask = given.find(file.image.stem().string());
    if (mask == given.end()) {
      leave_out(fmt::format("{} has no mask of {}; it is left out.", masks.string(), file.name));
      continue;
    }
    try {
      const Picture target = read_picture(file.mask, 1), image = read_picture(file.image, 3);
      const Picture prediction = resized(read_picture(mask->second, 1), target.height, target.width);
      evaluation.add(file.name, plane_of(prediction), plane_of(target), &image, file.labels);
    } catch (const Error& error) {
      leave_out(fmt::format("{} It is left out.", error.what()));
    }
  }
  nlohmann::json summary = evaluation.summary();
  if (summary["samples"] == 0)
    throw Error(fmt::format("{}: no mask there is called like a picture of {}.", masks.string(), data));
  if (left_out > 5) fmt::print(stderr, "ablate: note: {} pictures are left out in all.\n", left_out);
  summary["left_out"] = left_out;
  return {masks.string(), std::move(summary)};
}

std::string number_word(const nlohmann::json& object, const std::string& name) {
  return object.contains(name) ? short_number(number_of(object[name])) : "–";
}

void print_scores(const std::vector<Scores>& all, const std::string& metric) {
  std::vector<Table::Column> columns = {{"METRIC"}};
  for (const Scores& scores : all) columns.push_back({scores.name, Align::right});
  Table table(columns), strata(columns);
  const auto row = [&](Table& into, const std::string& title, const auto& cell_of) {
    std::vector<Cell> cells = {{title}};
    for (const Scores& scores : all) cells.push_back({cell_of(scores.summary)});
    into.add(std::move(cells));
  };
  row(table, "samples", [](const nlohmann::json& summary) { return summary["samples"].dump(); });
  for (const auto& [name, _] : all.front().summary["metrics"].items())
    row(table, name, [&name = name](const nlohmann::json& summary) { return number_word(summary["metrics"], name); });
  table.print();
  fmt::print("\n");
  for (const auto& [name, _] : all.front().summary["strata"].items())
    row(strata, metric + ", " + name, [&](const nlohmann::json& summary) {
      if (!summary["strata"].contains(name)) return std::string("–");
      const nlohmann::json& stratum = summary["strata"][name];
      return fmt::format("{} of {}", number_word(stratum, metric), stratum["samples"].dump());
    });
  strata.print();
}

int evaluate(const Invocation& invocation, const EvaluateOptions& options) {
  as_usage([&] { return metric_named(options.metric); });
  if (options.runs.empty() && options.masks.empty()) throw UsageError("Name a RUN, or --masks DIR.");
  std::vector<Scores> all;
  for (const std::string& word : options.runs) all.push_back(scores_of(invocation, word, options.data));
  if (!options.masks.empty()) all.push_back(scores_of_masks(options.masks, options.data));
  if (invocation.json) {
    nlohmann::json document = nlohmann::json::object();
    for (const Scores& scores : all) document[scores.name] = scores.summary;
    print_json(document);
  } else {
    print_scores(all, options.metric);
  }
  return 0;
}

}  // namespace

void add_evaluate(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("evaluate", "All metrics of runs on a set, stored with them");
  const auto options = std::make_shared<EvaluateOptions>();
  command.add_option("RUN", options->runs, "Runs: an id, a name or a path; RUN@400 or RUN@best for one checkpoint");
  command
      .add_option("--data", options->data,
                  "held-out (default), training, a folder with images/ and masks/, or a manifest")
      ->type_name("SET");
  command.add_option("--masks", options->masks, "Masks of any program for the pictures of --data FOLDER, by name")
      ->type_name("DIR");
  command.add_option("--metric", options->metric, "Which one the table shows by strata (iou); --json has all of them")
      ->type_name("NAME");
  add_json_flag(command, invocation);
  command.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return evaluate(invocation, *options); };
  });
}

}  // namespace ablate
