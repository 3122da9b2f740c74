#include "runs/run_reader.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "runs/error.h"
#include "runs/run_writer.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RunReaderTest : public testing::Test {
 protected:
  std::vector<double> values(const std::string& tag = "a") const { return values_of(*reader_.data(), tag); }

  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "1.tfevents";
  RunReader reader_{folder_.path()};
};

TEST_F(RunReaderTest, EmptyFolderHasNothing) {
  EXPECT_FALSE(reader_.poll());
  EXPECT_THAT(reader_.data()->scalars, IsEmpty());
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
}

TEST_F(RunReaderTest, PointAppearsWhileTheNextRecordIsTorn) {
  const std::string torn = scalar_frame("a", 1, 2);
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  ASSERT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(1));
  for (std::size_t byte = 0; byte + 1 < torn.size(); ++byte) {
    append_text(file_, torn.substr(byte, 1));
    EXPECT_FALSE(reader_.poll()) << byte;
    EXPECT_FALSE(reader_.more());
  }
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
  append_text(file_, torn.substr(torn.size() - 1));
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(1, 2));
}

TEST_F(RunReaderTest, NothingNewIsNoChangeAndKeepsTheSnapshot) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  EXPECT_TRUE(reader_.poll());
  const auto before = reader_.data();
  EXPECT_FALSE(reader_.poll());
  EXPECT_EQ(reader_.data(), before);
}

TEST_F(RunReaderTest, SnapshotStaysAsItWasWhileReadingGoesOn) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 0));
  reader_.poll();
  const auto first = reader_.data();
  for (int step = 1; step < 1000; ++step) append_text(file_, scalar_frame("a", step, static_cast<float>(step)));
  reader_.poll();
  append_text(file_, start_frame(5) + scalar_frame("a", 5, -5));
  reader_.poll();
  EXPECT_THAT(values_of(*first, "a"), ElementsAre(0));
  EXPECT_THAT(values(), ElementsAre(0, 1, 2, 3, 4, -5));
  EXPECT_GT(reader_.data()->version, first->version);
}

TEST_F(RunReaderTest, WrongChecksumEndsThatFileAndIsReportedWithItsPlace) {
  const std::string good = version_frame() + scalar_frame("a", 0, 1);
  std::string bad = scalar_frame("a", 1, 2);
  bad[20] = static_cast<char>(bad[20] ^ 1);
  write_text(file_, good + bad + scalar_frame("a", 2, 3));
  write_text(folder_ / "2.tfevents", scalar_frame("a", 3, 4));
  reader_.poll();
  EXPECT_THAT(values(), ElementsAre(1, 4));
  ASSERT_THAT(reader_.data()->problems, SizeIs(1));
  EXPECT_EQ(reader_.data()->problems[0].file, file_.string());
  EXPECT_EQ(reader_.data()->problems[0].offset, good.size());
  EXPECT_THAT(reader_.data()->problems[0].what, HasSubstr("checksum"));
  EXPECT_FALSE(reader_.poll());
}

TEST_F(RunReaderTest, DamageThatIsRepairedInPlaceIsForgotten) {
  // What a network file system does when a file's new size is seen before its new bytes.
  const std::string good = version_frame() + scalar_frame("a", 0, 1), next = scalar_frame("a", 1, 2);
  write_text(file_, good + std::string(next.size(), '\0'));
  reader_.poll();
  EXPECT_THAT(reader_.data()->problems, SizeIs(1));
  write_text(file_, good + next + scalar_frame("a", 2, 3));
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(1, 2, 3));
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
}

TEST_F(RunReaderTest, FileCutShorterIsReadAgain) {
  const std::string good = version_frame() + scalar_frame("a", 0, 1);
  write_text(file_, good + scalar_frame("a", 1, 2));
  reader_.poll();
  std::filesystem::resize_file(file_, good.size());
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(1));
}

TEST_F(RunReaderTest, FileReplacedByAnotherIsReadAgain) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  reader_.poll();
  write_text(folder_ / "beside", version_frame() + scalar_frame("b", 0, 5) + scalar_frame("b", 1, 6));
  std::filesystem::rename(folder_ / "beside", file_);
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values("a"), IsEmpty());
  EXPECT_THAT(values("b"), ElementsAre(5, 6));
}

