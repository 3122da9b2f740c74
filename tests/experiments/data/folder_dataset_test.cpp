#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "experiments/data/dataset.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

/// A folder of pictures made for one test.
class FolderDataset : public testing::Test {
 protected:
  FolderDataset() {
    fs::create_directories(folder_ / "images");
    fs::create_directories(folder_ / "masks");
  }
  ~FolderDataset() override { fs::remove_all(root_); }

  void write(const fs::path& file, int height, int width, int channels, std::uint8_t value) {
    const Picture picture{height, width, channels,
                          std::vector<std::uint8_t>(std::size_t(height * width * channels), value)};
    std::ofstream(folder_ / file, std::ios::binary) << encode_png(picture);
  }
  void pair(const std::string& name, std::uint8_t value = 100) {
    write("images/" + name + ".png", 40, 30, 3, value);
    write("masks/" + name + ".png", 40, 30, 1, 255);
  }
  RunConfig config(nlohmann::json more = nlohmann::json::object()) const {
    RunConfig result = RunConfig::from_json(
        {{"data.dataset", "folder"}, {"data.path", folder_.string()}, {"data.size", {20, 16}}, {"data.held_out", 1}});
    result.merge(more);
    return result;
  }
  DataSource open(nlohmann::json more = nlohmann::json::object()) {
    return open_data(config(std::move(more)), root_ / "cache");
  }
  std::vector<fs::path> cache_files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(root_ / "cache"))
      if (entry.path().extension() == ".pictures") files.push_back(entry.path());
    return files;
  }

  fs::path root_ = fs::path(testing::TempDir()) /
                   ("folder-dataset-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
  fs::path folder_ = root_ / "portraits";
};

TEST_F(FolderDataset, PairsPicturesAndMasksByNameAtTheTrainingSize) {
  pair("b", 20);
  pair("a", 10);
  pair("c", 30);
  const DataSource source = open();
  ASSERT_EQ(source.dataset->size(), 3u);
  EXPECT_THAT(source.report.problems, IsEmpty());
  for (std::size_t i = 0; i < 3; ++i) {
    const Sample sample = source.dataset->load(i);
    EXPECT_EQ(sample.name, std::string(1, char('a' + i)));
    EXPECT_EQ(sample.planes.at("image").height, 20);
    EXPECT_EQ(sample.planes.at("image").width, 16);
    EXPECT_THAT(sample.planes.at("image").pixels, testing::Each((i + 1) * 10));
    EXPECT_EQ(sample.planes.at("mask").channels, 1);
    EXPECT_THAT(sample.planes.at("mask").pixels, testing::Each(255));
  }
}

TEST_F(FolderDataset, WhatIsWrongIsReportedWithItsPathAndLeftOut) {
  for (const char* name : {"good1", "good2"}) pair(name);
  write("images/lonely.png", 40, 30, 3, 1);
  write("masks/orphan.png", 40, 30, 1, 1);
  write("images/other.png", 40, 30, 3, 1);
  write("masks/other.png", 41, 30, 1, 1);
  pair("broken");
  std::ofstream(folder_ / "images/broken.png") << "this is no picture";
  pair("twice");
  fs::copy(folder_ / "images/twice.png", folder_ / "images/twice.jpg");
  const DataSource source = open();
  EXPECT_EQ(source.report.used, 3u);
  EXPECT_EQ(source.report.left_out, 4u);
  EXPECT_THAT(source.report.problems, Contains(AllOf(HasSubstr("images/lonely.png"), HasSubstr("has no mask"))));
  EXPECT_THAT(source.report.problems, Contains(AllOf(HasSubstr("masks/orphan.png"), HasSubstr("no picture"))));
  EXPECT_THAT(source.report.problems,
              Contains(AllOf(HasSubstr("masks/other.png"), HasSubstr("41x30"), HasSubstr("40x30"))));
  EXPECT_THAT(source.report.problems, Contains(AllOf(HasSubstr("images/broken.png"), HasSubstr("can't be read"))));
  EXPECT_THAT(source.report.problems, Contains(AllOf(HasSubstr("images/twice.png"), HasSubstr("same name"))));
  EXPECT_THAT(open().report.problems, source.report.problems) << "the same when it comes from the cache";
}

TEST_F(FolderDataset, AnEmptyOrMissingFolderIsAnErrorThatSaysWhatBelongsThere) {
  EXPECT_THAT([&] { open(); },
              ThrowsMessage<Error>(AllOf(HasSubstr((folder_ / "images").string()), HasSubstr("no pictures"))));
  write("images/a.png", 4, 4, 3, 1);
  EXPECT_THAT([&] { open(); }, ThrowsMessage<Error>(AllOf(HasSubstr("no picture has a mask"),
                                                          HasSubstr((folder_ / "masks/a.png").string()))));
  fs::remove_all(folder_ / "masks");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<Error>(HasSubstr("no folder masks/")));
}

