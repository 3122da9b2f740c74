#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <future>

#include "experiments/data/transforms.h"
#include "experiments/training/allocator.h"
#include "experiments/training/networks.h"
#include "experiments/training/precision.h"
#include "experiments/training/trainer.h"
#include "experiments/training/updates.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/out_of_memory.h"
#include "experiments/training/worker/setup.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

/// On a thread of its own: what autograd had left to do in a backward pass that failed is kept by its thread, with all
/// the memory that hangs on it, until that ends.
template <typename Work>
auto on_a_thread(const RunConfig& config, const Work& work) {
  return std::async(std::launch::async,
                    [&] {
                      set_threads(config);
                      return work();
                    })
      .get();
}

/// Whether a training step of `samples` samples can be made in the memory there is.
bool step_fits(const RunConfig& config, const DataSource& source, std::int64_t samples, const torch::Device& device) {
  const auto step = [&] {
    const std::unique_ptr<Task> task = make_task(config.text("task"), config);
    for (const Network& network : task->networks()) network.module->to(device);
    Updates updates(*task, config, device);
    std::vector<std::size_t> indices;
    for (std::int64_t i = 0; i < samples; ++i)
      indices.push_back(source.training[static_cast<std::size_t>(i) % source.training.size()]);
    const Autocast mixed(autocast_type(config), device);
    task->step(collate(*source.dataset, indices).to(device), updates);
    return true;
  };
  give_back_memory();  // For what is not malloc's: the code that oneDNN makes.
  try {
    return on_a_thread(config, step);
  } catch (...) {
    out_of_memory_message();
    return false;
  }
}

/// The whole of what to say, with a batch size that was tried: half, a quarter, … of the one that was too large.
std::string out_of_memory(const RunConfig& config, const DataSource& source, const torch::Device& device,
                          const std::string& what) {
  const std::int64_t asked = config.integer("train.batch_size");
  std::int64_t fits = asked / 2;
  // With half as many more: a run needs memory besides its steps.
  while (fits > 0 && !step_fits(config, source, fits + fits / 2, device)) fits /= 2;
  const std::string advice =
      fits > 0 ? fmt::format("A step with train.batch_size={} fits; train.accumulate={} makes up for it", fits,
                             (asked + fits - 1) / fits)
               : "Not even a step with one sample fits: make data.size or model.channels smaller";
  return fmt::format("Out of memory with train.batch_size = {}, model.channels = {} and data.size = {}. {}. ({})",
                     asked, config.integer("model.channels"), config.at("data.size").dump(), advice, what);
}

/// Kilobytes, from a file of /proc with lines "NAME: 1234 kB"; 0 where there is none of that name.
double kilobytes_of(const char* file, std::string_view name) {
  std::ifstream stream(file);
  for (std::string word; stream >> word;)
    if (double kilobytes = 0; word == name && stream >> kilobytes) return kilobytes;
  return 0;
}

/// What does not fit into the memory that is free now is then refused by the system when it is asked for, and can be
/// told; else it is given, and whoever uses it is killed.
void ask_only_for_memory_there_is() {
  const double held = kilobytes_of("/proc/self/status", "VmData:"),
               free = kilobytes_of("/proc/meminfo", "MemAvailable:");
  rlimit limit{};
  if (free <= 0 || getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_max, static_cast<rlim_t>((held + 0.95 * free) * 1024));
  setrlimit(RLIMIT_DATA, &limit);
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

  TrainingData data;
  data.source = open_data(config, folder.parent_path() / ".ablate" / "cache",
                          [&, shown = -1](std::size_t done, std::size_t total) mutable {
                            if (interrupted() || take_request(folder, Request::stop)) throw StoppedEarly();
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
  if (device.is_cpu() && config.text("train.precision") == "fp16")
    say("train.precision: a processor makes a step in fp16 dozens of times slower than in fp32; it is meant for GPUs.");
  record_origin(folder, data.source.fingerprint, device);
  data.order = shuffled;
  data.augment = [augmentation = Augmentation::from(config)](Sample& sample, std::uint64_t seed, std::uint64_t epoch,
                                                             std::uint64_t index) {
    augment(sample, augmentation, seed, epoch, index);
  };

  const auto session = [&] {
    torch::manual_seed(static_cast<std::uint64_t>(config.integer("train.seed")));
    const std::unique_ptr<Task> task = make_task(config.text("task"), config);
    for (const Network& network : task->networks()) {
      std::int64_t parameters = 0;
      for (const auto& [_, parameter] : unique_parameters(*network.module)) parameters += parameter.numel();
      say(fmt::format("{}: {} parameters", network.name, parameters));
    }
    return Trainer(config, *task, data, {folder, encode_png, say, interrupted, device}, status).run();
  };
  std::string problem;
  try {
    return on_a_thread(config, session);
  } catch (...) {
    problem = out_of_memory_message();
  }
  throw Error(out_of_memory(config, data.source, device, problem));
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

}  // namespace

int train_run(const std::filesystem::path& given, const std::function<bool()>& interrupted) {
  const std::filesystem::path folder = std::filesystem::absolute(given).lexically_normal();
  if (!std::filesystem::is_directory(folder)) throw Error(fmt::format("{} is not a run folder.", folder.string()));
  const auto lock = RunLock::try_acquire(folder);
  if (!lock) throw Error(fmt::format("{} is being trained by another process.", folder.string()));
  StatusKeeper status(folder);
  const auto ended = [&](RunState state) {
    status.finish(state);
    say(std::string(name_of(state)));
    return 0;
  };
  try {
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
