#include "experiments/training/validation.h"

namespace ablate {

Measuring::Measuring(const std::vector<Network>& networks, Mode mode) : norms_(norm_modules(networks)) {
  for (const Network& network : networks) {
    // Parents before children, so that setting each again in this order restores exactly what was.
    for (const auto& module : network.module->modules())
      were_training_.emplace_back(module.get(), module->is_training());
    network.module->train(mode == Mode::train);
  }
  for (const NormModule& norm : norms_) norm.module->move_buffers(false);
}

Measuring::~Measuring() {
  for (const auto& [module, training] : were_training_) module->train(training);
  for (const NormModule& norm : norms_) norm.module->move_buffers(true);
}

void Measuring::begin_pass() {
  for (const NormModule& norm : norms_) norm.module->begin_pass();
}

Measured measure(Task& task, FixedBatches& batches, Mode mode) {
  Measuring measuring(task.networks(), mode);
  std::map<std::string, std::vector<torch::Tensor>> metrics;
  std::map<std::string, torch::Tensor> losses;
  double samples = 0;
  for (std::size_t i = 0; i < batches.count(); ++i) {
    const Batch batch = batches.at(i);
    measuring.begin_pass();
    const Task::Evaluation evaluation = task.evaluate(batch);
    const auto weight = static_cast<double>(batch.size());
    samples += weight;
    for (const LossTerm& term : evaluation.losses) {
      for (const auto& [name, factor] : {std::pair(term.name, 1.0), std::pair(std::string(), term.weight)}) {
        const torch::Tensor value = term.value.to(torch::kDouble) * (factor * weight);
        torch::Tensor& sum = losses[name];
        sum = sum.defined() ? sum + value : value;
      }
    }
    for (const auto& [name, values] : evaluation.metrics) metrics[name].push_back(values);
  }
  Measured measured;
  for (const auto& [name, parts] : metrics)
    measured.metrics[name] = torch::cat(parts).to(torch::kDouble).mean().item<double>();
  for (const auto& [name, sum] : losses) measured.losses[name] = sum.item<double>() / samples;
  return measured;
}

}  // namespace ablate
