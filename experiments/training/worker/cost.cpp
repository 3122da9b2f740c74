#include <c10/core/CachingDeviceAllocator.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <functional>
#include <numeric>

#include "experiments/training/latency.h"
#include "experiments/training/networks.h"
#include "experiments/training/operations.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "experiments/training/worker/tiles.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

/// Multiply-accumulates of an operation: of a convolution, transposed and 1×1 ones included, or a matrix product.
/// Norms, activations and additions are not counted, as is usual. Its output is not there yet: the size is reckoned.
double macs_of(std::string_view name, c10::ArrayRef<const c10::IValue> inputs) {
  if (name == "aten::convolution") {
    const at::Tensor input = inputs[0].toTensor(), weight = inputs[1].toTensor();
    const double each = double(weight.numel()) / double(weight.size(0));  // Of one value on the side that fans out.
    if (inputs[6].toBool()) return each * double(input.numel());
    // One number may stand for all sides.
    const auto of_side = [&](std::size_t argument, std::int64_t side) {
      const auto values = inputs[argument].toIntVector();
      return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(side - 2)];
    };
    double values = double(input.size(0) * weight.size(0));
    for (std::int64_t side = 2; side < input.dim(); ++side) {
      const std::int64_t stride = of_side(3, side), padding = of_side(4, side), dilation = of_side(5, side);
      values *= double((input.size(side) + 2 * padding - dilation * (weight.size(side) - 1) - 1) / stride + 1);
    }
    return each * values;
  }
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::addmm") {
    const std::size_t first = name == "aten::addmm" ? 1 : 0;
    return double(inputs[first].toTensor().numel()) * double(inputs[first + 1].toTensor().sizes().back());
  }
  return 0;
}

/// Of the tensors of one pass: inputs, weights and all that is held at once.
double peak_memory_mb(const torch::Device& device, const std::function<void()>& pass, double weights) {
  constexpr double kMegabyte = 1 << 20;
  if (!device.is_cpu()) {
    auto* const allocator = at::getDeviceAllocator(device.type());
    allocator->resetPeakStats(0);
    pass();
    return static_cast<double>(allocator->getDeviceStats(0).allocated_bytes[0].peak) / kMegabyte;
  }
  const PeakMemory memory;
  pass();
  return (memory.bytes() + weights) / kMegabyte;
}

}  // namespace

int cost(const std::string& run, int height, int width, const std::string& device_name) {
  const LoadedRun loaded = load_run(run);
  const nlohmann::json& size = loaded.config.at("data.size");
  if (height == 0) height = size[0];
  if (width == 0) width = size[1];
  if (device_name == "cuda" && !torch::cuda::is_available())
    throw Error("--device cuda: this machine or this PyTorch has no GPU; use cpu.");
  const torch::Device device(device_name);

  nlohmann::json parameters = nlohmann::json::object();
  std::int64_t all = 0;
  for (const Network& network : loaded.task->networks()) {
    network.module->to(device);
    std::int64_t count = 0;
    for (const auto& [_, parameter] : unique_parameters(*network.module)) count += parameter.numel();
    parameters[network.name] = count;
    all += count;
  }
  Batch batch;
  batch.names = {"random"};
  batch.tensors["image"] = torch::rand({1, 3, height, width}, device).contiguous(torch::MemoryFormat::ChannelsLast);

  const Autocast mixed(autocast_type(loaded.config), device);
  Measuring measuring(loaded.task->networks(), Mode::eval);
  const auto forward = [&] {
    measuring.begin_pass();
    loaded.task->forward(batch);
    if (device.is_cuda()) torch::cuda::synchronize();
  };
  double macs = 0;
  {
    const Operations counted([&](std::string_view name, auto inputs) { macs += macs_of(name, inputs); });
    forward();
  }
  // At least as many passes as a percentile needs, and a second of them.
  const std::vector<double> milliseconds = forward_milliseconds(*loaded.task, batch.at("image"), 40, 1);
  const double mean = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0) / double(milliseconds.size());
  fmt::print(
      "{}\n",
      json_text(
          {{"run", loaded.folder.string()},
           {"checkpoint", loaded.checkpoint.string()},
           {"size", {height, width}},
           {"device", device_name},
           {"precision", loaded.config.text("train.precision")},
           {"threads", torch::get_num_threads()},
           {"parameters", all},
           {"networks", parameters},
           {"macs", macs},
           {"latency_ms",
            {{"mean", mean}, {"p95", milliseconds[milliseconds.size() * 95 / 100]}, {"passes", milliseconds.size()}}},
           {"peak_memory_mb", peak_memory_mb(device, forward, 4.0 * double(all + batch.at("image").numel()))}}));
  return 0;
}

}  // namespace ablate
