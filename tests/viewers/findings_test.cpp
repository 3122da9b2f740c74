#include <gtest/gtest.h>

#include "viewers/findings_panel.h"

namespace ablate {
namespace {

RunView shared_run() {
  RunConfig config;
  config.set("model.norm_sharing", "block");
  config.set("train.steps", 40);
  RunView view;
  view.info.name = "batch-shared";
  view.info.experiment = "demo";
  view.config = std::make_shared<const RunConfig>(config);
  return view;
}

TEST(Findings, TheCureIsTheSameRunWithOneChange) {
  const RunView view = shared_run();
  for (const char* cure : {"norm_sharing = none", "model.norm_sharing=none"}) {
    const auto experiment = cured_experiment(view, cure);
    ASSERT_TRUE(experiment) << cure;
    const auto variants = experiment->expand();
    ASSERT_EQ(variants.size(), 1u);
    EXPECT_EQ(variants[0].name, "batch-shared-cured");
    EXPECT_EQ(variants[0].config.text("model.norm_sharing"), "none");
    EXPECT_EQ(differing_keys({variants[0].config, *view.config}), (std::vector<std::string>{"model.norm_sharing"}));
  }
}

TEST(Findings, ACureInWordsIsNotLaunched) {
  EXPECT_FALSE(cured_experiment(shared_run(), "collect more pictures"));
  EXPECT_FALSE(cured_experiment(shared_run(), "no_such_option = 1"));
  EXPECT_FALSE(cured_experiment(shared_run(), "norm_sharing = nonsense"));
  EXPECT_FALSE(cured_experiment(RunView{}, "norm_sharing = none"));
}

}  // namespace
}  // namespace ablate
