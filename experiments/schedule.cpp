#include "experiments/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "experiments/metrics/metric_list.h"
#include "experiments/swa_schedule.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

/// Half a cosine: from `from` at part 0 to `to` at part 1.
double along(double from, double to, double part) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * part));
}

/// A rate that is a function of the step alone.
class Closed : public Schedule {
 public:
  explicit Closed(std::function<double(double t)> lr) : lr_(std::move(lr)) {}
  Value at(Step step) const override { return {lr_(double(step)), std::nullopt}; }

 private:
  std::function<double(double t)> lr_;
};

/// What schedules are made from.
struct Given {
  const RunConfig& config;
  Step total;
  double steps_per_epoch;
  double lr;  ///< η₀

  double real(const char* key) const { return config.real(key); }
  double real_or(const char* key, double otherwise) const { return config.is_set(key) ? config.real(key) : otherwise; }
  double steps(const char* key) const { return double(std::max<Step>(1, config.steps(key, steps_per_epoch))); }
};

using Made = std::unique_ptr<Schedule>;

Made closed(std::function<double(double t)> lr) { return std::make_unique<Closed>(std::move(lr)); }

Made constant(const Given& given) {
  return closed([lr = given.lr](double) { return lr; });
}

/// η₀·γ^(milestones passed) (torch MultiStepLR).
Made multistep(const Given& given) {
  return closed([lr = given.lr, gamma = given.real_or("schedule.gamma", 0.1),
                 at = given.config.step_list("schedule.milestones", given.steps_per_epoch)](double t) {
    return lr * std::pow(gamma, double(std::ranges::count_if(at, [t](Step m) { return double(m) <= t; })));
  });
}

/// η₀·γ^⌊t/size⌋ (torch StepLR).
Made step(const Given& given) {
  return closed([lr = given.lr, gamma = given.real_or("schedule.gamma", 0.1), size = given.steps("schedule.step_size")](
                    double t) { return lr * std::pow(gamma, std::floor(t / size)); });
}

/// η₀·γ^t (torch ExponentialLR); unless told, the γ with which a hundredth is left at the end.
Made exponential(const Given& given) {
  const double gamma = given.real_or("schedule.gamma", std::pow(0.01, 1 / std::max(1.0, double(given.total))));
  return closed([lr = given.lr, gamma](double t) { return lr * std::pow(gamma, t); });
}

/// η₀·(1 − t/T)^power (torch PolynomialLR).
Made polynomial(const Given& given) {
  return closed([lr = given.lr, power = given.real("schedule.power"), total = std::max(1.0, double(given.total))](
                    double t) { return lr * std::pow(1 - std::min(t, total) / total, power); });
}

/// η_min + ½(η₀ − η_min)(1 + cos πt/T), T the length of the run (torch CosineAnnealingLR).
Made cosine(const Given& given) {
  return closed([lr = given.lr, least = given.real("schedule.min_lr"), total = std::max(1.0, double(given.total))](
                    double t) { return along(lr, least, std::min(t, total) / total); });
}

/// A cosine that begins anew after `period` steps, each time `period_mult` times as long (torch
/// CosineAnnealingWarmRestarts).
Made cosine_restarts(const Given& given) {
  return closed([lr = given.lr, least = given.real("schedule.min_lr"), first = given.steps("schedule.period"),
                 longer = double(given.config.integer("schedule.period_mult"))](double t) {
    double period = first;
    while (t >= period) {
      if (longer == 1) {
        t = std::fmod(t, period);
        break;
      }
      t -= period;
      period *= longer;
    }
    return along(lr, least, t / period);
  });
}

/// Up and down between η₀ and schedule.max_lr, momentum inversely between .9 and .8 (torch CyclicLR).
class Cyclic : public Schedule {
 public:
  explicit Cyclic(const Given& given)
      : base_(given.lr),
        max_(given.real_or("schedule.max_lr", 10 * given.lr)),
        gamma_(given.real_or("schedule.gamma", 1)),
        up_(given.steps("schedule.up_steps")),
        length_(up_ + (given.config.is_set("schedule.down_steps") ? given.steps("schedule.down_steps") : up_)),
        shape_(given.config.text("schedule.cycle")) {}

  Value at(Step step) const override {
    const double t = double(step), cycle = std::floor(1 + t / length_), x = 1 + t / length_ - cycle, r = up_ / length_;
    const double s = x <= r ? x / r : (x - 1) / (r - 1);
    const double f = shape_ == "triangular2" ? std::pow(2, 1 - cycle) : shape_ == "exp_range" ? std::pow(gamma_, t) : 1;
    return {base_ + (max_ - base_) * s * f, 0.9 - (0.9 - 0.8) * s * f};
  }

 private:
  double base_, max_, gamma_, up_, length_;
  std::string shape_;
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
  double max_lr_, last_, peak_;
};

Made onecycle(const Given& given) {
  return std::make_unique<OneCycle>(given.real_or("schedule.max_lr", given.lr), given.total);
}

