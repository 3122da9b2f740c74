// How long a plot of RUNS curves of POINTS points takes to build a frame while it is zoomed and panned, when nothing
// changes, and with all points handed to ImPlot instead: plot_frames RUNS POINTS [SMOOTHING]. Prints ms, medians.
#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <random>

#include "viewers/ribbons.h"
#include "viewers/series_plot.h"

namespace {

using namespace ablate;
using Clock = std::chrono::steady_clock;

constexpr float kWidth = 1920, kHeight = 1000;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One frame with a plot over the window, in milliseconds.
double frame(double x_min, double x_max, const std::function<void()>& draw_lines) {
  const auto start = Clock::now();
  ImGui::NewFrame();
  ImGui::SetNextWindowPos({0, 0});
  ImGui::SetNextWindowSize({kWidth, kHeight});
  ImGui::Begin("plot", nullptr, ImGuiWindowFlags_NoDecoration);
  if (ImPlot::BeginPlot("##plot", {-1, -1}, ImPlotFlags_NoLegend)) {
    ImPlot::SetupAxesLimits(x_min, x_max, -4, 12, ImPlotCond_Always);
    draw_lines();
    ImPlot::EndPlot();
  }
  ImGui::End();
  ImGui::Render();
  return 1e3 * seconds_since(start);
}

/// Of this process's memory what is there now, in bytes.
double resident() {
  long pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE));
}

double median(std::vector<double> times) {
  std::ranges::sort(times);
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto runs = static_cast<std::size_t>(std::atol(argv[1])), points = static_cast<std::size_t>(std::atol(argv[2]));
  const double smoothing = argc > 3 ? std::atof(argv[3]) : 0, last = static_cast<double>(points);
  std::vector<ScalarColumn> columns(runs);
  const double before = resident();
  for (std::size_t run = 0; run < runs; ++run) {
    std::mt19937 random(static_cast<unsigned>(run));
    for (std::size_t i = 0; i < points; ++i)
      columns[run].push_back(
          {static_cast<Step>(i), 1.7e9 + 0.05 * static_cast<double>(i),
           1000.0f / (100 + static_cast<float>(i)) + 1e-6f * static_cast<float>(random() % 1000000)});
  }
  std::vector<PlotSeries> series(runs);
  auto start = Clock::now();
  for (std::size_t run = 0; run < runs; ++run) series[run].update(columns[run], XAxis::step, smoothing);
  const double opened = seconds_since(start), bytes = resident() - before;

  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.DisplaySize = {kWidth, kHeight};
  io.BackendFlags |= ImGuiBackendFlags_RendererHasTextures | ImGuiBackendFlags_RendererHasVtxOffset;
  double x_min = 0, x_max = last;
  std::vector<PlotSeries*> all;
  for (PlotSeries& each : series) all.push_back(&each);
  Ribbons ribbons;
  const auto ours = [&] {
    const int width = static_cast<int>(ImPlot::GetPlotSize().x);
    find_lines(all, x_min, x_max, width, XScale::linear);
    std::vector<Stroke> strokes;
    for (PlotSeries& each : series)
      strokes.push_back({&each.smoothed(x_min, x_max, width), {0.1f, 0.2f, 0.9f}, 1, 1.5f});
    ribbons.draw(strokes);
  };
  const auto all_points = [&] {
    for (std::size_t run = 0; run < runs; ++run)
      ImPlot::PlotLineG(
          "##line",
          [](int i, void* column) {
            const auto at = static_cast<std::size_t>(i);
            return ImPlotPoint(static_cast<double>(static_cast<ScalarColumn*>(column)->step(at)),
                               static_cast<ScalarColumn*>(column)->value(at));
          },
          &columns[run], static_cast<int>(points));
  };
  std::vector<double> moving, still, handed_over;
  for (int i = 0; i < 60; ++i) {  // In to a hundredth, and across.
    const double part = std::pow(0.01, i / 60.0), left = (1 - part) * (i % 10) / 10;
    x_min = left * last;
    x_max = (left + part) * last;
    moving.push_back(frame(x_min, x_max, ours));
  }
  x_min = 0, x_max = last;
  frame(x_min, x_max, ours);
  for (int i = 0; i < 20; ++i) still.push_back(frame(x_min, x_max, ours));
  for (int i = 0; i < 3; ++i) handed_over.push_back(frame(0, last, all_points));
  fmt::print(
      "{{\"moving\": {:.2f}, \"slowest\": {:.2f}, \"still\": {:.2f}, \"all_points\": {:.1f}, \"opened\": {:.3f}, "
      "\"bytes_per_point\": {:.1f}}}\n",
      median(moving), *std::ranges::max_element(moving), median(still), median(handed_over), opened,
      bytes / static_cast<double>(runs * points));
}
