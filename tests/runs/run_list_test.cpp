#include "runs/run_list.h"

#include <gmock/gmock.h>

#include "runs/atomic_file.h"
#include "runs/json_file.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RunListTest : public testing::Test {
 protected:
  std::filesystem::path run(const std::string& name, RunState state) {
    const auto folder = create_run(root_.path(), name, {{"variant", name}});
    RunStatus status;
    status.state = state;
    write_status(folder, status);
    return folder;
  }

  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const RunInfo& info : list_.list()) all.push_back(info.name);
    std::ranges::sort(all);
    return all;
  }

  TempFolder root_;
  RunList list_{root_.path()};
};

TEST_F(RunListTest, WhatIsAsItWasIsNotReadAgain) {
  run("a", RunState::completed);
  const auto first = list_.list();
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(list_.list()[0].run, first[0].run) << "one document, which copies share";
  EXPECT_EQ(list_.read(first[0].folder).run, first[0].run);
}

TEST_F(RunListTest, EveryChangeOfItsSmallFilesIsSeen) {
  const auto folder = run("a", RunState::completed);
  const auto document = list_.list()[0].run;
  RunStatus status;
  status.state = RunState::failed;
  write_status(folder, status);
  EXPECT_EQ(list_.list()[0].status.state, RunState::failed);
  EXPECT_EQ(list_.list()[0].run, document) << "which did not change";
  change_meta(folder, [](RunMeta& meta) { meta.name = "good"; });
  EXPECT_THAT(names(), ElementsAre("good"));
  change_meta(folder, [](RunMeta& meta) { meta.name = ""; });
  write_json_file(folder / "run.json", {{"variant", "b"}});
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(RunListTest, RunsComeAndGo) {
  const auto folder = run("a", RunState::completed);
  EXPECT_THAT(names(), ElementsAre("a"));
  run("b", RunState::completed);
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  std::filesystem::remove_all(folder);
  EXPECT_THAT(names(), ElementsAre("b"));
  std::filesystem::remove_all(root_.path());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(RunListTest, AWorkersDeathIsSeenThoughItChangesNoFile) {
  const auto folder = run("a", RunState::running);
  {
    const auto worker = RunLock::try_acquire(folder);
    EXPECT_EQ(list_.list()[0].status.state, RunState::running);
  }
  EXPECT_EQ(list_.list()[0].status.state, RunState::interrupted);
}

TEST_F(RunListTest, OneThatIsMendedIsReadAgain) {
  const auto folder = run("a", RunState::completed);
  const auto whole = read_file(folder / "run.json");
  const auto write = [&](std::string_view text) { write_file_atomically(folder / "run.json", {&text, 1}); };
  write("{");
  EXPECT_THAT(list_.list()[0].status.error, HasSubstr("not JSON"));
  write(*whole);
  EXPECT_EQ(list_.list()[0].status.state, RunState::completed);
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(RunListTest, WhereAnotherProgramsLogBecomesARunOfOursItIsOne) {
  const auto folder = root_ / "a";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "events.out.tfevents.1.x");
  EXPECT_EQ(list_.list()[0].status.state, RunState::foreign);
  write_json_file(folder / "run.json", {{"variant", "ours"}});
  EXPECT_THAT(names(), ElementsAre("ours"));
  std::filesystem::remove(folder / "run.json");
  EXPECT_EQ(list_.list()[0].status.state, RunState::foreign);
}

}  // namespace
}  // namespace ablate
