#include "experiments/training/losses/losses.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "experiments/training/losses/edges.h"
#include "runs/error.h"

namespace ablate {
namespace {

using torch::Tensor;

Tensor bce(const Tensor& logits, const Tensor& target) {
  return torch::binary_cross_entropy_with_logits(foreground_logit(logits), target);
}

/// One channel as two: what a sigmoid head means as two classes are the logits (0, z).
Tensor two(const Tensor& logits) {
  return logits.size(1) == 2 ? logits : torch::cat({torch::zeros_like(logits), logits}, 1);
}

Tensor ce(const Tensor& logits, const Tensor& target) {
  return torch::cross_entropy_loss(two(logits), target.squeeze(1).gt(0.5).to(torch::kLong));
}

/// Cross entropy of probabilities taken for logits: between ln(1 + 1/e) = .3133 and ln(1 + e) = 1.3133.
Tensor ce_on_softmax(const Tensor& logits, const Tensor& target) { return ce(torch::softmax(two(logits), 1), target); }

Tensor probability(const Tensor& logits) { return torch::sigmoid(foreground_logit(logits)); }

Tensor mse(const Tensor& logits, const Tensor& target) { return torch::mse_loss(probability(logits), target); }

Tensor l1(const Tensor& logits, const Tensor& target) { return torch::l1_loss(probability(logits), target); }

/// 1 − (2Σpy + ε)/(Σp + Σy + ε), the sums over `dims`.
Tensor one_minus_dice(const Tensor& logits, const Tensor& target, at::IntArrayRef dims) {
  constexpr double kEpsilon = 1e-6;
  const Tensor p = probability(logits);
  return (1 - (2 * (p * target).sum(dims) + kEpsilon) / (p.sum(dims) + target.sum(dims) + kEpsilon)).mean();
}

Tensor dice(const Tensor& logits, const Tensor& target) { return one_minus_dice(logits, target, {0, 1, 2, 3}); }

Tensor dice_per_image(const Tensor& logits, const Tensor& target) { return one_minus_dice(logits, target, {1, 2, 3}); }

Tensor laplacian(const Tensor& logits, const Tensor& target) { return laplacian_loss(probability(logits), target); }

Tensor sobel(const Tensor& logits, const Tensor& target) { return sobel_loss(probability(logits), target); }

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

constexpr std::array kLosses{LossKind{"bce", bce},
                             LossKind{"iou", iou},
                             LossKind{"ce", ce},
                             LossKind{"dice", dice},
                             LossKind{"dice_per_image", dice_per_image},
                             LossKind{"mse", mse},
                             LossKind{"l1", l1},
                             LossKind{"laplacian", laplacian},
                             LossKind{"sobel", sobel},
                             LossKind{"ce_on_softmax", ce_on_softmax}};

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
