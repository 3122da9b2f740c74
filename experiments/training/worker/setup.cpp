#include "experiments/training/worker/setup.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "experiments/data/transforms.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/init.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"

namespace ablate {

RunConfig read_run_config(const std::filesystem::path& folder) {
  const auto run = read_json_file(folder / "run.json");
  if (!run) throw Error(fmt::format("{} has no run.json: it is not a run made by Ablate.", folder.string()));
  const auto config = run->find("config");
  if (config == run->end()) throw Error(fmt::format("{} has no \"config\".", (folder / "run.json").string()));
  return RunConfig::from_json(*config);
}

void set_threads(const RunConfig& config) {
  std::int64_t threads = config.integer("train.threads");
  if (const char* const given = std::getenv("ABLATE_THREADS"); threads == 0 && given)
    threads = std::min<std::int64_t>(std::atoi(given), std::max(1u, std::thread::hardware_concurrency()));
  if (threads > 0) torch::set_num_threads(static_cast<int>(threads));
}

TrainingData training_data(const RunConfig& config, DataSource source) {
  TrainingData data;
  data.source = std::move(source);
  data.order = shuffled;
  data.augment = [augmentation = Augmentation::from(config)](Sample& sample, std::uint64_t seed, std::uint64_t epoch,
                                                             std::uint64_t index) {
    augment(sample, augmentation, seed, epoch, index);
  };
  return data;
}

namespace {

LoadedRun loaded_run(const std::string& run, bool may_begin) {
  const std::size_t at = run.rfind('@');
  const bool has_step = at != std::string::npos && !std::filesystem::is_directory(run);
  LoadedRun loaded;
  loaded.folder = plain_path(has_step ? run.substr(0, at) : run);
  loaded.config = read_run_config(loaded.folder);
  set_threads(loaded.config);
  torch::manual_seed(static_cast<std::uint64_t>(loaded.config.integer("train.seed")));
  loaded.task = make_task(loaded.config.text("task"), loaded.config);
  if (!has_step && may_begin && !newest_checkpoint(loaded.folder)) {
    initialise(loaded.config, loaded.task->networks());
  } else {
    const auto [word, average] = checkpoint_word_of(has_step ? run.substr(at + 1) : "");
    loaded.checkpoint = find_checkpoint(loaded.folder, word);
    loaded.average = average;
    if (!average.empty()) average_file(loaded.checkpoint, average);  // Throws where there is none, and says why.
    read_networks(loaded.checkpoint, loaded.task->networks(), average, may_begin ? &loaded.missing : nullptr);
  }
  if (loaded.config.text("train.device") != "cpu" && torch::cuda::is_available()) loaded.device = {torch::kCUDA, 0};
  for (const Network& network : loaded.task->networks()) network.module->to(loaded.device);
  return loaded;
}

}  // namespace

LoadedRun load_run(const std::string& run) { return loaded_run(run, false); }
LoadedRun load_run_or_begin(const std::string& run) { return loaded_run(run, true); }

}  // namespace ablate
