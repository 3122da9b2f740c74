// status.json, meta.json, findings.json, requests/ and the lock.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_store.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

/// A process of its own that does `work` and then ends.
template <class Work>
pid_t in_another_process(Work work) {
  const pid_t process = ::fork();
  if (process == 0) {
    work();
    ::_exit(0);
  }
  return process;
}

int exit_status(pid_t process) {
  int status = 0;
  ::waitpid(process, &status, 0);
  return status;
}

TEST(RunStatusFile, MissingIsNotYet) {
  const TempFolder folder;
  EXPECT_FALSE(read_status(folder.path()).has_value());
}

TEST(RunStatusFile, EverythingComesBackEvenWhatIsUnknown) {
  const TempFolder folder;
  RunStatus status;
  status.state = RunState::diverged;
  status.step = 7;
  status.total_steps = 10;
  status.epoch = 1.5;
  status.metrics = {{"loss/train", NAN}, {"iou/val", 0.5}, {"up", INFINITY}, {"down", -INFINITY}};
  status.best_metric = "iou/val";
  status.best_value = -INFINITY;
  status.best_step = 3;
  status.error = "the loss is \"NaN\" \xff";
  status.heartbeat = 12;
  status.started_seconds = 1.25;
  status.ended_seconds = 2.5;
  status.training_seconds = 0.75;
  status.launcher = "local";
  status.job = "123";
  status.other = {{"future", {1, 2}}};
  write_status(folder.path(), status);
  const RunStatus back = read_status(folder.path()).value();
  EXPECT_EQ(back.state, status.state);
  EXPECT_EQ(back.step, 7);
  EXPECT_EQ(back.total_steps, 10);
  EXPECT_EQ(back.epoch, 1.5);
  EXPECT_TRUE(std::isnan(back.metrics.at("loss/train")));
  EXPECT_EQ(back.metrics.at("iou/val"), 0.5);
  EXPECT_EQ(back.metrics.at("up"), INFINITY);
  EXPECT_EQ(back.metrics.at("down"), -INFINITY);
  EXPECT_EQ(back.best_metric, "iou/val");
  EXPECT_EQ(back.best_value, -INFINITY);
  EXPECT_EQ(back.best_step, 3);
  EXPECT_THAT(back.error, HasSubstr("the loss is \"NaN\""));
  EXPECT_EQ(back.heartbeat, 12);
  EXPECT_EQ(back.started_seconds, 1.25);
  EXPECT_EQ(back.ended_seconds, 2.5);
  EXPECT_EQ(back.training_seconds, 0.75);
  EXPECT_EQ(back.launcher, "local");
  EXPECT_EQ(back.job, "123");
  EXPECT_EQ(back.host, host_name());
  EXPECT_EQ(back.other, status.other);
  EXPECT_EQ(nlohmann::json::parse(read_text(folder / "status.json")).at("format"), 1);
}

TEST(RunStatusFile, EveryStateHasANameThatIsRead) {
  const TempFolder folder;
  for (int state = 0; state <= static_cast<int>(RunState::foreign); ++state) {
    RunStatus status;
    status.state = static_cast<RunState>(state);
    write_status(folder.path(), status);
    EXPECT_EQ(read_status(folder.path())->state, status.state) << name_of(status.state);
  }
}

TEST(RunStatusFile, DamageNamesTheFile) {
  const TempFolder folder;
  for (const char* text : {"", "{", "[]", R"({"status": 3})", R"({"step": "x"})", R"({"metrics": [1]})",
                           R"({"metrics": {"a": "x"}})", R"({"format": 2})", R"({"format": "x"})"}) {
    write_text(folder / "status.json", text);
    try {
      read_status(folder.path());
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr((folder / "status.json").string()));
    }
  }
}

