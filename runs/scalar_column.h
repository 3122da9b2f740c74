#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "runs/types.h"

namespace ablate {

/// What some values span.
struct Extent {
  double low = std::numeric_limits<double>::infinity();    ///< of the finite ones; above `high` where there is none
  double high = -std::numeric_limits<double>::infinity();  ///< of the finite ones
  bool nan = false, above = false, below = false;          ///< there is a NaN, an infinity, a negative infinity

  bool any() const { return low <= high; }
  bool all_finite() const { return !nan && !above && !below; }
  void add(double value);
  void add(const Extent& other);
};

/// All points of one scalar tag, in the order logged, every bit of them kept. Blocks of 4096 hold differences to their
/// first step and wall time, and extents of every 32 and 512 points, so that a point takes some nine bytes and the
/// extent of a range costs a few dozen operations, and one more for every 4096 points. Copies share blocks and are not
/// changed by later appends: a reader thread appends and publishes copies, a drawing thread keeps one for as long as it
/// likes. Not thread-safe itself: append and copy on one thread, read copies anywhere.
class ScalarColumn {
 public:
  std::size_t size() const { return blocks_.size() * kBlock + tail_size_; }
  bool empty() const { return size() == 0; }
  ScalarPoint operator[](std::size_t i) const;
  Step step(std::size_t i) const;
  double wall_seconds(std::size_t i) const;
  double value(std::size_t i) const;
  ScalarPoint back() const { return (*this)[size() - 1]; }

  void push_back(const ScalarPoint& point);
  /// Takes out the points whose step is `from` or more, and returns them.
  ScalarColumn take_from(Step from);

  /// Of the points [begin, end).
  Extent extent(std::size_t begin, std::size_t end) const;
  /// Ranges of about `count` points that begin and end at multiples of this need no value looked at; at most a
  /// sixteenth of it.
  static std::size_t grain(std::size_t count) {
    return count >= 16 * kBlock ? kBlock : count >= 16 * kGroup ? kGroup : count >= 16 * kLeaf ? kLeaf : 1;
  }

  /// Of all of them.
  struct Totals {
    Extent extent;
    double least_positive = 0;  ///< for log axes; 0 where no value is positive
    std::size_t nan = 0, above = 0, below = 0;
    bool steps_rise = true, walls_rise = true;  ///< from each point to the next, or stay; a NaN wall time does not

    /// `before`: the point that it follows; nullptr for the first.
    void add(const ScalarPoint& point, const ScalarPoint* before);
    /// Whether it rises from these to those is the caller's to say.
    void add(const Totals& next);
  };
  const Totals& totals() const { return totals_; }

  /// Bytes that are this column's, or shared with copies.
  std::size_t bytes() const;

  static constexpr std::size_t kBlock = 4096, kGroup = 512, kLeaf = 32;

 private:
  class Block;
  const ScalarPoint& tail(std::size_t i) const { return (*tail_)[i % kBlock]; }

  std::vector<std::shared_ptr<const Block>> blocks_;
  /// What does not fill a block yet. Copies share it: each sees its first `tail_size_`.
  std::shared_ptr<std::vector<ScalarPoint>> tail_;
  std::size_t tail_size_ = 0;
  Totals totals_;
};

}  // namespace ablate