TEST_F(RunReaderTest, FileWrittenAnewInPlaceIsReadAgain) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  reader_.poll();
  write_text(file_, version_frame() + scalar_frame("a", 0, 7) + scalar_frame("a", 1, 8));
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(7, 8));
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
}

TEST_F(RunReaderTest, VanishedFileTakesItsPointsAlong) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  write_text(folder_ / "2.tfevents", scalar_frame("a", 1, 2));
  reader_.poll();
  std::filesystem::remove(file_);
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(2));
  EXPECT_THAT(reader_.data()->files, ElementsAre((folder_ / "2.tfevents").string()));
}

TEST_F(RunReaderTest, OfARotatedLogNothingIsLost) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1) + scalar_frame("a", 1, 2));
  reader_.poll();
  std::filesystem::rename(file_, folder_ / "1.tfevents.old");
  reader_.poll();
  EXPECT_THAT(values(), ElementsAre(1, 2));
  write_text(file_, version_frame() + scalar_frame("a", 2, 3));
  reader_.poll();
  EXPECT_THAT(values(), testing::UnorderedElementsAre(1, 2, 3));
  append_text(file_, scalar_frame("a", 3, 4));
  reader_.poll();
  EXPECT_THAT(values(), testing::UnorderedElementsAre(1, 2, 3, 4));
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
}

TEST_F(RunReaderTest, VanishedFolderIsAProblemAndThePointsStay) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  reader_.poll();
  std::filesystem::remove_all(folder_.path());
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(1));
  ASSERT_THAT(reader_.data()->problems, SizeIs(1));
  EXPECT_EQ(reader_.data()->problems[0].file, folder_.path().string());
  EXPECT_FALSE(reader_.poll());
  EXPECT_FALSE(reader_.more());
  write_text(file_, version_frame() + scalar_frame("a", 0, 9));
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(9));
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
}

TEST_F(RunReaderTest, PollStopsAfterAboutSoManyBytes) {
  std::string content = version_frame();
  for (int step = 0; step < 100; ++step) content += scalar_frame("a", step, static_cast<float>(step));
  write_text(file_, content);
  write_text(folder_ / "2.tfevents", content);
  int polls = 0;
  std::size_t before = 0;
  do {
    reader_.poll(1000);
    const std::size_t now = values().size();
    EXPECT_LE(now - before, 30u);
    before = now;
    ++polls;
  } while (reader_.more());
  EXPECT_THAT(values(), SizeIs(200));
  EXPECT_GE(polls, 6);
  EXPECT_FALSE(reader_.poll(1000));
}

TEST_F(RunReaderTest, RecordLongerThanTheLimitIsReadWhole) {
  write_text(file_, version_frame() + framed(encode_text(0, 1, "note", std::string(1 << 20, 'x'))));
  do reader_.poll(10);
  while (reader_.more());
  EXPECT_EQ(reader_.data()->texts.at("note")[0].text->size(), 1u << 20);
}

TEST_F(RunReaderTest, StartDropsPointsOfAllKindsAtOrAfterItsStep) {
  const std::vector<std::int64_t> shape{1};
  const std::vector<float> value{1};
  std::string content = version_frame();
  for (Step step : {1, 2, 3}) {
    content += scalar_frame("scalar", step, 1) + framed(encode_histogram(0, step, "histogram", histogram_of(value))) +
               framed(encode_image(0, step, "image", {1, 1, 1}, "x")) + framed(encode_text(0, step, "text", "x")) +
               framed(encode_tensor(0, step, "tensor", shape, value, "ablate"));
  }
  write_text(file_, content);
  write_text(folder_ / "2.tfevents", version_frame() + start_frame(2));
  reader_.poll();
  const RunData& data = *reader_.data();
  EXPECT_EQ(data.scalars.at("scalar").size(), 1u);
  EXPECT_EQ(data.histograms.at("histogram").size(), 1u);
  EXPECT_EQ(data.images.at("image").size(), 1u);
  EXPECT_EQ(data.texts.at("text").size(), 1u);
  EXPECT_EQ(data.tensors.at("tensor").size(), 1u);
  write_text(folder_ / "3.tfevents", start_frame(0));
  reader_.poll();
  EXPECT_EQ(reader_.data()->scalars.at("scalar").size(), 0u) << "the tag stays, empty";
}

