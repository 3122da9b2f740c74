#include "runs/run_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "runs/error.h"
#include "runs/run_reader.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<const RunData> read(const TempFolder& folder) {
  RunReader reader(folder.path());
  reader.poll();
  EXPECT_THAT(reader.data()->problems, IsEmpty());
  return reader.data();
}

TEST(RunWriter, EverythingHandedOverIsThereAfterItsEnd) {
  const TempFolder folder;
  {
    RunWriter writer(folder.path(), 0);
    for (int step = 0; step < 100'000; ++step) writer.scalar("a", step, step);
  }
  const auto values = values_of(*read(folder), "a");
  ASSERT_EQ(values.size(), 100'000u);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<double>(i));
}

TEST(RunWriter, WritesWithoutBeingAskedAfterFlushSeconds) {
  const TempFolder folder;
  RunWriter writer(folder.path(), 0, {.flush_seconds = 0.01});
  writer.scalar("a", 0, 1);
  RunReader reader(folder.path());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!reader.data()->scalars.contains("a") && std::chrono::steady_clock::now() < deadline) {
    reader.poll();
    std::this_thread::yield();
  }
  EXPECT_THAT(values_of(*reader.data(), "a"), ElementsAre(1));
}

TEST(RunWriter, ManyThreadsAndASmallQueueLoseNothing) {
  const TempFolder folder;
  {
    RunWriter writer(folder.path(), 0, {.flush_seconds = 100, .queue_bytes = 500});
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int step = 0; step < 2000; ++step) writer.scalar(fmt::format("tag{}", thread), step, step);
      });
    for (std::thread& thread : threads) thread.join();
  }
  const auto data = read(folder);
  for (int thread = 0; thread < 4; ++thread) {
    const auto values = values_of(*data, fmt::format("tag{}", thread));
    ASSERT_EQ(values.size(), 2000u);
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<double>(i));
  }
}

