#include "experiments/training/losses/losses.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

Tensor bce(const Tensor& logits, const Tensor& target) {
  return torch::binary_cross_entropy_with_logits(foreground_logit(logits), target);
}

/// With one channel, cross entropy against the logits (0, z): what a sigmoid head means as two classes.
Tensor ce(const Tensor& logits, const Tensor& target) {
  const Tensor both = logits.size(1) == 2 ? logits : torch::cat({torch::zeros_like(logits), logits}, 1);
  return torch::cross_entropy_loss(both, target.squeeze(1).gt(0.5).to(torch::kLong));
}

Tensor iou(const Tensor& logits, const Tensor& target) {
  const Tensor p = torch::sigmoid(foreground_logit(logits)).flatten(1);
  const Tensor y = target.flatten(1);
  const Tensor both = (p * y).sum(1);
  const Tensor either = p.sum(1) + y.sum(1) - both;
  const Tensor empty = either.eq(0);
  const Tensor share = torch::where(empty, torch::ones_like(both), both / either.masked_fill(empty, 1));
  return -share.mean().log();
}

struct LossKind {
  const char* name;
  SegmentationLoss loss;
};

constexpr std::array kLosses{LossKind{"bce", bce}, LossKind{"iou", iou}, LossKind{"ce", ce}};

}  // namespace

Tensor foreground_logit(const Tensor& logits) {
  if (logits.size(1) == 1) return logits;
  TORCH_CHECK(logits.size(1) == 2, "a segmentation has 1 or 2 channels of logits, not ", logits.size(1));
  return logits.narrow(1, 1, 1) - logits.narrow(1, 0, 1);
}

WeightedLosses::WeightedLosses(const RunConfig& config) {
  for (const LossKind& entry : kLosses) {
    const double weight = config.real(fmt::format("loss.{}", entry.name));
    if (weight != 0) terms_.push_back({entry.name, entry.loss, weight});
  }
  if (terms_.empty()) {
    throw Error(
        fmt::format("All loss weights are 0: give one of loss.{} a weight.", fmt::join(loss_names(), ", loss.")));
  }
}

std::vector<LossTerm> WeightedLosses::operator()(const Tensor& logits, const Tensor& target) const {
  std::vector<LossTerm> terms;
  for (const Weighted& term : terms_) terms.push_back({term.name, term.loss(logits, target), term.weight});
  return terms;
}

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const LossKind& entry : kLosses) names.emplace_back(entry.name);
  return names;
}

SegmentationLoss find_loss(const std::string& name) {
  for (const LossKind& entry : kLosses) {
    if (name == entry.name) return entry.loss;
  }
  throw Error(fmt::format("Unknown loss \"{}\"; known are {}.", name, fmt::join(loss_names(), ", ")));
}

}  // namespace ablate
