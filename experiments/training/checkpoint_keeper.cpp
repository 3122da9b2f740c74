#include "experiments/training/checkpoint_keeper.h"

#include <ranges>
#include <utility>

#include "runs/error.h"

namespace ablate {

namespace fs = std::filesystem;

CheckpointKeeper::CheckpointKeeper(fs::path run, std::int64_t keep, Step newest, std::function<void()> flush)
    : run_(std::move(run)), keep_(keep), newest_(newest), flush_(std::move(flush)) {}

void CheckpointKeeper::write(const TrainerState& state, const Trained& trained) {
  finish();
  writing_ = std::async(std::launch::async, [this, snapshot = take_snapshot(state, trained), best = state.best_step] {
    flush_();
    write_checkpoint(run_, snapshot);
    prune_checkpoints(run_, keep_, best);
  });
  newest_ = state.step;
}

void CheckpointKeeper::finish() {
  if (writing_.valid()) writing_.get();
}

std::vector<fs::path> CheckpointKeeper::remove_after_the_last_good(const std::vector<Network>& networks,
                                                                   const std::function<bool()>& good) {
  finish();
  std::vector<fs::path> bad;
  for (const auto& [_, folder] : checkpoints_of(run_) | std::views::reverse) {
    try {
      read_networks(folder, networks);
    } catch (const Error&) {
      continue;
    }
    if (good()) {
      for (const fs::path& each : bad) fs::remove_all(each);
      return bad;
    }
    bad.push_back(folder);
  }
  return {};
}

}  // namespace ablate
