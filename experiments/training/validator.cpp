#include "experiments/training/validator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiments/training/doctor/norms.h"
#include "experiments/training/lengths.h"
#include "experiments/training/precision.h"
#include "runs/error.h"

namespace ablate {
namespace {

FixedBatches batches_of(const RunConfig& config, const DataSource& source, std::vector<std::size_t> indices,
                        torch::Device device) {
  return {source.dataset, std::move(indices), static_cast<std::size_t>(validation_batch_size(config)), device};
}

/// As many training samples as are held out.
std::vector<std::size_t> some_of_training(const DataSource& source) {
  const auto count = std::min(source.training.size(), source.held_out.size());
  return {source.training.begin(), source.training.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

Validator::Validator(const RunConfig& config, Task& task, const DataSource& source, torch::Device device, RunLog& log)
    : config_(config),
      task_(task),
      device_(device),
      log_(log),
      held_out_(batches_of(config, source, source.held_out, device)),
      training_(batches_of(config, source, some_of_training(source), device)),
      mode_(config.text("validation.mode") == "train" ? Mode::train : Mode::eval),
      both_modes_(config.text("validation.mode") == "both"),
      best_tag_(config.is_set("checkpoint.metric") ? config.text("checkpoint.metric")
                                                   : task.primary_metric() + "/" + first_set()) {}

Measured Validator::measured(FixedBatches& samples, Mode mode) {
  const Autocast mixed(autocast_type(config_), device_);
  return measure(task_, samples, mode);
}

void Validator::on(const std::string& set, FixedBatches& samples, Step step) {
  log_.validated(step, set, mode_, true, measured(samples, mode_));
  if (!both_modes_) return;
  const Mode other = mode_ == Mode::eval ? Mode::train : Mode::eval;
  log_.validated(step, set, other, false, measured(samples, other));
}

void Validator::sets(Step step) {
  const std::string which = config_.text("validation.on");
  if (which != "training") on("val", held_out_, step);
  if (which != "held-out") on("train_set", training_, step);
}

void Validator::average(const std::string& name, AveragedWeights& average, Step step) {
  const AveragedWeights::InUse in_use(average);
  const Measured found = measured(held_out_, mode_);
  for (const auto& [metric, value] : found.metrics) log_.scalar(fmt::format("{}/val_{}", metric, name), step, value);
  log_.scalar("loss/val_" + name, step, found.losses.at(""));
}

double Validator::logged(const char* key, const std::string& tag) const {
  if (const auto found = log_.latest().find(tag); found != log_.latest().end()) return found->second;
  std::vector<std::string> tags;
  for (const auto& [each, value] : log_.latest()) tags.push_back(each);
  throw Error(fmt::format("{}: there is no {}; logged are {}.", key, tag, fmt::join(tags, ", ")));
}

bool Validator::lower_is_best() const {
  return config_.is_set("checkpoint.metric") ? lower_is_better(best_tag_) : !task_.higher_is_better();
}

std::optional<double> Validator::lost_in_eval_mode() const {
  const std::string tag = task_.primary_metric() + "/" + first_set();
  const auto eval = log_.latest().find(tag + "_eval"), train = log_.latest().find(tag + "_train_mode");
  if (eval == log_.latest().end() || train == log_.latest().end()) return std::nullopt;
  const double more = train->second - eval->second;
  return task_.higher_is_better() ? more : -more;
}

Diagnosis Validator::diagnose(FixedBatches& training, Step forwards) {
  const Autocast mixed(autocast_type(config_), device_);
  Diagnosis diagnosis = diagnose_norms(task_, held_out_, training, forwards, true);
  replace_idle_cures(config_, diagnosis.findings);
  return diagnosis;
}

std::optional<Finding> Validator::shared_norm(FixedBatches& training) {
  const Autocast mixed(autocast_type(config_), device_);
  return find_shared_norm(task_, held_out_, training);
}

}  // namespace ablate
