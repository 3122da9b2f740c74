#include "experiments/training/models/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "experiments/training/models/unet.h"
#include "experiments/training/models/unet_milesial.h"
#include "runs/error.h"

namespace ablate {
namespace {

NormOptions norm_of(const RunConfig& config) {
  NormOptions norm;
  norm.name = config.text("model.norm");
  norm.momentum =
      config.is_set("model.norm_momentum") ? std::optional(config.real("model.norm_momentum")) : std::nullopt;
  norm.affine = config.boolean("model.norm_affine");
  norm.track = config.boolean("model.norm_track");
  norm.groups = config.integer("model.norm_groups");
  return norm;
}

LayerPtr unet(const RunConfig& config, std::int64_t outputs) {
  UNetOptions options;
  options.channels = config.integer("model.channels");
  options.depth = config.integer("model.depth");
  options.outputs = outputs;
  options.skip = config.text("model.skip");
  options.pool = config.text("model.pool");
  options.up = config.text("model.up");
  options.block.activation = config.text("model.activation");
  options.block.norm = norm_of(config);
  options.block.norm_sharing = config.text("model.norm_sharing");
  options.block.residual = config.text("model.residual");
  options.block.residual_in = config.text("model.residual_in");
  return make_unet(options);
}

LayerPtr unet_milesial(const RunConfig& config, std::int64_t outputs) {
  UNetMilesialOptions options;
  options.channels = config.integer("model.channels");
  options.outputs = outputs;
  options.up = config.text("model.up");
  options.activation = config.text("model.activation");
  options.norm = norm_of(config);
  return make_unet_milesial(options);
}

struct NetworkKind {
  const char* name;
  LayerPtr (*make)(const RunConfig& config, std::int64_t outputs);
};

constexpr std::array kNetworks{NetworkKind{"unet", unet}, NetworkKind{"unet-milesial", unet_milesial}};

}  // namespace

LayerPtr make_model(const RunConfig& config, std::int64_t outputs) {
  const std::string name = config.text("model.name");
  for (const NetworkKind& entry : kNetworks) {
    if (name == entry.name) return entry.make(config, outputs);
  }
  throw Error(fmt::format("model.name: unknown network \"{}\"; known are {}.", name, fmt::join(model_names(), ", ")));
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const NetworkKind& entry : kNetworks) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
