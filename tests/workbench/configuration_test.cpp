#include "workbench/cli/configuration.h"

#include <gmock/gmock.h>

#include "workbench/cli/command.h"

namespace ablate {
namespace {

using testing::HasSubstr;

std::string usage_error_of(const std::vector<std::string>& assignments) {
  try {
    config_of(assignments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

TEST(Configuration, AssignmentsAreLaidOverTheDefaults) {
  const RunConfig config = config_of({"model.norm=instance", "data.size=[64,48]", "train.steps=3ep"});
  EXPECT_EQ(config.text("model.norm"), "instance");
  EXPECT_EQ(config.at("data.size"), nlohmann::json({64, 48}));
  EXPECT_EQ(config.text("model.activation"), RunConfig().text("model.activation"));
}

TEST(Configuration, TheLastOfTwoAssignmentsWins) {
  EXPECT_EQ(config_of({"train.steps=10", "train.steps=20"}).integer("train.steps"), 20);
}

TEST(Configuration, WhatIsWrongIsWrongUsage) {
  EXPECT_THAT(usage_error_of({"modl.norm=batch"}), HasSubstr("model.norm"));
  EXPECT_THAT(usage_error_of({"model.norm=bach"}), HasSubstr("Did you mean batch?"));
  EXPECT_THAT(usage_error_of({"optimizer.lr=-1"}), HasSubstr("optimizer.lr"));
  EXPECT_THAT(usage_error_of({"model.norm"}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(usage_error_of({"model.norm=group", "model.norm_groups=7"}), HasSubstr("model.norm_groups"));
}

TEST(Configuration, AnAssignmentWithoutEffectIsNoted) {
  testing::internal::CaptureStderr();
  config_of({"data.path=portraits"});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("data.path does nothing while data.dataset is synthetic"));
  testing::internal::CaptureStderr();
  config_of({"model.norm=group", "model.norm_groups=4"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Configuration, OnlyWhatWasAssignedIsInTheBase) {
  EXPECT_EQ(base_of({"model.channels=8"}), nlohmann::json({{"model.channels", 8}}));
}

}  // namespace
}  // namespace ablate
