#pragma once

#include "sweeps/samplers/parzen.h"
#include "sweeps/samplers/ranking.h"
#include "sweeps/search_space.h"

namespace ablate {

/// How trials weigh in a density: all alike, or the latest 25 by 1 and older ones evenly down to 1/count.
enum class TpeWeights { equal, recent };

/// What TPE knows of a study's trials, as columns of numbers. Of those that have finished it is read once.
class TpeHistory {
 public:
  explicit TpeHistory(const SearchSpace& space);

  /// Catches up with the study, leaving out trial `number`.
  void follow(const Study& study, int number);

  /// Numbers of trials that have come to something, ascending; ranks by number.
  const std::vector<int>& ranked() const { return ranked_; }
  const std::vector<Rank>& ranks() const { return ranks_; }
  const std::vector<int>& running() const { return running_; }

  /// The parameters, of more than one value, that the ranked trials had always together with this one, and itself; it
  /// alone where none had it. Ascending.
  std::vector<std::size_t> group_of(std::size_t parameter) const;
  /// Whether all ranked trials had it.
  bool always_there(std::size_t parameter) const;

  /// Over the parameters of `block` by those of `trials` (ascending numbers) that had them all.
  ParzenEstimator density(const std::vector<int>& trials, const std::vector<std::size_t>& block,
                          TpeWeights weights) const;

 private:
  struct Column {
    std::string key;
    Axis axis;
    std::vector<double> units;   ///< by trial number; NaN where it had none
    std::vector<int> order;      ///< numbers of the trials that had one, by unit, then number; of categories empty
    std::vector<bool> presence;  ///< in each of the sets that ranked trials had
  };
  void resize(std::size_t count);
  void read(const Study& study, const Trial& trial, bool left_out);
  void update_presence();
  /// By the block's first continuous parameter, which is returned, as the estimator likes them; nullptr: there is none.
  const Column* sort_along(const std::vector<std::size_t>& block, std::vector<int>& trials,
                           std::vector<double>& weights) const;
  /// By trial number; -1 where it is none of them.
  std::vector<int> places_of(const std::vector<int>& trials) const;

  std::vector<Column> columns_;
  std::vector<int> ranked_, running_;
  std::vector<Rank> ranks_;
  enum class Standing : char { none, ranked, running };
  std::vector<Standing> standings_;      ///< by trial number
  std::vector<int> open_;                ///< numbers of those that may still change
  std::vector<std::size_t> set_of_;      ///< by trial number: which of sets_ it had
  std::vector<std::vector<bool>> sets_;  ///< of parameters
};

struct TpeSplit {
  std::vector<int> good, other;  ///< numbers, ascending
  TpeWeights good_weights;
};
/// Of the trials that the history has ranked, and with `constant_liar` those that run as others.
TpeSplit split_trials(const Study& study, const TpeHistory& history, bool constant_liar);

}  // namespace ablate
