#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <vector>

#include "experiments/training/checkpoint.h"

namespace ablate {

/// The checkpoints of a run while it trains. They are written beside the training, by a thread of its own; all
/// functions are for the thread that trains. What went wrong with writing one is thrown by the call that comes next.
class CheckpointKeeper {
 public:
  /// `flush` writes out what has been logged; called by the thread that writes, before a checkpoint is complete: so
  /// after a resume nothing from before it is missing. `newest`: the step of the one there is, -1 where there is none.
  CheckpointKeeper(std::filesystem::path run, std::int64_t keep, Step newest, std::function<void()> flush);

  /// The step of the newest, be it still on its way to the disk; -1 before the first.
  Step newest() const { return newest_; }
  /// Copies what it holds and begins to write it, once the one before is written. Older ones make room for it.
  void write(const TrainerState& state, const Trained& trained);
  /// Waits until it is written.
  void finish();

  /// Removes those newer than the newest that is `good` once its weights are read into `networks`; returns their
  /// folders. Where none is good, nothing is removed. Damaged ones stay as they are.
  std::vector<std::filesystem::path> remove_after_the_last_good(const std::vector<Network>& networks,
                                                                const std::function<bool()>& good);

 private:
  std::filesystem::path run_;
  std::int64_t keep_;
  Step newest_;
  std::function<void()> flush_;
  std::future<void> writing_;  // Last: it uses the members above, and waits when it is destroyed.
};

}  // namespace ablate
