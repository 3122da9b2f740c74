#include "experiments/training/doctor.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cstdio>

#include "experiments/data/dataset.h"
#include "experiments/training/lengths.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

int doctor(const std::string& run) {
  const auto started = std::chrono::steady_clock::now();
  const LoadedRun loaded = load_run(run);
  const RunConfig& config = loaded.config;
  const DataSource source = open_data(config, loaded.folder.parent_path() / ".ablate" / "cache");
  const auto batches = [&](const std::vector<std::size_t>& indices, std::int64_t size) {
    return FixedBatches(source.dataset, indices, static_cast<std::size_t>(size), loaded.device);
  };
  FixedBatches held_out = batches(source.held_out, validation_batch_size(config));
  FixedBatches training = batches(source.training, config.integer("train.batch_size"));
  const Autocast mixed = loaded.autocast();
  const Diagnosis diagnosis = diagnose(*loaded.task, held_out, training, [](const std::string& test) {
    fmt::print("{}\n", json_text({{"test", test}}));
    std::fflush(stdout);
  });
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : diagnosis.findings) findings.push_back(to_json(finding));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  fmt::print("{}\n", json_text({{"checkpoint", loaded.checkpoint.string()},
                                {"findings", findings},
                                {"tests", diagnosis.tests},
                                {"untested", diagnosis.untested},
                                {"seconds", seconds.count()}}));
  if (!loaded.average.empty() || loaded.checkpoint != newest_checkpoint(loaded.folder)) return 0;
  try {
    write_findings(loaded.folder, diagnosis.findings);
  } catch (const Error& error) {  // A colleague's run.
    fmt::print(stderr, "ablate: note: {} The findings are not kept with the run.\n", error.what());
  }
  return 0;
}

}  // namespace ablate
