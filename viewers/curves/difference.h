#pragma once

#include <utility>

#include "viewers/series_plot.h"

namespace ablate {

/// A line less another one, the baseline, at each of its own points: between the baseline's points that is straight,
/// and where it does not reach, or is not finite, there is no difference. Steps are the line's, x stands for wall time.
ScalarColumn difference_of(const PlotSeries& line, const PlotSeries& baseline);

/// The same as a series that follows both, at the cost of all points whenever one of them changes. Drawing thread.
class DifferenceSeries {
 public:
  PlotSeries& update(const PlotSeries& line, const PlotSeries& baseline);

 private:
  PlotSeries series_;
  std::pair<std::uint64_t, std::uint64_t> made_of_{~0ull, ~0ull};  ///< versions
  const PlotSeries* baseline_ = nullptr;
};

}  // namespace ablate
