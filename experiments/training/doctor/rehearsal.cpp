#include "experiments/training/doctor/rehearsal.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "experiments/training/init.h"
#include "experiments/training/lengths.h"
#include "experiments/training/training_step.h"

namespace ablate {

namespace {

/// Of the loss of outputs that say nothing.
constexpr double kLeastGain = 0.97;

}  // namespace

double weighted_sum(const std::vector<LossTerm>& terms) {
  double sum = 0;
  for (const LossTerm& term : terms) sum += term.weight * term.value.item<double>();
  return sum;
}

Schedule::Value peak_of(const RunConfig& config, std::int64_t batches_per_epoch) {
  const Lengths lengths(config, batches_per_epoch);
  const auto schedule = make_schedule(config, lengths.total, lengths.steps_per_epoch);
  Schedule::Value peak = schedule->at(0);
  for (Step step = 1; step < lengths.total; ++step)
    if (const Schedule::Value value = schedule->at(step); value.lr > peak.lr) peak = value;
  return peak;
}

namespace {

double share_near(const Schedule::Value& peak, const RunConfig& config, std::int64_t batches_per_epoch) {
  const Lengths lengths(config, batches_per_epoch);
  const auto schedule = make_schedule(config, lengths.total, lengths.steps_per_epoch);
  Step near = 0;
  for (Step step = 0; step < lengths.total; ++step) near += schedule->at(step).lr > 0.1 * peak.lr;
  return static_cast<double>(near) / static_cast<double>(std::max<Step>(lengths.total, 1));
}

}  // namespace

Rehearsal rehearse(const RunConfig& config, const TrainingData& data, FixedBatches& judged, Step steps,
                   torch::Device device) {
  config.check();
  const auto seed = static_cast<std::uint64_t>(config.integer("train.seed"));
  torch::manual_seed(seed);
  const std::unique_ptr<Task> task = make_task(config.text("task"), config);
  place(task->networks(), device);
  initialise(config, task->networks());
  TrainingBatches batches(data, {static_cast<std::size_t>(config.integer("train.batch_size")), seed}, 0);
  Updates updates(*task, config, device);
  const Schedule::Value peak = peak_of(config, batches.batches_per_epoch());
  updates.set(peak);

  Rehearsal made;
  made.near_peak = share_near(peak, config, batches.batches_per_epoch());
  const auto began = std::chrono::steady_clock::now();
  while (made.steps < steps && made.finite) {
    made.finite = std::isfinite(training_step(config, *task, updates, batches, device));
    ++made.steps;
  }
  made.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const Autocast mixed(autocast_type(config), device);
  const Measured measured = measure(*task, judged, Mode::train);
  made.metric = measured.metrics.at(task->primary_metric());
  if (const auto extremes = task->extremes(judged.at(0)))
    made.learnt = measured.losses.at("") < kLeastGain * weighted_sum(extremes->uninformed);
  return made;
}

}  // namespace ablate
