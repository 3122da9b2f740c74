#include "sweeps/pruners/patience.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

class PatiencePruner : public Pruner {
 public:
  PatiencePruner(Step patience, double min_delta, std::unique_ptr<Pruner> inner)
      : patience_(patience), min_delta_(min_delta), inner_(std::move(inner)) {}

  Verdict judge(const Study& study, const Trial& trial) const override {
    if (std::ssize(trial.intermediate) <= patience_ + 1) return Verdict::go_on;
    const auto split = std::prev(trial.intermediate.end(), patience_ + 1);
    const auto by_value = [&](const auto& a, const auto& b) { return study.better(a.second, b.second); };
    const double before = std::min_element(trial.intermediate.begin(), split, by_value)->second;
    const double lately = std::min_element(split, trial.intermediate.end(), by_value)->second;
    const bool worse =
        study.directions.front() == Direction::maximize ? before - min_delta_ > lately : before + min_delta_ < lately;
    if (!worse) return Verdict::go_on;
    return inner_ ? inner_->judge(study, trial) : Verdict::prune;
  }

  std::optional<int> promote(const Study& study) const override {
    return inner_ ? inner_->promote(study) : std::nullopt;
  }

 private:
  Step patience_;
  double min_delta_;
  std::unique_ptr<Pruner> inner_;
};

}  // namespace

std::unique_ptr<Pruner> make_patience_pruner(Fields& fields, Step total_steps) {
  const nlohmann::json inner = fields.any("pruner");
  const Step patience = fields.whole("patience", 0).value_or(5);
  return std::make_unique<PatiencePruner>(
      patience, fields.number("min_delta", 0).value_or(0),
      inner.is_null() ? nullptr : make_pruner(inner, total_steps, {Direction::not_set}));
}

}  // namespace ablate