/// Times γ when schedule.metric has not improved by a 1e-4th of itself for more than `patience` validations (torch
/// ReduceLROnPlateau).
class Plateau : public Schedule {
 public:
  explicit Plateau(const Given& given)
      : lr_(given.lr),
        gamma_(given.real_or("schedule.gamma", 0.1)),
        least_(given.real("schedule.min_lr")),
        patience_(given.config.integer("schedule.patience")),
        lower_(lower_is_better(given.config.text("schedule.metric"))),
        best_(lower_ ? kInfinity : -kInfinity) {}

  Value at(Step) const override { return {lr_, std::nullopt}; }

  void observe(double value, Step) override {
    constexpr double kThreshold = 1e-4, kLeastChange = 1e-8;
    const bool better = lower_ ? value < best_ * (1 - kThreshold) : value > best_ * (1 + kThreshold);
    if (better) {
      best_ = value;
      bad_ = 0;
    } else if (++bad_ > patience_) {
      const double reduced = std::max(lr_ * gamma_, least_);
      if (lr_ - reduced > kLeastChange) lr_ = reduced;
      bad_ = 0;
    }
  }

  nlohmann::json state() const override { return {{"lr", lr_}, {"best", json_number(best_)}, {"bad", bad_}}; }
  void restore(const nlohmann::json& state) override {
    lr_ = state.at("lr");
    best_ = number_of(state.at("best"));
    bad_ = state.at("bad");
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double lr_, gamma_, least_;
  std::int64_t patience_;
  bool lower_;
  double best_;
  std::int64_t bad_ = 0;
};

/// YOLOX's, by whole epochs t of T: a quadratic warm-up, a cosine, and a flat end.
Made yolox_cosine(const Given& given) {
  const double per_epoch = given.steps_per_epoch;
  constexpr double kRounding = 1e-9;  // An epoch may be no whole number of steps.
  const double total = std::ceil(double(given.total) / per_epoch - kRounding);
  const double warm = std::clamp(0.05 * total, 1.0, 3.0), flat = std::clamp(0.05 * total, 1.0, 15.0);
  const double lr = given.lr, first = std::max(0.1 * lr, 1e-6), last = 0.01 * lr;
  return closed([=](double step) {
    const double t = std::floor(step / per_epoch + kRounding);
    if (t <= warm) return (lr - first) * (t / warm) * (t / warm) + first;
    if (t >= total - flat) return last;
    return along(lr, last, (t - warm) / (total - warm - flat));
  });
}

/// Linear rise over `steps` updates, (t + 1)/(steps + 1) of what follows' first value, then what follows.
class Warmup : public Schedule {
 public:
  Warmup(Made then, Step steps) : then_(std::move(then)), steps_(steps) {}
  Value at(Step step) const override {
    if (step >= steps_) return then_->at(step - steps_);
    Value value = then_->at(0);
    value.lr *= double(step + 1) / double(steps_ + 1);
    return value;
  }
  void observe(double value, Step updates) override { then_->observe(value, updates); }
  nlohmann::json state() const override { return then_->state(); }
  void restore(const nlohmann::json& state) override { then_->restore(state); }

 private:
  Made then_;
  Step steps_;
};

struct ScheduleKind {
  const char* name;
  Made (*make)(const Given& given);
};

template <class T>
Made make(const Given& given) {
  return std::make_unique<T>(given);
}

constexpr std::array kSchedules{ScheduleKind{"constant", constant},
                                ScheduleKind{"multistep", multistep},
                                ScheduleKind{"step", step},
                                ScheduleKind{"exponential", exponential},
                                ScheduleKind{"polynomial", polynomial},
                                ScheduleKind{"cosine", cosine},
                                ScheduleKind{"cosine-restarts", cosine_restarts},
                                ScheduleKind{"cyclic", make<Cyclic>},
                                ScheduleKind{"onecycle", onecycle},
                                ScheduleKind{"plateau", make<Plateau>},
                                ScheduleKind{"yolox-cosine", yolox_cosine}};

}  // namespace

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const ScheduleKind& entry : kSchedules) names.emplace_back(entry.name);
  return names;
}

bool lower_is_better(std::string_view tag) {
  const std::string_view word = tag.substr(0, tag.find('/'));
  const auto metric = std::ranges::find(all_metrics(), word, &Metric::name);
  return word == "loss" || word == "time" || (metric != all_metrics().end() && metric->better == Better::lower);
}

std::unique_ptr<Schedule> make_schedule(const RunConfig& config, Step total_steps, double steps_per_epoch) {
  const std::string name = config.text("schedule.name");
  const Step warmup = std::min(config.steps("schedule.warmup_steps", steps_per_epoch), total_steps);
  const auto kind = std::ranges::find_if(kSchedules, [&](const ScheduleKind& entry) { return name == entry.name; });
  if (kind == kSchedules.end())
    throw Error(
        fmt::format("schedule.name: there is no schedule {}; there are {}.", name, fmt::join(schedule_names(), ", ")));
  Made schedule = kind->make({config, total_steps - warmup, steps_per_epoch, config.real("optimizer.lr")});
  if (warmup > 0) schedule = std::make_unique<Warmup>(std::move(schedule), warmup);
  return with_swa(std::move(schedule), config, steps_per_epoch);
}

}  // namespace ablate
