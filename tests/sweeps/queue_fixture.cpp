#include "tests/sweeps/queue_fixture.h"

#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "experiments/after.h"
#include "runs/json_file.h"
#include "sweeps/inheritable_lock.h"

namespace ablate {

namespace fs = std::filesystem;

void QueueTest::SetUp() {
  std::string pattern = (fs::temp_directory_path() / "ablate-queue-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  root_ = pattern;
  ::setenv("ABLATE_TRAIN", ABLATE_BIN "/stand_in_worker", 1);
  ::setenv("ABLATE_PROGRAM", ABLATE_BIN "/stand_in_worker", 1);
}

void QueueTest::TearDown() {
  for (const fs::path& run : LocalQueue(root_).waiting()) LocalQueue(root_).withdraw(run);
  for (const RunInfo& run : list_runs(root_)) let_finish(run.folder);
  for (const RunInfo& run : list_runs(root_)) until_gone(run.folder);
  until_no_keeper();
  fs::remove_all(root_);
}

fs::path QueueTest::make_run(const std::string& slug, const nlohmann::json& behaviour) {
  return create_run(root_, slug, {{"stand_in", behaviour}});
}

fs::path QueueTest::make_run_after(const fs::path& first, const std::string& slug, const std::string& from,
                                   const nlohmann::json& behaviour) {
  return create_run(root_, slug, {{"stand_in", behaviour}, {"after", to_json(After{first.filename().string(), from})}});
}

void QueueTest::set_machine(const nlohmann::json& machine) const { write_json_file(root_ / "machine.json", machine); }

void QueueTest::let_finish(const fs::path& run) { std::ofstream(run / "finish") << "now"; }

RunState QueueTest::state(const fs::path& run) const { return read_run(root_, run).status.state; }

std::string QueueTest::error(const fs::path& run) const { return info(run).status.error; }

std::string QueueTest::waiting(const fs::path& run) const { return info(run).status.waiting; }

RunInfo QueueTest::info(const fs::path& run) const { return read_run(root_, run); }

std::vector<std::string> QueueTest::diary(const fs::path& run) const {
  std::vector<std::string> lines;
  std::ifstream file(run / "diary");
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void QueueTest::until(const char* what, const std::function<bool()>& so) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited in vain until " << what;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void QueueTest::until_state(const fs::path& run, RunState wanted) const {
  until((run.filename().string() + " is " + std::string(name_of(wanted))).c_str(),
        [&] { return state(run) == wanted; });
}

void QueueTest::until_gone(const fs::path& run) const {
  until("its worker is gone", [&] { return !RunLock::held(run) && !LocalQueue(root_).working(run); });
}

void QueueTest::until_no_keeper() const {
  until("no keeper is left", [&] { return keeper() == 0; });
}

pid_t QueueTest::keeper() const {
  const fs::path file = root_ / ".ablate" / "queue" / "keeper";
  pid_t process = 0;
  if (InheritableLock::held(file)) std::ifstream(file) >> process;
  return process;
}

void QueueTest::kill_keeper() const {
  const pid_t process = keeper();
  if (process > 0) ::kill(process, SIGKILL);
}

}  // namespace ablate
