// parity_cases FOLDER: for every value of every option of the network, losses and optimisers, what our code computes,
// as files that test_parity.py compares with plain PyTorch: <case>/case.json and <case>/tensors.safetensors.
#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/catalogue.h"
#include "experiments/schedule.h"
#include "experiments/training/losses/losses.h"
#include "experiments/training/networks.h"
#include "experiments/training/precision.h"
#include "experiments/training/updates.h"
#include "runs/json_file.h"
#include "runs/safetensors.h"

namespace ablate {
namespace {

/// In float64, where rounding can't grow into a difference, over several steps; in float32, as we train, one step.
struct Precision {
  torch::ScalarType type;
  const char* name;
  int steps;
};
constexpr Precision kPrecisions[] = {{torch::kDouble, "float64", 3}, {torch::kFloat, "float32", 1}};

struct Case {
  std::string name;
  nlohmann::json set;  ///< dotted keys
  int height = 16, width = 12, batch = 3;
  int steps = 0;      ///< 0: as the precision says
  bool soft = false;  ///< targets between 0 and 1
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  // Depth 2 and few channels: every path through the code, in seconds.
  const nlohmann::json small{{"model.channels", 4},
                             {"model.depth", 2},
                             {"model.norm_groups", 2},
                             {"optimizer.name", "sgd"},
                             {"optimizer.lr", 0.05}};
  const auto add = [&](const std::string& name, nlohmann::json changes, int height = 16, int width = 12) {
    nlohmann::json set = small;
    set.update(changes);
    cases.push_back({name, set, height, width});
  };
  for (const Option& option : catalogue()) {
    if (!option.key.starts_with("model.") || option.type != OptionType::choice) continue;
    for (const std::string& value : option.choices) {
      nlohmann::json set{{option.key, value}};
      if (value == "unet-milesial") continue;  // Below: it takes larger pictures.
      add(fmt::format("{}={}", option.key, value), set);
    }
  }
  for (const char* up : {"nearest", "transposed", "bilinear", "pixelshuffle"}) {
    for (const char* skip : {"concat", "add", "multiply", "none"}) {
      add(fmt::format("up={} skip={}", up, skip), {{"model.up", up}, {"model.skip", skip}}, 13, 7);
    }
  }
  for (const char* norm : {"batch", "instance", "group", "layer"}) {
    for (const char* sharing : {"none", "block", "block+residual"}) {
      add(fmt::format("norm={} sharing={}", norm, sharing),
          {{"model.norm", norm}, {"model.norm_sharing", sharing}, {"model.residual", "norm"}});
    }
  }
  for (const auto& [affine, track] : {std::pair(true, false), std::pair(false, true), std::pair(true, true)}) {
    for (const char* sharing : {"none", "block", "block+residual"}) {
      add(fmt::format("instance affine={} track={} sharing={}", affine, track, sharing),
          {{"model.norm", "instance"},
           {"model.norm_affine", affine},
           {"model.norm_track", track},
           {"model.norm_momentum", 0.3},
           {"model.norm_sharing", sharing},
           {"model.residual", "norm"}});
    }
  }
  for (const char* where : {"all", "encoder", "decoder", "no-bottleneck"}) {
    for (const char* kind : {"plain", "norm"}) {
      add(fmt::format("residual={} in={}", kind, where), {{"model.residual", kind}, {"model.residual_in", where}});
    }
  }
  for (const char* pool : {"max", "avg", "max+avg", "stride", "none"}) {
    add(fmt::format("pool={} odd", pool), {{"model.pool", pool}, {"model.norm", "none"}}, 11, 5);
  }
  for (const char* up : {"transposed", "bilinear"}) {
    const nlohmann::json milesial{{"model.name", "unet-milesial"}, {"model.depth", 4}, {"model.up", up}};
    add(fmt::format("milesial {}", up), milesial, 33, 50);
    for (const char* norm : {"instance", "group", "layer", "none"}) {
      nlohmann::json other = milesial;
      other["model.norm"] = norm;
      add(fmt::format("milesial {} norm={}", up, norm), other, 32, 47);
    }
    nlohmann::json softmax = milesial;
    softmax.update({{"model.head", "softmax"}, {"loss.bce", 0}, {"loss.ce", 1}});
    add(fmt::format("milesial {} softmax", up), softmax, 16, 31);
  }
  for (const std::string& name : find_option("model.activation")->choices) {
    add("milesial " + name,
        {{"model.name", "unet-milesial"}, {"model.depth", 4}, {"model.up", "bilinear"}, {"model.activation", name}}, 32,
        47);
  }
  add("rows", {{"train.channels_last", false}});
  add("rows, affine instance norm",
      {{"train.channels_last", false}, {"model.norm", "instance"}, {"model.norm_affine", true}});
  add("one pixel wide", {{"model.depth", 3}}, 9, 1);
  add("depth 4, wide", {{"model.depth", 4}, {"model.channels", 3}}, 17, 40);
  add("cumulative statistics", {{"model.norm_momentum", nullptr}});
  add("momentum .01", {{"model.norm_momentum", 0.01}});
  for (const std::string& name : loss_names()) {
    // Smooth all the way: in float32 a single unit that another order of additions switches on would be a difference.
    nlohmann::json alone{{"loss.bce", 0}, {"model.activation", "tanh"}, {"model.norm", "none"}, {"model.pool", "avg"}};
    alone["loss." + name] = 1;
    if (name.starts_with("ce")) alone["model.head"] = "softmax";
    add("loss " + name, alone, 80, 69);
    add("loss " + name + ", soft", alone, 80, 69);
    cases.back().soft = true;
  }
  add("loss bce and iou", {{"loss.bce", 0.3}, {"loss.iou", 2}});
  add("softmax ce", {{"model.head", "softmax"}, {"loss.bce", 0}, {"loss.ce", 1}});
  add("softmax iou", {{"model.head", "softmax"}, {"loss.bce", 0}, {"loss.iou", 1}});
  add("sgd plain", {{"optimizer.momentum", 0}, {"optimizer.weight_decay", 0.1}});
  add("sgd momentum and decay", {{"optimizer.momentum", 0.8}, {"optimizer.weight_decay", 0.01}});
  // Without norms: the gradient of a bias before one is rounding noise alone, which Adam makes steps of full length
  // from.
  const nlohmann::json adam{
      {"optimizer.name", "adam"}, {"optimizer.lr", 1e-3}, {"optimizer.eps", 1e-4}, {"model.norm", "none"}};
  add("adam", adam);
  nlohmann::json decay = adam;
  decay.update({{"optimizer.weight_decay", 0.1}, {"optimizer.beta1", 0.8}, {"optimizer.beta2", 0.99}});
  add("adam decay", decay);
  for (const char* name : {"adam", "adamw", "sgd", "rmsprop", "adagrad"}) {
    for (const double momentum : {0.0, 0.9}) {
      nlohmann::json set{{"optimizer.name", name},         {"optimizer.lr", 2e-3},           {"optimizer.eps", 1e-4},
                         {"optimizer.momentum", momentum}, {"optimizer.weight_decay", 0.02}, {"model.norm", "none"},
                         {"model.activation", "tanh"}};
      add(fmt::format("100 steps of {}, momentum {}", name, momentum), set);
      cases.back().steps = 100;
      if (momentum > 0) continue;
      set.erase("optimizer.weight_decay");
      add(fmt::format("{}, PyTorch's weight decay", name), set);
    }
  }
  // Momentum (Adam's beta1) that a schedule moves, step by step.
  for (const char* name : {"adam", "adamw", "sgd", "rmsprop"}) {
    for (const char* schedule : {"onecycle", "cyclic"}) {
      add(fmt::format("{} of {}", schedule, name), {{"optimizer.name", name},
                                                    {"optimizer.lr", 5e-4},
                                                    {"optimizer.eps", 1e-4},
                                                    {"schedule.name", schedule},
                                                    {"schedule.up_steps", 4},
                                                    {"model.norm", "none"},
                                                    {"model.activation", "tanh"}});
      cases.back().steps = 12;
    }
  }
  add("rmsprop alpha", {{"optimizer.name", "rmsprop"},
                        {"optimizer.lr", 2e-3},
                        {"optimizer.alpha", 0.7},
                        {"optimizer.eps", 1e-4},
                        {"model.norm", "none"},
                        {"model.activation", "tanh"}});
  cases.back().steps = 12;
  add("sgd nesterov", {{"optimizer.nesterov", true}, {"optimizer.momentum", 0.7}, {"optimizer.weight_decay", 0.01}});
  cases.back().steps = 20;
  // By autocast, fp16 with its scaler.
  for (const char* precision : {"bf16", "fp16"}) {
    for (const char* norm : {"none", "group", "batch"}) {
      add(fmt::format("{} norm={}", precision, norm),
          {{"train.precision", precision}, {"model.norm", norm}, {"train.clip_norm", 1}});
      cases.back().steps = std::string_view(norm) == "none" ? 3 : 1;  // What is rounded another way grows.
    }
  }
  add("clipped", {{"train.clip_norm", 0.05}});
  add("accumulated", {{"train.accumulate", 3}, {"train.clip_norm", 0.5}});
  return cases;
}

void put(std::map<std::string, torch::Tensor>& all, const std::string& prefix, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) all[prefix + name] = tensor.detach().clone();
}

void write(const std::filesystem::path& folder, const std::map<std::string, torch::Tensor>& tensors) {
  std::map<std::string, TensorView> views;
  std::vector<torch::Tensor> held;
  for (const auto& [name, tensor] : tensors) {
    held.push_back(tensor.contiguous());
    const char* const dtype = tensor.scalar_type() == torch::kLong     ? "I64"
                              : tensor.scalar_type() == torch::kDouble ? "F64"
                                                                       : "F32";
    views[name] = {dtype,
                   tensor.sizes().vec(),
                   {static_cast<const std::byte*>(held.back().const_data_ptr()), held.back().nbytes()}};
  }
  write_safetensors(folder / "tensors.safetensors", views);
}

/// Holds the loss terms of the last update, which is otherwise the trainer's.
class Watching : public Updater {
 public:
  explicit Watching(Updates& updates) : updates_(updates) {}
  void update(const std::string& optimizer, const std::vector<LossTerm>& given) override {
    terms = given;
    updates_.update(optimizer, given);
  }
  std::vector<LossTerm> terms;

