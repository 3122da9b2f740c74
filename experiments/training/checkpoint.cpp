#include "experiments/training/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "experiments/training/dtypes.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/safetensors.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

void write_tensors(const fs::path& file, const NamedTensors& tensors) {
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    views[name] = {name_of(tensor.scalar_type()),
                   tensor.sizes().vec(),
                   {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
  }
  write_safetensors(file, views, {{"format", "pt"}});
}

/// What reading a file of a checkpoint gives; what is wrong with it, with what to do.
template <typename Read>
auto read_whole(const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    std::string what = error.what();
    if (!what.ends_with('.')) what += '.';
    throw Error(what + " Remove that checkpoint's folder to use the one before.");
  }
}

nlohmann::json read_trainer_json(const fs::path& checkpoint) {
  const fs::path file = checkpoint / "trainer.json";
  const auto json = read_whole([&] { return read_json_file(file); });
  if (!json) throw Error(fmt::format("{} is not there: the checkpoint is not complete.", file.string()));
  return *json;
}

bool is_buffer(const std::string& name) {
  return name.ends_with(".running_mean") || name.ends_with(".running_var") || name.ends_with(".num_batches_tracked");
}

/// `missing` takes the names of buffers that are not there; without it they have to be.
void read_tensors(const fs::path& path, const NamedTensors& into, std::vector<std::string>* missing = nullptr) {
  if (!fs::exists(path))
    throw Error(fmt::format("{} is not there: that checkpoint has no such weights.", path.string()));
  const SafetensorsFile file = read_whole([&] { return SafetensorsFile(path); });
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) {
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end()) {
      if (!is_buffer(name))
        throw Error(fmt::format("{} has no \"{}\": it is of another network than this run's.", path.string(), name));
      if (!missing)
        throw Error(
            fmt::format("{} has no \"{}\": these weights were saved without running statistics, and nothing "
                        "can go on from them. `ablate doctor` tells what that costs.",
                        path.string(), name));
      missing->push_back(name);
      continue;
    }
    const TensorView& view = found->second;
    if (view.dtype != name_of(tensor.scalar_type()) || view.shape != tensor.sizes().vec()) {
      throw Error(fmt::format("{}: \"{}\" is {} [{}], and this run's is {} [{}].", path.string(), name, view.dtype,
                              fmt::join(view.shape, ", "), name_of(tensor.scalar_type()),
                              fmt::join(tensor.sizes().vec(), ", ")));
    }
    Tensor rows = torch::empty(tensor.sizes(), tensor.options().device(torch::kCPU).requires_grad(false));
    if (rows.nbytes()) std::memcpy(rows.mutable_data_ptr(), view.bytes.data(), rows.nbytes());
    Tensor target = tensor;
    target.copy_(rows);
  }
  for (const auto& [name, _] : file.tensors()) {
    const bool known =
        std::any_of(into.begin(), into.end(), [&name = name](const auto& each) { return each.first == name; });
    if (!known) throw Error(fmt::format("{} has \"{}\", which this run's network has not.", path.string(), name));
  }
}

std::string to_hex(const Tensor& bytes) {
  std::string text;
  const auto* data = bytes.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < bytes.numel(); ++i) text += fmt::format("{:02x}", data[i]);
  return text;
}

Tensor from_hex(const std::string& text) {
  Tensor bytes = torch::empty({static_cast<std::int64_t>(text.size() / 2)}, torch::kByte);
  auto* data = bytes.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < bytes.numel(); ++i) std::from_chars(&text[2 * i], &text[2 * i] + 2, data[i], 16);
  return bytes;
}

void restore_generator(torch::Generator& generator, const std::string& hex, const fs::path& file) {
  try {
    generator.set_state(from_hex(hex));
  } catch (const c10::Error&) {
    throw Error(fmt::format("{} is damaged: its random state. Remove that checkpoint's folder to use the one before.",
                            file.string()));
  }
}

std::string file_of(const Network& network) { return network.name + ".safetensors"; }
std::string file_of(const Network& network, const std::string& average) {
  return fmt::format("{}.{}.safetensors", network.name, average);
}
std::string file_of(const std::string& optimizer) { return optimizer + ".optimizer.safetensors"; }

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Snapshot take_snapshot(const TrainerState& state, const Trained& trained) {
  const torch::NoGradGuard no_grad;
  Snapshot snapshot;
  snapshot.step = state.step;
  const auto copy = [](const NamedTensors& tensors) {
    NamedTensors copies;
    for (const auto& [name, tensor] : tensors) {
      copies.emplace_back(name, tensor.detach().to(torch::kCPU).clone(torch::MemoryFormat::Contiguous));
    }
    return copies;
  };
  for (const Network& network : trained.networks) {
    snapshot.files[file_of(network)] = copy(state_of(*network.module));
    for (const auto& [name, average] : trained.averages)
      if (average.added() > 0) snapshot.files[file_of(network, name)] = copy(average.state(network));
  }
  for (const auto& [name, optimizer] : trained.optimizers) snapshot.files[file_of(name)] = copy(optimizer->state());

  nlohmann::json& json = snapshot.trainer;
  json = {
      {"step", state.step},
      {"next_batch", state.next_batch},
      {"best", {{"metric", state.best_metric}, {"value", json_number(state.best_value)}, {"step", state.best_step}}},
      {"without_improvement", state.without_improvement},
      {"training_seconds", state.training_seconds},
      {"lr_factor", state.lr_factor},
      {"schedule", state.schedule},
      {"scaler", state.scaler},
      {"averaged", state.averaged},
      {"config", state.config},
      {"metrics", nlohmann::json::object()}};
  for (const auto& [file, _] : snapshot.files) json["files"].push_back(file);
  for (const auto& [tag, value] : state.metrics) json["metrics"][tag] = json_number(value);
  for (auto& [device, generator] : generators(trained.networks)) json["rng"][device] = to_hex(generator.get_state());
  return snapshot;
}

