#include "experiments/training/precision.h"

#include <ATen/autocast_mode.h>

#include "runs/error.h"

namespace ablate {
namespace {

struct PrecisionKind {
  const char* name;
  torch::ScalarType type;
};
constexpr PrecisionKind kPrecisions[] = {{"fp32", torch::kFloat}, {"bf16", torch::kBFloat16}, {"fp16", torch::kHalf}};

}  // namespace

torch::ScalarType autocast_type(const RunConfig& config) {
  const std::string name = config.text("train.precision");
  for (const PrecisionKind& entry : kPrecisions) {
    if (name == entry.name) return entry.type;
  }
  throw Error("train.precision: there is no precision " + name + ".");
}

std::vector<std::string> precision_names() {
  std::vector<std::string> names;
  for (const PrecisionKind& entry : kPrecisions) names.emplace_back(entry.name);
  return names;
}

Autocast::Autocast(torch::ScalarType type, torch::Device device)
    : on_(type != torch::kFloat), device_(device.type()), was_on_(at::autocast::is_autocast_enabled(device_)) {
  if (!on_) return;
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, type);
}

Autocast::~Autocast() {
  if (!on_) return;
  at::autocast::set_autocast_enabled(device_, was_on_);
  at::autocast::clear_cache();
}

NoAutocast::NoAutocast(torch::Device device)
    : device_(device.type()), was_on_(at::autocast::is_autocast_enabled(device_)) {
  if (was_on_) at::autocast::set_autocast_enabled(device_, false);
}

NoAutocast::~NoAutocast() {
  if (!was_on_) return;
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, true);
}

GradientScaler::GradientScaler(torch::Device device)
    : scale_(torch::full({}, 65536.0, torch::TensorOptions(device).dtype(torch::kFloat))),
      good_steps_(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kInt))) {}

bool GradientScaler::unscale(const std::vector<torch::Tensor>& gradients) {
  const torch::NoGradGuard no_grad;
  torch::Tensor found = torch::zeros({}, scale_.options());
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found, scale_.reciprocal());
  at::_amp_update_scale_(scale_, good_steps_, found, 2.0, 0.5, 2000);
  return found.item<float>() == 0;
}

nlohmann::json GradientScaler::state() const {
  return {{"scale", scale_.item<double>()}, {"good_steps", good_steps_.item<std::int64_t>()}};
}

void GradientScaler::restore(const nlohmann::json& state) {
  scale_.fill_(state.at("scale").get<double>());
  good_steps_.fill_(state.at("good_steps").get<std::int64_t>());
}

}  // namespace ablate
