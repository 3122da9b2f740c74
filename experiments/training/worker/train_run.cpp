#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "experiments/after.h"
#include "experiments/training/networks.h"
#include "experiments/training/trainer.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/find_lr.h"
#include "experiments/training/worker/memory.h"
#include "experiments/training/worker/out_of_memory.h"
#include "experiments/training/worker/setup.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"

namespace ablate {
namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

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

/// A stop was asked for before training began.
struct StoppedEarly {};

RunState train(const std::filesystem::path& folder, const RunConfig& config, StatusKeeper& status,
               const std::function<bool()>& interrupted) {
  config.check();
  set_threads(config);
  const torch::Device device = training_device(config);
  if (device.is_cpu()) ask_only_for_memory_there_is();

  const auto stop_asked = [&] { return interrupted() || take_request(folder, Request::stop); };
  DataSource source = open_data(config, folder.parent_path() / ".ablate" / "cache",
                                [&, shown = -1](std::size_t done, std::size_t total) mutable {
                                  if (stop_asked()) throw StoppedEarly();
                                  const int tenth = total ? static_cast<int>(10 * done / total) : 10;
                                  if (tenth != std::exchange(shown, tenth))
                                    say(fmt::format("reading pictures: {} of {}", done, total));
                                });
  for (const std::string& problem : source.report.problems) say("data: " + problem);
  say(fmt::format("{} samples to train on, {} held out, {} left out; {} threads on {}", source.training.size(),
                  source.held_out.size(), source.report.left_out, torch::get_num_threads(), device.str()));
  if (const auto batch = config.integer("train.batch_size"); batch > std::ssize(source.training))
    say(fmt::format("train.batch_size: {} is more than there are to train on; each epoch is one batch of all {}.",
                    batch, source.training.size()));
  if (device.is_cpu() && config.text("train.precision") == "fp16")
    say("train.precision: a processor makes a step in fp16 dozens of times slower than in fp32; it is meant for GPUs.");
  record_origin(folder, source.fingerprint, device);
  const TrainingData data = training_data(config, std::move(source));

  RunState ended = RunState::failed;
  const auto session = [&] {
    torch::manual_seed(static_cast<std::uint64_t>(config.integer("train.seed")));
    const std::unique_ptr<Task> task = make_task(config.text("task"), config);
    for (const Network& network : task->networks()) {
      std::int64_t parameters = 0;
      for (const auto& [_, parameter] : unique_parameters(*network.module)) parameters += parameter.numel();
      say(fmt::format("{}: {} parameters", network.name, parameters));
    }
    const Trainer::Environment environment{folder, encode_png, say, interrupted, device};
    const auto range_test = RangeTest::from(config);
    ended = range_test ? find_lr(*range_test, config, *task, data, environment, status)
                       : Trainer(config, *task, data, environment, status).run();
  };
  std::string problem;
  try {
    on_a_thread(config, session);
    return ended;
  } catch (...) {
    problem = out_of_memory_message();
  }
  const std::string asked = memory_asked_for(config);
  status.change([&](RunStatus& now) { now.error = asked + ". Looking for batch sizes that fit."; });
  say(asked + ". Looking for batch sizes that fit; stop it to look no further.");
  throw Error(fmt::format("{}. {} ({})", asked, advice_on_memory(config, data.source, device, stop_asked), problem));
}

/// Status and message of the exception being handled.
std::pair<RunState, std::string> outcome_of_exception() {
  try {
    throw;
  } catch (const Diverged& error) {
    return {RunState::diverged, error.what()};
  } catch (const Error& error) {
    return {RunState::failed, error.what()};
  } catch (const c10::Error& error) {
    return {RunState::failed, fmt::format("PyTorch refused: {}", first_line(error.what_without_backtrace()))};
  } catch (const std::exception& error) {
    return {RunState::failed, error.what()};
  }
}

/// A learning rate that was asked for after the last step: not for when the run is made longer.
void drop_late_lr(const std::filesystem::path& folder) {
  try {
    if (const auto late = take_lr_request(folder))
      say(fmt::format("The learning rate {} was asked for after the last step: not taken.", late->words()));
  } catch (const std::exception& error) {
    say(error.what());
  }
}

}  // namespace

int train_run(const std::filesystem::path& given, const std::function<bool()>& interrupted) {
  const std::filesystem::path folder = plain_path(given);
  if (!std::filesystem::is_directory(folder)) throw Error(fmt::format("{} is not a run folder.", folder.string()));
  const auto lock = RunLock::try_acquire(folder);
  if (!lock) throw Error(fmt::format("{} is being trained by another process.", folder.string()));
  StatusKeeper status(folder);
  const auto ended = [&](RunState state) {
    const char* job = std::getenv("ABLATE_JOB");
    const bool sent_away = state == RunState::stopped && job && interrupted();  // Why, its cluster knows.
    if (sent_away) {
      state = RunState::interrupted;
      status.change([](RunStatus& now) { now.waiting = kWordOfCluster; });
    }
    status.finish(state, sent_away ? fmt::format("Its job {} was told to end.", job) : "");
    say(std::string(name_of(state)));
    if (state == RunState::completed) drop_late_lr(folder);
    return job && state != RunState::completed ? 1 : 0;  // What comes after it (afterok) has to wait.
  };
  try {
    begin_after(folder);
    return ended(train(folder, read_run_config(folder), status, interrupted));
  } catch (const StoppedEarly&) {
    say("Stopped before training began; it can be resumed.");
    return ended(RunState::stopped);
  } catch (...) {
    const auto [state, message] = outcome_of_exception();
    status.finish(state, message);
    throw Error(message);
  }
}

}  // namespace ablate
