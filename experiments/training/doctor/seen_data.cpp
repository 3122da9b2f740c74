#include "experiments/training/doctor/seen_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/training/validation.h"

namespace ablate {

using torch::Tensor;
namespace F = torch::nn::functional;

namespace {

/// Of each set, so many samples are looked at.
constexpr std::size_t kMostSamples = 300;
/// They are looked at no larger than this, in pixels.
constexpr std::int64_t kLongestSide = 160;
/// In the primary metric: what modes differ by.
constexpr double kModesDiffer = 0.1;

/// {C, H, W}, no side longer than kLongestSide.
Tensor small(const Tensor& plane) {
  const double part = static_cast<double>(kLongestSide) / static_cast<double>(std::max(plane.size(1), plane.size(2)));
  if (part >= 1) return plane;
  const std::vector<std::int64_t> size{
      std::max<std::int64_t>(1, std::lround(part * static_cast<double>(plane.size(1)))),
      std::max<std::int64_t>(1, std::lround(part * static_cast<double>(plane.size(2))))};
  return F::interpolate(plane.unsqueeze(0), F::InterpolateFuncOptions().size(size).mode(torch::kArea)).squeeze(0);
}

}  // namespace

double mean_of(const Tensor& values) { return values.numel() == 0 ? NAN : values.mean().item<double>(); }

double certainty(const Tensor& values) {
  if (values.numel() < 2) return 0;
  const double error = values.std().item<double>() / std::sqrt(static_cast<double>(values.numel()));
  return error > 0 ? mean_of(values) / error : 0;
}

SeenData::SeenData(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis)
    : patient_(patient),
      tell_(tell),
      diagnosis_(diagnosis),
      metric_(patient.task),
      training_samples_(fixed(patient.data.source.training)),
      held_out_samples_(fixed(patient.data.source.held_out)) {
  tell_("what is predicted of every sample");
  FixedBatches some = training_samples_.first(std::max<std::size_t>(1, 64 / training_samples_.batch_size()));
  const double eval = metric_.of(some, Mode::eval), train = metric_.of(some, Mode::train);
  mode_ = metric_.better(train, eval) > kModesDiffer ? Mode::train : Mode::eval;
  training_ = see("training", training_samples_);
  held_out_ = see("held-out", held_out_samples_);
  if (training_.size() < 2 || held_out_.size() < 2) return;
  apart_ = distances(colours(training_), colours(held_out_)).max().item<double>();
  const Tensor by_looks = distances(looks(training_), looks(held_out_));
  const auto which = by_looks.argmax().item<std::int64_t>();
  difference_ = fmt::format("their colours differ by {:.1f} standard deviations", apart_);
  if (const double by_look = by_looks[which].item<double>(); by_look > apart_) {
    apart_ = by_look;
    difference_ = fmt::format("they differ in {} by {:.1f} standard deviations", kLooks[which], by_look);
  }
}

FixedBatches SeenData::fixed(const std::vector<std::size_t>& indices) const {
  return FixedBatches(patient_.data.source.dataset, spread_over(indices, kMostSamples),
                      static_cast<std::size_t>(patient_.config.integer("train.batch_size")), patient_.device)
      .whole();
}

SeenSet SeenData::see(const std::string& word, FixedBatches& samples) {
  SeenSet set;
  set.word = word;
  std::vector<Tensor> inputs, targets, predictions;
  Measuring measuring(patient_.task.networks(), mode_);
  for (std::size_t i = 0; i < samples.count(); ++i) {
    const Batch batch = samples.at(i);
    measuring.begin_pass();
    set.names.insert(set.names.end(), batch.names.begin(), batch.names.end());
    for (const std::vector<Preview>& sample : patient_.task.previews(batch))
      for (const Preview& plane : sample) {
        if (plane.name == "input") inputs.push_back(small(plane.image));
        if (plane.name == "target") targets.push_back((small(plane.image) > 0.5).to(torch::kFloat));
        if (plane.name == "prediction") predictions.push_back((small(plane.image) > 0.5).to(torch::kFloat));
      }
  }
  if (inputs.empty() || targets.size() != inputs.size() || predictions.size() != inputs.size()) return set;
  set.inputs = torch::stack(inputs);
  set.targets = torch::stack(targets);
  set.predictions = torch::stack(predictions);
  set.overlaps = overlap(set.predictions, set.targets);
  return set;
}

bool SeenData::surely_unlike() const {
  return apart_ > std::max(kUnlike, kSure * std::sqrt(1.0 / static_cast<double>(training_.size()) +
                                                      1.0 / static_cast<double>(held_out_.size())));
}

Tensor SeenData::each_with_inputs(const std::function<Tensor(const Tensor&)>& change) {
  std::vector<Tensor> values;
  Measuring measuring(patient_.task.networks(), mode_);
  for (std::size_t i = 0; i < held_out_samples_.count(); ++i) {
    Batch batch = held_out_samples_.at(i);
    Tensor& image = batch.tensors.at("image");
    image = change(image).contiguous(image.suggest_memory_format());
    measuring.begin_pass();
    values.push_back(patient_.task.evaluate(batch).metrics.at(metric_.name()).to(torch::kCPU));
  }
  return torch::cat(values);
}
Finding& SeenData::found(const std::string& cause, double confidence, const std::string& sentence,
                         const std::string& cure) {
  Finding& finding = diagnosis_.findings.emplace_back();
  finding.cause = cause;
  finding.layer = "data";
  finding.confidence = std::clamp(confidence, 0.0, 0.99);
  finding.sentence = sentence;
  finding.cure = cure;
  if (!diagnosis_.tests.empty()) finding.evidence = {diagnosis_.tests.back()};
  return finding;
}

}  // namespace ablate
