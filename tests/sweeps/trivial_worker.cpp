// Stands in for `ablate-train` where a sweep's own doings are tested: `trivial_worker run DIR` "trains" a formula. The
// metric iou/val rises with the step and is best at optimizer.lr = .01; what is logged, checkpointed, stopped and
// resumed is as of the real one, but a step counts as a second of training, and an epoch is 10. Every start and end is
// a line in <root>/diary. By the environment:
//   TRIVIAL_STEP_MS=n        a step takes so long (1), until there is a file <root>/fast: then no time
//   TRIVIAL_DIES_AT=step     killed there, once a run folder; TRIVIAL_CHECKPOINTS=0: without any checkpoint
//   TRIVIAL_FAILS=words      fails at once, saying so
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "experiments/run_config.h"
#include "runs/checkpoints.h"
#include "runs/json_file.h"
#include "runs/run_store.h"
#include "runs/run_writer.h"

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kStepsOfAnEpoch = 10;

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

void note(const fs::path& run, const char* word) {
  std::ofstream(run.parent_path() / "diary", std::ios::app)
      << fmt::format("{} {} {:.6f}\n", word, run.filename().string(), ablate::wall_seconds()) << std::flush;
}

double metric(double lr, ablate::Step step, ablate::Step total) {
  const double off = std::log10(lr) + 2;
  return std::exp(-off * off / 2) * (1 - std::exp(-3 * static_cast<double>(step) / static_cast<double>(total)));
}

void write_checkpoint(const fs::path& run, ablate::Step step) {
  const fs::path folder = run / "checkpoints" / fmt::format("step-{:08}", step);
  fs::create_directories(folder);
  ablate::write_json_file(folder / "trainer.json", {{"step", step}});
}

int work(const fs::path& run) {
  const auto lock = ablate::RunLock::try_acquire(run);
  if (!lock) return 1;
  note(run, "start");
  const ablate::RunConfig config = ablate::RunConfig::from_json(ablate::read_json_file(run / "run.json")->at("config"));
  const ablate::Step total = config.steps("train.steps", kStepsOfAnEpoch);
  const ablate::Step every = config.steps("validation.every", kStepsOfAnEpoch);
  const int step_ms = std::stoi(setting("TRIVIAL_STEP_MS", "1")), dies_at = std::stoi(setting("TRIVIAL_DIES_AT", "-1"));
  const bool checkpoints = setting("TRIVIAL_CHECKPOINTS", "1") == "1";
  const fs::path fast = run.parent_path() / "fast";
  ablate::Step step = 0;
  if (const auto newest = ablate::newest_checkpoint(run))
    step = ablate::read_json_file(*newest / "trainer.json")->at("step");

  ablate::RunStatus status = ablate::read_status(run).value_or(ablate::RunStatus{});
  Clock::time_point written;
  const auto write = [&](ablate::RunState state) {
    status.state = state;
    status.step = step;
    status.epoch = static_cast<double>(step) / kStepsOfAnEpoch;
    status.training_seconds = static_cast<double>(step);
    status.total_steps = total;
    ++status.heartbeat;
    ablate::write_status(run, status);
    written = Clock::now();
  };
  if (const std::string words = setting("TRIVIAL_FAILS", ""); !words.empty()) {
    status.error = words;
    write(ablate::RunState::failed);
    return 1;
  }
  ablate::RunWriter log(run, step > 0 ? step + 1 : 0, {.flush_seconds = 0.01});
  write(ablate::RunState::running);
  while (step < total) {
    if (!fs::exists(fast)) std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
    ++step;
    if (step == dies_at && !fs::exists(run / "died")) {
      std::ofstream(run / "died") << "once";
      ::kill(::getpid(), SIGKILL);
    }
    if (step % every == 0 || step == total) {
      log.scalar("iou/val", step, metric(config.real("optimizer.lr"), step, total));
      log.scalar("lr", step, config.real("optimizer.lr"));
      log.flush();
      if (checkpoints) write_checkpoint(run, step);
      write(ablate::RunState::running);
    }
    if (Clock::now() - written >= std::chrono::seconds(1)) write(ablate::RunState::running);
    if (step < total && ablate::take_request(run, ablate::Request::stop)) {
      write_checkpoint(run, step);
      write(ablate::RunState::stopped);
      return 0;
    }
  }
  note(run, "end");
  write(ablate::RunState::completed);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return argc == 3 && argv[1] == std::string("run") ? work(argv[2]) : 2; }
