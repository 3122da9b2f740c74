#include "experiments/training/layer_stats.h"

#include <algorithm>
#include <cmath>

namespace ablate {

using torch::Tensor;

LayerStats::LayerStats(const std::vector<Network>& networks) : networks_(networks), norms_(norm_modules(networks)) {}

void LayerStats::begin_step() {
  for (const NormModule& norm : norms_) norm.module->record_calls(true);
}

void LayerStats::end_step() {
  if (norms_.empty()) return;
  const torch::NoGradGuard no_grad;
  std::vector<Place> places;
  std::vector<Tensor> means, variances;
  for (std::size_t n = 0; n < norms_.size(); ++n) {
    TrackingNorm& norm = *norms_[n].module;
    for (std::size_t call = 0; call < norm.calls().size(); ++call) {
      places.push_back({n, call, norm.channels()});
      means.push_back(norm.calls()[call].mean);
      variances.push_back(norm.calls()[call].invstd);
    }
  }
  // All at once, as one long vector: a few kernels a step, however many layers there are.
  if (!places.empty()) {
    const Tensor mean = torch::cat(means);
    const Tensor variance = torch::cat(variances).pow_(-2).sub_(norms_.front().module->eps());
    if (places != places_) {  // The first step, or a task that took another path through its networks: begin again.
      places_ = std::move(places);
      mean_sum_ = torch::zeros_like(mean);
      variance_sum_ = torch::zeros_like(variance);
      steps_ = 0;
    }
    mean_sum_.add_(mean);
    variance_sum_.add_(variance);
    ++steps_;
  }
  for (const NormModule& norm : norms_) norm.module->record_calls(false);
}

std::vector<LayerStats::Layer> LayerStats::take() {
  if (steps_ == 0) return {};
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> running_means, running_variances;
  for (const Place& place : places_) {
    running_means.push_back(norms_[place.norm].module->running_mean);
    running_variances.push_back(norms_[place.norm].module->running_var);
  }
  const auto steps = static_cast<double>(steps_);
  const Tensor all =
      torch::stack({torch::cat(running_means), torch::cat(running_variances), mean_sum_ / steps, variance_sum_ / steps})
          .cpu();
  mean_sum_.zero_();
  variance_sum_.zero_();
  steps_ = 0;

  std::vector<Layer> layers;
  std::int64_t offset = 0;
  const auto row = [&](std::int64_t index, std::int64_t channels) {
    const float* begin = all.const_data_ptr<float>() + index * all.size(1) + offset;
    return std::vector<float>(begin, begin + channels);
  };
  for (const Place& place : places_) {
    const NormModule& norm = norms_[place.norm];
    Layer layer{qualified(networks_, norm.network, norm.place(place.call)), row(0, place.channels),
                row(1, place.channels), row(2, place.channels), row(3, place.channels)};
    for (std::size_t c = 0; c < layer.batch_mean.size(); ++c) {
      const double sigma = std::sqrt(std::max(0.0, static_cast<double>(layer.batch_var[c])) + norm.module->eps());
      layer.gap += std::abs(layer.running_mean[c] - layer.batch_mean[c]) / sigma;
    }
    layer.gap /= static_cast<double>(place.channels);
    offset += place.channels;
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace ablate
