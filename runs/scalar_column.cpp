#include "runs/scalar_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cmath>
#include <cstring>
#include <span>

namespace ablate {

void Extent::add(double value) {
  if (std::isfinite(value)) {
    low = std::min(low, value);
    high = std::max(high, value);
  } else {
    (std::isnan(value) ? nan : value > 0 ? above : below) = true;
  }
}

void Extent::add(const Extent& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
  nan |= other.nan;
  above |= other.above;
  below |= other.below;
}

namespace {

bool is_float(double value) { return std::isnan(value) || static_cast<double>(static_cast<float>(value)) == value; }

template <class T>
T get(const std::byte* at, std::size_t i) {
  T value;
  std::memcpy(&value, at + i * sizeof(T), sizeof(T));
  return value;
}

template <class T>
std::byte* put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

/// Of numbers that are all finite, many at once.
template <class T>
void widen(T& low, T& high, const T* lows, const T* highs, std::size_t count) {
  constexpr std::size_t kLanes = 32 / sizeof(T);
  if (count < 2 * kLanes) {
    for (std::size_t i = 0; i < count; ++i) low = std::min(low, lows[i]), high = std::max(high, highs[i]);
    return;
  }
  T lowest[kLanes], highest[kLanes];
  std::fill_n(lowest, kLanes, low);
  std::fill_n(highest, kLanes, high);
  const std::size_t whole = count / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes)
    for (std::size_t k = 0; k < kLanes; ++k) {
      lowest[k] = lows[i + k] < lowest[k] ? lows[i + k] : lowest[k];
      highest[k] = highs[i + k] > highest[k] ? highs[i + k] : highest[k];
    }
  for (std::size_t i = whole; i < count; ++i) {
    lowest[0] = std::min(lowest[0], lows[i]);
    highest[0] = std::max(highest[0], highs[i]);
  }
  low = *std::min_element(lowest, lowest + kLanes);
  high = *std::max_element(highest, highest + kLanes);
}

}  // namespace

/// A full block, as one piece of memory: extents, differences of steps, of wall times (as the bits of doubles, which
/// lie as close as the times), values.
class ScalarColumn::Block {
 public:
  explicit Block(std::span<const ScalarPoint, kBlock> points) {
    for (const ScalarPoint& point : points) totals_.add(point, &point == points.data() ? nullptr : &point - 1);
    std::array<std::uint64_t, kBlock> steps{}, walls{};
    bool floats = true;
    for (std::size_t i = 0; i < kBlock; ++i) {
      steps[i] = static_cast<std::uint64_t>(points[i].step);
      walls[i] = std::bit_cast<std::uint64_t>(points[i].wall_seconds);
      floats &= is_float(points[i].value);
    }
    steps_ = differences_of(steps);
    walls_ = differences_of(walls);
    value_width_ = floats ? 4 : 8;
    const auto value_width = static_cast<std::size_t>(value_width_);
    size_ = (kBlock + 2 * kNodes) * value_width + kBlock * static_cast<std::size_t>(steps_.width + walls_.width);
    memory_ = std::make_unique<std::byte[]>(size_);
    values_at_ = memory_.get() + 2 * kNodes * value_width;
    std::byte* at = memory_.get() + 2 * kNodes * value_width;
    for (const ScalarPoint& point : points)
      at = floats ? put(at, static_cast<float>(point.value)) : put(at, point.value);
    steps_at_ = at;
    at = write(at, steps_, steps);
    walls_at_ = at;
    write(at, walls_, walls);
    floats ? build_pyramid<float>() : build_pyramid<double>();
  }

  Step step(std::size_t i) const { return static_cast<Step>(number(steps_, steps_at_, i)); }
  double wall_seconds(std::size_t i) const { return std::bit_cast<double>(number(walls_, walls_at_, i)); }
  double value(std::size_t i) const {
    return value_width_ == 4 ? static_cast<double>(get<float>(values_at_, i)) : get<double>(values_at_, i);
  }

  void add_extent(std::size_t begin, std::size_t end, Extent& extent) const {
    if (begin == 0 && end == kBlock) {
      extent.add(totals_.extent);
    } else if (value_width_ == 4) {
      add_part<float>(begin, end, extent);
    } else {
      add_part<double>(begin, end, extent);
    }
  }

  const Totals& totals() const { return totals_; }
  std::size_t bytes() const { return sizeof *this + size_; }

 private:
  /// Whole numbers as one of: first + i·stride, differences of 32 bits to the first, differences of 64.
  struct Differences {
    std::uint64_t first = 0, stride = 0;
    int width = 0;  ///< bytes a number: 0, 4 or 8
  };

