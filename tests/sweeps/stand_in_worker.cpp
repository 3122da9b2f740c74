// Stands in for `ablate-train` and for the queue's keeper, so that the queue's own doings can be tested in
// milliseconds.
//   stand_in_worker run DIR            behaves as "stand_in" in DIR/run.json says:
//       "wait": true     stay until a stop request comes (then stopped) or a file DIR/finish appears (then completed)
//       "die": signal    die of that signal        "exit": code   say "sad words", and leave with that code
//       "hush": true     before any status is written, and before the run's lock is taken, wait for DIR/finish
//       "leave": step    leave a checkpoint of that step
//     else it completes at once. Every start and every end is a line in DIR/diary. As a cluster's job ($ABLATE_JOB) it
//     is interrupted by SIGTERM.
//   stand_in_worker accepted           says that it could start
//   stand_in_worker queue-keeper ROOT  is what `ablate queue-keeper ROOT` is, on a machine with the GPUs
//     [[id, total bytes, free bytes], …] and the free disk bytes that ROOT/machine.json has, if it is there;
//     it stays for the milliseconds that are its "linger"
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "runs/json_file.h"
#include "runs/run_store.h"
#include "sweeps/launcher.h"
#include "sweeps/machine.h"

namespace fs = std::filesystem;

namespace {

void note(const fs::path& run, const std::string& word) {
  std::ofstream(run / "diary", std::ios::app) << word << std::endl;
}

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

volatile std::sig_atomic_t told_to_go = 0;

void write_state(const fs::path& run, ablate::RunState state) {
  ablate::RunStatus status = ablate::read_status(run).value_or(ablate::RunStatus{});
  status.state = state;
  status.waiting = state == ablate::RunState::interrupted ? ablate::kWordOfCluster : "";
  if (const char* job = std::getenv("ABLATE_JOB")) status.job = job;
  ablate::write_status(run, status);
}

int work(const fs::path& run) {
  const nlohmann::json behaviour =
      ablate::read_json_file(run / "run.json")->value("stand_in", nlohmann::json::object());
  note(run, "start");
  if (behaviour.contains("hush"))
    while (!fs::exists(run / "finish")) pause();
  const auto lock = ablate::RunLock::try_acquire(run);
  if (!lock) {
    note(run, "locked out");
    return 1;
  }
  write_state(run, ablate::RunState::running);
  const char* gpu = std::getenv("CUDA_VISIBLE_DEVICES");
  std::ofstream(run / "gpu") << (gpu != nullptr ? gpu : "none");
  std::ofstream(run / "threads") << (std::getenv("ABLATE_THREADS") != nullptr ? std::getenv("ABLATE_THREADS") : "");
  if (behaviour.contains("die")) {
    ::signal(behaviour["die"].get<int>(), SIG_DFL);  // A sanitizer would make an exit of it.
    ::kill(::getpid(), behaviour["die"].get<int>());
  }
  if (behaviour.contains("exit")) {
    std::puts("cheerful words\nsad words\n");
    return behaviour["exit"].get<int>();
  }
  ablate::RunState end = ablate::RunState::completed;
  while (behaviour.contains("wait") && !fs::exists(run / "finish")) {
    if (ablate::take_request(run, ablate::Request::stop)) {
      end = ablate::RunState::stopped;
      break;
    }
    if (told_to_go) {
      end = ablate::RunState::interrupted;
      break;
    }
    pause();
  }
  if (behaviour.contains("leave")) {
    const fs::path checkpoint = run / "checkpoints" / fmt::format("step-{:08}", behaviour["leave"].get<int>());
    fs::create_directories(checkpoint);
    ablate::write_json_file(checkpoint / "trainer.json", {{"best", {{"step", behaviour["leave"]}}}});
  }
  note(run, "end");  // Before the state that tests wait for.
  write_state(run, end);
  return std::getenv("ABLATE_JOB") != nullptr && end != ablate::RunState::completed ? 1 : 0;
}

class PretendedMachine : public ablate::Machine {
 public:
  explicit PretendedMachine(const fs::path& root) : file_(root / "machine.json") {}
  std::vector<ablate::Gpu> gpus() override {
    std::vector<ablate::Gpu> gpus;
    for (const nlohmann::json& gpu : said().value("gpus", nlohmann::json::array()))
      gpus.push_back({gpu[0], gpu[1], gpu[2]});
    return gpus;
  }
  std::uint64_t free_disk_bytes(const fs::path&) override { return said().value("disk", UINT64_MAX); }

  std::chrono::milliseconds linger() const { return std::chrono::milliseconds(said().value("linger", 0)); }

 private:
  nlohmann::json said() const { return ablate::read_json_file(file_).value_or(nlohmann::json::object()); }
  fs::path file_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string("accepted")) return 0;
  if (argc != 3) return 2;
  if (std::getenv("ABLATE_JOB")) ::signal(SIGTERM, [](int) { told_to_go = 1; });
  if (argv[1] == std::string("queue-keeper")) {
    PretendedMachine machine(argv[2]);
    ablate::LocalQueue(argv[2]).keep(machine, machine.linger());
    return 0;
  }
  return work(argv[2]);
}