TEST_F(FolderDataset, NotASingleReadablePictureIsAnError) {
  pair("broken");
  std::ofstream(folder_ / "images/broken.png") << "";
  EXPECT_THAT([&] { open(); }, ThrowsMessage<Error>(AllOf(HasSubstr("None of 1 pictures"), HasSubstr("broken.png"))));
}

TEST_F(FolderDataset, NothingThatLiesThereIsPassedOverInSilence) {
  for (const char* name : {"a", "b"}) pair(name);
  fs::create_directories(folder_ / "images/more");
  std::ofstream(folder_ / "images/phone.HEIC") << "x";
  std::ofstream(folder_ / "images/.DS_Store") << "x";
  std::ofstream(folder_ / "images/notes.txt") << "x";
  fs::create_symlink("/nowhere/c.png", folder_ / "images/c.png");
  write("masks/c.png", 40, 30, 1, 255);
  const DataSource source = open();
  EXPECT_EQ(source.report.used, 2u);
  EXPECT_EQ(source.report.left_out, 2u);
  EXPECT_THAT(source.report.problems,
              testing::UnorderedElementsAre(AllOf(HasSubstr("images/more"), HasSubstr("is a folder")),
                                            AllOf(HasSubstr("phone.HEIC"), HasSubstr("Convert it")),
                                            AllOf(HasSubstr("images/c.png"), HasSubstr("is not there"))));
}

TEST_F(FolderDataset, NothingIsSaidOfWhatIsExcluded) {
  for (const char* name : {"a", "b", "broken"}) pair(name);
  std::ofstream(folder_ / "images/broken.png") << "this is no picture";
  write("images/lonely.png", 40, 30, 3, 1);
  EXPECT_EQ(open().report.left_out, 2u);
  const DataSource source = open({{"data.exclude", {"broken", "lonely"}}});
  EXPECT_EQ(source.report.left_out, 0u);
  EXPECT_THAT(open({{"data.exclude", {"brokn"}}}).report.problems,
              Contains(HasSubstr("no usable sample is called brokn")));
  EXPECT_EQ(cache_files().size(), 1u) << "an exclusion decodes nothing anew";
}

TEST_F(FolderDataset, MasksThatAreDarkEverywhereAreTold) {
  for (const char* name : {"a", "b"}) {
    write(std::string("images/") + name + ".png", 40, 30, 3, 100);
    write(std::string("masks/") + name + ".png", 40, 30, 1, 20);
  }
  EXPECT_THAT(open().report.problems, ElementsAre(AllOf(HasSubstr("masks"), HasSubstr("no mask is bright"))));
  EXPECT_EQ(open().report.left_out, 0u);
}

TEST_F(FolderDataset, HoldingOutEverythingIsAnError) {
  pair("a");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<Error>(HasSubstr("data.held_out")));
}

TEST_F(FolderDataset, PicturesAreDecodedOnceAndAgainWhenAFileChanged) {
  pair("a", 10);
  pair("b", 20);
  std::atomic<int> decoded = 0;
  const auto counting = [&](std::size_t, std::size_t) { ++decoded; };
  open_data(config(), root_ / "cache", counting);
  open_data(config(), root_ / "cache", counting);
  EXPECT_EQ(decoded, 2);
  write("images/a.png", 40, 30, 3, 99);
  fs::last_write_time(folder_ / "images/a.png", fs::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_THAT(open_data(config(), root_ / "cache", counting).dataset->load(0).planes.at("image").pixels,
              testing::Each(99));
  EXPECT_EQ(decoded, 4);
}

TEST_F(FolderDataset, ADamagedCacheIsMadeAnew) {
  pair("a", 10);
  pair("b", 20);
  open();
  for (const fs::path& file : cache_files()) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-5, std::ios::end);
    stream.put(77);
  }
  EXPECT_THAT(open().dataset->load(1).planes.at("image").pixels, testing::Each(20));
  for (const fs::path& file : cache_files()) fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_THAT(open().dataset->load(1).planes.at("mask").pixels, testing::Each(255));
}

TEST_F(FolderDataset, ACacheOfOtherPicturesIsReplacedNotKeptBeside) {
  pair("a", 10);
  pair("b", 20);
  open();
  pair("c", 30);
  EXPECT_EQ(open().dataset->size(), 3u);
  EXPECT_EQ(cache_files().size(), 1u);
  open({{"data.size", {24, 24}}});
  EXPECT_EQ(cache_files().size(), 2u);
}

