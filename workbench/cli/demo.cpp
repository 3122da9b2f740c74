// ablate demo: the story of a norm module that is used at two places, told with four real runs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>

#include "experiments/experiment.h"
#include "runs/log_cache.h"
#include "runs/paths.h"
#include "sweeps/interrupts.h"
#include "sweeps/launcher.h"
#include "sweeps/training_place.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/output.h"
#include "workbench/cli/progress.h"
#include "workbench/offscreen.h"
#include "workbench/window.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

struct DemoOptions {
  std::string data;
  std::vector<std::string> only;
  std::vector<std::string> assignments;
};

/// One row of the table at the end.
struct Result {
  RunInfo run;
  double eval_iou = NAN;
  double train_mode_iou = NAN;
  std::vector<Finding> findings;
};

Experiment demo_of(const DemoOptions& options) {
  std::string data;
  if (!options.data.empty()) {
    const fs::path folder = plain_path(options.data);
    if (!fs::exists(folder))
      throw Error(fmt::format(
          "--data {}: there is no such folder. Name one that holds images/ and masks/ with files of the same names.",
          options.data));
    data = folder.string();
  }
  Experiment experiment = demo_experiment(data);
  RunConfig base = RunConfig::from_json(experiment.base);
  base.merge(base_of(options.assignments));
  tell_problems(check_data(base));
  experiment.base = base.to_json();
  if (options.only.empty()) return experiment;
  std::vector<std::string> names;
  for (const auto& variant : experiment.variants) names.push_back(variant.name);
  for (const std::string& name : options.only)
    if (std::count(names.begin(), names.end(), name) == 0)
      throw UsageError(fmt::format("--only {}: the demo has no such run. It has {}.", name, fmt::join(names, ", ")));
  std::erase_if(experiment.variants, [&](const auto& variant) {
    return std::count(options.only.begin(), options.only.end(), variant.name) == 0;
  });
  return experiment;
}

double metric(const RunInfo& run, const char* tag) {
  const auto found = run.status.metrics.find(tag);
  return found == run.status.metrics.end() ? NAN : found->second;
}

std::vector<Result> results_of(const std::vector<RunInfo>& runs) {
  std::vector<Result> results;
  for (const RunInfo& run : runs)
    results.push_back({run, metric(run, "iou/val_eval"), metric(run, "iou/val_train_mode"), read_findings(run.folder)});
  return results;
}

std::string iou_text(double value) {
  return std::isnan(value) ? "–" : fmt::format("{:.3f}", std::abs(value) < 5e-4 ? 0 : value);
}

void print_table(const std::vector<Result>& results) {
  Table table({{"RUN"},
               {"STATE"},
               {"EVAL IoU", Align::right},
               {"TRAIN-MODE IoU", Align::right},
               {"GAP", Align::right},
               {"TIME", Align::right},
               {""}});
  for (const Result& result : results) {
    const RunStatus& status = result.run.status;
    const double gap = result.train_mode_iou - result.eval_iou;
    table.add({{result.run.name, Tone::strong},
               {std::string(name_of(status.state)), tone_of(status.state)},
               {iou_text(result.eval_iou)},
               {iou_text(result.train_mode_iou)},
               {iou_text(gap), gap > 0.1 ? Tone::bad : Tone::plain},
               {status.training_seconds > 0 ? fmt::format("{:.1f} s", status.training_seconds) : "–"},
               {status.error, Tone::bad}});
  }
  table.print();
}

/// What the runs' own findings say; nothing is concluded here.
std::vector<std::string> sentences_of(const std::vector<Result>& results) {
  std::vector<std::string> sentences;
  for (const Result& result : results)
    for (const Finding& finding : result.findings)
      sentences.push_back(fmt::format("{}: {} Cure: {}", result.run.name, finding.sentence, finding.cure));
  return sentences;
}

nlohmann::json document_of(const fs::path& root, const std::vector<Result>& results, const std::string& picture,
                           double seconds) {
  nlohmann::json runs = nlohmann::json::array(), table = nlohmann::json::array(), findings = nlohmann::json::array();
  for (const Result& result : results) {
    runs.push_back(run_summary(result.run));
    table.push_back({{"run", result.run.name},
                     {"status", name_of(result.run.status.state)},
                     {"eval_iou", json_number(result.eval_iou)},
                     {"train_mode_iou", json_number(result.train_mode_iou)},
                     {"gap", json_number(result.train_mode_iou - result.eval_iou)},
                     {"seconds", result.run.status.training_seconds}});
    for (const Finding& finding : result.findings) {
      nlohmann::json entry = to_json(finding);
      entry["run"] = result.run.name;
      findings.push_back(std::move(entry));
    }
  }
  return {{"root", root.string()}, {"runs", runs},       {"table", table},
          {"findings", findings},  {"picture", picture}, {"wall_seconds", seconds}};
}

