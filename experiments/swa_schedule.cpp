#include "experiments/swa_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ablate {
namespace {

class Swa : public Schedule {
 public:
  Swa(std::unique_ptr<Schedule> before, SwaTimes times, double lr)
      : before_(std::move(before)), times_(times), lr_(lr) {}

  Value at(Step step) const override {
    Value value = before_->at(std::min(step, times_.start));
    if (step < times_.start) return value;
    constexpr double kAnneal = 10;
    const double k = double((step - times_.start) / times_.every);
    const double share = (1 - std::cos(std::numbers::pi * std::min(1.0, k / kAnneal))) / 2;
    value.lr = share * lr_ + (1 - share) * value.lr;
    return value;
  }
  void observe(double value, Step updates) override {
    if (updates <= times_.start) before_->observe(value, updates);
  }
  nlohmann::json state() const override { return before_->state(); }
  void restore(const nlohmann::json& state) override { before_->restore(state); }

 private:
  std::unique_ptr<Schedule> before_;
  SwaTimes times_;
  double lr_;
};

}  // namespace

std::optional<SwaTimes> swa_times(const RunConfig& config, double steps_per_epoch) {
  if (!config.is_set("swa.start")) return std::nullopt;
  return SwaTimes{config.steps("swa.start", steps_per_epoch),
                  std::max<Step>(1, config.steps("swa.every", steps_per_epoch))};
}

std::unique_ptr<Schedule> with_swa(std::unique_ptr<Schedule> schedule, const RunConfig& config,
                                   double steps_per_epoch) {
  const auto times = swa_times(config, steps_per_epoch);
  if (!times || !config.is_set("swa.lr")) return schedule;
  return std::make_unique<Swa>(std::move(schedule), *times, config.real("swa.lr"));
}

}  // namespace ablate
