#include "sweeps/pruners/hyperband.h"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <cmath>
#include <numeric>

#include "sweeps/pruners/successive_halving.h"

namespace ablate {
namespace {

class HyperbandPruner : public Pruner {
 public:
  HyperbandPruner(HalvingOptions options, Step total_steps) {
    const auto factor = static_cast<double>(options.reduction_factor);
    // Rounded as Optuna's: log(1000) / log(10) is less than 3.
    const int count =
        1 +
        static_cast<int>(std::floor(
            std::log(static_cast<double>(total_steps) / static_cast<double>(options.min_resource)) / std::log(factor)));
    for (int bracket = 0; bracket < count; ++bracket) {
      options.min_early_stopping_rate = bracket;
      brackets_.emplace_back(options, total_steps);
      const int s = count - 1 - bracket;
      shares_.push_back(static_cast<std::uint64_t>(std::ceil(count * std::pow(factor, s) / (s + 1))));
    }
  }

  Verdict judge(const Study& study, const Trial& trial) const override {
    const std::size_t bracket = bracket_of(study, trial);
    return brackets_[bracket].judge(study, by_bracket(study)[bracket], trial);
  }

  std::optional<int> promote(const Study& study) const override {
    std::optional<SuccessiveHalving::Promotion> first;
    const auto trials = by_bracket(study);
    for (std::size_t bracket = 0; bracket < brackets_.size(); ++bracket)
      if (const auto promotion = brackets_[bracket].promote(study, trials[bracket]);
          promotion && (!first || promotion->before(*first, study)))
        first = promotion;
    return first ? std::optional(first->number) : std::nullopt;
  }

 private:
  std::size_t bracket_of(const Study& study, const Trial& trial) const {
    const std::string name = fmt::format("{}_{}", study.name, trial.number);
    boost::crc_32_type crc;
    crc.process_bytes(name.data(), name.size());
    std::uint64_t place = crc.checksum() % std::accumulate(shares_.begin(), shares_.end(), std::uint64_t{0});
    std::size_t bracket = 0;
    while (place >= shares_[bracket]) place -= shares_[bracket++];
    return bracket;
  }

  std::vector<std::vector<const Trial*>> by_bracket(const Study& study) const {
    std::vector<std::vector<const Trial*>> trials(brackets_.size());
    for (const Trial& trial : study.trials) trials[bracket_of(study, trial)].push_back(&trial);
    return trials;
  }

  std::vector<SuccessiveHalving> brackets_;
  std::vector<std::uint64_t> shares_;  ///< of the trials, of each bracket
};

}  // namespace

std::unique_ptr<Pruner> make_hyperband_pruner(Fields& fields, Step total_steps) {
  return std::make_unique<HyperbandPruner>(halving_options(fields, total_steps, 3), total_steps);
}

}  // namespace ablate
