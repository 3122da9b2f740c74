// How long views of a panel take to build a frame, in ms, the median of 200: view_frames PATH PANEL VIEW…
#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "workbench/contents.h"
#include "workbench/theme.h"

namespace {

using Clock = std::chrono::steady_clock;

/// Milliseconds.
double build_frame(ablate::Contents& contents) {
  const auto began = Clock::now();
  ImGui::NewFrame();
  contents.draw();
  ImGui::Render();
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

void measure(const char* path, const std::string& panel, const std::string& view) {
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.DisplaySize = ImVec2(1600, 1000);
  io.DeltaTime = 1.0f / 60;
  // Nothing is shown: that there is a renderer is all that Dear ImGui asks for.
  io.BackendFlags |= ImGuiBackendFlags_RendererHasTextures | ImGuiBackendFlags_RendererHasVtxOffset;
  {
    const ablate::Fonts fonts = ablate::apply_theme(1);
    ablate::Contents contents({"no-runs", {path}, {}, {}, panel + "/" + view, [] {}}, fonts);
    while (!contents.settled()) {
      build_frame(contents);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const double first = build_frame(contents);
    std::vector<double> times;
    for (int i = 0; i < 200; ++i) {
      // The mouse moves over everything, so that finding what is below it counts too.
      io.AddMousePosEvent(300.0f + 4.0f * static_cast<float>(i), 200.0f + 3.0f * static_cast<float>(i));
      times.push_back(build_frame(contents));
    }
    std::ranges::sort(times);
    fmt::print("{:22} {:6.2f}   (the first {:.1f}, the slowest {:.1f})\n", view, times[100], first, times.back());
  }
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  for (int i = 3; i < argc; ++i) measure(argv[1], argv[2], argv[i]);
}
