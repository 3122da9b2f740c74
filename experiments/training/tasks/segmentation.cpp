#include "experiments/training/tasks/segmentation.h"

#include <fmt/format.h>

#include "experiments/training/losses/losses.h"
#include "experiments/training/metrics/iou.h"
#include "experiments/training/metrics/plane_metrics.h"
#include "experiments/training/models/registry.h"
#include "experiments/training/networks.h"
#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

/// Losses and metrics are counted in full precision, whatever the network's outputs were made in.
Tensor in_full(const Tensor& x) { return x.scalar_type() == torch::kDouble ? x : x.to(torch::kFloat); }

class Segmentation : public Task {
 public:
  explicit Segmentation(const RunConfig& config)
      : two_channels_(config.text("model.head") == "softmax"),
        model_(make_model(config, two_channels_ ? 2 : 1)),
        losses_(config),
        channels_last_(config.boolean("train.channels_last")) {
    for (const std::string& name : config.at("validation.metrics").get<std::vector<std::string>>())
      if (name != primary_metric()) more_metrics_.push_back(&metric_named(name));
    if (channels_last_) use_channels_last(*model_);
  }

  std::vector<Network> networks() override { return {{"model", model_}}; }
  std::vector<OptimizerSpec> optimizers() override { return {{"model", model_->parameters()}}; }

  SampleMetrics step(const Batch& batch, Updater& updater) override {
    const Tensor logits = in_full(model_->forward(input(batch)));
    updater.update("model", losses_(logits, batch.at("mask")));
    return metrics(logits.detach(), batch.at("mask"));
  }

  Evaluation evaluate(const Batch& batch) override {
    const Tensor logits = in_full(model_->forward(input(batch)));
    const Tensor& target = batch.at("mask");
    SampleMetrics all = plane_metrics(more_metrics_, torch::sigmoid(foreground_logit(logits)), target);
    all.merge(metrics(logits, target));
    return {losses_(logits, target), std::move(all)};
  }

  void forward(const Batch& batch) override { model_->forward(input(batch)); }

  std::optional<Extremes> extremes(const Batch& batch) override {
    constexpr double kSure = 200;  // Of which sigmoid makes exactly 0 and 1.
    const Tensor target = (batch.at("mask") > 0.5).to(torch::kFloat);
    const Tensor person = kSure * (2 * target - 1);
    const Tensor perfect = two_channels_ ? torch::cat({-person, person}, 1) : person;
    return Extremes{losses_(perfect, target), losses_(torch::zeros_like(perfect), target)};
  }

  std::vector<std::vector<Preview>> previews(const Batch& batch) override {
    const Tensor images = batch.at("image").cpu();
    const Tensor predictions = torch::sigmoid(foreground_logit(in_full(model_->forward(input(batch))))).cpu();
    const Tensor targets = batch.tensors.contains("mask") ? batch.at("mask").cpu() : Tensor();
    std::vector<std::vector<Preview>> all;
    for (std::int64_t b = 0; b < images.size(0); ++b) {
      std::vector<Preview> one{{"input", images[b], true}};
      if (targets.defined()) one.push_back({"target", targets[b], true});
      one.push_back({"prediction", predictions[b], false});
      all.push_back(std::move(one));
    }
    return all;
  }

  std::string primary_metric() const override { return "iou"; }

 private:
  static SampleMetrics metrics(const Tensor& logits, const Tensor& target) {
    return {{"iou", iou_per_sample(foreground_logit(logits), target)}};
  }

  /// Batches come channels-last.
  Tensor input(const Batch& batch) const { return channels_last_ ? batch.at("image") : batch.at("image").contiguous(); }

  bool two_channels_;
  LayerPtr model_;
  WeightedLosses losses_;
  std::vector<const Metric*> more_metrics_;  ///< of validation.metrics
  bool channels_last_;
};

}  // namespace

std::unique_ptr<Task> make_segmentation(const RunConfig& config) { return std::make_unique<Segmentation>(config); }

}  // namespace ablate
