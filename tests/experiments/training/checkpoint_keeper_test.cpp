// Which checkpoints stay, and when they are whole.
#include "experiments/training/checkpoint_keeper.h"

#include <gmock/gmock.h>

#include <fstream>

#include "fixtures.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class CheckpointKeeperTest : public testing::Test {
 protected:
  void write_up_to(Step last, std::int64_t keep) {
    CheckpointKeeper keeper(root_.path(), keep, -1, [] {});
    for (TrainerState state; state.step < last;) {
      ++state.step;
      const torch::NoGradGuard no_grad;
      layer_->weight.fill_(static_cast<double>(state.step));
      keeper.write(state, {networks_, {}, {}});
      EXPECT_EQ(keeper.newest(), state.step);
    }
  }

  /// Good are weights up to `last_good`. Returns the names of the folders that were removed.
  std::vector<std::string> removed_after(Step last_good) {
    CheckpointKeeper keeper(root_.path(), 9, 5, [] {});
    std::vector<std::string> names;
    for (const fs::path& each : keeper.remove_after_the_last_good(
             networks_, [&] { return layer_->weight.max().item<double>() <= static_cast<double>(last_good); }))
      names.push_back(each.filename().string());
    return names;
  }

  std::vector<Step> steps() const {
    std::vector<Step> found;
    for (const auto& [step, _] : checkpoints_of(root_.path())) found.push_back(step);
    return found;
  }

  TemporaryFolder root_;
  torch::nn::Linear layer_{2, 2};
  std::vector<Network> networks_{{"model", layer_.ptr()}};
};

TEST_F(CheckpointKeeperTest, TheNewestStayAndAreWholeWhenItIsGone) {
  write_up_to(5, 2);
  EXPECT_THAT(steps(), ElementsAre(4, 5));
  EXPECT_THAT(removed_after(5), IsEmpty());
  EXPECT_EQ(layer_->weight.max().item<double>(), 5);
}

TEST_F(CheckpointKeeperTest, BadOnesGoThatAreNewerThanTheLastGood) {
  write_up_to(5, 9);
  EXPECT_THAT(removed_after(3), ElementsAre("step-00000005", "step-00000004"));
  EXPECT_THAT(steps(), ElementsAre(1, 2, 3));
}

TEST_F(CheckpointKeeperTest, WhereNoneIsGoodAllStay) {
  write_up_to(3, 9);
  EXPECT_THAT(removed_after(0), IsEmpty());
  EXPECT_THAT(steps(), ElementsAre(1, 2, 3));
}

TEST_F(CheckpointKeeperTest, ADamagedOneStaysAndHidesNoGoodOne) {
  write_up_to(5, 9);
  fs::resize_file(root_.path() / "checkpoints/step-00000004/model.safetensors", 20);
  EXPECT_THAT(removed_after(3), ElementsAre("step-00000005"));
  EXPECT_THAT(steps(), ElementsAre(1, 2, 3, 4));
}

TEST_F(CheckpointKeeperTest, WhatHasBeenLoggedIsWrittenBeforeACheckpointIsComplete) {
  std::vector<std::size_t> complete;
  CheckpointKeeper keeper(root_.path(), 9, -1, [&] { complete.push_back(checkpoints_of(root_.path()).size()); });
  keeper.write(TrainerState{.step = 1}, {networks_, {}, {}});
  keeper.write(TrainerState{.step = 2}, {networks_, {}, {}});
  keeper.finish();
  EXPECT_THAT(complete, ElementsAre(0, 1));
}

TEST_F(CheckpointKeeperTest, ThatOneCouldNotBeWrittenIsToldByTheNextCall) {
  std::ofstream(root_.path() / "checkpoints") << "in the way";
  CheckpointKeeper keeper(root_.path(), 2, -1, [] {});
  keeper.write(TrainerState{.step = 1}, {networks_, {}, {}});
  EXPECT_THROW(keeper.finish(), Error);
}

}  // namespace
}  // namespace ablate
