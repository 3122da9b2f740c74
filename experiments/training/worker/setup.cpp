#include "experiments/training/worker/setup.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdlib>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

RunConfig read_run_config(const std::filesystem::path& folder) {
  const auto run = read_json_file(folder / "run.json");
  if (!run) throw Error(fmt::format("{} has no run.json: it is not a run made by Ablate.", folder.string()));
  const auto config = run->find("config");
  if (config == run->end()) throw Error(fmt::format("{} has no \"config\".", (folder / "run.json").string()));
  return RunConfig::from_json(*config);
}

void set_threads(const RunConfig& config) {
  std::int64_t threads = config.integer("train.threads");
  if (const char* const given = std::getenv("ABLATE_THREADS"); threads == 0 && given) threads = std::atoi(given);
  if (threads > 0) torch::set_num_threads(static_cast<int>(threads));
}

}  // namespace ablate