TEST_F(RunReaderTest, ImageBytesStayInTheFile) {
  write_text(file_, version_frame() + framed(encode_image(0, 4, "image", {2, 3, 1}, "the encoded bytes")));
  reader_.poll();
  const ImagePoint image = reader_.data()->images.at("image")[0];
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(read_image_bytes(*reader_.data(), image), "the encoded bytes");
  std::filesystem::resize_file(file_, 40);
  EXPECT_THROW(read_image_bytes(*reader_.data(), image), Error);
  std::filesystem::remove(file_);
  EXPECT_THROW(read_image_bytes(*reader_.data(), image), Error);
}

TEST_F(RunReaderTest, UnreadableFileIsReportedAndTheOthersAreRead) {
  write_text(file_, version_frame() + scalar_frame("a", 0, 1));
  write_text(folder_ / "2.tfevents", version_frame() + scalar_frame("a", 1, 2));
  ::chmod(folder_.path().c_str(), 0755);
  ::chmod(file_.c_str(), 0);
  {
    const AsNobody nobody;
    reader_.poll();
    EXPECT_THAT(values(), ElementsAre(2));
    ASSERT_THAT(reader_.data()->problems, SizeIs(1));
    EXPECT_EQ(reader_.data()->problems[0].file, file_.string());
    EXPECT_FALSE(reader_.poll());
  }
  ::chmod(file_.c_str(), 0644);
  EXPECT_TRUE(reader_.poll());
  EXPECT_THAT(values(), ElementsAre(1, 2));
  EXPECT_THAT(reader_.data()->problems, IsEmpty());
}

TEST_F(RunReaderTest, WhatTheWriterHandedOverAppearsWhileItIsOpen) {
  RunWriter writer(folder_.path(), 0);
  for (int step = 0; step < 10; ++step) {
    writer.scalar("a", step, step);
    writer.flush();
    EXPECT_TRUE(reader_.poll());
    EXPECT_THAT(values(), SizeIs(static_cast<std::size_t>(step) + 1));
  }
}

// Files grow, appear before and between others, are replaced, cut and damaged: whoever follows sees what a fresh reader
// sees, however little it reads at a time.
TEST_F(RunReaderTest, FollowingShowsWhatAFreshLoadShows) {
  std::mt19937 random(5);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int change = 0; change < 400; ++change) {
    const auto file = folder_ / (std::to_string(below(4)) + ".tfevents");
    std::string addition = below(5) == 0 ? version_frame() : "";
    for (std::size_t i = below(4); i > 0; --i)
      addition += scalar_frame(below(2) == 0 ? "a" : "b", static_cast<Step>(below(30)), static_cast<float>(change));
    if (below(10) == 0) addition += start_frame(static_cast<Step>(below(30)));
    const bool exists = std::filesystem::exists(file);
    switch (below(12)) {
      case 0:
        std::filesystem::remove(file);
        break;
      case 1:
        if (exists) std::filesystem::resize_file(file, std::filesystem::file_size(file) * 2 / 3);
        break;
      case 2:
        write_text(folder_ / "beside", version_frame() + addition);
        std::filesystem::rename(folder_ / "beside", file);
        break;
      case 3:
        append_text(file, addition.substr(0, addition.size() / 2));
        break;
      default:
        append_text(file, addition);
    }
    do reader_.poll(1 + below(200));
    while (reader_.more());
    RunReader fresh(folder_.path());
    fresh.poll();
    for (const std::string tag : {"a", "b"}) ASSERT_EQ(values(tag), values_of(*fresh.data(), tag)) << change << tag;
    ASSERT_EQ(reader_.data()->files, fresh.data()->files);
    ASSERT_EQ(reader_.data()->problems.size(), fresh.data()->problems.size()) << change;
  }
}

TEST_F(RunReaderTest, WhileEverythingIsReadAgainWhatWasThereStaysInSight) {
  std::string content = version_frame();
  for (int step = 0; step < 100; ++step) content += scalar_frame("a", step, 1);
  write_text(folder_ / "2.tfevents", content);
  reader_.poll();
  write_text(file_, content);
  while (reader_.poll(500), reader_.more()) EXPECT_THAT(values(), SizeIs(100));
  EXPECT_THAT(values(), SizeIs(200));
}

}  // namespace
}  // namespace ablate
