#include "experiments/training/doctor/rehearsal.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "experiments/training/init.h"
#include "experiments/training/lengths.h"
#include "experiments/training/networks.h"
#include "experiments/training/training_step.h"

namespace ablate {

namespace {

/// Of the loss of outputs that say nothing.
constexpr double kSaysMore = 0.97;

}  // namespace

double weighted_sum(const std::vector<LossTerm>& terms) {
  double sum = 0;
  for (const LossTerm& term : terms) sum += term.weight * term.value.item<double>();
  return sum;
}

Rates rates_of(const RunConfig& config, const TrainingData& data) {
  const auto samples = static_cast<std::int64_t>(data.source.training.size());
  const Lengths lengths(config, samples / std::clamp<std::int64_t>(config.integer("train.batch_size"), 1, samples));
  const auto schedule = make_schedule(config, lengths.total, lengths.steps_per_epoch);
  Rates rates{schedule->at(0), schedule->at(lengths.total - 1).lr, 0};
  for (Step step = 1; step < lengths.total; ++step)
    if (const Schedule::Value value = schedule->at(step); value.lr > rates.highest.lr) rates.highest = value;
  for (Step step = 0; step < lengths.total; ++step)
    rates.near_highest += schedule->at(step).lr > 0.1 * rates.highest.lr;
  rates.near_highest /= static_cast<double>(lengths.total);
  return rates;
}

std::unique_ptr<Task> copied_task(const RunConfig& config, torch::Device device, Task* from) {
  torch::manual_seed(static_cast<std::uint64_t>(config.integer("train.seed")));
  std::unique_ptr<Task> task = make_task(config.text("task"), config);
  const std::vector<Network> networks = task->networks();
  place(networks, device);
  if (from == nullptr) {
    initialise(config, networks);
    return task;
  }
  const torch::NoGradGuard no_grad;
  for (const Network& source : from->networks())
    for (const Network& network : networks) {
      if (network.name != source.name) continue;
      const NamedTensors theirs = state_of(*source.module), ours = state_of(*network.module);
      for (std::size_t i = 0; i < ours.size(); ++i) ours[i].second.copy_(theirs[i].second);
    }
  return task;
}

Rehearsal rehearse(const RunConfig& config, const TrainingData& data, FixedBatches& judged, Step steps,
                   torch::Device device, const RehearsalPlan& plan) {
  config.check();
  const auto seed = static_cast<std::uint64_t>(config.integer("train.seed"));
  const std::unique_ptr<Task> task = copied_task(config, device, plan.from);
  TrainingBatches batches(data, {static_cast<std::size_t>(config.integer("train.batch_size")), seed}, 0);
  Updates updates(*task, config, device);
  Schedule::Value rate = rates_of(config, data).highest;
  rate.lr = plan.lr.value_or(rate.lr);
  updates.set(rate);

  Rehearsal made;
  const auto began = std::chrono::steady_clock::now();
  while (made.steps < steps && made.finite) {
    made.finite = std::isfinite(training_step(config, *task, updates, batches, device));
    ++made.steps;
  }
  made.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const Autocast mixed(autocast_type(config), device);
  const Measured measured = measure(*task, judged, plan.judged_in);
  made.metric = measured.metrics.at(task->primary_metric());
  made.loss = measured.losses.at("");
  if (const auto extremes = task->extremes(judged.at(0)))
    made.learnt = made.loss < kSaysMore * weighted_sum(extremes->uninformed);
  return made;
}

}  // namespace ablate
