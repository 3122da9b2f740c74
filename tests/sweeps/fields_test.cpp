#include "sweeps/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/error.h"

namespace ablate {
namespace {

using nlohmann::ordered_json;
using testing::ThrowsMessage;

TEST(Fields, NullIsAsGoodAsMissing) {
  Fields fields({{"seed", nullptr}, {"log", nullptr}, {"low", nullptr}, {"name", nullptr}}, "it");
  EXPECT_EQ(fields.whole("seed", 0), std::nullopt);
  EXPECT_EQ(fields.flag("log"), std::nullopt);
  EXPECT_EQ(fields.number("low"), std::nullopt);
  EXPECT_EQ(fields.above_zero("hours"), std::nullopt);
  EXPECT_EQ(fields.text("name"), std::nullopt);
  EXPECT_EQ(fields.word("take", {"last", "best"}), std::nullopt);
  fields.refuse_others();
}

TEST(Fields, SaysWhoseFieldIsWrongAndWhatItTakes) {
  Fields fields({{"a", 3}, {"b", "x"}}, "lr.json: budget");
  EXPECT_THAT([&] { fields.whole("a", 4, 9); },
              ThrowsMessage<Error>("lr.json: budget: \"a\" is a whole number from 4 to 9, not 3."));
  EXPECT_THAT([&] { fields.whole("b", 4); },
              ThrowsMessage<Error>("lr.json: budget: \"b\" is a whole number from 4 on, not \"x\"."));
  EXPECT_THAT([&] { fields.number("b"); }, ThrowsMessage<Error>("lr.json: budget: \"b\" is a number, not \"x\"."));
  EXPECT_THAT([&] { fields.text("a"); }, ThrowsMessage<Error>("lr.json: budget: \"a\" is a text, not 3."));
  EXPECT_THAT(
      [&] {
        fields.word("a", {"last", "best"});
      },
      ThrowsMessage<Error>("lr.json: budget: \"a\" is one of \"last\", \"best\", not 3."));
  EXPECT_THAT([&] { Fields(ordered_json::array(), "lr.json: budget"); },
              ThrowsMessage<Error>("lr.json: budget has to be an object, as in {\"key\": …}, and is []."));
}

TEST(Fields, RefusesWhatNobodyAskedFor) {
  Fields fields({{"trails", 3}}, "lr.json: budget");
  fields.whole("hours", 1);
  EXPECT_THAT([&] { fields.refuse_others(); },
              ThrowsMessage<Error>("lr.json: budget knows no \"trails\". It takes hours."));
  fields.whole("trials", 1);
  EXPECT_THAT([&] { fields.refuse_others(); },
              ThrowsMessage<Error>("lr.json: budget knows no \"trails\". Did you mean \"trials\"?"));
}

}  // namespace
}  // namespace ablate
