// ablate evaluate RUN[@STEP]… --data SET: all metrics on a named set, stored in the run; --masks DIR scores any
// program's masks, and keeps what it finds as a run's.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "experiments/data/dataset.h"
#include "experiments/data/folder_dataset.h"
#include "experiments/data/manifest.h"
#include "experiments/metrics/evaluation.h"
#include "experiments/metrics/metric_list.h"
#include "runs/atomic_file.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_store.h"
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

/// The run that stands for another program's masks, so that lists and the window show it beside ours.
std::filesystem::path run_of_masks(const std::filesystem::path& root, const std::filesystem::path& masks) {
  const std::string name = "masks-" + masks.filename().string();
  const std::filesystem::path folder = root / name;
  const nlohmann::json known =
      read_json_file(folder / "run.json").value_or(nlohmann::json{{"variant", name}, {"masks", masks.string()}});
  if (known.value("masks", "") != masks.string())
    throw Error(fmt::format("{} is of another folder of that name. Rename one of the two.", folder.string()));
  std::filesystem::create_directories(folder / "evaluations");
  write_json_file(folder / "run.json", known);
  RunStatus status;
  status.state = RunState::completed;
  write_status(folder, status);
  return folder;
}

/// Masks that any program made of the pictures of a folder or a manifest, called like those; compared at the size of
/// the set's own masks. Kept as evaluations of a run are.
Scores scores_of_masks(const Invocation& invocation, const std::string& folder, const std::string& data) {
  if (data == "held-out" || data == "training")
    throw UsageError("--masks needs --data FOLDER, with images/ and masks/ to compare with.");
  const std::filesystem::path masks = plain_path(folder), set = plain_path(data);
  const FolderScan truth = scan_pairs(set, {}), predictions = scan_pictures(masks);
  tell_problems(truth.problems);
  tell_problems(predictions.problems);
  std::map<std::string, std::filesystem::path> given;
  for (const PictureFiles& file : predictions.files) given[file.name] = file.image;
  Evaluation evaluation;
  std::string lines;
  std::size_t left_out = truth.left_out, resized_masks = 0;
  std::set<std::string> sizes;
  auto leave_out = [&, told = 0](const std::string& why) mutable {
    ++left_out;
    if (++told <= 5) fmt::print(stderr, "ablate: note: {}\n", why);
  };
  for (const PictureFiles& file : truth.files) {
    const auto mask = given.find(file.image.stem().string());
    if (mask == given.end()) {
      leave_out(fmt::format("{} has no mask of {}; it is left out.", masks.string(), file.name));
      continue;
    }
    try {
      const Picture target = read_picture(file.mask, 1), image = read_picture(file.image, 3);
      Picture prediction = read_picture(mask->second, 1);
      sizes.insert(fmt::format("{}x{}", target.height, target.width));
      resized_masks += prediction.height != target.height || prediction.width != target.width;
      prediction = resized(prediction, target.height, target.width);
      lines += json_text(evaluation.add(file.name, plane_of(prediction), plane_of(target), &image, file.labels)) + "\n";
    } catch (const Error& error) {
      leave_out(fmt::format("{} It is left out.", error.what()));
    }
  }
  nlohmann::json summary = evaluation.summary();
  if (summary["samples"] == 0)
    throw Error(fmt::format("{}: no mask there is called like a picture of {}.", masks.string(), data));
  if (left_out > 0) fmt::print(stderr, "ablate: note: {} samples are left out in all.\n", left_out);
  if (resized_masks > 0)
    fmt::print(stderr, "ablate: note: {} masks are not of the size of the set's, and were brought to it.\n",
               resized_masks);
  const std::filesystem::path run = run_of_masks(invocation.root(), masks);
  const std::string name = (is_manifest(set) ? set.stem() : set.filename()).string() + "@0";
  const std::filesystem::path samples_file = run / "evaluations" / (name + ".jsonl");
  const std::filesystem::path summary_file = run / "evaluations" / (name + ".json");
  if (const auto there = read_json_file(summary_file); there && there->value("set", set.string()) != set.string())
    throw Error(fmt::format("{} is of another folder of that name. Rename one of the two.", summary_file.string()));
  const std::string_view pieces[] = {lines};
  write_file_atomically(samples_file, pieces);
  summary.update(
      {{"left_out", left_out}, {"set", set.string()}, {"size", sizes.size() == 1 ? *sizes.begin() : "various"}});
  write_json_file(summary_file, summary);
  summary.update({{"run", run.string()}, {"samples_file", samples_file.string()}});
  return {folder, std::move(summary)};
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
  row(table, "size", [](const nlohmann::json& summary) { return summary["size"].get<std::string>(); });
  for (const auto& [name, _] : all.front().summary["metrics"].items())
    row(table, name, [&name = name](const nlohmann::json& summary) { return number_word(summary["metrics"], name); });
  table.print();
  const nlohmann::json left_out = all.front().summary.value("too_many_values", nlohmann::json::object());
  for (const auto& [key, values] : left_out.items())
    fmt::print(stderr, "ablate: note: {} has {} values, too many for strata.\n", key, values.get<std::size_t>());
  const auto size_of = [](const Scores& scores) { return scores.summary["size"]; };
  if (std::ranges::adjacent_find(all, std::ranges::not_equal_to(), size_of) != all.end())
    fmt::print(stderr, "ablate: note: they are scored at different sizes: sums (sad, grad, conn) don't compare.\n");
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
  if (options.runs.empty() && options.masks.empty())
    throw UsageError("Name a RUN, or --masks DIR. See: ablate evaluate --help");
  std::vector<Scores> all;
  for (const std::string& word : options.runs) all.push_back(scores_of(invocation, word, options.data));
  if (!options.masks.empty()) all.push_back(scores_of_masks(invocation, options.masks, options.data));
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
  command.add_option("RUN", options->runs,
                     "Runs: an id, a name or a path; RUN@400 or RUN@best for one checkpoint, RUN@ema, RUN@swa or "
                     "RUN@400.ema for averaged weights");
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
