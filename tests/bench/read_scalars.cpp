// Reads a run's event files as the window does, every checksum verified, and prints how fast and what it keeps of them
// in memory: read_scalars FOLDER
#include <fmt/format.h>

#include <chrono>

#include "runs/run_reader.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto start = std::chrono::steady_clock::now();
  ablate::RunReader reader(argv[1]);
  do reader.poll();
  while (reader.more());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::size_t points = 0, bytes = 0;
  for (const auto& [tag, column] : reader.data()->scalars) {
    points += column.size();
    bytes += column.bytes();
  }
  fmt::print("{{\"seconds\": {}, \"points\": {}, \"bytes_per_point\": {}, \"problems\": {}}}\n", seconds, points,
             static_cast<double>(bytes) / static_cast<double>(points), reader.data()->problems.size());
}
