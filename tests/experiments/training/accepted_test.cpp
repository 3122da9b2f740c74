#include "experiments/training/accepted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/catalogue.h"

namespace ablate {
namespace {

TEST(Accepted, TheCatalogueOffersExactlyWhatTheWorkerAccepts) {
  for (const auto& [key, choices] : accepted_choices()) {
    if (key == "loss") continue;
    const Option* option = find_option(key);
    ASSERT_NE(option, nullptr) << key;
    EXPECT_THAT(option->choices, testing::UnorderedElementsAreArray(choices)) << key;
  }
}

TEST(Accepted, EveryLossHasAWeightAndEveryWeightALoss) {
  std::vector<std::string> weights;
  for (const Option& option : catalogue()) {
    if (option.key.starts_with("loss.")) weights.push_back(option.key.substr(5));
  }
  EXPECT_THAT(accepted_choices().at("loss"), testing::UnorderedElementsAreArray(weights));
}

}  // namespace
}  // namespace ablate
