#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/task.h"

namespace ablate {

/// Which statistics norms normalise with while something is measured: their running buffers, or the batch's.
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

/// Means over a set: metrics over its samples (one NaN makes a NaN), losses over its batches by their size; "" is the
/// weighted sum of the losses.
struct Measured {
  std::map<std::string, double> metrics;
  std::map<std::string, double> losses;
};

/// Waits for the device once, at the end.
Measured measure(Task& task, FixedBatches& batches, Mode mode);

}  // namespace ablate