 private:
  Updates& updates_;
};

void run_case(const Case& each, const Precision& precision, const std::filesystem::path& folder) {
  RunConfig config;
  config.merge(each.set);
  config.set("train.device", "cpu");
  torch::manual_seed(11);
  const auto task = make_task("segmentation", config);
  const Network network = task->networks().front();
  network.module->to(precision.type);
  std::map<std::string, torch::Tensor> tensors;
  put(tensors, "before/", state_of(*network.module));

  Updates updates(*task, config, torch::kCPU);
  const std::unique_ptr<Schedule> schedule = make_schedule(config, each.steps, 1);
  Watching watching(updates);
  nlohmann::json losses = nlohmann::json::array();
  const int steps = each.steps == 0 ? precision.steps : each.steps;
  const std::int64_t batches = steps * updates.accumulate();
  for (std::int64_t index = 0; index < batches; ++index) {
    Batch batch;
    for (int i = 0; i < each.batch; ++i) batch.names.push_back(std::to_string(i));
    batch.tensors["image"] = torch::rand({each.batch, 3, each.height, each.width}, precision.type)
                                 .contiguous(torch::MemoryFormat::ChannelsLast);
    const torch::Tensor mask = torch::rand({each.batch, 1, each.height, each.width}, precision.type);
    batch.tensors["mask"] = each.soft ? mask : mask.round();
    tensors[fmt::format("image{}", index)] = batch.at("image");
    tensors[fmt::format("mask{}", index)] = batch.at("mask");
    NamedTensors gradients;
    updates.watch_gradients([&](const Optimizer& optimizer) {
      for (const auto& [name, parameter] : optimizer.parameters()) {
        if (parameter.grad().defined()) gradients.emplace_back(name, parameter.grad().clone());
      }
    });
    updates.set(schedule->at(index / updates.accumulate()));
    updates.begin_batch(index % updates.accumulate());
    const Autocast mixed(autocast_type(config), torch::kCPU);
    const SampleMetrics metrics = task->step(batch, watching);
    if (index == updates.accumulate() - 1) put(tensors, "gradient/", gradients);
    tensors[fmt::format("iou{}", index)] = metrics.at("iou");
    nlohmann::json terms;
    for (const LossTerm& term : watching.terms) terms[term.name] = term.value.item<double>();
    losses.push_back(terms);
  }
  put(tensors, "after/", state_of(*network.module));
  network.module->eval();
  torch::NoGradGuard no_grad;
  tensors["logits"] = std::dynamic_pointer_cast<Layer>(network.module)->forward(tensors["image0"]);

  std::filesystem::create_directories(folder);
  write(folder, tensors);
  write_json_file(folder / "case.json", {{"name", each.name},
                                         {"precision", precision.name},
                                         {"steps", steps},
                                         {"config", config.to_json()},
                                         {"losses", losses}});
}

}  // namespace
}  // namespace ablate

int main(int, char** argv) {
  torch::set_num_threads(1);
  try {
    int number = 0;
    for (const ablate::Case& each : ablate::all_cases()) {
      for (const ablate::Precision& precision : ablate::kPrecisions) {
        const bool mixed = each.set.contains("train.precision");
        if (mixed && precision.type == torch::kDouble) continue;  // Autocast leaves float64 as it is.
        ablate::run_case(each, precision, std::filesystem::path(argv[1]) / fmt::format("{:03}", number++));
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
