#include "experiments/training/doctor/seen_step.h"

#include <utility>

#include "experiments/training/doctor/rehearsal.h"
#include "experiments/training/training_step.h"

namespace ablate {

bool is_convolution(std::string_view operation) {
  return operation == "aten::conv2d" || operation == "aten::conv_transpose2d";
}

SeenStep see_step(const Patient& patient, Task* from) {
  const RunConfig& config = patient.config;
  const auto seed = static_cast<std::uint64_t>(config.integer("train.seed"));
  const std::unique_ptr<Task> copy = copied_task(config, patient.device, from);
  TrainingBatches batches(patient.data, {static_cast<std::size_t>(config.integer("train.batch_size")), seed}, 0);
  Updates updates(*copy, config, patient.device);
  Schedule::Value rate = rates_of(config, patient.data).highest;
  const double lr = std::exchange(rate.lr, 0);  // What is seen shall be of these weights, not of a step's.
  updates.set(rate);
  SeenStep seen;
  {
    const Operations counting([&](std::string_view operation, c10::ArrayRef<const c10::IValue> inputs) {
      if (is_convolution(operation) && inputs[1].toTensor().requires_grad())
        ++(torch::GradMode::is_enabled() ? seen.with_gradient : seen.without);
    });
    training_step(config, *copy, updates, batches, patient.device);
  }
  LayerActivity activity(copy->networks());
  updates.watch_gradients([&](const Optimizer& optimizer) { activity.look_at_gradients(optimizer); });
  rate.lr = lr;
  updates.set(rate);
  activity.begin_batch();
  training_step(config, *copy, updates, batches, patient.device);
  activity.end_batch();
  seen.layers = activity.take();
  return seen;
}

}  // namespace ablate
