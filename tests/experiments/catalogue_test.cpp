#include "experiments/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "runs/error.h"

namespace ablate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

nlohmann::json checked(const char* key, const nlohmann::json& value) { return checked_value(*find_option(key), value); }

TEST(Catalogue, EveryDefaultIsAllowedAndEveryOptionSaysWhatItMeans) {
  std::set<std::string> keys;
  for (const Option& option : catalogue()) {
    EXPECT_TRUE(keys.insert(option.key).second) << option.key << " stands twice";
    EXPECT_EQ(checked_value(option, option.default_value), option.default_value) << option.key;
    EXPECT_FALSE(option.meaning.empty()) << option.key;
    const bool chooses = option.type == OptionType::choice || option.key == "validation.metrics";
    EXPECT_EQ(chooses, !option.choices.empty()) << option.key;
  }
}

TEST(Catalogue, OptionsThatMatterOnlySometimesNameAKnownChoice) {
  for (const Option& option : catalogue()) {
    if (option.when.key.empty()) continue;
    const Option* other = find_option(option.when.key);
    ASSERT_NE(other, nullptr) << option.key;
    for (const std::string& value : option.when.values) EXPECT_EQ(checked_value(*other, value), value);
  }
}

TEST(Catalogue, AWrongChoiceNamesKeyValueChoicesAndTheNearest) {
  EXPECT_THAT([] { checked("model.norm", "bacth"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("model.norm"), HasSubstr("bacth"), HasSubstr("instance"),
                                         HasSubstr("Did you mean batch?"))));
}

TEST(Catalogue, ValuesOutOfRangeAreRefusedWithTheRange) {
  EXPECT_THAT([] { checked("data.flip", 1.5); },
              ThrowsMessage<Error>(AllOf(HasSubstr("data.flip: 1.5"), HasSubstr("from 0 to 1"))));
  EXPECT_THROW(checked("train.batch_size", 0), Error);
  EXPECT_THROW(checked("train.batch_size", 2.5), Error);
  EXPECT_THROW(checked("train.batch_size", 1e300), Error);
  EXPECT_THROW(checked("optimizer.lr", std::nan("")), Error);
  EXPECT_THROW(checked("optimizer.lr", INFINITY), Error);
  EXPECT_THROW(checked("optimizer.lr", "fast"), Error);
  EXPECT_THROW(checked("optimizer.lr", nullptr), Error);
}

TEST(Catalogue, NumbersAreTakenAsTheOptionMeansThem) {
  EXPECT_TRUE(checked("optimizer.lr", 1).is_number_float());
  EXPECT_TRUE(checked("train.batch_size", 8.0).is_number_integer());
  EXPECT_EQ(checked("model.norm_momentum", nullptr), nullptr);
}

TEST(Catalogue, DurationsAreStepsOrEpochs) {
  EXPECT_EQ(checked("train.steps", 300), 300);
  EXPECT_EQ(checked("train.steps", "3ep"), "3ep");
  for (const nlohmann::json& wrong :
       {nlohmann::json("3"), nlohmann::json("ep"), nlohmann::json("0ep"), nlohmann::json("3 ep"),
        nlohmann::json("99999999999999999999ep"), nlohmann::json(-1), nlohmann::json(1.5)})
    EXPECT_THROW(checked("train.steps", wrong), Error) << wrong;
}

TEST(Catalogue, SizesAreTwoWholeNumbers) {
  EXPECT_EQ(checked("data.size", {96, 64}), nlohmann::json({96, 64}));
  for (const nlohmann::json& wrong : {nlohmann::json({96}), nlohmann::json({96, 64, 3}), nlohmann::json({96, -64}),
                                      nlohmann::json("96x64"), nlohmann::json({96.5, 64})})
    EXPECT_THROW(checked("data.size", wrong), Error) << wrong;
}

TEST(Catalogue, TheNearestKeyIsFoundFromAMistypedOrShortOne) {
  EXPECT_EQ(nearest_option("model.nrom"), "model.norm");
  EXPECT_EQ(nearest_option("norm"), "model.norm");
  EXPECT_EQ(nearest_option("lr"), "optimizer.lr");
  EXPECT_EQ(nearest_option("nrom"), "model.norm");
  EXPECT_EQ(nearest_option("Model.Norm"), "model.norm");
  EXPECT_EQ(nearest_option("batchsize"), "train.batch_size");
}

TEST(Catalogue, AValueOfAnyLengthIsShownShort) {
  const std::string endless(1 << 20, 'x');
  EXPECT_THAT([&] { checked("model.norm", endless); }, ThrowsMessage<Error>(testing::SizeIs(testing::Lt(300u))));
  nearest_option(endless);
}

TEST(Catalogue, OnlyWhatMayBeUnsetTakesNull) {
  for (const Option& option : catalogue()) {
    if (option.nullable)
      EXPECT_EQ(checked_value(option, nullptr), nullptr) << option.key;
    else
      EXPECT_THROW(checked_value(option, nullptr), Error) << option.key;
  }
}

}  // namespace
}  // namespace ablate