TEST(RunStatusFile, ReadersNeverSeeAHalfWrittenOne) {
  const TempFolder folder;
  write_status(folder.path(), {});
  const pid_t writer = in_another_process([&] {
    RunStatus status;
    for (int i = 0; i < 300; ++i) {
      status.error = std::string(static_cast<std::size_t>(i) * 50, 'x');
      write_status(folder.path(), status);
    }
  });
  int reads = 0;
  for (int status = 0; ::waitpid(writer, &status, WNOHANG) == 0; ++reads)
    EXPECT_NO_THROW(read_status(folder.path()).value());
  EXPECT_GT(reads, 0);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, 1u) << "nothing is left beside it";
}

TEST(RunMetaFile, UnknownKeysAreKept) {
  const TempFolder folder;
  write_text(folder / "run.json", "{}");
  write_text(folder / "meta.json", R"({"format": 1, "name": "a", "mood": "good"})");
  change_meta(folder.path(), [](RunMeta& meta) { meta.tags = {"x"}; });
  const RunMeta meta = read_meta(folder.path());
  EXPECT_EQ(meta.name, "a");
  EXPECT_THAT(meta.tags, ElementsAre("x"));
  EXPECT_EQ(meta.other, nlohmann::json({{"mood", "good"}}));
}

TEST(RunMetaFile, ComesBack) {
  const TempFolder folder;
  write_text(folder / "run.json", "{}");
  RunMeta said;
  said.name = "mine";
  said.tags = {"good", "no flip"};
  said.notes = "two\nlines";
  said.figures = {{"leaderboard", 0.87}, {"lost", NAN}};
  said.color = "#102030";
  said.pinned = said.archived = true;
  change_meta(folder.path(), [&](RunMeta& meta) { meta = said; });
  const RunMeta read = read_meta(folder.path());
  EXPECT_EQ(to_json(read), to_json(said));
  write_text(folder / "meta.json", R"({"figures": {"a": "much"}})");
  EXPECT_THROW(read_meta(folder.path()), Error);
}

TEST(RunMetaFile, FiguresAreNumbersByName) {
  EXPECT_EQ(figure_from_words(" leaderboard = 0.87"),
            (std::pair<std::string, std::optional<double>>("leaderboard", 0.87)));
  EXPECT_EQ(figure_from_words("a="), (std::pair<std::string, std::optional<double>>("a", std::nullopt)));
  for (const char* words : {"", "a", "=1", "a=b", "a=1x", "a 1"})
    EXPECT_THROW(figure_from_words(words), Error) << words;
}

TEST(RunMetaFile, SeveralProcessesLoseNothing) {
  const TempFolder folder;
  write_text(folder / "run.json", "{}");
  std::vector<pid_t> processes;
  std::vector<std::string> expected;
  for (int process = 0; process < 4; ++process) {
    for (int i = 0; i < 25; ++i) expected.push_back(std::to_string(process) + "-" + std::to_string(i));
    processes.push_back(in_another_process([&] {
      for (int i = 0; i < 25; ++i)
        change_meta(folder.path(),
                    [&](RunMeta& meta) { meta.tags.push_back(std::to_string(process) + "-" + std::to_string(i)); });
    }));
  }
  for (const pid_t process : processes) EXPECT_EQ(exit_status(process), 0);
  EXPECT_THAT(read_meta(folder.path()).tags, UnorderedElementsAreArray(expected));
}

TEST(RunMetaFile, WhatIsSaidOfForeignRunsIsKeptElsewhere) {
  const TempFolder folder, data;
  write_text(folder / "x.tfevents", "");
  ::setenv("XDG_DATA_HOME", data.path().c_str(), 1);
  change_meta(folder.path(), [](RunMeta& meta) { meta.tags = {"a"}; });
  change_meta(folder.path() / "", [](RunMeta& meta) { meta.pinned = true; });
  const RunInfo run = read_run(folder.path(), folder.path());
  EXPECT_EQ(run.status.state, RunState::foreign);
  EXPECT_THAT(run.meta.tags, ElementsAre("a"));
  EXPECT_TRUE(run.meta.pinned);
  EXPECT_EQ(run.meta.other.at("folder"), folder.path().string());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  ::unsetenv("XDG_DATA_HOME");
}

