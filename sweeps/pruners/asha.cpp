#include "sweeps/pruners/asha.h"

#include "sweeps/pruners/successive_halving.h"

namespace ablate {
namespace {

std::vector<const Trial*> all_trials(const Study& study) {
  std::vector<const Trial*> trials;
  for (const Trial& trial : study.trials) trials.push_back(&trial);
  return trials;
}

class AshaPruner : public Pruner {
 public:
  explicit AshaPruner(SuccessiveHalving halving) : halving_(std::move(halving)) {}

  Verdict judge(const Study& study, const Trial& trial) const override {
    return halving_.judge(study, all_trials(study), trial);
  }
  std::optional<int> promote(const Study& study) const override {
    const auto first = halving_.promote(study, all_trials(study));
    return first ? std::optional(first->number) : std::nullopt;
  }

 private:
  SuccessiveHalving halving_;
};

}  // namespace

std::unique_ptr<Pruner> make_asha_pruner(Fields& fields, Step total_steps) {
  HalvingOptions options = halving_options(fields, total_steps, 4);
  options.min_early_stopping_rate = fields.whole("min_early_stopping_rate", 0).value_or(0);
  return std::make_unique<AshaPruner>(SuccessiveHalving(options, total_steps));
}

}  // namespace ablate
