#pragma once

#include <atomic>
#include <cstddef>
#include <thread>

namespace ablate {

/// Calls each(i) for every i below `count`, on this thread and another one, and returns when all are done. For what
/// takes milliseconds: a thread is begun and ended.
template <class Each>
void side_by_side(std::size_t count, const Each& each) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) each(i);
  };
  const std::jthread other(work);
  work();
}

}  // namespace ablate
