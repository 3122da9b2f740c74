#include "runs/run_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <set>

#include "runs/error.h"
#include "runs/heartbeats.h"
#include "runs/json_file.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> ids(const std::filesystem::path& root) {
  std::vector<std::string> all;
  for (const RunInfo& info : list_runs(root)) all.push_back(info.id);
  return all;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CreateRun, MakesAQueuedRunFolder) {
  const TempFolder root;
  const auto folder = create_run(root / "new" / "root", "Res in", {{"experiment", "e"}, {"variant", "v"}});
  EXPECT_THAT(folder.filename().string(), MatchesRegex("[0-9]{8}-[0-9]{6}-Res-in"));
  const RunInfo info = read_run(root / "new" / "root", folder);
  EXPECT_EQ(info.id, folder.filename().string());
  EXPECT_EQ(info.name, "v");
  EXPECT_EQ(info.experiment, "e");
  EXPECT_EQ(info.status.state, RunState::queued);
  EXPECT_EQ(info.run->at("format"), 1);
}

TEST(CreateRun, ManyInOneSecondAreFoldersOfTheirOwn) {
  const TempFolder root;
  std::set<std::filesystem::path> folders;
  for (int i = 0; i < 50; ++i) folders.insert(create_run(root.path(), "same", nlohmann::json::object()));
  EXPECT_THAT(folders, SizeIs(50));
  EXPECT_THAT(list_runs(root.path()), SizeIs(50));
}

TEST(CreateRun, SlugHasNoSurprises) {
  const TempFolder root;
  EXPECT_THAT(create_run(root.path(), "../a b//ü%", nlohmann::json::object()).filename().string(),
              MatchesRegex("[0-9]{8}-[0-9]{6}-..-a-b"));
  EXPECT_THAT(create_run(root.path(), "///", nlohmann::json::object()).filename().string(), testing::EndsWith("-run"));
}

TEST(CreateRun, RootThatCantBeWrittenToIsNamed) {
  EXPECT_THAT(error_of([] { create_run("/proc/ablate", "x", nlohmann::json::object()); }),
              AllOf(HasSubstr("/proc/ablate"), HasSubstr("--runs")));
}

TEST(CreateRun, NumbersThatAreNotFiniteSurvive) {
  const TempFolder root;
  const auto folder = create_run(root.path(), "x", {{"config", {{"clip", INFINITY}, {"list", {NAN, 1.5, -INFINITY}}}}});
  const auto config = read_run(root.path(), folder).run->at("config");
  EXPECT_EQ(config.at("clip"), "Infinity");
  EXPECT_EQ(config.at("list"), nlohmann::json::parse(R"(["NaN", 1.5, "-Infinity"])"));
}

TEST(ListRuns, FindsOwnAndForeignRunsAtAnyDepth) {
  const TempFolder root;
  write_text(root / "own" / "run.json", "{}");
  write_text(root / "own" / "checkpoints" / "x.tfevents", "");
  write_text(root / "group" / "deeper" / "run.json", "{}");
  write_text(root / "foreign" / "events.out.tfevents.1.host", "");
  write_text(root / "foreign" / "sub" / "events.out.tfevents.1.host", "");
  write_text(root / ".hidden" / "my_tfevents_notes.txt", "");
  write_text(root / ".ablate" / "trash" / "run.json", "{}");
  write_text(root / "nothing" / "notes.txt", "");
  std::filesystem::create_directories(root / "folder.tfevents");
  EXPECT_THAT(ids(root.path()), ElementsAre(".hidden", "foreign", "foreign/sub", "group/deeper", "own"));
  for (const RunInfo& info : list_runs(root.path()))
    EXPECT_EQ(info.status.state == RunState::foreign, info.run->is_null()) << info.id;
}

TEST(ListRuns, RootMayBeTheRunItself) {
  const TempFolder root;
  write_text(root / "a" / "x.tfevents", "");
  const auto runs = list_runs(root / "a");
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].id, ".");
  EXPECT_EQ(runs[0].name, "a");
}

TEST(ListRuns, FollowsLinksOnceRound) {
  const TempFolder root;
  write_text(root / "a" / "run.json", "{}");
  write_text(root / "b" / "c" / "x.tfevents", "");
  std::filesystem::create_directory_symlink("..", root / "b" / "up");
  std::filesystem::create_directory_symlink(root / "a", root / "link");
  EXPECT_THAT(ids(root.path()), ElementsAre("a", "b/c", "link"));
}

TEST(ListRuns, MissingRootHasNone) { EXPECT_THAT(list_runs("/no/such/root"), IsEmpty()); }

TEST(ListRuns, DamagedFilesAreFailedRunsThatSayWhy) {
  const TempFolder root;
  write_text(root / "a" / "run.json", "{\"name\": ");
  write_text(root / "b" / "run.json", "{}");
  write_text(root / "b" / "status.json", R"({"status": "dancing"})");
  write_text(root / "c" / "run.json", "{}");
  write_text(root / "c" / "meta.json", R"({"tags": 5})");
  write_text(root / "d" / "run.json", R"({"format": 7})");
  const auto runs = list_runs(root.path());
  ASSERT_THAT(runs, SizeIs(4));
  const std::vector<std::string> reasons{"run.json", "dancing", "tags", "newer"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(runs[i].status.state, RunState::failed);
    EXPECT_THAT(runs[i].status.error, AllOf(HasSubstr(reasons[i]), HasSubstr(root.path().string())));
  }
}

