#include "experiments/training/worker/find_lr.h"

#include <fmt/format.h>

#include <chrono>

#include "experiments/lr_suggest.h"
#include "experiments/training/init.h"
#include "experiments/training/lengths.h"
#include "experiments/training/networks.h"
#include "experiments/training/range_test.h"
#include "runs/error.h"
#include "runs/run_writer.h"

namespace ablate {
namespace {

void say_suggestions(const LrSuggestions& found, const std::function<void(const std::string&)>& say) {
  for (const LrSuggestion& each : found.rules)
    say(each.lr ? fmt::format("{:<18} {:.3g}", each.rule, *each.lr)
                : fmt::format("{:<18} can't tell: {}", each.rule, each.why));
  for (const std::string& doubt : found.doubts) say(doubt);
}

}  // namespace

RunState find_lr(const RangeTest& test, const RunConfig& config, Task& task, const TrainingData& data,
                 const Trainer::Environment& environment, StatusKeeper& status) {
  place(task.networks(), environment.device);
  for (const std::string& line : initialise(config, task.networks()).lines()) environment.say(line);
  const std::int64_t batch_size = test.batch_size > 0 ? test.batch_size : config.integer("train.batch_size");
  TrainingBatches batches(
      data, {static_cast<std::size_t>(batch_size), static_cast<std::uint64_t>(config.integer("train.seed"))}, 0);
  check_lengths(config, Lengths(config, batches.batches_per_epoch()), batches.batches_per_epoch(), data.source);
  environment.say(fmt::format("range test ({}): {} steps of {} images, from a learning rate of {:g} to {:g}",
                              config.text("lr_find.procedure"), test.steps, batch_size, test.start_lr, test.end_lr));

  RunWriter writer(environment.run, 0);
  const auto began = std::chrono::steady_clock::now();  // A wall clock may be set meanwhile.
  status.change([&](RunStatus& now) {
    now.started_seconds = wall_seconds();
    now.total_steps = test.steps;
    now.range_test = {};
  });
  const auto point = [&](const RangeCurve& curve) {
    const RangePoint& newest = curve.points().back();
    const Step step = std::ssize(curve.points());
    const std::map<std::string, double> values = {
        {"lr", newest.lr}, {"loss/train", newest.loss}, {"loss/smoothed", newest.smoothed}};
    for (const auto& [tag, value] : values) writer.scalar(tag, step, value);
    status.check();
    status.change([&](RunStatus& now) {
      now.step = step;
      now.epoch = static_cast<double>(step * config.integer("train.accumulate")) /
                  static_cast<double>(batches.batches_per_epoch());
      now.metrics = values;
      now.training_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    });
    return !environment.interrupted() && !take_request(environment.run, Request::stop);
  };
  const RangeTestResult result = run_range_test(test, config, task, batches, environment.device, point);
  writer.flush();
  if (result.hash_after != result.hash_before)
    throw Error("The weights after the range test are not those before it. This is a mistake in Ablate: report it.");
  if (result.interrupted) {
    environment.say(
        fmt::format("Stopped at step {} of {}; a resume begins anew.", result.curve.points().size(), test.steps));
    return RunState::stopped;
  }
  const LrSuggestions found = suggest_lr(result.curve.points(), test.steps);
  status.change([&](RunStatus& now) {
    now.range_test = to_json(found);
    now.range_test["stopped"] = result.curve.stopped();
    now.range_test["hash_before"] = fmt::format("{:016x}", result.hash_before);
    now.range_test["hash_after"] = fmt::format("{:016x}", result.hash_after);
  });
  environment.say(fmt::format("ended after {} steps: {}", result.curve.points().size(), result.curve.stopped()));
  say_suggestions(found, environment.say);
  return RunState::completed;
}

}  // namespace ablate
