#include "experiments/training/models/norms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <functional>

#include "experiments/training/models/batch_norm.h"
#include "experiments/training/models/instance_norm.h"
#include "runs/error.h"

namespace ablate {
namespace {

constexpr double kEps = 1e-5;

class GroupNorm : public Layer {
 public:
  GroupNorm(std::int64_t groups, std::int64_t channels)
      : Layer("GroupNorm"),
        groups_(groups),
        weight_(register_parameter("weight", torch::ones(channels))),
        bias_(register_parameter("bias", torch::zeros(channels))) {}
  torch::Tensor forward(torch::Tensor x) override { return torch::group_norm(x, groups_, weight_, bias_, kEps); }

 private:
  std::int64_t groups_;
  torch::Tensor weight_, bias_;
};

LayerPtr make_group_norm(std::int64_t groups, std::int64_t channels) {
  if (groups < 1 || channels % groups != 0) {
    throw Error(fmt::format("model.norm_groups = {} does not divide a layer of {} channels: choose a divisor of {}.",
                            groups, channels, channels));
  }
  return std::make_shared<GroupNorm>(groups, channels);
}

LayerPtr make_instance_norm(const NormOptions& options, std::int64_t channels) {
  if (!options.track) return std::make_shared<InstanceNorm>(channels, options.affine, kEps);
  if (!options.momentum) throw Error("model.norm_momentum: instance norm knows no plain mean of all batches: set one.");
  return std::make_shared<TrackingInstanceNorm>(channels, options.affine, *options.momentum, kEps);
}

struct NormKind {
  const char* name;
  LayerPtr (*make)(const NormOptions& options, std::int64_t channels);
};

constexpr std::array kNorms{
    NormKind{"batch",
             [](const NormOptions& o, std::int64_t c) -> LayerPtr {
               return std::make_shared<BatchNorm>(c, o.momentum, kEps);
             }},
    NormKind{"instance", make_instance_norm},
    NormKind{"group", [](const NormOptions& o, std::int64_t c) { return make_group_norm(o.groups, c); }},
    NormKind{"layer", [](const NormOptions&, std::int64_t c) { return make_group_norm(1, c); }},
    NormKind{"none", [](const NormOptions&, std::int64_t) -> LayerPtr { return nullptr; }},
};

}  // namespace

LayerPtr make_norm(const NormOptions& options, std::int64_t channels) {
  for (const NormKind& entry : kNorms) {
    if (options.name == entry.name) return entry.make(options, channels);
  }
  throw Error(fmt::format("model.norm: unknown normalisation \"{}\"; known are {}.", options.name,
                          fmt::join(norm_names(), ", ")));
}

std::vector<std::string> norm_names() {
  std::vector<std::string> names;
  for (const NormKind& entry : kNorms) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
