// Writes scalars to a run folder as a training loop would and prints how fast: write_scalars FOLDER COUNT [TAGS]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "runs/run_writer.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const long count = std::atol(argv[2]);
  std::vector<std::string> tags{"loss/train"};
  for (int i = 1; argc > 3 && i < std::atoi(argv[3]); ++i) tags.push_back(fmt::format("loss/part{}", i));
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  ablate::RunWriter writer(argv[1], 0);
  const auto tag_count = static_cast<long>(tags.size());
  for (long i = 0; i < count; ++i)
    writer.scalar(tags[static_cast<std::size_t>(i % tag_count)], i / tag_count, 1.0 / double(i + 1));
  const auto handed_over = Clock::now();
  writer.flush();
  const auto end = Clock::now();
  const auto seconds = [](auto from, auto to) { return std::chrono::duration<double>(to - from).count(); };
  fmt::print("{{\"per_second\": {}, \"caller_ns\": {}}}\n", double(count) / seconds(start, end),
             1e9 * seconds(start, handed_over) / double(count));
}
