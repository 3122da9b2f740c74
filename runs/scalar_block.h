#pragma once

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "runs/scalar_totals.h"
#include "runs/wire.h"

namespace ablate {

/// 4096 points, every bit of them, as one piece of memory: extents of every 8, 32, 128 and 512, values (float32 where
/// that is all there is to them), differences of steps and of wall times (as the bits of doubles, which lie as close as
/// the times). Never changes.
class ScalarBlock {
 public:
  static constexpr std::size_t kPoints = 4096, kLeaf = 8, kFan = 4, kTop = 512;  ///< extents: of 8, 32, …, 512

  explicit ScalarBlock(std::span<const ScalarPoint, kPoints> points);

  Step step(std::size_t i) const { return static_cast<Step>(number(steps_, steps_at_, i)); }
  /// Where step(i) is the first step and i times this: how much a point; 0 where it may be otherwise.
  Step even_step() const { return steps_.width == 0 ? static_cast<Step>(steps_.stride) : 0; }
  double wall_seconds(std::size_t i) const { return std::bit_cast<double>(number(walls_, walls_at_, i)); }
  double value(std::size_t i) const {
    return value_width_ == 4 ? static_cast<double>(values<float>()[i]) : values<double>()[i];
  }
  void add_extent(std::size_t begin, std::size_t end, Extent& extent) const;
  /// Tells the processor that add_extent() of some `count` points from `begin` is coming, so that memory is fetched.
  void expect(std::size_t begin, std::size_t count) const;
  /// … that it will be asked at all.
  void expect() const {
    for (std::size_t at = 0; at < sizeof *this; at += 64)
      __builtin_prefetch(reinterpret_cast<const std::byte*>(this) + at);
  }
  const ScalarTotals& totals() const { return totals_; }
  std::size_t bytes() const { return sizeof *this + (mapped_ ? 0 : size_); }  ///< of this process's own

  /// For a file: what its memory holds and how, as fields of a message; and that memory, a multiple of 8 bytes.
  void describe(WireWriter& form) const;
  std::string_view memory() const { return {reinterpret_cast<const char*>(memory_.get()), size_}; }
  /// Of a file: where `form` is such a message, and as much memory as it says begins at `memory`, which is aligned to 8
  /// bytes and has `left`; null otherwise.
  static std::shared_ptr<const ScalarBlock> of(std::string_view form, const std::shared_ptr<const std::byte>& memory,
                                               std::size_t left);

 private:
  /// Whole numbers as one of: first + i·stride, differences of 32 bits to the first, differences of 64.
  struct Differences {
    std::uint64_t first = 0, stride = 0;
    int width = 0;  ///< bytes a number: 0, 4 or 8
  };
  static constexpr std::size_t kLeaves = kPoints / kLeaf, kTops = kPoints / kTop,
                               kNodes = (kFan * kLeaves - kTops) / (kFan - 1);
  static constexpr std::size_t kPart = 32;  ///< of which it is known whether all are finite

  ScalarBlock() = default;
  static Differences differences_of(std::span<const std::uint64_t> numbers);
  static std::byte* write(std::byte* at, const Differences& form, std::span<const std::uint64_t> numbers);
  static std::uint64_t number(const Differences& form, const std::byte* at, std::size_t i) {
    if (form.width == 0) return form.first + i * form.stride;
    if (form.width == 8) return form.first + reinterpret_cast<const std::uint64_t*>(at)[i];
    return form.first + static_cast<std::uint64_t>(std::int64_t{reinterpret_cast<const std::int32_t*>(at)[i]});
  }
  /// By the widths: `size_`, and where in `memory_` each part begins.
  void measure();
  void find_parts();

  template <class T>
  const T* values() const {
    return reinterpret_cast<const T*>(values_at_);
  }
  /// The least and the largest of some finite values.
  template <class T>
  struct Node {
    T low = std::numeric_limits<T>::infinity(), high = -std::numeric_limits<T>::infinity();
    void add(const Node& other) { low = std::min(low, other.low), high = std::max(high, other.high); }
  };
  /// Of the leaves, then of four leaves each, and so on.
  template <class T>
  const Node<T>* nodes() const {
    return reinterpret_cast<const Node<T>*>(memory_.get());
  }
  template <class T>
  void build_pyramid(Node<T>* nodes);
  template <class T>
  void add_part(std::size_t begin, std::size_t end, Extent& extent) const;

  ScalarTotals totals_;
  Differences steps_, walls_;
  std::size_t value_width_ = 4;
  std::bitset<kPoints / kPart> broken_;  ///< parts with values that are not finite
  bool mapped_ = false;
  std::size_t size_ = 0;
  std::shared_ptr<const std::byte> memory_;
  const std::byte *steps_at_ = nullptr, *walls_at_ = nullptr, *values_at_ = nullptr;
};

}  // namespace ablate
