#include "runs/log_cache.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstring>
#include <random>
#include <thread>

#include "runs/run_reader.h"
#include "runs/run_writer.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

MATCHER_P(HasPointsOf, other, "") {
  if (arg.size() != other.size()) return false;
  for (std::size_t i = 0; i < arg.size(); ++i) {
    const ScalarPoint a = arg[i], b = other[i];
    if (std::memcmp(&a, &b, sizeof a) != 0) return false;
  }
  return true;
}

class LogCacheTest : public testing::Test {
 protected:
  /// Some 5 MB: two tags of scalars, a few of everything else, and a restart.
  void write_log(const fs::path& file, float offset = 0) const {
    std::string text = version_frame() + start_frame(0);
    for (Step step = 0; step < 50'000; ++step) {
      if (step == 30'000) text += start_frame(29'000);
      const Step logged = step < 30'000 ? step : step - 1000;
      text += scalar_frame("loss", logged, offset + static_cast<float>(step % 977));
      text += scalar_frame("a longer name, for a log of some length", logged, step == 777 ? NAN : offset);
    }
    write_text(file, text);
  }
  std::shared_ptr<const RunData> read(const fs::path& cache) const {
    RunReader reader(run_, cache);
    do reader.poll();
    while (reader.more());
    return reader.data();
  }
  void expect_as_without_cache() const {
    const auto with = read(cache_), without = read({});
    ASSERT_EQ(with->scalars.size(), without->scalars.size());
    for (const auto& [tag, points] : without->scalars) EXPECT_THAT(with->scalars.at(tag), HasPointsOf(points)) << tag;
    ASSERT_EQ(with->dropped.size(), without->dropped.size());
    for (const auto& [tag, restarts] : without->dropped)
      for (std::size_t i = 0; i < restarts.size(); ++i)
        EXPECT_THAT(with->dropped.at(tag).at(i), HasPointsOf(restarts[i]));
    EXPECT_EQ(with->texts.size(), without->texts.size());
    EXPECT_EQ(with->images.size(), without->images.size());
    EXPECT_EQ(with->files, without->files);
    EXPECT_EQ(with->problems.size(), without->problems.size());
  }
  /// Other bytes in the middle of a file, which looks the same from outside: who reads it finds damage.
  static void spoil_unseen(const fs::path& file) {
    const auto written = fs::last_write_time(file);
    std::string text = read_text(file);
    text[text.size() / 2] ^= 1;
    std::ofstream(file, std::ios::binary | std::ios::in).write(text.data(), static_cast<std::streamsize>(text.size()));
    fs::last_write_time(file, written);
  }
  fs::path kept() const { return cached_log_file(cache_, run_); }

  TempFolder folder_;
  fs::path run_ = folder_ / "run", cache_ = folder_ / "cache", file_ = run_ / "1.tfevents";
};

TEST_F(LogCacheTest, ALongLogIsNotReadASecondTime) {
  write_log(file_);
  const auto first = read(cache_);
  EXPECT_EQ(first->dropped.at("loss").at(0).size(), 1000u);
  spoil_unseen(file_);
  EXPECT_THAT(read({})->problems, testing::SizeIs(1));
  const auto second = read(cache_);
  EXPECT_THAT(second->problems, testing::IsEmpty());
  for (const auto& [tag, points] : first->scalars) EXPECT_THAT(second->scalars.at(tag), HasPointsOf(points));
  EXPECT_THAT(second->dropped.at("loss").at(0), HasPointsOf(first->dropped.at("loss").at(0)));
  const ScalarTotals &a = first->scalars.at("loss").totals(), &b = second->scalars.at("loss").totals();
  EXPECT_EQ(a.extent.low, b.extent.low);
  EXPECT_EQ(a.extent.high, b.extent.high);
  EXPECT_EQ(a.steps_rise, b.steps_rise);
  EXPECT_EQ(second->scalars.at("a longer name, for a log of some length").totals().nan, 1u);
  EXPECT_LT(second->scalars.at("loss").bytes(), first->scalars.at("loss").bytes());  // It is mapped.
}

