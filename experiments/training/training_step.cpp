#include "experiments/training/training_step.h"

#include "experiments/training/precision.h"

namespace ablate {

double training_step(const RunConfig& config, Task& task, Updates& updates, TrainingBatches& batches,
                     torch::Device device) {
  const std::int64_t count = config.integer("train.accumulate");
  for (std::int64_t i = 0; i < count; ++i) {
    const Batch batch = batches.next().to(device);
    const Autocast mixed(autocast_type(config), device);
    if (config.boolean("train.accumulate_fault") && i + 1 < count) {
      const torch::NoGradGuard statistics_only;
      task.forward(batch);
      continue;
    }
    updates.begin_batch(i);
    task.step(batch, updates);
  }
  updates.end_step();
  return updates.take_losses().at("");
}

}  // namespace ablate
