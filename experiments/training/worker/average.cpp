#include <fmt/format.h>
#include <torch/torch.h>

#include "experiments/data/dataset.h"
#include "experiments/training/averaging.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

int average(const std::vector<std::string>& runs, const std::filesystem::path& out) {
  const LoadedRun first = load_run(runs.front());
  const std::vector<Network> networks = first.task->networks();
  if (networks.size() != 1)
    throw Error(fmt::format("The task {} has {} networks; one file can't hold their averages.",
                            first.config.text("task"), networks.size()));
  AveragedWeights mean(networks, std::nullopt);
  for (const std::string& run : runs) {
    const LoadedRun each = load_run(run);
    read_networks(each.checkpoint, networks, each.average);  // Throws where it is another network.
    mean.add();
    fmt::print("{}\n", json_text({{"added", each.checkpoint.string()}}));
  }
  const AveragedWeights::InUse in_use(mean);
  const DataSource source = open_data(first.config, first.folder.parent_path() / ".ablate" / "cache");
  const auto batch_size = static_cast<std::size_t>(first.config.integer("train.batch_size"));
  FixedBatches training(source.dataset, source.training, batch_size, first.device);
  const Autocast mixed = first.autocast();
  update_bn(*first.task, training);
  FixedBatches held_out(source.dataset, source.held_out, batch_size, first.device);
  nlohmann::json scores = nlohmann::json::object();
  for (const auto& [name, value] : measure(*first.task, held_out, Mode::eval).metrics)
    scores[name] = json_number(value);
  write_weights(out, *networks.front().module);
  fmt::print("{}\n", json_text({{"file", std::filesystem::absolute(out).string()},
                                {"checkpoints", runs.size()},
                                {"held_out", scores}}));
  return 0;
}

}  // namespace ablate