TEST(ListRuns, UnreadableFolderSaysSo) {
  const TempFolder root;
  std::filesystem::create_directory(root / "locked");
  ::chmod(root.path().c_str(), 0755);
  ::chmod((root / "locked").c_str(), 0);
  {
    const AsNobody nobody;
    const auto runs = list_runs(root.path());
    ASSERT_THAT(runs, SizeIs(1));
    EXPECT_EQ(runs[0].id, "locked");
    EXPECT_EQ(runs[0].status.state, RunState::failed);
    EXPECT_THAT(runs[0].status.error, HasSubstr("Permission denied"));
  }
  ::chmod((root / "locked").c_str(), 0700);
}

TEST(CreateRun, RootWithoutPermissionIsNamed) {
  const TempFolder root;
  ::chmod(root.path().c_str(), 0555);
  const AsNobody nobody;
  EXPECT_THAT(error_of([&] { create_run(root.path(), "x", nlohmann::json::object()); }),
              AllOf(HasSubstr(root.path().string()), HasSubstr("Permission denied")));
}

class FindRun : public testing::Test {
 protected:
  void SetUp() override {
    make("20260101-000000-bn", "bn", 1);
    make("20260102-000000-bn", "bn", 2);
    make("20260102-000000-in", "in", 3);
    write_text(root_ / "logs" / "torch" / "x.tfevents", "");
  }
  void make(const std::string& id, const std::string& variant, int created) {
    write_text(root_ / id / "run.json", fmt::format(R"({{"variant": "{}", "created_seconds": {}}})", variant, created));
  }
  std::string id_of(std::string_view word) { return find_run(root_.path(), word).id; }

  TempFolder root_;
};

TEST_F(FindRun, ByIdPathPrefixAndName) {
  EXPECT_EQ(id_of("20260101-000000-bn"), "20260101-000000-bn");
  EXPECT_EQ(id_of("20260101"), "20260101-000000-bn");
  EXPECT_EQ(id_of((root_ / "20260101-000000-bn").string()), "20260101-000000-bn");
  EXPECT_EQ(id_of((root_ / "20260101-000000-bn" / "").string()), "20260101-000000-bn");
  EXPECT_EQ(id_of("in"), "20260102-000000-in");
  EXPECT_EQ(id_of("logs/torch"), "logs/torch");
  EXPECT_EQ(id_of("logs"), "logs/torch");
}

TEST_F(FindRun, OfEqualNamesTheNewest) {
  EXPECT_EQ(id_of("bn"), "20260102-000000-bn");
  change_meta(root_ / "20260101-000000-bn", [](RunMeta& meta) { meta.name = "mine"; });
  EXPECT_EQ(id_of("mine"), "20260101-000000-bn");
}

TEST_F(FindRun, AmbiguousPrefixListsTheRuns) {
  EXPECT_THAT(error_of([&] { id_of("20260102"); }),
              AllOf(HasSubstr("20260102-000000-bn"), HasSubstr("20260102-000000-in"), Not(HasSubstr("20260101"))));
}

TEST_F(FindRun, UnknownWordNamesNearOnes) {
  EXPECT_THAT(error_of([&] { id_of("20260101-000000-nb"); }), HasSubstr("20260101-000000-bn"));
  EXPECT_THAT(error_of([&] { id_of("zzzzzzzzzzz"); }), HasSubstr("ablate list"));
  EXPECT_THAT(error_of([&] { find_run(root_ / "nowhere", "x"); }), HasSubstr("no runs at all"));
  EXPECT_NE(error_of([&] { id_of(""); }), "");
}

TEST(RunsRoot, ArgumentThenEnvironmentThenHere) {
  ::unsetenv("ABLATE_RUNS");
  EXPECT_EQ(runs_root(""), "ablate-runs");
  ::setenv("ABLATE_RUNS", "/data/runs", 1);
  EXPECT_EQ(runs_root(""), "/data/runs");
  EXPECT_EQ(runs_root("/other"), "/other");
  ::unsetenv("ABLATE_RUNS");
}

TEST(Heartbeats, ARunOfAnotherHostIsInterruptedOnceItsHeartbeatHasBeenStillForAMinute) {
  const Heartbeats::Clock::time_point start{};
  Heartbeats heartbeats;
  const auto state_at = [&](std::chrono::seconds after, std::int64_t heartbeat) {
    RunStatus status;
    status.state = RunState::running;
    status.host = "elsewhere";
    status.heartbeat = heartbeat;
    heartbeats.resolve("run", status, start + after);
    return status.state;
  };
  using std::chrono::seconds;
  EXPECT_EQ(state_at(seconds(0), 5), RunState::running);
  EXPECT_EQ(state_at(seconds(59), 5), RunState::running);
  EXPECT_EQ(state_at(seconds(59), 6), RunState::running) << "it has moved: a new minute";
  EXPECT_EQ(state_at(seconds(118), 6), RunState::running);
  EXPECT_EQ(state_at(seconds(119), 6), RunState::interrupted);
  EXPECT_EQ(state_at(seconds(120), 7), RunState::running) << "it was only slow";
}

TEST(Heartbeats, OfARunOfThisHostTheLockTells) {
  Heartbeats heartbeats;
  RunStatus status;
  status.state = RunState::running;
  status.host = host_name();
  for (const int minute : {0, 5}) {
    heartbeats.resolve("run", status, Heartbeats::Clock::time_point{std::chrono::minutes(minute)});
    EXPECT_EQ(status.state, RunState::running);
  }
}

}  // namespace
}  // namespace ablate
