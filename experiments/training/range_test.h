#pragma once

#include <cstdint>
#include <functional>

#include "experiments/range_test.h"
#include "experiments/training/batches.h"
#include "experiments/training/task.h"

namespace ablate {

/// What a range test has found; hashes of all weights, buffers and generators before it and after.
struct RangeTestResult {
  RangeCurve curve;
  bool interrupted = false;
  std::uint64_t hash_before = 0, hash_after = 0;
};

/// Trains `task` for up to test.steps steps of train.accumulate batches each, the learning rate being test.lr(k), as
/// the configuration's run would begin but for that: with an optimiser of its own, and no schedule. Ends early where
/// the curve is over, or `point` returns false, which is called after every step. Weights, buffers and random
/// generators are afterwards what they were, bit for bit, also where it throws.
RangeTestResult run_range_test(const RangeTest& test, const RunConfig& config, Task& task, TrainingBatches& batches,
                               torch::Device device, const std::function<bool(const RangeCurve&)>& point);

}  // namespace ablate