TEST(RunWriter, RecordLongerThanTheQueueGoesThrough) {
  const TempFolder folder;
  {
    RunWriter writer(folder.path(), 0, {.flush_seconds = 100, .queue_bytes = 1000});
    writer.scalar("a", 0, 1);
    writer.text("note", 1, std::string(100'000, 'x'));
    writer.scalar("a", 1, 2);
  }
  EXPECT_EQ(read(folder)->texts.at("note")[0].text->size(), 100'000u);
  EXPECT_THAT(values_of(*read(folder), "a"), ElementsAre(1, 2));
}

TEST(RunWriter, LaterSegmentSortsBehindEarlierOnes) {
  const TempFolder folder;
  // As from a machine whose clock is ahead, and with a process number that sorts behind ours.
  write_text(folder / "events.out.tfevents.4000000000.zzz.99999.0",
             version_frame() + start_frame(0) + scalar_frame("a", 0, 1) + scalar_frame("a", 5, 2));
  std::vector<std::string> files;
  for (int segment = 0; segment < 3; ++segment) {
    RunWriter writer(folder.path(), 5 + segment);
    writer.scalar("a", 5 + segment, 10 + segment);
    files.push_back(writer.file().filename().string());
  }
  EXPECT_THAT(files, ElementsAre(HasSubstr("tfevents.4000000001."), HasSubstr("tfevents.4000000002."),
                                 HasSubstr("tfevents.4000000003.")));
  EXPECT_THAT(values_of(*read(folder), "a"), ElementsAre(1, 10, 11, 12));
}

TEST(RunWriter, FolderThatCantBeWrittenToIsNamed) {
  try {
    RunWriter writer("/proc/no/such/folder", 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/proc/no/such/folder"));
  }
}

TEST(RunWriter, TagThatIsNotUtf8AndShapesThatDontFitAreRefused) {
  const TempFolder folder;
  RunWriter writer(folder.path(), 0);
  EXPECT_THROW(writer.scalar("\xff", 0, 1), Error);
  const std::vector<std::int64_t> shape{2, 2};
  const std::vector<float> values{1, 2, 3};
  EXPECT_THROW(writer.tensor("t", 0, shape, values), Error);
  EXPECT_THROW(writer.hparams(nlohmann::json::array(), {}), Error);
  writer.scalar("a", 0, 1);
  writer.flush();
  EXPECT_THAT(values_of(*read(folder), "a"), ElementsAre(1));
}

// A limit on the size of files stands in for a full disk: write(2) writes what fits, then fails.
TEST(RunWriter, FullDiskIsAnErrorThatNamesTheFileAndLosesNothingBefore) {
  const TempFolder folder;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tiny{10'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tiny);
  std::string message, again, file;
  {
    RunWriter writer(folder.path(), 0, {.flush_seconds = 100});
    file = writer.file().string();
    for (int step = 0; step < 50; ++step) writer.scalar("a", step, step);
    writer.flush();
    try {
      for (int step = 50; step < 1'000'000; ++step) writer.scalar("a", step, step);
    } catch (const Error& error) {
      message = error.what();
    }
    try {
      writer.text("b", 0, "x");
    } catch (const Error& error) {
      again = error.what();
    }
    EXPECT_THROW(writer.flush(), Error);
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_THAT(message, HasSubstr(file));
  EXPECT_THAT(message, HasSubstr("free some space"));
  EXPECT_EQ(again, message);
  const auto values = values_of(*read(folder), "a");
  EXPECT_GT(values.size(), 100u);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<double>(i));
  EXPECT_LE(std::filesystem::file_size(file), 10'000u);
  append_text(file, scalar_frame("a", static_cast<Step>(values.size()), -1));
  EXPECT_EQ(values_of(*read(folder), "a").back(), -1) << "the torn tail was cut off";
}

TEST(RunWriter, DeletedFolderIsAnErrorOfTheNextCall) {
  const TempFolder folder;
  RunWriter writer(folder.path(), 0);
  writer.scalar("a", 0, 1);
  writer.flush();
  std::filesystem::remove_all(folder.path());
  writer.scalar("a", 1, 2);
  EXPECT_THROW(writer.flush(), Error);
  EXPECT_THROW(writer.scalar("a", 2, 3), Error);
}

TEST(HistogramOf, CountsWhatIsFinite) {
  const std::vector<float> values{0, 1, 2, 3, 4, NAN, INFINITY, -INFINITY};
  const Histogram histogram = histogram_of(values, 4);
  EXPECT_EQ(histogram.count, 5);
  EXPECT_EQ(histogram.min, 0);
  EXPECT_EQ(histogram.max, 4);
  EXPECT_EQ(histogram.sum, 10);
  EXPECT_EQ(histogram.sum_squares, 30);
  EXPECT_THAT(histogram.bucket_limits, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(histogram.bucket_counts, ElementsAre(1, 1, 1, 2));
}

TEST(HistogramOf, NothingFiniteIsOneEmptyBucket) {
  const std::vector<float> values{NAN};
  const Histogram histogram = histogram_of(values);
  EXPECT_EQ(histogram.count, 0);
  EXPECT_THAT(histogram.bucket_limits, ElementsAre(0));
  EXPECT_THAT(histogram.bucket_counts, ElementsAre(0));
}

TEST(HistogramOf, EqualValuesFallIntoOneBucket) {
  const std::vector<float> values(7, 2.5f);
  const Histogram histogram = histogram_of(values);
  EXPECT_THAT(histogram.bucket_limits, ElementsAre(2.5));
  EXPECT_THAT(histogram.bucket_counts, ElementsAre(7));
}

TEST(HistogramOf, ExtremeValuesKeepTheirCount) {
  const std::vector<float> values{-3.4e38f, 3.4e38f, 1e-45f, 0};
  const Histogram histogram = histogram_of(values, 10);
  double count = 0;
  for (const double bucket : histogram.bucket_counts) count += bucket;
  EXPECT_EQ(count, 4);
}

}  // namespace
}  // namespace ablate
