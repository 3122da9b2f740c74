#pragma once

#include <optional>
#include <span>
#include <vector>

#include "runs/series.h"
#include "viewers/colors.h"
#include "viewers/level_of_detail.h"
#include "viewers/smoothing.h"

namespace ablate {

enum class XAxis {
  step,
  relative_time,  ///< seconds since the tag's first point
  wall_time,      ///< Unix time
  order,          ///< 0, 1, … as the points were logged: where all have the same step, for one
  epoch,          ///< a step times what it is of one
  images,         ///< seen in training: a step times how many it takes
};

/// One scalar tag of one run, ready to be drawn: by x, raw and smoothed. Keeps no points of its own where x rises as
/// they were logged. Follows a growing column at the cost of what is new; a restart that dropped points, another axis
/// or another smoothing makes it anew, as do medians and Gaussian means whenever there is more. Drawing thread.
class PlotSeries {
 public:
  /// `x_per_step`: of epochs and images.
  void update(const ScalarColumn& points, XAxis axis, const Smoothing& smoothing, double x_per_step = 1);

  /// What comes next is another line, whatever it begins with.
  void clear();

  bool empty() const { return points_.empty(); }
  std::size_t size() const { return points_.size(); }
  struct Range {
    double min = 0, max = 0;
    double min_positive = 0;  ///< for log axes; 0 where no value is positive
    bool any = false;         ///< there is a finite value
    void add(double value);
    void add(const Range& other);
  };
  Range x_range() const;
  Range y_range() const;
  /// From the 5th to the 95th percentile of the finite values, as TensorBoard's "ignore outliers".
  const Range& usual_y_range();
  /// How many values are NaN or infinite.
  std::size_t not_finite() const;

  /// Two points a pixel column at most; remembered until something changes.
  const VisibleLine& raw(double x_min, double x_max, int columns, XScale scale = XScale::linear);
  const VisibleLine& smoothed(double x_min, double x_max, int columns, XScale scale = XScale::linear);

  /// Whether smoothed() has it already.
  bool has_smoothed(double x_min, double x_max, int columns, XScale scale) const;
  /// A running median has a band: from the least to the greatest of what each is of.
  bool has_band() const { return !low_.empty(); }
  const VisibleLine& low(double x_min, double x_max, int columns, XScale scale = XScale::linear);
  const VisibleLine& high(double x_min, double x_max, int columns, XScale scale = XScale::linear);

  /// The point nearest to x.
  struct Point {
    double x = 0, raw = 0, smoothed = 0;
  };
  std::optional<Point> nearest(double x) const;

  /// The points by x, with their values or others. Valid until the series is updated. One thread's.
  class ByX final : public PointsByX {
   public:
    ByX(const PlotSeries& series, const ScalarColumn& values) : series_(series), values_(values) {}
    std::size_t size() const override { return series_.points_.size(); }
    double x(std::size_t i) const override { return i - even_.begin < even_.count ? even_x(i) : x_elsewhere(i); }
    double y(std::size_t i) const override { return values_.value(i); }
    Extent extent(std::size_t begin, std::size_t end) const override { return values_.extent(begin, end); }
    void expect(std::size_t begin, std::size_t count) const override { values_.expect(begin, count); }
    std::size_t grain(std::size_t count) const override { return ScalarColumn::grain(count); }

   private:
    double x_elsewhere(std::size_t i) const;
    double even_x(std::size_t i) const {
      return static_cast<double>(even_.first + static_cast<Step>(i - even_.begin) * even_.each) * series_.x_per_step_;
    }

    const PlotSeries& series_;
    const ScalarColumn& values_;
    mutable ScalarColumn::EvenSteps even_;  ///< around the point asked for last
  };
  /// As they are drawn: smoothed, where they are.
  ByX by_x() const { return ByX(*this, smoothing_.weight == 0 ? points_ : smoothed_); }
  /// In the order of x.
  const ScalarColumn& points() const { return points_; }
  /// Another one whenever something has changed.
  std::uint64_t version() const { return version_; }

 private:
  double x_of(const ScalarColumn& points, std::size_t i) const;
  bool rises(const ScalarColumn& points) const;
  ScalarColumn sorted(const ScalarColumn& points) const;
  void smooth_on();

  struct Cached {
    double x_min = 0, x_max = 0;
    int columns = 0;
    XScale scale = XScale::linear;
    bool valid = false;
    VisibleLine line;
    bool is_of(double from, double to, int how_many, XScale how) const {
      return valid && x_min == from && x_max == to && columns == how_many && scale == how;
    }
  };
  const VisibleLine& visible(Cached& cached, const ScalarColumn& values, double x_min, double x_max, int columns,
                             XScale scale);

  XAxis axis_ = XAxis::step;
  double x_per_step_ = 1;
  Smoothing smoothing_;
  Smoother smoother_{0};
  double first_wall_ = 0;
  std::uint64_t version_ = 0;
  std::size_t consumed_ = 0;  ///< of what update() was given last; and its last point
  ScalarPoint last_;
  ScalarColumn points_;    ///< by x: what was given itself where it rises, else sorted
  ScalarColumn smoothed_;  ///< their values smoothed, as float; empty where nothing is
  ScalarColumn low_, high_;
  Range usual_y_range_;
  std::size_t usual_of_ = 0;  ///< how many points usual_y_range_ is of
  Cached raw_cache_, smooth_cache_, low_cache_, high_cache_;
};

/// The same as smoothed() of each, which are found then: by two threads where there are many points.
void find_lines(std::span<PlotSeries* const> series, double x_min, double x_max, int columns, XScale scale);

/// Whether more than one of its points lie in a pixel column of the current plot: Ribbons draws such ones.
bool is_ribbon(const VisibleLine& line);

enum class LineStyle { solid, dashed };

/// Draws into the current plot, clipped to it. Leaves fitting and legends alone.
void draw_line(const VisibleLine& line, const Color& color, float alpha, float pixels, LineStyle style);
/// Marks values that are not finite at the bottom edge of the current plot.
void draw_not_finite(const VisibleLine& line, const Color& color);

/// Ticks for a logarithmic y axis that spans less than two decades, where powers of ten alone would be too few;
/// no more than have room in `pixels`. During the setup of a plot.
void setup_log_ticks(double low, double high, float pixels);

/// For ImPlot's axis of relative time: "40 s", "5 min", "2 h".
int format_relative_time(double seconds, char* text, int size, void*);

}  // namespace ablate
