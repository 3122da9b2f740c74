#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "experiments/training/task.h"

namespace ablate {

/// The logit of the foreground's probability, {B, 1, H, W}: of one channel itself, of two (softmax) their difference.
torch::Tensor foreground_logit(const torch::Tensor& logits);

/// A loss of a segmentation: logits {B, 1 or 2, H, W} and targets y {B, 1, H, W} in [0, 1] to a scalar ≥ 0. With p the
/// probability of the foreground:
/// - bce: −mean(y ln p + (1 − y) ln(1 − p)), from the logit
/// - ce: cross entropy of the two channels, the target's class y > .5
/// - ce_on_softmax: the same of what softmax was applied to already, in [.3133, 1.3133] (a mistake, kept)
/// - iou: −ln of the mean over the batch of the soft Jaccard index Σpy / Σ(p + y − py), 1 for an empty union
/// - dice: 1 − (2Σpy + ε)/(Σp + Σy + ε) over the whole batch, ε = 1e-6 (milesial's Pytorch-UNet); dice_per_image: each
///   image's, averaged
/// - mse, l1: mean (p − y)², mean |p − y|
/// - laplacian, sobel: edges.h
///
/// bce, ce, mse and l1 are PyTorch's of those names. Any thread.
using SegmentationLoss = torch::Tensor (*)(const torch::Tensor& logits, const torch::Tensor& target);

/// Those whose weight loss.<name> is not 0, with their weights.
class WeightedLosses {
 public:
  /// Throws Error when all weights are 0.
  explicit WeightedLosses(const RunConfig& config);
  std::vector<LossTerm> operator()(const torch::Tensor& logits, const torch::Tensor& target) const;

 private:
  struct Weighted {
    std::string name;
    SegmentationLoss loss;
    double weight;
  };
  std::vector<Weighted> terms_;
};

/// The losses that have a weight loss.<name>.
std::vector<std::string> loss_names();

/// One by name, for tests and tools. Throws Error for an unknown one.
SegmentationLoss find_loss(const std::string& name);

}  // namespace ablate
