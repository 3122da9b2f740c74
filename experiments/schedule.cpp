#include "experiments/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runs/error.h"

namespace ablate {
namespace {

/// η throughout.
class Constant : public Schedule {
 public:
  explicit Constant(double lr) : lr_(lr) {}
  Value at(Step) const override { return {lr_, std::nullopt}; }

 private:
  double lr_;
};

/// η_min + ½(η₀ − η_min)(1 + cos πt/T), T the length of the run (torch CosineAnnealingLR).
class Cosine : public Schedule {
 public:
  Cosine(double lr, double min_lr, Step total) : lr_(lr), min_lr_(min_lr), total_(std::max<Step>(total, 1)) {}
  Value at(Step step) const override {
    const double part = double(std::min(step, total_)) / double(total_);
    return {min_lr_ + (lr_ - min_lr_) * (1 + std::cos(std::numbers::pi * part)) / 2, std::nullopt};
  }

 private:
  double lr_, min_lr_;
  Step total_;
};

/// One cycle of learning rate and, inversely, momentum (torch OneCycleLR with its defaults): from max/25 up to max at
/// .3T − 1, then down to max/25/10⁴ at T − 1, both along a cosine; momentum .95 → .85 → .95.
class OneCycle : public Schedule {
 public:
  OneCycle(double max_lr, Step total) : max_lr_(max_lr), last_(double(total) - 1), peak_(0.3 * double(total) - 1) {}
  Value at(Step step) const override {
    const double initial = max_lr_ / 25, low_momentum = 0.85, high_momentum = 0.95;
    const double t = double(step);
    if (t <= peak_) return {along(initial, max_lr_, t / peak_), along(high_momentum, low_momentum, t / peak_)};
    const double part = last_ > peak_ ? std::min((t - peak_) / (last_ - peak_), 1.0) : 1.0;
    return {along(max_lr_, initial / 1e4, part), along(low_momentum, high_momentum, part)};
  }

 private:
  static double along(double from, double to, double part) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * part));
  }

  double max_lr_, last_, peak_;
};

/// Linear rise over `steps` updates, (t + 1)/(steps + 1) of what follows' first value, then what follows.
class Warmup : public Schedule {
 public:
  Warmup(std::unique_ptr<Schedule> then, Step steps) : then_(std::move(then)), steps_(steps) {}
  Value at(Step step) const override {
    if (step >= steps_) return then_->at(step - steps_);
    Value value = then_->at(0);
    value.lr *= double(step + 1) / double(steps_ + 1);
    return value;
  }

 private:
  std::unique_ptr<Schedule> then_;
  Step steps_;
};

}  // namespace

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names{"constant", "cosine", "onecycle"};
  return names;
}

std::unique_ptr<Schedule> make_schedule(const RunConfig& config, Step total_steps, Step steps_per_epoch) {
  const std::string name = config.text("schedule.name");
  const double lr = config.real("optimizer.lr");
  const Step warmup = std::min(config.steps("schedule.warmup_steps", steps_per_epoch), total_steps);
  const Step rest = total_steps - warmup;
  std::unique_ptr<Schedule> schedule;
  if (name == "constant") schedule = std::make_unique<Constant>(lr);
  if (name == "cosine") schedule = std::make_unique<Cosine>(lr, config.real("schedule.min_lr"), rest);
  if (name == "onecycle")
    schedule = std::make_unique<OneCycle>(config.is_set("schedule.max_lr") ? config.real("schedule.max_lr") : lr, rest);
  if (!schedule) throw Error("schedule.name: there is no schedule " + name + ".");
  if (warmup > 0) schedule = std::make_unique<Warmup>(std::move(schedule), warmup);
  return schedule;
}

}  // namespace ablate
