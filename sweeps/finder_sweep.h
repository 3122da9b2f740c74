#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "experiments/experiment.h"
#include "runs/run_store.h"

namespace ablate {

/// Equal for configurations whose range tests are the same but for the seed: without the learning rate, the schedule,
/// the run's length, …
std::string range_test_key(const RunConfig& config);
/// `name` without "-s0" at its end, which Experiment::expand adds for a seed.
std::string without_seed(const std::string& name, std::int64_t seed);

/// The same with the settings of the test (lr_find.*): tests that are of one kind.
std::string range_test_kind(const RunConfig& config);

/// The range tests of an experiment: one for each of its variants and seeds, but one for those that differ in nothing
/// that a range test sees (its schedule, its length, its learning rate, …). lr_find.* are the experiment's own, but for
/// `procedure` where that is not empty; where neither names one it is fastai's. At least `seeds` seeds each: those of
/// the experiment, and the next numbers. Throws Error as Experiment::expand.
Experiment finder_sweep(const Experiment& experiment, const std::string& procedure, int seeds);

/// Of rates in ascending order the one in the middle; of an even number the geometric mean of the two. 0 for none.
double median_rate(std::span<const double> sorted);

/// The range tests of one variant, one a seed.
struct VariantRangeTests {
  std::string name;                  ///< without the seed
  RunConfig config;                  ///< of the newest of them
  std::vector<const RunInfo*> runs;  ///< that are complete; of one seed the newest
  std::map<std::string, std::vector<double>>
      rates;                        ///< by rule: what each of them suggests, ascending; some can't tell
  std::vector<std::string> doubts;  ///< "seed 1: The loss falls by …"

  /// Their median_rate.
  double suggestion(const std::string& rule) const;
};

/// Complete range tests among `runs`, by id, those together that differ in nothing but their seed.
std::vector<VariantRangeTests> range_tests_by_variant(std::span<const RunInfo> runs);

/// An experiment whose variants are trained at what their own range tests suggest.
struct OwnRates {
  Experiment experiment;
  std::vector<std::string> told;  ///< for people: by which tests, and a line for each variant with the seeds they had
};

/// Whether variants differ in nothing but the learning rate, so that they are one range test.
bool varies_lr(const Experiment& experiment);

/// With a learning rate for each of the experiment's variants: what `rule` ("valley", …) suggests by the range tests of
/// that variant among `runs`, by id. Rates of tests that differ in procedure, steps, batch or range can't be compared,
/// so those made as the newest one count, for all variants. Throws Error that names the variants without any, and what
/// to do.
OwnRates own_rates(const Experiment& experiment, const std::string& rule, std::span<const RunInfo> runs);

}  // namespace ablate