TEST(RunMetaFile, ChangeThatThrowsLeavesItAsItWas) {
  const TempFolder folder;
  write_text(folder / "run.json", "{}");
  change_meta(folder.path(), [](RunMeta& meta) { meta.name = "a"; });
  EXPECT_THROW(change_meta(folder.path(),
                           [](RunMeta& meta) -> void {
                             meta.name = "b";
                             throw Error("no");
                           }),
               Error);
  EXPECT_EQ(read_meta(folder.path()).name, "a");
  change_meta(folder.path(), [](RunMeta& meta) { meta.name = "c"; });
  EXPECT_EQ(read_meta(folder.path()).name, "c");
}

TEST(FindingsFile, ComeBack) {
  const TempFolder folder;
  EXPECT_THAT(read_findings(folder.path()), IsEmpty());
  write_findings(folder.path(), {{"shared-norm",
                                  "down1",
                                  0.75,
                                  "One norm, two places.",
                                  {"gap 3.1", "ratio 2"},
                                  "Separate them.",
                                  {{"up1.2", 0.125}, {"down1.1", -0.5}}}});
  const auto findings = read_findings(folder.path());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(to_json(findings[0]),
            nlohmann::json::parse(R"({"cause": "shared-norm", "layer": "down1", "confidence": 0.75,
      "sentence": "One norm, two places.", "evidence": ["gap 3.1", "ratio 2"], "cure": "Separate them.",
      "blame": [{"layer": "up1.2", "gain": 0.125}, {"layer": "down1.1", "gain": -0.5}]})"));
  for (const char* damaged : {R"({"findings": [5]})", R"({"findings": [{"blame": 5}]})",
                              R"({"findings": [{"blame": [{"gain": "much"}]}]})"}) {
    write_text(folder / "findings.json", damaged);
    EXPECT_THROW(read_findings(folder.path()), Error) << damaged;
  }
}

TEST(OtherOwner, IsNamedWhereAFolderIsSomebodyElses) {
  const TempFolder folder;
  EXPECT_EQ(other_owner(folder.path()), "");
  EXPECT_EQ(other_owner(folder / "nothing"), "");
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives a folder away";
  ASSERT_EQ(::chown(folder.path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(other_owner(folder.path()), "nobody");
  EXPECT_THAT(write_error_text(folder / "runs" / "status.json", EACCES),
              EndsWith(" is nobody's: ask nobody to do it."));
  EXPECT_EQ(write_error_text(folder / "status.json", ENOSPC), system_error_text(ENOSPC));
}

TEST(Requests, AreTakenOnce) {
  const TempFolder folder;
  EXPECT_FALSE(take_request(folder.path(), Request::stop));
  request(folder.path(), Request::stop);
  request(folder.path(), Request::stop);
  EXPECT_FALSE(take_request(folder.path(), Request::checkpoint));
  EXPECT_TRUE(take_request(folder.path(), Request::stop));
  EXPECT_FALSE(take_request(folder.path(), Request::stop));
  EXPECT_THROW(request("/proc/ablate", Request::stop), Error);
}

TEST(Requests, ALearningRateIsAFactorOrARate) {
  EXPECT_EQ(LrRequest::from_words("0.1x").kind, LrRequest::Kind::factor);
  EXPECT_EQ(LrRequest::from_words("0.1x").number, 0.1);
  EXPECT_EQ(LrRequest::from_words("1e-4").kind, LrRequest::Kind::rate);
  EXPECT_EQ(LrRequest::from_words(LrRequest::from_words("1e-4").words()).number, 1e-4);
  for (const char* words : {"", "x", "-1", "0", "0x", "nan", "inf", "1e-4 ", "half", "0.1xx", "1e999"})
    EXPECT_THROW(LrRequest::from_words(words), Error) << words;
}

TEST(Requests, OfLearningRatesTheLastOneCounts) {
  const TempFolder folder;
  EXPECT_FALSE(take_lr_request(folder.path()));
  request_lr(folder.path(), LrRequest::from_words("0.1x"));
  request_lr(folder.path(), LrRequest::from_words("1e-3"));
  EXPECT_EQ(take_lr_request(folder.path())->words(), "0.001");
  EXPECT_FALSE(take_lr_request(folder.path()));
}

TEST(Requests, ALearningRateOfNoMeaningIsTakenAwayAndNamed) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "requests");
  write_text(folder / "requests" / "lr", "");
  EXPECT_FALSE(take_lr_request(folder.path())) << "not written to its end yet";
  write_text(folder / "requests" / "lr", "lower\n");
  EXPECT_THROW(take_lr_request(folder.path()), Error);
  EXPECT_FALSE(take_lr_request(folder.path()));
}

