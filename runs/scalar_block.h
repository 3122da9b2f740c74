#pragma once

#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "runs/scalar_totals.h"
#include "runs/wire.h"

namespace ablate {

/// 4096 points, every bit of them, as one piece of memory: extents of every 32 and 512, values (float32 where that is
/// all there is to them), differences of steps and of wall times (as the bits of doubles, which lie as close as the
/// times). Never changes.
class ScalarBlock {
 public:
  static constexpr std::size_t kPoints = 4096, kGroup = 512, kLeaf = 32;

  explicit ScalarBlock(std::span<const ScalarPoint, kPoints> points);

  Step step(std::size_t i) const { return static_cast<Step>(number(steps_, steps_at_, i)); }
  double wall_seconds(std::size_t i) const { return std::bit_cast<double>(number(walls_, walls_at_, i)); }
  double value(std::size_t i) const {
    return value_width_ == 4 ? static_cast<double>(values<float>()[i]) : values<double>()[i];
  }
  void add_extent(std::size_t begin, std::size_t end, Extent& extent) const;
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
  static constexpr std::size_t kLeaves = kPoints / kLeaf, kInGroup = kGroup / kLeaf,
                               kNodes = kLeaves + kPoints / kGroup;

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
  /// The least finite values of the leaves, then of the groups; and the largest.
  template <class T>
  const T* lows() const {
    return reinterpret_cast<const T*>(memory_.get());
  }
  template <class T>
  const T* highs() const {
    return lows<T>() + kNodes;
  }
  template <class T>
  void build_pyramid(T* lows, T* highs);
  template <class T>
  void add_part(std::size_t begin, std::size_t end, Extent& extent) const;

  ScalarTotals totals_;
  Differences steps_, walls_;
  std::size_t value_width_ = 4;
  std::bitset<kLeaves> broken_;  ///< leaves with values that are not finite
  bool mapped_ = false;
  std::size_t size_ = 0;
  std::shared_ptr<const std::byte> memory_;
  const std::byte *steps_at_ = nullptr, *walls_at_ = nullptr, *values_at_ = nullptr;
};

}  // namespace ablate
