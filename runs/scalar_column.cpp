#include "runs/scalar_column.h"

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "runs/scalar_block.h"

namespace ablate {
namespace {

/// Fields of the message that describes a column.
constexpr std::uint32_t kBlockField = 1, kTailField = 2;
static_assert(std::is_trivially_copyable_v<ScalarPoint> && sizeof(ScalarPoint) == 24);

}  // namespace

ScalarPoint ScalarColumn::operator[](std::size_t i) const { return {step(i), wall_seconds(i), value(i)}; }

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
  blocks_.push_back(std::make_shared<const ScalarBlock>(std::span<const ScalarPoint, kBlock>(tail_->data(), kBlock)));
  tail_.reset();
  tail_size_ = 0;
}

void ScalarColumn::adopt(std::shared_ptr<const ScalarBlock> block) {
  totals_.add(block->totals());
  if (!blocks_.empty()) {
    const ScalarBlock& before = *blocks_.back();
    totals_.steps_rise &= block->step(0) >= before.step(kBlock - 1);
    totals_.walls_rise &= block->wall_seconds(0) >= before.wall_seconds(kBlock - 1);
  }
  blocks_.push_back(std::move(block));
}

ScalarColumn ScalarColumn::take_from(Step from) {
  std::size_t first = 0;
  while (first < size() && step(first) < from) ++first;
  ScalarColumn taken;
  if (first == size()) return taken;
  const ScalarColumn all = std::move(*this);
  *this = {};
  const std::size_t kept = first / kBlock;
  for (std::size_t i = 0; i < kept; ++i) adopt(all.blocks_[i]);
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

void ScalarColumn::describe(WireWriter& form, std::vector<std::string_view>& memory) const {
  for (const auto& block : blocks_) {
    WireWriter of_block;
    block->describe(of_block);
    form.message(kBlockField, of_block);
    memory.push_back(block->memory());
  }
  if (tail_size_ > 0) form.packed(kTailField, tail_->data(), tail_size_);
}

std::optional<ScalarColumn> ScalarColumn::of(std::string_view form, std::shared_ptr<const std::byte>& at,
                                             std::size_t& left) {
  ScalarColumn column;
  WireReader fields(form);
  while (fields.next()) {
    if (!fields.is(WireType::bytes)) return std::nullopt;
    const std::string_view bytes = fields.bytes();
    if (fields.field() == kBlockField && column.tail_size_ == 0) {
      auto block = ScalarBlock::of(bytes, at, left);
      if (!block) return std::nullopt;
      const std::size_t size = block->memory().size();
      at = std::shared_ptr<const std::byte>(at, at.get() + size);
      left -= size;
      column.adopt(std::move(block));
    } else if (fields.field() == kTailField && bytes.size() % sizeof(ScalarPoint) == 0 &&
               bytes.size() < kBlock * sizeof(ScalarPoint)) {
      std::vector<ScalarPoint> points(bytes.size() / sizeof(ScalarPoint));
      bytes.copy(reinterpret_cast<char*>(points.data()), bytes.size());
      for (const ScalarPoint& point : points) column.push_back(point);
    } else {
      return std::nullopt;
    }
  }
  if (fields.failed()) return std::nullopt;
  return column;
}

std::size_t ScalarColumn::bytes() const {
  std::size_t sum = blocks_.capacity() * sizeof blocks_[0];
  for (const auto& block : blocks_) sum += block->bytes();
  return sum + (tail_ == nullptr ? 0 : tail_->capacity() * sizeof(ScalarPoint));
}

}  // namespace ablate
