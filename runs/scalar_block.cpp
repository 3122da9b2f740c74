#include "runs/scalar_block.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace ablate {
namespace {

bool is_float(double value) { return std::isnan(value) || static_cast<double>(static_cast<float>(value)) == value; }

template <class T>
std::byte* put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

/// By values that are all finite.
template <class Node, class T>
void widen(Node& node, const T* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    node.low = std::min(node.low, values[i]), node.high = std::max(node.high, values[i]);
}

/// Fields of the message that describes a block.
enum Field : std::uint32_t {
  kLow = 1,
  kHigh,
  kLeastPositive,
  kFlags,
  kNan,
  kAbove,
  kBelow,
  kSteps,
  kWalls,
  kValueWidth,
  kBroken
};
constexpr std::uint64_t kHasNan = 1, kHasAbove = 2, kHasBelow = 4, kStepsRise = 8, kWallsRise = 16;

}  // namespace

ScalarBlock::ScalarBlock(std::span<const ScalarPoint, kPoints> points) {
  for (const ScalarPoint& point : points) totals_.add(point, &point == points.data() ? nullptr : &point - 1);
  std::array<std::uint64_t, kPoints> steps{}, walls{};
  bool floats = true;
  for (std::size_t i = 0; i < kPoints; ++i) {
    steps[i] = static_cast<std::uint64_t>(points[i].step);
    walls[i] = std::bit_cast<std::uint64_t>(points[i].wall_seconds);
    floats &= is_float(points[i].value);
  }
  steps_ = differences_of(steps);
  walls_ = differences_of(walls);
  value_width_ = floats ? 4 : 8;
  measure();
  std::byte* const memory = new std::byte[size_];
  memory_ = std::shared_ptr<const std::byte>(memory, std::default_delete<const std::byte[]>());
  find_parts();
  std::byte* at = memory + 2 * kNodes * value_width_;
  for (const ScalarPoint& point : points) at = floats ? put(at, static_cast<float>(point.value)) : put(at, point.value);
  at = write(at, steps_, steps);
  write(at, walls_, walls);
  floats ? build_pyramid(reinterpret_cast<Node<float>*>(memory))
         : build_pyramid(reinterpret_cast<Node<double>*>(memory));
}

void ScalarBlock::measure() {
  size_ = (kPoints + 2 * kNodes) * value_width_ + kPoints * static_cast<std::size_t>(steps_.width + walls_.width);
}

void ScalarBlock::find_parts() {
  values_at_ = memory_.get() + 2 * kNodes * value_width_;
  steps_at_ = values_at_ + kPoints * value_width_;
  walls_at_ = steps_at_ + kPoints * static_cast<std::size_t>(steps_.width);
}

void ScalarBlock::describe(WireWriter& form) const {
  const Extent& extent = totals_.extent;
  form.fixed64(kLow, extent.low);
  form.fixed64(kHigh, extent.high);
  form.fixed64(kLeastPositive, totals_.least_positive);
  form.varint(kFlags, (extent.nan ? kHasNan : 0) | (extent.above ? kHasAbove : 0) | (extent.below ? kHasBelow : 0) |
                          (totals_.steps_rise ? kStepsRise : 0) | (totals_.walls_rise ? kWallsRise : 0));
  form.varint(kNan, totals_.nan);
  form.varint(kAbove, totals_.above);
  form.varint(kBelow, totals_.below);
  for (const auto& [field, numbers] : {std::pair(kSteps, &steps_), std::pair(kWalls, &walls_)}) {
    const std::array<std::uint64_t, 3> three{numbers->first, numbers->stride,
                                             static_cast<std::uint64_t>(numbers->width)};
    form.packed(field, three.data(), three.size());
  }
  form.varint(kValueWidth, value_width_);
  form.bytes(kBroken, broken_.to_string());
}

std::shared_ptr<const ScalarBlock> ScalarBlock::of(std::string_view form,
                                                   const std::shared_ptr<const std::byte>& memory, std::size_t left) {
  auto block = std::shared_ptr<ScalarBlock>(new ScalarBlock);
  ScalarTotals& totals = block->totals_;
  WireReader fields(form);
  const auto take_numbers = [&](Differences& numbers) {
    std::array<std::uint64_t, 3> three{};
    if (fields.bytes().size() != sizeof three) return;
    std::memcpy(three.data(), fields.bytes().data(), sizeof three);
    numbers = {three[0], three[1], three[2] == 4 || three[2] == 8 ? static_cast<int>(three[2]) : 0};
  };
  while (fields.next()) switch (fields.field()) {
      case kLow:
        totals.extent.low = fields.fixed64();
        break;
      case kHigh:
        totals.extent.high = fields.fixed64();
        break;
      case kLeastPositive:
        totals.least_positive = fields.fixed64();
        break;
      case kFlags:
        totals.extent.nan = fields.varint() & kHasNan;
        totals.extent.above = fields.varint() & kHasAbove;
        totals.extent.below = fields.varint() & kHasBelow;
        totals.steps_rise = fields.varint() & kStepsRise;
        totals.walls_rise = fields.varint() & kWallsRise;
        break;
      case kNan:
        totals.nan = fields.varint();
        break;
      case kAbove:
        totals.above = fields.varint();
        break;
      case kBelow:
        totals.below = fields.varint();
        break;
      case kSteps:
        take_numbers(block->steps_);
        break;
      case kWalls:
        take_numbers(block->walls_);
        break;
      case kValueWidth:
        block->value_width_ = fields.varint() == 8 ? 8 : 4;
        break;
      case kBroken:
        if (fields.bytes().size() == block->broken_.size() &&
            fields.bytes().find_first_not_of("01") == std::string_view::npos)
          block->broken_ = std::bitset<kPoints / kPart>(std::string(fields.bytes()));
        break;
      default:
        break;
    }
  block->measure();
  if (fields.failed() || block->size_ > left) return nullptr;
  block->memory_ = memory;
  block->mapped_ = true;
  block->find_parts();
  return block;
}