TEST_F(LogCacheTest, WhatIsAppendedLaterIsRead) {
  write_log(file_);
  read(cache_);
  append_text(file_, scalar_frame("loss", 60'000, 3) + scalar_frame("new", 1, 2) + start_frame(59'000));
  expect_as_without_cache();
  EXPECT_EQ(read(cache_)->dropped.at("loss").size(), 2u);
  write_text(run_ / "2.tfevents", version_frame() + scalar_frame("loss", 59'000, 4));
  expect_as_without_cache();
  EXPECT_EQ(values_of(*read(cache_), "loss").back(), 4);
}

TEST_F(LogCacheTest, AllElseInALogIsThereToo) {
  fs::create_directories(run_);
  {
    RunWriter writer(run_, 0);
    for (Step step = 0; step < 120'000; ++step) {
      writer.scalar("loss", step, 1 / (1 + static_cast<double>(step)));
      if (step % 10'000 == 0) writer.text("note", step, "at " + std::to_string(step));
    }
  }
  const auto first = read(cache_);
  ASSERT_TRUE(fs::exists(kept()));
  const auto second = read(cache_);
  ASSERT_EQ(second->texts.at("note").size(), 12u);
  EXPECT_EQ(*second->texts.at("note")[11].text, "at 110000");
  EXPECT_THAT(second->scalars.at("loss"), HasPointsOf(first->scalars.at("loss")));
}

TEST_F(LogCacheTest, OfAFileThatWasWrittenAnewNothingIsKept) {
  write_log(file_);
  read(cache_);
  const auto written = fs::last_write_time(file_);
  write_log(file_, 1);  // As long as before.
  fs::last_write_time(file_, written + std::chrono::seconds(1));
  expect_as_without_cache();
  write_log(file_, 2);
  append_text(file_, scalar_frame("loss", 60'000, 3));
  expect_as_without_cache();
  fs::resize_file(file_, fs::file_size(file_) / 2);
  expect_as_without_cache();
  fs::rename(file_, run_ / "0.tfevents");
  expect_as_without_cache();
}

TEST_F(LogCacheTest, AFileThatComesBeforeOthersIsReadBeforeThem) {
  write_log(file_);
  read(cache_);
  write_text(run_ / "0.tfevents", version_frame() + scalar_frame("loss", -5, -1));
  expect_as_without_cache();
  EXPECT_EQ(values_of(*read(cache_), "loss").front(), -1);
}

TEST_F(LogCacheTest, OfADamagedCacheNothingIsBelieved) {
  write_log(file_);
  read(cache_);
  const std::string good = read_text(kept());
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::string bad = good;
    if (i % 4 == 3)
      bad.resize(random() % bad.size());
    else
      bad[i < 4 ? random() % 64 : random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    write_text(kept(), bad);
    EXPECT_FALSE(read_cached_log(cache_, run_)) << i;
  }
  expect_as_without_cache();
  EXPECT_TRUE(read_cached_log(cache_, run_));  // It is kept anew.
}

TEST_F(LogCacheTest, WhereNothingCanBeKeptTheLogIsReadAllTheSame) {
  write_log(file_);
  write_text(cache_, "a file");
  expect_as_without_cache();
}

TEST_F(LogCacheTest, WhatIsReadInAMomentIsNotKept) {
  write_text(file_, version_frame() + scalar_frame("loss", 0, 1));
  read(cache_);
  EXPECT_FALSE(fs::exists(kept()));
}

TEST_F(LogCacheTest, WhereAFileOfTheOlderFormComesBehindNewerOnesNothingIsKept) {
  write_log(file_);
  write_text(run_ / "2.tfevents", framed("\x1a\x0d"
                                         "brain.Event:1") +
                                      scalar_frame("loss", 5, 1));
  expect_as_without_cache();
  EXPECT_EQ(values_of(*read(cache_), "loss").size(), 6u) << "a step that falls back is a restart there";
  EXPECT_FALSE(fs::exists(kept()));
}

TEST_F(LogCacheTest, ManyMayReadAndKeepAtTheSameTime) {
  write_log(file_);
  const auto wanted = read({});
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 4; ++k)
        if (values_of(*read(cache_), "loss") == values_of(*wanted, "loss")) ++right;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16);
  EXPECT_EQ(std::distance(fs::directory_iterator(cache_), {}), 1);
}

}  // namespace
}  // namespace ablate
