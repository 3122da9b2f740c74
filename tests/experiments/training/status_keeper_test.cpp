#include "experiments/training/status_keeper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "fixtures.h"

namespace ablate {
namespace {

using Clock = std::chrono::steady_clock;

TEST(StatusKeeper, WritesAtOnceWhatItIsToldTo) {
  const TemporaryFolder folder;
  StatusKeeper keeper(folder.path());
  const auto begun = Clock::now();
  for (Step step = 1; step <= 10; ++step) {
    keeper.change([&](RunStatus& now) { now.step = step; });
    keeper.tell();
    while (read_status(folder.path())->step < step) std::this_thread::yield();
  }
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(5)) << "it writes by itself once a second";
}

}  // namespace
}  // namespace ablate