TEST(RunLock, HeldUntilItGoesAway) {
  const TempFolder folder;
  EXPECT_FALSE(RunLock::held(folder.path()));
  auto lock = RunLock::try_acquire(folder.path());
  ASSERT_TRUE(lock.has_value());
  EXPECT_TRUE(RunLock::held(folder.path()));
  EXPECT_FALSE(RunLock::try_acquire(folder.path()).has_value());
  EXPECT_TRUE(RunLock::held(folder.path())) << "asking and trying didn't take it away";
  RunLock moved = std::move(*lock);
  lock.reset();
  EXPECT_TRUE(RunLock::held(folder.path()));
  { const RunLock end = std::move(moved); }
  EXPECT_FALSE(RunLock::held(folder.path()));
  EXPECT_TRUE(RunLock::try_acquire(folder.path()).has_value());
}

/// A process that trains, as the lock and status.json have it, until it is killed.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& folder) {
    int ready[2];
    if (::pipe(ready) != 0) std::abort();
    process_ = in_another_process([&] {
      const auto lock = RunLock::try_acquire(folder);
      RunStatus status;
      status.state = RunState::running;
      write_status(folder, status);
      if (::write(ready[1], "x", 1) == 1) ::pause();
    });
    char byte;
    if (::read(ready[0], &byte, 1) != 1) std::abort();
    ::close(ready[0]);
    ::close(ready[1]);
  }
  void kill() {
    ::kill(process_, SIGKILL);
    exit_status(process_);
  }

 private:
  pid_t process_;
};

TEST(RunLock, DiesWithItsProcessAndTheRunIsInterrupted) {
  const TempFolder root;
  const auto folder = create_run(root.path(), "x", nlohmann::json::object());
  Holder holder(folder);
  EXPECT_TRUE(RunLock::held(folder));
  EXPECT_FALSE(RunLock::try_acquire(folder).has_value());
  EXPECT_EQ(read_run(root.path(), folder).status.state, RunState::running);
  holder.kill();
  EXPECT_FALSE(RunLock::held(folder));
  EXPECT_EQ(read_run(root.path(), folder).status.state, RunState::interrupted);
  EXPECT_TRUE(RunLock::try_acquire(folder).has_value());
}

TEST(RunLock, OfAnotherHostIsNotJudged) {
  const TempFolder root;
  const auto folder = create_run(root.path(), "x", nlohmann::json::object());
  write_text(folder / "status.json", R"({"status": "running", "host": "somewhere-else"})");
  EXPECT_EQ(read_run(root.path(), folder).status.state, RunState::running);
}

TEST(JsonText, KeepsWhatJsonCant) {
  EXPECT_EQ(json_text({{"a", NAN}, {"b", {1.5, -INFINITY}}}), R"({"a":"NaN","b":[1.5,"-Infinity"]})");
  EXPECT_EQ(json_text("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_THROW(number_of("x"), Error);
  EXPECT_EQ(number_of(json_number(-INFINITY)), -INFINITY);
}

TEST(JsonText, DeepNestingIsAnErrorNotACrash) {
  EXPECT_NO_THROW(parse_json(std::string(200, '[') + std::string(200, ']'), "x"));
  EXPECT_THROW(parse_json(std::string(201, '[') + std::string(201, ']'), "x"), Error);
  EXPECT_THROW(parse_json(std::string(10'000'000, '['), "x"), Error);
  EXPECT_NO_THROW(parse_json("\"" + std::string(500, '[') + "\\\"[\"", "x"));
}

}  // namespace
}  // namespace ablate