void write_checkpoint(const fs::path& run, const Snapshot& snapshot) {
  const fs::path target = run / "checkpoints" / fmt::format("step-{:08}", snapshot.step);
  const fs::path beside = run / "checkpoints" / fmt::format(".step-{:08}", snapshot.step);
  std::error_code problem;
  fs::remove_all(beside, problem);
  fs::create_directories(beside, problem);
  if (problem) throw Error(fmt::format("Cannot make {}: {}.", beside.string(), problem.message()));
  try {
    for (const auto& [file, tensors] : snapshot.files) write_tensors(beside / file, tensors);
    write_json_file(beside / "trainer.json", snapshot.trainer);
  } catch (...) {
    fs::remove_all(beside, problem);  // Where the disk is full, a part of a checkpoint is no use.
    throw;
  }
  sync_folder(beside);

  fs::remove_all(target, problem);
  fs::rename(beside, target, problem);
  if (problem) {
    throw Error(fmt::format("Cannot rename {} to {}: {}.", beside.string(), target.string(), problem.message()));
  }
  sync_folder(target.parent_path());
}

void write_weights(const fs::path& file, const torch::nn::Module& module) {
  NamedTensors tensors = state_of(module);
  for (auto& [_, tensor] : tensors) tensor = tensor.detach().to(torch::kCPU).contiguous();
  write_tensors(file, tensors);
}

void read_networks(const fs::path& checkpoint, const std::vector<Network>& networks, const std::string& average,
                   std::vector<std::string>* missing) {
  for (const Network& network : networks)
    read_tensors(checkpoint / (average.empty() ? file_of(network) : file_of(network, average)),
                 state_of(*network.module), missing);
}

std::vector<std::string> changed_options(const fs::path& checkpoint, const RunConfig& config) {
  std::vector<std::string> changed;
  const nlohmann::json trained_with = read_trainer_state(checkpoint).config;
  if (trained_with.is_null()) return changed;
  const RunConfig before = read_whole([&] {
    try {
      return RunConfig::from_json(trained_with);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", (checkpoint / "trainer.json").string(), error.what()));
    }
  });
  for (const std::string& key : differing_keys({before, config}))
    if (key != "train.steps")
      changed.push_back(fmt::format("{} was {} up to {}, and is {} now", key, before.at(key).dump(),
                                    checkpoint.filename().string(), config.at(key).dump()));
  return changed;
}

TrainerState read_trainer_state(const fs::path& checkpoint) {
  const nlohmann::json json = read_trainer_json(checkpoint);
  TrainerState state;
  try {
    state.step = json.at("step");
    state.next_batch = json.at("next_batch");
    state.best_metric = json.at("best").at("metric");
    state.best_value = number_of(json.at("best").at("value"));
    state.best_step = json.at("best").at("step");
    state.training_seconds = json.at("training_seconds");
    state.lr_factor = json.value("lr_factor", 1.0);
    for (const auto& [tag, value] : json.at("metrics").items()) state.metrics[tag] = number_of(value);
    state.without_improvement = json.value("without_improvement", std::int64_t{0});
    state.schedule = json.value("schedule", nlohmann::json());
    state.scaler = json.value("scaler", nlohmann::json());
    state.averaged = json.value("averaged", std::map<std::string, std::int64_t>{});
    state.config = json.value("config", nlohmann::json());
    state.rng = json.at("rng");
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{} is damaged: {}. Remove that checkpoint's folder to use the one before.",
                            (checkpoint / "trainer.json").string(), error.what()));
  }
  return state;
}

TrainerState read_checkpoint(const fs::path& checkpoint, const Trained& trained) {
  TrainerState state = read_trainer_state(checkpoint);
  read_networks(checkpoint, trained.networks);
  for (const Network& network : trained.networks)
    for (const auto& [name, average] : trained.averages)
      if (const auto added = state.averaged.find(name); added == state.averaged.end() || added->second > 0)
        read_tensors(checkpoint / file_of(network, name), average.state(network));
  for (const auto& [name, optimizer] : trained.optimizers) read_tensors(checkpoint / file_of(name), optimizer->state());
  for (auto& [device, generator] : generators(trained.networks)) {
    if (const auto found = state.rng.find(device); found != state.rng.end())
      restore_generator(generator, found->second, checkpoint / "trainer.json");
  }
  return state;
}

}  // namespace ablate
