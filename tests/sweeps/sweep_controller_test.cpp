#include "sweeps/sweep_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/sweep_folder.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SweepControllerTest : public testing::Test {
 protected:
  SweepControllerTest() : root_(fs::path(testing::TempDir()) / ("ablate-controller-" + std::to_string(::getpid()))) {
    Sweep sweep = Sweep::from_json(nlohmann::ordered_json::parse(R"({"name": "lr", "retries": 0,
        "space": {"optimizer.lr": {"type": "float", "low": 1e-4, "high": 1e-2}}, "budget": {"trials": 3}})"),
                                   "here");
    folder_ = create_sweep(root_, sweep);
  }
  ~SweepControllerTest() override { fs::remove_all(root_); }

  fs::path root_, folder_;
};

/// Takes so many runs, which fail at once, and refuses what comes after.
class WearyLauncher : public Launcher {
 public:
  explicit WearyLauncher(int takes) : takes_(takes) {}
  void submit(const std::vector<fs::path>& runs) override {
    for (const fs::path& run : runs) {
      if (--takes_ < 0) {
        ++refusals;
        throw Error("No more today.");
      }
      RunStatus failed;
      failed.state = RunState::failed;
      write_status(run, failed);
    }
  }
  void stop(const fs::path&) override {}
  void refresh(const std::vector<fs::path>&) override {}
  int refusals = 0;

 private:
  int takes_;
};

TEST_F(SweepControllerTest, WhereALauncherHasNeverTakenARunItGivesUp) {
  WearyLauncher launcher(0);
  EXPECT_EQ(lead_sweep(folder_, launcher, {2, {}, [](const std::string&) {}}), SweepEnd::given_up);
  EXPECT_THAT(sweep_state(folder_).problem, HasSubstr("No more today. No trial could be begun."));
  EXPECT_EQ(sweep_state(folder_).now, SweepState::Now::idle);
}

TEST_F(SweepControllerTest, OneThatHasTakenSomeMayTakeMoreLater) {
  WearyLauncher launcher(1);
  const auto seen_enough = [&] { return launcher.refusals > 6; };
  EXPECT_EQ(lead_sweep(folder_, launcher, {1, seen_enough, [](const std::string&) {}}), SweepEnd::left);
  EXPECT_EQ(sweep_state(folder_).problem, "No more today.");
}

}  // namespace
}  // namespace ablate
