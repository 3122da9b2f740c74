// How long it takes until all scalars of all runs of a folder can be drawn, as the window reads them, and what they
// take of the process's own memory: open_runs ROOT [CACHE]
#include <fmt/format.h>

#include <chrono>
#include <list>

#include "runs/run_reader.h"
#include "runs/run_store.h"
#include "viewers/series_plot.h"

int main(int argc, char** argv) {
  using namespace ablate;
  if (argc < 2) return 2;
  const auto start = std::chrono::steady_clock::now();
  std::list<RunReader> readers;
  std::list<PlotSeries> series;
  std::size_t points = 0, bytes = 0;
  for (const RunInfo& run : list_runs(argv[1])) {
    RunReader& reader = readers.emplace_back(run.folder, argc > 2 ? argv[2] : "");
    do reader.poll(8 << 20);
    while (reader.more());
    for (const auto& [tag, column] : reader.data()->scalars) {
      series.emplace_back().update(column, XAxis::step, 0);
      points += column.size();
      bytes += column.bytes();
    }
  }
  std::vector<PlotSeries*> all;
  for (PlotSeries& each : series) all.push_back(&each);
  find_lines(all, 0, static_cast<double>(points) / static_cast<double>(all.size()), 1920, XScale::linear);
  fmt::print("{{\"seconds\": {}, \"points\": {}, \"bytes_per_point\": {}}}\n",
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), points,
             static_cast<double>(bytes) / static_cast<double>(points));
}
