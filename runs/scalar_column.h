#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "runs/scalar_block.h"
#include "runs/scalar_totals.h"

namespace ablate {

/// All points of one scalar tag, in the order logged, every bit of them kept. Blocks of 4096 hold differences to their
/// first step and wall time, and extents of every 8, 32, 128 and 512 points, so that a point takes some ten bytes and
/// the extent of a range costs a few dozen operations, and one more for every 4096 points. Copies share blocks and are
/// not changed by later appends: a reader thread appends and publishes copies, a drawing thread keeps one for as long
/// as it likes. Not thread-safe itself: append and copy on one thread, read copies anywhere.
class ScalarColumn {
 public:
  std::size_t size() const { return blocks_.size() * kBlock + tail_size_; }
  bool empty() const { return size() == 0; }
  ScalarPoint operator[](std::size_t i) const;
  Step step(std::size_t i) const {
    return i / kBlock == blocks_.size() ? tail(i).step : blocks_[i / kBlock]->step(i % kBlock);
  }
  double wall_seconds(std::size_t i) const {
    return i / kBlock == blocks_.size() ? tail(i).wall_seconds : blocks_[i / kBlock]->wall_seconds(i % kBlock);
  }
  double value(std::size_t i) const {
    return i / kBlock == blocks_.size() ? tail(i).value : blocks_[i / kBlock]->value(i % kBlock);
  }
  /// Points around i whose steps rise evenly: step(i) is first + (i − begin) · each. None (count 0) where it isn't
  /// known.
  struct EvenSteps {
    std::size_t begin = 0, count = 0;
    Step first = 0, each = 0;
  };
  EvenSteps even_steps(std::size_t i) const {
    const std::size_t block = i / kBlock;
    if (block >= blocks_.size() || blocks_[block]->even_step() == 0) return {};
    return {block * kBlock, kBlock, blocks_[block]->step(0), blocks_[block]->even_step()};
  }
  ScalarPoint back() const { return (*this)[size() - 1]; }

  void push_back(const ScalarPoint& point);
  /// Takes out the points whose step is `from` or more, and returns them.
  ScalarColumn take_from(Step from);

  /// Of the points [begin, end).
  Extent extent(std::size_t begin, std::size_t end) const;
  /// Tells the processor that the extent of some `count` points from `begin` will be asked for next.
  void expect(std::size_t begin, std::size_t count) const {
    const std::size_t block = begin / kBlock;
    if (block < blocks_.size()) blocks_[block]->expect(begin % kBlock, count);
    if (block + 1 < blocks_.size()) blocks_[block + 1]->expect();
  }
  /// Ranges of about `count` points that begin and end at multiples of this are a few extents; at most a quarter of it.
  static std::size_t grain(std::size_t count) {
    std::size_t grain = count >= 4 * kBlock ? kBlock : ScalarBlock::kTop;
    while (4 * grain > count && grain > 1) grain = grain > ScalarBlock::kLeaf ? grain / ScalarBlock::kFan : 1;
    return grain;
  }

  /// Of all of them.
  const ScalarTotals& totals() const { return totals_; }

  /// Bytes that are this column's, or shared with copies; what is mapped from a file counts for nothing.
  std::size_t bytes() const;

  /// For a file: what it is, as fields of a message, and the memory of its blocks, which lasts as long as the column.
  void describe(WireWriter& form, std::vector<std::string_view>& memory) const;
  /// Of such a file: a column whose blocks' memory begins at `at`, aligned to 8 bytes; `at` and `left` move behind it.
  /// nullopt where `form` is no such message, or less is left than it says.
  static std::optional<ScalarColumn> of(std::string_view form, std::shared_ptr<const std::byte>& at, std::size_t& left);

  static constexpr std::size_t kBlock = ScalarBlock::kPoints;

 private:
  /// The next block, where nothing is in the tail.
  void adopt(std::shared_ptr<const ScalarBlock> block);
  const ScalarPoint& tail(std::size_t i) const { return (*tail_)[i % kBlock]; }

  std::vector<std::shared_ptr<const ScalarBlock>> blocks_;
  /// What does not fill a block yet. Copies share it: each sees its first `tail_size_`.
  std::shared_ptr<std::vector<ScalarPoint>> tail_;
  std::size_t tail_size_ = 0;
  ScalarTotals totals_;
};

}  // namespace ablate
