#pragma once

#include <string>
#include <vector>

#include "viewers/curves/band.h"
#include "viewers/panel.h"
#include "viewers/ribbons.h"
#include "viewers/series_plot.h"

namespace ablate {

struct Limits {
  double min = 0, max = 1;
  bool operator==(const Limits&) const = default;
};

/// A line of one run in one plot, in this frame.
struct PlotLine {
  const RunView* run = nullptr;
  PlotSeries* series = nullptr;
  bool train_mode = false;
  bool dropped = false;  ///< by a restart
  std::string tag;
};

/// Several runs' lines as one, with their spread. Follows its members at the cost of all their points, whenever one of
/// them changes. Drawing thread.
class BandSeries {
 public:
  void update(const std::vector<PlotSeries*>& members, Spread spread);
  PlotSeries& mean() { return mean_; }
  PlotSeries& low() { return low_; }
  PlotSeries& high() { return high_; }

 private:
  PlotSeries mean_, low_, high_;
  std::vector<std::pair<const PlotSeries*, std::uint64_t>> made_of_;
  Spread spread_ = Spread::min_max;
};

/// A group of runs in one plot, in this frame.
struct PlotBand {
  std::string name;
  std::string kind;  ///< Plot::kind_of
  Color color{};
  std::size_t runs = 0;
  BandSeries* series = nullptr;
  bool train_mode = false;
};

/// What is kept of the curves of one plot between frames. Drawing thread.
struct PlotRibbons {
  Ribbons behind, lines;
};

enum class YScale { linear, logarithmic, symmetric };

/// One plot: either the runs' own lines, or bands.
struct Plot {
  std::string name;
  std::vector<PlotLine> lines;
  std::vector<PlotBand> bands;
  YScale scale = YScale::linear;
  bool difference = false;  ///< to a baseline
  bool of_tags = false;     ///< a chart that a log asks for: lines of a run are told apart by their tags
  PlotRibbons* ribbons = nullptr;

  /// The run's name, and the tag where that tells lines apart.
  std::string name_of(const PlotLine& line) const;
  /// "eval", "train", or the tag where that tells lines apart.
  std::string kind_of(const PlotLine& line) const;
  /// All series that are drawn as a line.
  std::vector<PlotSeries*> series() const;
};

/// What of x is in sight.
struct XView {
  Limits x;
  XAxis axis = XAxis::step;
  XScale scale = XScale::linear;
};

/// What the y axis spans where nobody has zoomed; without `outliers` the usual values.
Limits y_limits(const Plot& plot, bool outliers);
/// Within the current plot. `raw_behind`: smoothed lines have what was logged behind them, faintly.
void draw_lines(const Plot& plot, const XView& view, bool raw_behind);
/// The tooltip of values at x, those nearest to the mouse first.
void draw_values(const Plot& plot, const XView& view, double x);

}  // namespace ablate
