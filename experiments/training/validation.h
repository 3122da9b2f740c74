#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/task.h"

namespace ablate {

/// Which statistics norms normalise with while something is measured: their running buffers (PyTorch's eval()), or the
/// batch's (train()).
enum class Mode { eval, train };

/// Puts networks into a mode for measuring, gradients off: no buffer and no counter moves, in train mode either.
/// Everything is as before once it goes out of scope.
class Measuring {
 public:
  Measuring(const std::vector<Network>& networks, Mode mode);
  ~Measuring();
  Measuring(const Measuring&) = delete;
  Measuring& operator=(const Measuring&) = delete;

  /// What follows is a pass of its own (TrackingNorm::begin_pass).
  void begin_pass();

 private:
  torch::InferenceMode no_gradients_;
  std::vector<std::pair<torch::nn::Module*, bool>> were_training_;
  std::vector<NormModule> norms_;
};

/// Means over a set: metrics over its samples (one NaN makes a NaN), losses over its batches by their size, since a
/// loss is a batch's; "" is their weighted sum. Metrics as their names say ("iou" in [0, 1]), losses from 0 up; NaN for
/// an empty set.
struct Measured {
  std::map<std::string, double> metrics;
  std::map<std::string, double> losses;
};

/// One pass over the batches; networks and random state are left as they were. Waits for the device once, at the end.
/// In the precision of the Autocast that the caller has. Throws Error where a norm can't normalise (batch norm in train
/// mode with one value a channel).
Measured measure(Task& task, FixedBatches& batches, Mode mode);

}  // namespace ablate