/// Waits for the runs, showing how they come along; Ctrl-C asks them to stop. Returns when all are over.
std::vector<RunInfo> watch(const fs::path& root, const std::vector<fs::path>& folders,
                           const InterruptCounter& interrupts) {
  Progress progress(root, folders);
  bool stopping = false;
  progress.until_over([&] {
    if (interrupts.count() > 0 && !stopping) {
      stopping = true;
      progress.say("Stopping; each run leaves a checkpoint. (Ctrl-C again: leave at once, they stop by themselves.)");
      for (const RunInfo& run : progress.runs())
        if (!is_over(read_run(root, run.folder).status)) stop_run(root, run);
    }
    if (interrupts.count() > 1) throw Error("Left before the runs were over; \"ablate list\" shows them.");
  });
  return progress.runs();
}

int demo(const Invocation& invocation, const DemoOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  const Experiment experiment = demo_of(options);
  worker_program();
  const fs::path root = invocation.root();
  const std::vector<fs::path> folders = launch_runs(root, experiment, *make_launcher(root, {}));
  fmt::print(stderr, "{} {} on {}, in {}\n", folders.size(), folders.size() == 1 ? "run" : "runs",
             options.data.empty() ? "synthetic portraits" : options.data, root.string());

  const InterruptCounter interrupts;
  std::vector<Result> results;
  double seconds = 0;
  const auto tell = [&](const std::string& picture) {
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (invocation.json) return print_json(document_of(root, results, picture, seconds));
    fmt::print("\n");
    print_table(results);
    fmt::print("\n");
    const std::vector<std::string> sentences = sentences_of(results);
    for (const std::string& sentence : sentences) fmt::print("{}\n", sentence);
    if (sentences.empty()) fmt::print("Nothing wrong was found in any of these runs.\n");
    if (!picture.empty()) fmt::print("The window as a picture: {}\n", picture);
    fmt::print("All in {}. Look again: ablate --runs {} open\n", short_time(seconds), root.string());
    std::fflush(stdout);
  };
  if (has_display()) {
    // The window needs the main thread; the terminal is told by another, be the window still open or not.
    std::exception_ptr problem;
    std::thread teller([&] {
      try {
        results = results_of(watch(root, folders, interrupts));
        tell("");
      } catch (...) {
        problem = std::current_exception();
      }
    });
    try {
      WindowOptions window;
      window.root = root;
      window.settings = settings_folder();
      window.cache = cache_folder();
      window.close_when = [&interrupts](const Snapshot&) { return interrupts.count() > 0; };
      run_window(window);
    } catch (const Error& error) {
      fmt::print(stderr, "ablate: no window: {}\n", error.what());
    }
    teller.join();
    if (problem) std::rethrow_exception(problem);
  } else {
    results = results_of(watch(root, folders, interrupts));
    ScreenshotOptions screenshot;
    screenshot.file = root / "demo.png";
    screenshot.root = root;
    try {
      write_screenshot(screenshot);
    } catch (const Error& error) {  // The table matters more.
      fmt::print(stderr, "ablate: no picture of the window: {}\n", error.what());
      screenshot.file.clear();
    }
    tell(screenshot.file.string());
  }
  const bool all_done = std::all_of(results.begin(), results.end(), [](const Result& result) {
    return result.run.status.state == RunState::completed;
  });
  return all_done ? 0 : 1;
}

}  // namespace

void add_demo(CLI::App& app, Invocation& invocation) {
  CLI::App& command =
      *app.add_subcommand("demo", "Four variants of a U-Net, trained and compared: why one collapses in eval mode");
  const auto options = std::make_shared<DemoOptions>();
  command.add_option("--data", options->data, "A folder with images/ and masks/ (built-in synthetic portraits)")
      ->type_name("FOLDER");
  command.add_option("--only", options->only, "Only these of its runs")->type_name("NAME");
  add_set_option(command, options->assignments);
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return demo(invocation, *options); }; });
}

}  // namespace ablate
