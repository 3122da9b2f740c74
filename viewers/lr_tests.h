#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiments/lr_suggest.h"
#include "viewers/colors.h"
#include "viewers/panel.h"

namespace ablate {

/// One range test, ready to be drawn.
struct LrTest {
  std::string id, name;  ///< of its run, or of its file
  Color color{};
  std::int64_t seed = 0;
  RangeTest test;  ///< of a recorded one: from its first learning rate to its last
  RangeCurve curve{RangeSmoothing::none};
  std::vector<double> slope;  ///< ΔS/Δ log₁₀ lr from each point to the next
  bool over = false;          ///< it came to its end: only then does it suggest anything
  LrSuggestions found;
};

/// Tests that differ in nothing but their seed, and what they suggest together.
struct LrVariant {
  std::string name;  ///< without the seed
  Color color{};     ///< of its first run
  std::vector<const LrTest*> tests;

  /// Of the tests that can tell, ascending.
  std::vector<double> rates(const std::string& rule) const;
  /// Their median; 0 where none can tell.
  double median(const std::string& rule) const;

  /// Where several tests saw the same learning rates: the least, mean and largest smoothed loss at each of them.
  struct Band {
    std::vector<double> lr, low, mean, high;
  };
  Band band() const;
};

/// The range tests among the shown runs and those that others recorded, kept up to date at the cost of what has
/// changed. Drawing thread.
class LrTests {
 public:
  /// Of runs whose lr_find.procedure is not none and that have logged something. `recorded`: how the losses of recorded
  /// ones are smoothed.
  void update(const Workspace& workspace, RangeSmoothing recorded);
  const std::vector<LrVariant>& variants() const { return variants_; }

 private:
  struct Kept {
    std::uint64_t version = ~0ull;
    bool over = false;
    LrTest test;
  };
  void update_recorded(const Workspace& workspace, RangeSmoothing smoothing);

  std::map<std::string, Kept> kept_;        ///< by run id
  std::map<std::string, LrTest> recorded_;  ///< by file
  RangeSmoothing smoothing_ = RangeSmoothing::none;
  std::vector<LrVariant> variants_;
};

}  // namespace ablate
