// Images a second of the worker's training step, norm statistics included:
// training_step CHANNELS SIZE THREADS SECONDS PRECISION DEVICE
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "experiments/training/allocator.h"
#include "experiments/training/layer_stats.h"
#include "experiments/training/updates.h"

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  ablate::keep_freed_memory();
  const long channels = std::atol(argv[1]), size = std::atol(argv[2]), batch_size = 16;
  const double seconds = std::atof(argv[4]);
  const torch::Device device(argv[6]);
  at::set_num_threads(std::atoi(argv[3]));
  torch::manual_seed(0);
  const ablate::RunConfig config = ablate::RunConfig::from_json(
      {{"model.channels", channels}, {"data.size", {size, size}}, {"train.precision", argv[5]}});
  const auto task = ablate::make_task("segmentation", config);
  for (const ablate::Network& network : task->networks()) network.module->to(device);
  ablate::Updates updates(*task, config, device);
  ablate::LayerStats stats(task->networks());
  updates.set({1e-3, std::nullopt});
  const ablate::Batch batch =
      ablate::Batch{{{"image", torch::rand({batch_size, 3, size, size})},
                     {"mask", (torch::rand({batch_size, 1, size, size}) > 0.5).to(torch::kFloat)}},
                    std::vector<std::string>(batch_size, "random")}
          .to(device);
  const auto step = [&] {
    const ablate::Autocast mixed(ablate::autocast_type(config), device);
    stats.begin_step();
    task->step(batch, updates);
    stats.end_step();
    updates.end_step();
    updates.take_losses();
  };
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 3; ++i) step();
  const auto start = Clock::now();
  long steps = 0;
  double passed = 0;
  for (; passed < seconds; passed = std::chrono::duration<double>(Clock::now() - start).count(), ++steps) step();
  fmt::print("{{\"images_per_second\": {}}}\n", double(steps * batch_size) / passed);
}
