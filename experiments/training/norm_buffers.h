#pragma once

#include <map>
#include <utility>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/validation.h"

namespace ablate {

/// Running statistics estimated anew for every place of use of every norm that has some ("precise BN": reset, plain
/// mean over the batches of batch mean and unbiased batch variance). Networks are left as they were.
/// Throws what forward passes do.
class PreciseStatistics {
 public:
  /// One pass in train mode over at most `max_batches` whole batches (an incomplete one where it is the only one);
  /// batch statistics don't depend on the buffers, so this one pass serves re-estimated shared buffers and buffers of
  /// each place's own.
  PreciseStatistics(Task& task, FixedBatches& batches, std::size_t max_batches);

  struct Module {
    NormModule norm;
    std::vector<TrackingNorm::Buffers> places;  ///< one a call in a pass: mean and unbiased variance, {C} each
    /// The mean of them: what re-estimating the module's one pair of buffers gives.
    TrackingNorm::Buffers shared() const;
  };
  const std::vector<Module>& modules() const { return modules_; }
  bool empty() const { return modules_.empty(); }
  /// That were looked at.
  std::size_t batches() const { return batches_; }

 private:
  std::size_t batches_ = 0;
  std::vector<Module> modules_;
};

/// While alive, eval mode uses other statistics than the modules' own buffers, which are not touched.
class OtherBuffers {
 public:
  OtherBuffers() = default;
  ~OtherBuffers();
  OtherBuffers(const OtherBuffers&) = delete;
  OtherBuffers& operator=(const OtherBuffers&) = delete;

  /// Each place its own.
  void own(const PreciseStatistics::Module& module);
  /// All places of the module the mean of theirs.
  void shared(const PreciseStatistics::Module& module);
  /// One place of the module those of the batch.
  void batch(const PreciseStatistics::Module& module, std::size_t place);

 private:
  std::vector<TrackingNorm*> changed_;
};

/// While alive, the norms' own buffers may be moved on with the weights standing still. Afterwards they are as before.
class StillMoved {
 public:
  explicit StillMoved(Task& task);
  ~StillMoved();
  /// By passes in train mode over `batches` more batches of the data, over and over. Throws what forward passes do.
  void move(FixedBatches& data, std::size_t batches);
  StillMoved(const StillMoved&) = delete;
  StillMoved& operator=(const StillMoved&) = delete;

 private:
  Task& task_;
  std::size_t moved_ = 0;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> before_;  ///< buffers, and copies of them
};

}  // namespace ablate