  static Differences differences_of(std::span<const std::uint64_t> numbers) {
    Differences found{numbers[0], numbers[1] - numbers[0], 0};
    bool straight = true, narrow = true;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::uint64_t difference = numbers[i] - found.first;
      straight &= difference == i * found.stride;
      narrow &= static_cast<std::int64_t>(difference) == static_cast<std::int32_t>(difference);
    }
    found.width = straight ? 0 : narrow ? 4 : 8;
    return found;
  }

  static constexpr std::size_t kLeaves = kBlock / kLeaf, kInGroup = kGroup / kLeaf, kNodes = kLeaves + kBlock / kGroup;

  static std::byte* write(std::byte* at, const Differences& form, std::span<const std::uint64_t> numbers) {
    if (form.width == 0) return at;
    for (const std::uint64_t number : numbers)
      at = form.width == 4 ? put(at, static_cast<std::int32_t>(number - form.first)) : put(at, number - form.first);
    return at;
  }

  static std::uint64_t number(const Differences& form, const std::byte* at, std::size_t i) {
    if (form.width == 0) return form.first + i * form.stride;
    return form.first + (form.width == 4 ? static_cast<std::uint64_t>(std::int64_t{get<std::int32_t>(at, i)})
                                         : get<std::uint64_t>(at, i));
  }

  template <class T>
  const T* values() const {
    return reinterpret_cast<const T*>(values_at_);
  }
  /// The least finite values of the leaves, then of the groups; and the largest.
  template <class T>
  T* lows() const {
    return reinterpret_cast<T*>(memory_.get());
  }
  template <class T>
  T* highs() const {
    return lows<T>() + kNodes;
  }

  template <class T>
  void build_pyramid() {
    const T infinity = std::numeric_limits<T>::infinity();
    std::fill_n(lows<T>(), kNodes, infinity);
    std::fill_n(highs<T>(), kNodes, -infinity);
    for (std::size_t leaf = 0; leaf < kLeaves; ++leaf) {
      T &low = lows<T>()[leaf], &high = highs<T>()[leaf];
      const T* const begin = values<T>() + leaf * kLeaf;
      broken_[leaf] = !std::all_of(begin, begin + kLeaf, [](T value) { return std::isfinite(value); });
      if (!broken_[leaf]) {
        widen(low, high, begin, begin, kLeaf);
        continue;
      }
      for (std::size_t i = 0; i < kLeaf; ++i)
        if (std::isfinite(begin[i])) low = std::min(low, begin[i]), high = std::max(high, begin[i]);
    }
    for (std::size_t leaf = 0; leaf < kLeaves; leaf += kInGroup)
      widen(lows<T>()[kLeaves + leaf / kInGroup], highs<T>()[kLeaves + leaf / kInGroup], lows<T>() + leaf,
            highs<T>() + leaf, kInGroup);
  }

  template <class T>
  void add_part(std::size_t begin, std::size_t end, Extent& extent) const {
    const std::size_t leaf = (begin + kLeaf - 1) / kLeaf, last_leaf = end / kLeaf;
    if (broken_.any())  // Which of NaN and infinity it is their values say.
      for (std::size_t each = begin / kLeaf; each * kLeaf < end; ++each)
        if (broken_[each])
          for (std::size_t i = std::max(begin, each * kLeaf); i < std::min(end, (each + 1) * kLeaf); ++i)
            extent.add(value(i));
    T low = std::numeric_limits<T>::infinity(), high = -low;
    const auto add_values = [&](std::size_t from, std::size_t to) {
      if (broken_.any()) {
        for (std::size_t i = from; i < to; ++i)
          if (!broken_[i / kLeaf]) low = std::min(low, values<T>()[i]), high = std::max(high, values<T>()[i]);
      } else {
        widen(low, high, values<T>() + from, values<T>() + from, to - from);
      }
    };
    const auto add_nodes = [&](std::size_t from, std::size_t to) {
      widen(low, high, lows<T>() + from, highs<T>() + from, to - from);
    };
    if (leaf >= last_leaf) {
      add_values(begin, end);
    } else {
      add_values(begin, leaf * kLeaf);
      add_values(last_leaf * kLeaf, end);
      const std::size_t group = (leaf + kInGroup - 1) / kInGroup, last_group = last_leaf / kInGroup;
      if (group >= last_group) {
        add_nodes(leaf, last_leaf);
      } else {
        add_nodes(leaf, group * kInGroup);
        add_nodes(kLeaves + group, kLeaves + last_group);
        add_nodes(last_group * kInGroup, last_leaf);
      }
    }
    extent.low = std::min(extent.low, static_cast<double>(low));
    extent.high = std::max(extent.high, static_cast<double>(high));
  }

  Totals totals_;
  Differences steps_, walls_;
  int value_width_ = 4;
  std::bitset<kLeaves> broken_;  ///< leaves with values that are not finite
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> memory_;
  const std::byte *steps_at_ = nullptr, *walls_at_ = nullptr, *values_at_ = nullptr;
};

