// Any message as what describes a cached log, whose blocks' memory is there: what it makes can be looked at everywhere.
#include <array>

#include "runs/log_cache.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  alignas(8) static const auto memory = [] {
    std::array<std::byte, 1 << 17> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 >> 3);
    return bytes;
  }();
  const std::shared_ptr<const std::byte> begin(memory.data(), [](const std::byte*) {});
  const auto log = ablate::cached_log_of({reinterpret_cast<const char*>(data), size}, "/runs/a", begin, memory.size());
  if (!log) return 0;
  const auto look = [](const ablate::ScalarColumn& column) {
    double sum = 0;
    for (std::size_t i = 0; i < column.size(); i += 7) sum += column[i].value;
    for (std::size_t i = 0; i < column.size(); i += 1000) sum += column.extent(i, column.size() - i / 2).low;
    return sum;
  };
  for (const auto& [name, tag] : log->scalars.tags) {
    look(tag.points);
    for (const ablate::ScalarColumn& dropped : tag.dropped) look(dropped);
  }
  ablate::SeriesBuilder builder;
  ablate::require(builder.adopt(log->scalars) == log->scalars.tags.empty());
  return 0;
}