TEST_F(FolderDataset, EveryDamagedByteOfACacheIsNoticed) {
  pair("a", 10);
  pair("b", 20);
  open();
  const fs::path file = cache_files().at(0);
  const auto size = std::streamoff(fs::file_size(file));
  for (std::streamoff at = 0; at < size; at += at < 64 || at > size - 200 ? 1 : 97) {
    if (at >= 28 && at < 64) continue;  // Unused.
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const int before = stream.get();
    stream.seekp(at);
    stream.put(static_cast<char>(before ^ 0x55));
    stream.close();
    int decoded = 0;
    open_data(config(), root_ / "cache", [&](std::size_t, std::size_t) { ++decoded; });
    EXPECT_EQ(decoded, 2) << at;
  }
}

TEST_F(FolderDataset, WhatAProcessThatDiedLeftBehindIsReplaced) {
  pair("a", 10);
  pair("b", 20);
  open();
  const fs::path file = cache_files().at(0);
  fs::rename(file, file.string() + ".tmp");
  EXPECT_THAT(open().dataset->load(0).planes.at("image").pixels, testing::Each(10));
  EXPECT_FALSE(fs::exists(file.string() + ".tmp"));
}

TEST_F(FolderDataset, WhatTheProgressThrowsEndsTheDecoding) {
  for (int i = 0; i < 20; ++i) pair("p" + std::to_string(i));
  EXPECT_THAT([&] { open_data(config(), root_ / "cache", [](std::size_t, std::size_t) { throw Error("enough"); }); },
              ThrowsMessage<Error>(HasSubstr("enough")));
  EXPECT_THAT(cache_files(), IsEmpty());
  EXPECT_EQ(open().dataset->size(), 20u);
}

TEST_F(FolderDataset, ARunGoesOnWithItsPicturesWhenTheCacheIsMadeAnewOrDeleted) {
  pair("a", 10);
  pair("b", 20);
  const DataSource source = open();
  pair("a", 99);
  fs::last_write_time(folder_ / "images/a.png", fs::file_time_type::clock::now() + std::chrono::seconds(5));
  open();
  EXPECT_THAT(source.dataset->load(0).planes.at("image").pixels, testing::Each(10));
  fs::remove_all(root_ / "cache");
  EXPECT_THAT(source.dataset->load(1).planes.at("image").pixels, testing::Each(20));
}

TEST_F(FolderDataset, SeveralAtOnceDecodeOnce) {
  for (int i = 0; i < 20; ++i) pair("p" + std::to_string(i));
  std::atomic<int> decoded = 0;
  {
    std::vector<std::jthread> together;
    for (int i = 0; i < 4; ++i)
      together.emplace_back([&] {
        EXPECT_EQ(open_data(config(), root_ / "cache", [&](std::size_t, std::size_t) { ++decoded; }).dataset->size(),
                  20u);
      });
  }
  EXPECT_EQ(decoded, 20);
}

TEST_F(FolderDataset, ACacheThatCantBeWrittenIsAnErrorThatNamesIt) {
  pair("a");
  pair("b");
  EXPECT_THAT([&] { open_data(config(), folder_ / "images/a.png/cache"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("a.png/cache"), HasSubstr("can't be written"))));
}

TEST_F(FolderDataset, TheCutDependsOnNamesAndSeedAlone) {
  for (int i = 0; i < 30; ++i) pair("p" + std::to_string(i));
  const auto held_out = [&](const nlohmann::json& more) {
    const DataSource source = open(more);
    std::vector<std::string> names;
    for (const std::size_t i : source.held_out) names.push_back(source.dataset->name(i));
    EXPECT_EQ(source.training.size() + source.held_out.size(), source.report.used);
    return names;
  };
  const auto first = held_out({{"data.held_out", 6}});
  EXPECT_EQ(first.size(), 6u);
  EXPECT_EQ(held_out({{"data.held_out", 6}, {"data.size", {24, 24}}}), first);
  EXPECT_NE(held_out({{"data.held_out", 6}, {"data.split_seed", 1}}), first);
  const auto without = held_out({{"data.held_out", 6}, {"data.exclude", {first[0]}}});
  EXPECT_THAT(without, testing::IsSupersetOf(std::vector(first.begin() + 1, first.end()))) << "the others stay";
}

TEST_F(FolderDataset, AGalleryHasPicturesAndNoMasks) {
  pair("a");
  pair("b");
  const DataSource source = open({{"data.gallery", (folder_ / "images").string()}});
  ASSERT_EQ(source.gallery->size(), 2u);
  EXPECT_EQ(source.gallery->load(0).planes.count("mask"), 0u);
  EXPECT_THAT(
      [&] {
        open({{"data.gallery", (root_ / "nowhere").string()}});
      },
      ThrowsMessage<Error>(HasSubstr("data.gallery")));
}

