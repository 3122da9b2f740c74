#include "experiments/training/run_log.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/catalogue.h"
#include "experiments/training/status_keeper.h"

namespace ablate {
namespace {

constexpr std::chrono::seconds kBetweenSystem{1};

/// Flat, numbers, words and switches as they are, the rest as text, nothing that is not set.
nlohmann::json flat(const RunConfig& config) {
  auto values = nlohmann::json::object();
  for (const Option& option : catalogue()) {
    const nlohmann::json& value = config.at(option.key);
    if (value.is_null()) continue;
    if (value.is_primitive()) {
      values[option.key] = value;
    } else {
      values[option.key] = value.dump();
    }
  }
  return values;
}

std::string indented(const std::string& text) {
  std::string result = "    ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "    ";
  }
  return result;
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& run, Step first_step, const RunConfig& config, Task& task, Updates& updates,
               torch::Device device, double steps_per_epoch)
    : task_(task),
      updates_(updates),
      networks_(task.networks()),
      norms_(networks_),
      layers_(networks_),
      system_(device),
      writer_(std::make_unique<RunWriter>(run, first_step)),
      scalars_every_(std::max<Step>(1, config.steps("log.scalars_every", steps_per_epoch))),
      norm_every_(config.steps("log.norm_every", steps_per_epoch)),
      histograms_every_(config.steps("log.histograms_every", steps_per_epoch)),
      last_step_(config.steps("train.steps", steps_per_epoch)) {
  const std::string metric = task.primary_metric();
  writer_->text("config", first_step, indented(config.to_json().dump(2)));
  writer_->hparams(flat(config),
                   {metric + "/val", metric + "/val_eval", metric + "/val_train_mode", "loss/val", "loss/train"});
}

void RunLog::begin_step(Step step) {
  seen_layers_.clear();
  if (step != 1 && step != last_step_ && !due(step, histograms_every_)) return;
  if (histograms_every_ == 0) return;
  histograms_step_ = step;
  updates_.watch_gradients([this, step](const Optimizer& optimizer) {
    layers_.look_at_gradients(optimizer);
    for (const auto& [name, parameter] : optimizer.parameters()) {
      if (parameter.grad().defined()) histogram("gradients/" + name, step, parameter.grad());
    }
  });
}

void RunLog::begin_batch(Step step) {
  if (norm_every_ > 0) norms_.begin_step();
  if (histograms_step_ == step) layers_.begin_batch();
}

void RunLog::end_batch(const SampleMetrics& metrics) {
  if (norm_every_ > 0) norms_.end_step();
  layers_.end_batch();
  for (const auto& [name, values] : metrics) {
    const torch::Tensor mean = values.mean();
    torch::Tensor& sum = metric_sums_[name];
    sum = sum.defined() ? sum + mean : mean;
    metric_counts_[name] += 1;
  }
}

std::optional<double> RunLog::end_step(Step step, const Schedule::Value& schedule, Times times) {
  updates_.end_step();
  times_.seconds += times.seconds;
  times_.waited += times.waited;
  ++steps_timed_;
  std::optional<double> loss;
  if (due(step, scalars_every_) || step == last_step_ || step == 1) {
    const std::map<std::string, double> losses = updates_.take_losses();
    for (const auto& [name, value] : losses) {
      if (name.empty()) {
        loss = value;
        scalar("loss/train", step, value);
      } else if (losses.size() > 2) {  // With one term, it is the whole.
        scalar("loss/train/" + name, step, value);
      }
    }
    for (const auto& [name, sum] : metric_sums_)
      scalar(name + "/train", step, sum.item<double>() / metric_counts_[name]);
    metric_sums_.clear();
    metric_counts_.clear();
    scalar("lr", step, schedule.lr);
    scalar("time/step_ms", step, 1000 * times_.seconds / static_cast<double>(steps_timed_));
    if (times_.seconds > 0) scalar("time/waiting_for_data", step, times_.waited / times_.seconds);
    times_ = {};
    steps_timed_ = 0;
    if (const auto now = std::chrono::steady_clock::now(); now - system_written_ >= kBetweenSystem) {
      system_written_ = now;
      for (const auto& [name, value] : system_.sample()) scalar("system/" + name, step, value);
    }
  }
  if (norm_every_ > 0 && (due(step, norm_every_) || step == last_step_ || histograms_step_ == step)) write_norms(step);
  if (histograms_step_ == step) {
    updates_.watch_gradients({});
    write_layers(step);
    write_weights(step);
  }
  return loss;
}

void RunLog::write_norms(Step step) {
  const bool histograms = histograms_step_ == step;
  for (const LayerStats::Layer& layer : norms_.take()) {
    const std::string prefix = "norm/" + layer.name + "/";
    scalar(prefix + "gap", step, layer.gap);
    const std::int64_t shape[] = {static_cast<std::int64_t>(layer.running_mean.size())};
    for (const auto& [name, values] :
         {std::pair("running_mean", &layer.running_mean), std::pair("running_var", &layer.running_var),
          std::pair("batch_mean", &layer.batch_mean), std::pair("batch_var", &layer.batch_var)}) {
      // A tag has one kind of value: the vector stands beside its histogram, not under the same name.
      writer_->tensor(prefix + "channels/" + name, step, shape, *values);
      if (histograms) writer_->histogram(prefix + name, step, histogram_of(*values));
    }
  }
}

void RunLog::write_layers(Step step) {
  seen_layers_ = layers_.take();
  for (const LayerActivity::Layer& layer : seen_layers_)
    for (const auto& [name, value] :
         {std::pair("input_mean", layer.input_mean), std::pair("input_std", layer.input_std),
          std::pair("input_zeros", layer.input_zeros), std::pair("weight_norm", std::optional(layer.weight_norm)),
          std::pair("gradient_norm", layer.gradient_norm), std::pair("update_ratio", layer.update_ratio)})
      if (value) scalar(fmt::format("layers/{}/{}", layer.name, name), step, *value);
}

void RunLog::write_weights(Step step) {
  for (const Network& network : networks_) {
    for (const auto& [name, parameter] : unique_parameters(*network.module)) {
      histogram("weights/" + qualified(networks_, network.name, name), step, parameter);
    }
  }
}

void RunLog::validated(Step step, const std::string& set, Mode mode, bool configured, const Measured& measured) {
  for (const auto& [name, value] : measured.metrics) {
    scalar(fmt::format("{}/{}{}", name, set, mode == Mode::eval ? "_eval" : "_train_mode"), step, value);
    if (configured) scalar(fmt::format("{}/{}", name, set), step, value);
  }
  if (!configured) return;
  for (const auto& [name, value] : measured.losses) {
    if (name.empty()) {
      scalar("loss/" + set, step, value);
    } else if (measured.losses.size() > 2) {
      scalar(fmt::format("loss/{}/{}", set, name), step, value);
    }
  }
}

void RunLog::scalar(const std::string& tag, Step step, double value) {
  writer_->scalar(tag, step, value);
  const auto of = [&](const char* group) { return tag.starts_with(group); };
  if (!of("norm/") && !of("layers/") && !of("system/")) latest_[tag] = value;
}

void RunLog::histogram(const std::string& tag, Step step, const torch::Tensor& values) {
  const torch::Tensor rows = values.detach().to(torch::kCPU, torch::kFloat).contiguous();
  writer_->histogram(tag, step, histogram_of({rows.const_data_ptr<float>(), static_cast<std::size_t>(rows.numel())}));
}

}  // namespace ablate