void ScalarBlock::add_extent(std::size_t begin, std::size_t end, Extent& extent) const {
  if (begin == 0 && end == kPoints) {
    extent.add(totals_.extent);
  } else if (value_width_ == 4) {
    add_part<float>(begin, end, extent);
  } else {
    add_part<double>(begin, end, extent);
  }
}

ScalarBlock::Differences ScalarBlock::differences_of(std::span<const std::uint64_t> numbers) {
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

std::byte* ScalarBlock::write(std::byte* at, const Differences& form, std::span<const std::uint64_t> numbers) {
  if (form.width == 0) return at;
  for (const std::uint64_t number : numbers)
    at = form.width == 4 ? put(at, static_cast<std::int32_t>(number - form.first)) : put(at, number - form.first);
  return at;
}

template <class T>
void ScalarBlock::build_pyramid(Node<T>* nodes) {
  std::fill_n(nodes, kNodes, Node<T>());
  for (std::size_t leaf = 0; leaf < kLeaves; ++leaf) {
    const T* const begin = values<T>() + leaf * kLeaf;
    if (std::all_of(begin, begin + kLeaf, [](T value) { return std::isfinite(value); })) {
      widen(nodes[leaf], begin, kLeaf);
      continue;
    }
    broken_[leaf * kLeaf / kPart] = true;
    for (std::size_t i = 0; i < kLeaf; ++i)
      if (std::isfinite(begin[i])) widen(nodes[leaf], begin + i, 1);
  }
  std::size_t node = kLeaves;
  for (std::size_t below = 0; node < kNodes; below += kFan, ++node)
    for (std::size_t i = 0; i < kFan; ++i) nodes[node].add(nodes[below + i]);
}

template <class T>
void ScalarBlock::add_part(std::size_t begin, std::size_t end, Extent& extent) const {
  if (broken_.any())  // Which of NaN and infinity it is their values say.
    for (std::size_t part = begin / kPart; part * kPart < end; ++part)
      if (broken_[part])
        for (std::size_t i = std::max(begin, part * kPart); i < std::min(end, (part + 1) * kPart); ++i)
          extent.add(value(i));
  Node<T> sum;
  const auto add_values = [&](std::size_t from, std::size_t to) {
    if (!broken_.any()) return widen(sum, values<T>() + from, to - from);
    for (std::size_t i = from; i < to; ++i)
      if (!broken_[i / kPart]) widen(sum, values<T>() + i, 1);
  };
  const auto add_nodes = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) sum.add(nodes<T>()[i]);
  };
  std::size_t from = (begin + kLeaf - 1) / kLeaf, to = end / kLeaf;
  if (from >= to) {
    add_values(begin, end);
  } else {
    add_values(begin, from * kLeaf);
    add_values(to * kLeaf, end);
    // What larger nodes are within is theirs; but a few that lie side by side are found faster than others elsewhere.
    for (std::size_t level = 0, count = kLeaves;; level += count, count /= kFan) {
      const std::size_t above = (from + kFan - 1) / kFan, above_to = to / kFan;
      if (count == kTops || above >= above_to || to - from <= 2 * kFan) {
        add_nodes(level + from, level + to);
        break;
      }
      add_nodes(level + from, level + above * kFan);
      add_nodes(level + above_to * kFan, level + to);
      from = above, to = above_to;
    }
  }
  extent.low = std::min(extent.low, static_cast<double>(sum.low));
  extent.high = std::max(extent.high, static_cast<double>(sum.high));
}

void ScalarBlock::expect(std::size_t begin, std::size_t count) const {
  const std::byte* at = values_at_ + begin * value_width_;
  std::size_t level = 0;
  for (std::size_t size = kLeaf; kFan * size <= count && size <= kTop; size *= kFan) {
    at = memory_.get() + 2 * value_width_ * (level + begin / size);
    level += kPoints / size;
  }
  __builtin_prefetch(at);
  __builtin_prefetch(at + 64);
}

}  // namespace ablate
