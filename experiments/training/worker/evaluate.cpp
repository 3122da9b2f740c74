#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>

#include "experiments/data/dataset.h"
#include "experiments/data/manifest.h"
#include "experiments/metrics/evaluation.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/metrics/plane_metrics.h"
#include "experiments/training/preview.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

struct EvaluationSet {
  std::string name;  ///< of its files: "held-out", "training", or the folder's
  DataSource source;
  std::vector<std::size_t> indices;
};

/// "held-out" and "training" are the run's own; anything else is a folder with images/ and masks/, or a manifest,
/// whole.
EvaluationSet open_set(const std::string& word, RunConfig config, const fs::path& cache) {
  const bool own = word == "held-out" || word == "training";
  const fs::path path = plain_path(word);
  if (!own) {
    config.set("data.dataset", "folder");
    config.set("data.path", path.string());
    config.set("data.exclude", nlohmann::json::array());
  }
  config.set("data.gallery", nullptr);
  EvaluationSet set{own ? word : (is_manifest(path) ? path.stem() : path.filename()).string(),
                    own ? open_data(config, cache) : open_whole(config, cache),
                    {}};
  for (const std::string& problem : set.source.report.problems) fmt::print(stderr, "ablate: note: {}\n", problem);
  if (word != "held-out") set.indices = set.source.training;
  if (word != "training") set.indices.insert(set.indices.end(), set.source.held_out.begin(), set.source.held_out.end());
  std::ranges::sort(set.indices);
  return set;
}

const Preview* named(const std::vector<Preview>& previews, const char* name) {
  for (const Preview& preview : previews)
    if (preview.name == name) return &preview;
  return nullptr;
}

}  // namespace

int evaluate(const std::string& run, const std::string& data) {
  const LoadedRun loaded = load_run(run);
  const auto& [folder, checkpoint, average, missing, config, task, device] = loaded;
  EvaluationSet set = open_set(data, config, folder.parent_path() / ".ablate" / "cache");
  if (!average.empty()) set.name += "." + average;

  const std::string step = checkpoint.filename().string().substr(5);
  const fs::path file = folder / "evaluations" / fmt::format("{}@{}.jsonl", set.name, std::stoll(step));
  const fs::path summary_file = fs::path(file).replace_extension(".json");
  if (const auto there = read_json_file(summary_file);
      there &&
      there->value("data", nlohmann::json::object()).value("path", "") != set.source.fingerprint.value("path", ""))
    throw Error(fmt::format("{} is of another folder of that name. Rename one of the two.", summary_file.string()));

  Evaluation evaluation;
  std::string lines;
  const Autocast mixed = loaded.autocast();
  Measuring measuring(task->networks(), Mode::eval);
  for (std::size_t done = 0; done < set.indices.size(); ++done) {
    const Sample sample = set.source.dataset->load(set.indices[done]);
    measuring.begin_pass();
    const auto previews = task->previews(collate({sample}).to(device));
    const Preview* const prediction = named(previews.front(), "prediction");
    const Preview* const target = named(previews.front(), "target");
    if (!prediction || !target)
      throw Error(
          fmt::format("The task {} predicts no mask that could be compared with a target.", config.text("task")));
    const nlohmann::json line = evaluation.add(sample.name, plane_of(prediction->image), plane_of(target->image),
                                               &sample.planes.at("image"), set.source.labels[sample.name]);
    lines += json_text(line) + "\n";
    if (done % 16 == 15 || done + 1 == set.indices.size())
      fmt::print("{}\n", json_text({{"done", done + 1}, {"total", set.indices.size()}}));
    std::fflush(stdout);
  }
  nlohmann::json summary = evaluation.summary();
  summary["size"] = fmt::format("{}x{}", config.at("data.size")[0].get<int>(), config.at("data.size")[1].get<int>());
  summary.update({{"set", set.name}, {"checkpoint", checkpoint.string()}, {"data", set.source.fingerprint}});
  fs::create_directories(file.parent_path());
  const std::string_view pieces[] = {lines};
  write_file_atomically(file, pieces);
  summary["samples_file"] = file.string();
  write_json_file(summary_file, summary);
  fmt::print("{}\n", json_text(summary));
  return 0;
}

}  // namespace ablate
