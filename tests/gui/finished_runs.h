#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "driver.h"

namespace ablate {

/// Brighter with every step, so that the pixels tell which is seen.
inline int predicted_at(int step) { return 60 + step; }

/// A window on two finished runs, one of which has a finding; no workers.
class FinishedRunsTest : public testing::Test {
 protected:
  FinishedRunsTest();
  std::filesystem::path root() const { return folder_.path() / "runs"; }
  Workspace& workspace() { return driver_->contents().workspace(); }

  TemporaryFolder folder_{"panels"};
  std::unique_ptr<Driver> driver_;
};

}  // namespace ablate
