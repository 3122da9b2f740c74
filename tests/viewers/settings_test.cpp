#include "workbench/settings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace ablate {
namespace {

namespace fs = std::filesystem;

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / fmt::format("ablate-settings-{}", ::getpid());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(SettingsTest, AreThereAgainNextTime) {
  {
    Settings settings(folder_);
    settings.at("text_scale") = 1.25;
    settings.of_root("/some/root")["selected"] = "a";
    settings.save();
  }
  Settings again(folder_);
  EXPECT_EQ(again.at("text_scale"), 1.25);
  EXPECT_EQ(again.of_root("/some/root")["selected"], "a");
  EXPECT_FALSE(again.of_root("/other/root").contains("selected"));
}

TEST_F(SettingsTest, ADamagedFileCountsAsEmpty) {
  fs::create_directories(folder_);
  for (const char* content : {"", "{\"roots\": 3", "[1, 2]", "{\"roots\": 3}"}) {
    std::ofstream(folder_ / "settings.json") << content;
    Settings settings(folder_);
    settings.of_root("/r")["selected"] = "a";
    settings.save();
    EXPECT_EQ(Settings(folder_).of_root("/r")["selected"], "a") << content;
  }
}

TEST_F(SettingsTest, OfTwoWindowsEachKeepsWhatItHasChanged) {
  Settings one(folder_);
  one.at("text_scale") = 1.25;
  one.of_root("/one") = {{"selected", "a"}, {"hidden", {"x"}}};
  one.save();
  Settings two(folder_);
  two.of_root("/two")["selected"] = "b";
  one.of_root("/one").erase("hidden");
  one.of_root("/one")["selected"] = "c";
  two.save();
  one.save();
  Settings later(folder_);
  EXPECT_EQ(later.at("text_scale"), 1.25);
  EXPECT_EQ(later.of_root("/one"), nlohmann::json({{"selected", "c"}}));
  EXPECT_EQ(later.of_root("/two")["selected"], "b");
}

TEST_F(SettingsTest, WithoutAFolderNothingIsKept) {
  Settings settings("");
  settings.at("x") = 1;
  settings.save();
  EXPECT_EQ(settings.layout_file(), "");
}

}  // namespace
}  // namespace ablate
