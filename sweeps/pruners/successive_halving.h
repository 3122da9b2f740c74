#pragma once

#include <optional>
#include <vector>

#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"

namespace ablate {

struct HalvingOptions {
  Step min_resource = 1;             ///< steps to the first rung, at least 1
  Step reduction_factor = 4;         ///< at least 2
  Step min_early_stopping_rate = 0;  ///< rungs that are left out at the beginning
  Step bootstrap_count = 0;          ///< nobody leaves a rung before more than so many have reached it
};

/// "min_resource" ("auto": ⌈total_steps / reduction_factor³⌉), "reduction_factor", "bootstrap_count". Throws Error for
/// a min_resource that is no less than `total_steps`: nobody would be judged.
HalvingOptions halving_options(Fields& fields, Step total_steps, Step reduction_factor);

/// Asynchronous successive halving among some trials of a study, asha.h. Of other trials it knows nothing.
class SuccessiveHalving {
 public:
  /// Rungs at min_resource · reduction_factor^k, k from min_early_stopping_rate on, below `total_steps`.
  SuccessiveHalving(const HalvingOptions& options, Step total_steps);

  /// `trial` is one of `rivals`.
  Verdict judge(const Study& study, const std::vector<const Trial*>& rivals, const Trial& trial) const;

  struct Promotion {
    int number;
    Step rung;
    double value;
    /// Whether it should go first: that at the higher rung, the better, the older.
    bool before(const Promotion& other, const Study& study) const;
  };
  /// Of those that wait, the first that should go on.
  std::optional<Promotion> promote(const Study& study, const std::vector<const Trial*>& rivals) const;

 private:
  /// Of each rung the worst value that leaves it; nullopt where none does yet.
  using Bars = std::vector<std::optional<double>>;
  Bars bars(const Study& study, const std::vector<const Trial*>& rivals) const;

  /// The report with which a trial came to the highest of its rungs.
  struct Arrival {
    Step step;
    double value;
    std::size_t first, last;  ///< the rungs that it reached at once, [first, last)
  };
  std::optional<Arrival> arrival(const Trial& trial) const;
  Verdict verdict(const Study& study, const Arrival& arrival, const Bars& bars) const;

  std::vector<Step> rungs_;
  std::size_t reduction_factor_, bootstrap_count_;
};

}  // namespace ablate
