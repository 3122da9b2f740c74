#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runs/scalar_column.h"

namespace ablate {

/// What has to be drawn of a line so that it looks, pixel for pixel, as if every point had been drawn.
struct VisibleLine {
  /// In drawing order. A NaN in `y` interrupts the line where the values are not finite.
  std::vector<double> x, y;
  struct NotFinite {
    double x, value;
  };
  /// Values that are NaN or infinite, the first of them in each pixel column.
  std::vector<NotFinite> not_finite;
  std::uint64_t version = 0;  ///< another one whenever it was found anew
};

enum class XScale { linear, logarithmic };

/// Points by ascending x, wherever they are kept.
class PointsByX {
 public:
  virtual ~PointsByX() = default;
  virtual std::size_t size() const = 0;
  virtual double x(std::size_t i) const = 0;
  virtual double y(std::size_t i) const = 0;
  /// Of the points [begin, end).
  virtual Extent extent(std::size_t begin, std::size_t end) const = 0;
  /// That of some `count` points from `begin` will be asked for next.
  virtual void expect(std::size_t /*begin*/, std::size_t /*count*/) const {}
  /// At whose multiples ranges of about `count` points had better begin and end; at most a quarter of it.
  virtual std::size_t grain(std::size_t /*count*/) const { return 1; }
};

/// What lies in memory: x, ascending, and y of the same size, which outlive it.
class SpanPoints : public PointsByX {
 public:
  SpanPoints(std::span<const double> x, std::span<const double> y) : x_(x), y_(y) {}
  std::size_t size() const override { return x_.size(); }
  double x(std::size_t i) const override { return x_[i]; }
  double y(std::size_t i) const override { return y_[i]; }
  Extent extent(std::size_t begin, std::size_t end) const override;

 private:
  std::span<const double> x_, y_;
};

/// The first point that is not left of x.
std::size_t first_at(const PointsByX& points, double x);

/// Reduces the points that lie in [x_min, x_max] to at most two for each of `columns` pixel columns, the smallest and
/// the largest value in it, in the column's middle and in the order in which the line goes on; so no spike is ever
/// lost. Where many points lie in a column its edges may be off by half their grain, 1/8 of a pixel. The nearest point
/// on either side is added, so that the line goes on to the edge. Where there are no more points than columns all of
/// them are kept. On a logarithmic scale x_min is positive. What `line` was before is gone, but for its memory.
void find_visible_line(const PointsByX& points, double x_min, double x_max, int columns, XScale scale,
                       VisibleLine& line);

/// Of x, ascending, and y of the same size.
VisibleLine visible_line(std::span<const double> x, std::span<const double> y, double x_min, double x_max, int columns,
                         XScale scale = XScale::linear);

}  // namespace ablate
