#include "experiments/training/doctor/doctor.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cstdio>

#include "experiments/data/dataset.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_status.h"

namespace ablate {

/// Of a run's steps; what is left changes little.
constexpr double kNearlyAll = 0.8;

namespace {

DataSource opened(const RunConfig& config, const std::filesystem::path& run, bool as_it_was) {
  try {
    return open_data(config, run.parent_path() / ".ablate" / "cache");
  } catch (const Error& error) {
    if (!as_it_was) throw;
    throw Error(fmt::format("{} If it lies elsewhere now: ablate doctor {} --data FOLDER", error.what(),
                            run.filename().string()));
  }
}

}  // namespace

int doctor(const std::string& run, const std::string& moved) {
  const auto started = std::chrono::steady_clock::now();
  const LoadedRun loaded = load_run_or_begin(run);
  RunConfig config = loaded.config;
  if (!moved.empty()) config.set("data.path", plain_path(moved).string());
  const TrainingData data = training_data(config, opened(config, loaded.folder, moved.empty()));
  Patient patient{config, *loaded.task, data, loaded.device};
  if (!loaded.checkpoint.empty()) {
    const TrainerState state = read_trainer_state(loaded.checkpoint);
    patient.steps = state.step;
    if (!config.is_set("init.from")) patient.forwards = state.next_batch;  // Else buffers moved before, too.
  }
  const RunStatus status = read_status(loaded.folder).value_or(RunStatus{});
  if (status.state == RunState::diverged) patient.diverged = status.error;
  patient.averaged = !loaded.average.empty();
  // Of one that was ended early (train.stop_after) the newest checkpoint is its end.
  patient.over = patient.steps >= kNearlyAll * static_cast<double>(status.total_steps) ||
                 (status.state != RunState::running && status.state != RunState::stopped &&
                  status.state != RunState::interrupted && patient.steps == status.step);
  Diagnosis diagnosis = examine(patient, [](const std::string& test) {
    fmt::print("{}\n", json_text({{"test", test}}));
    std::fflush(stdout);
  });
  if (!loaded.missing.empty())
    diagnosis.tests.insert(diagnosis.tests.begin(),
                           fmt::format("{} running statistics are not in the checkpoint ({} …): those of a new network "
                                       "stood in for them",
                                       loaded.missing.size(), loaded.missing.front()));
  const auto without_path = [](nlohmann::json fingerprint) {
    fingerprint.erase("path");
    return fingerprint;
  };
  if (const auto document = read_json_file(loaded.folder / "run.json");
      document && document->contains("data") &&
      without_path(document->at("data")) != without_path(data.source.fingerprint))
    diagnosis.untested.insert(diagnosis.untested.begin(),
                              "the data that it was trained on: by their files' names, sizes and times they are "
                              "others now, and what is said of data is said of these");
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : diagnosis.findings) findings.push_back(to_json(finding));
  nlohmann::json notes = nlohmann::json::array();
  if (loaded.average.empty() && !loaded.checkpoint.empty() &&
      loaded.checkpoint == newest_checkpoint(loaded.folder).value_or("")) {
    try {
      const bool at_the_end = patient.steps == status.step && status.state != RunState::running;
      write_findings(loaded.folder, diagnosis.findings, at_the_end ? Examined::at_the_end : Examined::while_training);
    } catch (const Error& error) {  // A colleague's run.
      notes.push_back(fmt::format("{} The findings are not kept with the run.", error.what()));
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  fmt::print("{}\n", json_text({{"checkpoint", loaded.checkpoint.string()},
                                {"findings", findings},
                                {"tests", diagnosis.tests},
                                {"untested", diagnosis.untested},
                                {"notes", notes},
                                {"seconds", seconds.count()}}));
  return 0;
}

}  // namespace ablate
