#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdio>
#include <new>

#include "experiments/data/transforms.h"
#include "experiments/training/networks.h"
#include "experiments/training/trainer.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::string out_of_memory(const RunConfig& config, const std::string& what) {
  const nlohmann::json& size = config.at("data.size");
  return fmt::format(
      "Out of memory with train.batch_size = {}, model.channels = {} and data.size = {}: make one of them smaller. "
      "({})",
      config.integer("train.batch_size"), config.integer("model.channels"), size.dump(), what);
}

/// The first line: LibTorch's messages go on with where in its sources.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Into run.json, the first time: the data it was given, and where it trains. Later it says where the data are others.
void record_origin(const std::filesystem::path& folder, const nlohmann::json& data, const torch::Device& device) {
  const std::filesystem::path file = folder / "run.json";
  nlohmann::json run = read_json_file(file).value_or(nlohmann::json::object());
  if (!run.contains("data")) {
    run["data"] = data;
    run["provenance"]["torch"] = TORCH_VERSION;
    run["provenance"]["device"] = device.str();
    write_json_file(file, std::move(run));
  } else if (run["data"] != data) {
    say(fmt::format("data: not those that this run began with: {} then, {} now. A new run would compare cleanly.",
                    run["data"].dump(), data.dump()));
  }
}

RunState train(const std::filesystem::path& folder, const RunConfig& config, StatusKeeper& status,
               const std::function<bool()>& interrupted) {
  config.check();
  set_threads(config);
  const torch::Device device = training_device(config);

  TrainingData data;
  data.source = open_data(config, folder.parent_path() / ".ablate" / "cache",
                          [shown = -1](std::size_t done, std::size_t total) mutable {
                            const int tenth = total ? static_cast<int>(10 * done / total) : 10;
                            if (tenth != std::exchange(shown, tenth))
                              say(fmt::format("reading pictures: {} of {}", done, total));
                          });
  for (const std::string& problem : data.source.report.problems) say("data: " + problem);
  say(fmt::format("{} samples to train on, {} held out, {} left out; {} threads on {}", data.source.training.size(),
                  data.source.held_out.size(), data.source.report.left_out, torch::get_num_threads(), device.str()));
  if (const auto batch = config.integer("train.batch_size"); batch > std::ssize(data.source.training))
    say(fmt::format("train.batch_size: {} is more than there are to train on; each epoch is one batch of all {}.",
                    batch, data.source.training.size()));
  record_origin(folder, data.source.fingerprint, device);
  data.order = shuffled;
  data.augment = [augmentation = Augmentation::from(config)](Sample& sample, std::uint64_t seed, std::uint64_t epoch,
                                                             std::uint64_t index) {
    augment(sample, augmentation, seed, epoch, index);
  };

  torch::manual_seed(static_cast<std::uint64_t>(config.integer("train.seed")));
  const std::unique_ptr<Task> task = make_task(config.text("task"), config);
  for (const Network& network : task->networks()) {
    std::int64_t parameters = 0;
    for (const auto& [_, parameter] : unique_parameters(*network.module)) parameters += parameter.numel();
    say(fmt::format("{}: {} parameters", network.name, parameters));
  }
  Trainer trainer(config, *task, std::move(data), {folder, encode_png, say, interrupted, device}, status);
  return trainer.run();
}

/// Status and message of the exception being handled.
std::pair<RunState, std::string> outcome_of_exception(const RunConfig& config) {
  try {
    throw;
  } catch (const Diverged& error) {
    return {RunState::diverged, error.what()};
  } catch (const Error& error) {
    return {RunState::failed, error.what()};
  } catch (const c10::OutOfMemoryError& error) {
    return {RunState::failed, out_of_memory(config, first_line(error.what_without_backtrace()))};
  } catch (const std::bad_alloc& error) {
    return {RunState::failed, out_of_memory(config, error.what())};
  } catch (const c10::Error& error) {
    const std::string text = first_line(error.what_without_backtrace());
    if (text.find("can't allocate memory") != std::string::npos) return {RunState::failed, out_of_memory(config, text)};
    return {RunState::failed, fmt::format("PyTorch refused: {}", text)};
  } catch (const std::exception& error) {
    return {RunState::failed, error.what()};
  }
}

}  // namespace

int train_run(const std::filesystem::path& given, const std::function<bool()>& interrupted) {
  const std::filesystem::path folder = std::filesystem::absolute(given).lexically_normal();
  if (!std::filesystem::is_directory(folder)) throw Error(fmt::format("{} is not a run folder.", folder.string()));
  const auto lock = RunLock::try_acquire(folder);
  if (!lock) throw Error(fmt::format("{} is being trained by another process.", folder.string()));
  StatusKeeper status(folder);
  RunConfig config;
  try {
    config = read_run_config(folder);
    const RunState state = train(folder, config, status, interrupted);
    status.finish(state);
    say(std::string(name_of(state)));
    return 0;
  } catch (...) {
    const auto [state, message] = outcome_of_exception(config);
    status.finish(state, message);
    throw Error(message);
  }
}

}  // namespace ablate
