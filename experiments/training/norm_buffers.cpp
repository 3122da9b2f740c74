#include "experiments/training/norm_buffers.h"

#include <algorithm>
#include <optional>

namespace ablate {

namespace {

/// While alive, norms keep what their calls normalise with.
class Recording {
 public:
  explicit Recording(const std::vector<PreciseStatistics::Module>& modules) : modules_(modules) { set(true); }
  ~Recording() { set(false); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  void set(bool on) {
    for (const PreciseStatistics::Module& each : modules_) each.norm.module->record_calls(on);
  }
  const std::vector<PreciseStatistics::Module>& modules_;
};

}  // namespace

PreciseStatistics::PreciseStatistics(Task& task, FixedBatches& batches, std::size_t max_batches) {
  const std::vector<Network> networks = task.networks();
  for (NormModule& norm : norm_modules(networks)) modules_.push_back({std::move(norm), {}});
  if (modules_.empty() || batches.count() == 0) return;
  // A last batch of a few samples would count as much as a whole one.
  const std::size_t whole = std::max<std::size_t>(1, batches.count() - (batches.incomplete() ? 1 : 0));
  const std::size_t used = batches_ = std::min(whole, max_batches);

  Measuring measuring(networks, Mode::train);
  std::optional<Recording> recording(modules_);
  for (std::size_t i = 0; i < used; ++i) {
    measuring.begin_pass();
    task.forward(batches.at(i));
    for (Module& each : modules_) {
      const auto& calls = each.norm.module->calls();
      if (each.places.size() < calls.size()) each.places.resize(calls.size());
      for (std::size_t k = 0; k < calls.size(); ++k) {
        const auto n = static_cast<double>(calls[k].count);
        const torch::Tensor variance = (calls[k].invstd.pow(-2) - each.norm.module->eps()) * (n / (n - 1));
        TrackingNorm::Buffers& place = each.places[k];
        const double share = 1.0 / static_cast<double>(used);
        place.mean = place.mean.defined() ? place.mean + calls[k].mean * share : calls[k].mean * share;
        place.variance = place.variance.defined() ? place.variance + variance * share : variance * share;
      }
    }
  }
  recording.reset();
  std::erase_if(modules_, [](const Module& each) { return each.places.empty(); });
}

TrackingNorm::Buffers PreciseStatistics::Module::shared() const {
  const c10::InferenceMode inference;
  std::vector<torch::Tensor> means, variances;
  for (const TrackingNorm::Buffers& place : places) {
    means.push_back(place.mean);
    variances.push_back(place.variance);
  }
  return {torch::stack(means).mean(0), torch::stack(variances).mean(0)};
}

OtherBuffers::~OtherBuffers() {
  for (TrackingNorm* norm : changed_) {
    norm->use_buffers_per_place({});
    norm->use_batch_at({});
  }
}

StillMoved::StillMoved(Task& task) : task_(task) {
  for (const NormModule& norm : norm_modules(task.networks()))
    for (const torch::Tensor& buffer : norm.module->buffers()) before_.emplace_back(buffer, buffer.clone());
}

void StillMoved::move(FixedBatches& data, std::size_t batches) {
  Measuring measuring(task_.networks(), Mode::train);
  const std::vector<NormModule> norms = norm_modules(task_.networks());
  for (const NormModule& norm : norms) norm.module->move_buffers(true);
  const std::size_t whole = std::max<std::size_t>(1, data.count() - (data.incomplete() ? 1 : 0));
  for (std::size_t i = 0; i < batches; ++i) {
    measuring.begin_pass();
    task_.forward(data.at(moved_++ % whole));
  }
}

StillMoved::~StillMoved() {
  const torch::NoGradGuard no_grad;
  for (auto& [buffer, copy] : before_) buffer.copy_(copy);
}

void OtherBuffers::own(const PreciseStatistics::Module& module) {
  module.norm.module->use_buffers_per_place(module.places);
  changed_.push_back(module.norm.module);
}

void OtherBuffers::batch(const PreciseStatistics::Module& module, std::size_t place) {
  module.norm.module->use_batch_at(place);
  changed_.push_back(module.norm.module);
}

void OtherBuffers::shared(const PreciseStatistics::Module& module) {
  module.norm.module->use_buffers_per_place(std::vector(module.places.size(), module.shared()));
  changed_.push_back(module.norm.module);
}

}  // namespace ablate
