// Writes scalars to a run folder as a training loop would and prints how fast: write_scalars FOLDER COUNT
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "runs/run_writer.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const long count = std::atol(argv[2]);
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  ablate::RunWriter writer(argv[1], 0);
  for (long step = 0; step < count; ++step) writer.scalar("loss/train", step, 1.0 / double(step + 1));
  const auto handed_over = Clock::now();
  writer.flush();
  const auto end = Clock::now();
  const auto seconds = [](auto from, auto to) { return std::chrono::duration<double>(to - from).count(); };
  fmt::print("{{\"per_second\": {}, \"caller_ns\": {}}}\n", double(count) / seconds(start, end),
             1e9 * seconds(start, handed_over) / double(count));
}