ScalarPoint ScalarColumn::operator[](std::size_t i) const {
  if (i / kBlock == blocks_.size()) return tail(i);
  const Block& block = *blocks_[i / kBlock];
  return {block.step(i % kBlock), block.wall_seconds(i % kBlock), block.value(i % kBlock)};
}

Step ScalarColumn::step(std::size_t i) const {
  return i / kBlock == blocks_.size() ? tail(i).step : blocks_[i / kBlock]->step(i % kBlock);
}

double ScalarColumn::wall_seconds(std::size_t i) const {
  return i / kBlock == blocks_.size() ? tail(i).wall_seconds : blocks_[i / kBlock]->wall_seconds(i % kBlock);
}

double ScalarColumn::value(std::size_t i) const {
  return i / kBlock == blocks_.size() ? tail(i).value : blocks_[i / kBlock]->value(i % kBlock);
}

void ScalarColumn::Totals::add(const ScalarPoint& point, const ScalarPoint* before) {
  const double value = point.value;
  extent.add(value);
  if (value > 0 && std::isfinite(value) && (least_positive == 0 || value < least_positive)) least_positive = value;
  if (!std::isfinite(value)) ++(std::isnan(value) ? nan : value > 0 ? above : below);
  steps_rise &= before == nullptr || point.step >= before->step;
  walls_rise &= before == nullptr ? !std::isnan(point.wall_seconds) : point.wall_seconds >= before->wall_seconds;
}

void ScalarColumn::Totals::add(const Totals& next) {
  extent.add(next.extent);
  if (next.least_positive > 0 && (least_positive == 0 || next.least_positive < least_positive))
    least_positive = next.least_positive;
  nan += next.nan, above += next.above, below += next.below;
  steps_rise &= next.steps_rise;
  walls_rise &= next.walls_rise;
}

void ScalarColumn::push_back(const ScalarPoint& point) {
  if (empty()) {
    totals_.add(point, nullptr);
  } else {
    const ScalarPoint before = back();
    totals_.add(point, &before);
  }
  // Elements that a copy sees stay where they are; what another copy has added is not ours.
  if (tail_ == nullptr || tail_->size() != tail_size_ || tail_->size() == tail_->capacity()) {
    auto larger = std::make_shared<std::vector<ScalarPoint>>();
    larger->reserve(std::clamp<std::size_t>(2 * tail_size_, 4, kBlock));
    if (tail_size_ > 0) larger->assign(tail_->begin(), tail_->begin() + static_cast<std::ptrdiff_t>(tail_size_));
    tail_ = std::move(larger);
  }
  tail_->push_back(point);
  if (++tail_size_ < kBlock) return;
  blocks_.push_back(std::make_shared<const Block>(std::span<const ScalarPoint, kBlock>(tail_->data(), kBlock)));
  tail_.reset();
  tail_size_ = 0;
}

ScalarColumn ScalarColumn::take_from(Step from) {
  std::size_t first = 0;
  while (first < size() && step(first) < from) ++first;
  ScalarColumn taken;
  if (first == size()) return taken;
  const ScalarColumn all = std::move(*this);
  *this = {};
  const std::size_t kept = first / kBlock;
  blocks_.assign(all.blocks_.begin(), all.blocks_.begin() + static_cast<std::ptrdiff_t>(kept));
  for (std::size_t i = 0; i < kept; ++i) {
    totals_.add(blocks_[i]->totals());
    if (i == 0) continue;
    totals_.steps_rise &= step(i * kBlock) >= step(i * kBlock - 1);
    totals_.walls_rise &= wall_seconds(i * kBlock) >= wall_seconds(i * kBlock - 1);
  }
  for (std::size_t i = kept * kBlock; i < all.size(); ++i) {
    const ScalarPoint point = all[i];
    (point.step >= from ? taken : *this).push_back(point);
  }
  return taken;
}

Extent ScalarColumn::extent(std::size_t begin, std::size_t end) const {
  Extent extent;
  while (begin < end) {
    const std::size_t block = begin / kBlock, until = std::min(end, (block + 1) * kBlock);
    if (block == blocks_.size()) {
      for (std::size_t i = begin; i < until; ++i) extent.add(tail(i).value);
    } else {
      blocks_[block]->add_extent(begin % kBlock, until - block * kBlock, extent);
    }
    begin = until;
  }
  return extent;
}

std::size_t ScalarColumn::bytes() const {
  std::size_t sum = blocks_.capacity() * sizeof blocks_[0];
  for (const auto& block : blocks_) sum += block->bytes();
  return sum + (tail_ == nullptr ? 0 : tail_->capacity() * sizeof(ScalarPoint));
}

}  // namespace ablate
