#include "viewers/folder_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace ablate {
namespace {

namespace fs = std::filesystem;

class FolderCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / fmt::format("ablate-folder-check-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void touch(const std::string& file) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << "x";
  }
  fs::path folder_;
};

TEST_F(FolderCheckTest, CountsPicturesThatHaveAMaskOfTheSameName) {
  for (const char* file : {"images/a.jpg", "images/b.png", "images/c.jpg", "masks/a.png", "masks/b.png", "masks/z.png"})
    touch(file);
  const FolderFacts facts = look_into(folder_.string());
  EXPECT_EQ(facts.pairs, 2u);
  EXPECT_EQ(facts.without_mask, 1u);
  EXPECT_EQ(facts.problem, "");
}

TEST_F(FolderCheckTest, SaysWhatIsMissing) {
  EXPECT_NE(look_into((folder_ / "nowhere").string()).problem.find("is not a folder"), std::string::npos);
  touch("images/a.jpg");
  EXPECT_NE(look_into(folder_.string()).problem.find("masks/"), std::string::npos);
  touch("masks/b.png");
  EXPECT_NE(look_into(folder_.string()).problem.find("same name"), std::string::npos);
}

TEST_F(FolderCheckTest, CountsWhatAManifestLists) {
  for (const char* file : {"a.jpg", "a.png"}) touch(file);
  const fs::path list = folder_ / "list.jsonl";
  std::ofstream(list) << R"({"image": "a.jpg", "mask": "a.png"})"
                      << "\n"
                      << R"({"image": "b.jpg", "mask": "b.png"})";
  const FolderFacts facts = look_into(list.string());
  EXPECT_EQ(facts.pairs, 1u);
  EXPECT_EQ(facts.without_mask, 1u);
  std::ofstream(list) << "no list";
  EXPECT_NE(look_into(list.string()).problem.find("line 1"), std::string::npos);
}

TEST_F(FolderCheckTest, AnswersLaterAndAskedForAnotherFolderForgetsTheFirst) {
  touch("a.jpg");
  FolderCheck check;
  const FolderFacts* facts = nullptr;
  while (!(facts = check.facts(folder_.string()))) std::this_thread::yield();
  EXPECT_EQ(facts->pictures, 1u);
  while (!(facts = check.facts((folder_ / "nowhere").string()))) std::this_thread::yield();
  EXPECT_NE(facts->problem, "");
}

}  // namespace
}  // namespace ablate