TEST_F(FolderDataset, GreyTakesTheColourOut) {
  pair("a");
  pair("b");
  Picture red{40, 30, 3, {}};
  for (int i = 0; i < 40 * 30; ++i) red.pixels.insert(red.pixels.end(), {255, 0, 0});
  std::ofstream(folder_ / "images/a.png", std::ios::binary) << encode_png(red);
  EXPECT_THAT(open({{"data.grey", true}}).dataset->load(0).planes.at("image").pixels, testing::Each(76));
}

TEST(Photographs, AllPairsAreFoundWithoutAProblem) {
  const fs::path folder = fs::path(ABLATE_SOURCE) / "../shared/data/portraits";
  if (!fs::exists(folder)) {
    const char* const ci = std::getenv("CI");
    ASSERT_FALSE(ci && std::string_view(ci) == "true") << "../shared/data is missing";
    GTEST_SKIP() << "needs the photographs in ../shared/data";
  }
  const fs::path cache = fs::path(testing::TempDir()) / fmt::format("photographs-cache-{}", ::getpid());
  const DataSource source =
      open_data(RunConfig::from_json({{"data.dataset", "folder"}, {"data.path", folder.string()}}), cache);
  EXPECT_EQ(source.report.used, 340u);
  EXPECT_THAT(source.report.problems, IsEmpty());
  fs::remove_all(cache);
}

/// A line of a manifest for every pair named, with what else is known of it.
class Manifest : public FolderDataset {
 protected:
  void list(const std::vector<std::pair<std::string, json>>& samples) {
    std::ofstream file(folder_ / "list.jsonl");
    for (const auto& [name, more] : samples) {
      pair(name);
      json line{{"image", "images/" + name + ".png"}, {"mask", "masks/" + name + ".png"}};
      line.update(more);
      file << line.dump() << "\n";
    }
  }
  DataSource open_listed(json more = json::object()) {
    more["data.path"] = (folder_ / "list.jsonl").string();
    return open(more);
  }
};

TEST_F(Manifest, ListsSamplesWithTheirLabels) {
  list({{"b", {{"scene", "wall"}, {"tags", {"dark", 3}}}}, {"a", {{"name", "first"}}}});
  const DataSource source = open_listed();
  ASSERT_EQ(source.dataset->size(), 2u);
  EXPECT_EQ(source.dataset->name(0), "first");
  EXPECT_EQ(source.dataset->name(1), "images/b");
  EXPECT_EQ(source.labels.at("images/b"), (Labels{{"scene", "wall"}, {"tags", "dark"}, {"tags", "3"}}));
  EXPECT_THAT(source.report.problems, IsEmpty());
}

TEST_F(Manifest, NeverCutsAGroupApart) {
  std::vector<std::pair<std::string, json>> samples;
  for (int i = 0; i < 24; ++i) samples.emplace_back(fmt::format("{:02}", i), json{{"group", i % 6}});
  list(samples);
  for (const int seed : {0, 1, 2}) {
    const DataSource source = open_listed({{"data.held_out", 6}, {"data.split_seed", seed}});
    EXPECT_EQ(source.held_out.size(), 8u);  // Two groups of four.
    EXPECT_THAT(source.report.problems, ElementsAre(HasSubstr("8 samples are held out rather than 6")));
    const auto group_at = [&](std::size_t i) { return source.labels.at(source.dataset->name(i)).front().second; };
    for (const std::size_t held_out : source.held_out)
      for (const std::size_t training : source.training) EXPECT_NE(group_at(held_out), group_at(training));
  }
  for (auto& [_, more] : samples) more["group"] = "one";
  list(samples);
  EXPECT_THAT([&] { open_listed(); }, ThrowsMessage<Error>(HasSubstr("groups are never cut apart")));
}

TEST_F(Manifest, TellsEachLineThatCannotBeUsed) {
  list({{"a", json::object()}, {"b", json::object()}});
  std::ofstream(folder_ / "list.jsonl", std::ios::app) << "no json\n\n[1]\n{\"image\": \"images/c.png\"}\n"
                                                       << R"({"image": "images/c.png", "mask": "masks/c.png"})"
                                                       << "\n"
                                                       << R"({"image": "images/a.png", "mask": "masks/a.png"})"
                                                       << "\n"
                                                       << R"({"image": "x", "mask": "y", "tags": {"a": 1}})";
  const DataSource source = open_listed();
  EXPECT_EQ(source.dataset->size(), 2u);
  EXPECT_EQ(source.report.left_out, 6u);
  for (const char* says : {"line 3", "line 5", "line 6: \"mask\" is missing", "images/c.png: is not there",
                           "line 8: another sample is called images/a", "line 9: \"tags\""})
    EXPECT_THAT(source.report.problems, Contains(HasSubstr(says)));
  std::ofstream(folder_ / "list.jsonl") << "\n";
  EXPECT_THAT([&] { open_listed(); }, ThrowsMessage<Error>(HasSubstr("no sample that can be used")));
}

}  // namespace
}  // namespace ablate
