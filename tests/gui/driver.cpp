#include "driver.h"

#include <GLFW/glfw3.h>
#include <gtest/gtest.h>
#include <imgui_internal.h>
#include <unistd.h>

#include <cfloat>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ablate {

Driver::Driver(WindowOptions options) {
  window_ = std::make_unique<Window>(std::move(options));
  engine_ = ImGuiTestEngine_CreateContext();
  ImGuiTestEngineIO& io = ImGuiTestEngine_GetIO(engine_);
  io.ConfigSavedSettings = false;
  io.ConfigCaptureEnabled = false;
  io.ConfigMouseDrawCursor = false;
  io.ConfigWatchdogWarning = io.ConfigWatchdogKillTest = FLT_MAX;
  io.ConfigRunSpeed = ImGuiTestRunSpeed_Fast;
  ImGuiTestEngine_Start(engine_, ImGui::GetCurrentContext());
  draw_frames(5);
}

Driver::~Driver() {
  ImGuiTestEngine_Stop(engine_);
  window_.reset();
  ImGuiTestEngine_DestroyContext(engine_);
}

void Driver::draw_frames(int count) {
  for (int i = 0; i < count; ++i) {
    window_->wait(pause_);
    window_->frame();
    ImGuiTestEngine_PostSwap(engine_);
  }
}

void Driver::run(const std::function<void(ImGuiTestContext&)>& body) {
  ImGuiTest* const test = ImGuiTestEngine_RegisterTest(engine_, "gui", "body", __FILE__, __LINE__);
  test->TestFunc = [&body](ImGuiTestContext* context) { body(*context); };
  ImGuiTestEngine_QueueTest(engine_, test);
  do draw_frames(1);
  while (!ImGuiTestEngine_IsTestQueueEmpty(engine_));
  if (test->Output.Status != ImGuiTestStatus_Success) {
    ImGuiTextBuffer log;
    test->Output.Log.ExtractLinesForVerboseLevels(ImGuiTestVerboseLevel_Silent, ImGuiTestVerboseLevel_Debug, &log);
    ADD_FAILURE() << log.c_str();
  }
  ImGuiTestEngine_UnregisterTest(engine_, test);
}

bool Driver::wait_until(ImGuiTestContext& context, const std::function<bool()>& wanted, double seconds,
                        const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  pause_ = 0.1;
  bool met = false;
  while (!(met = wanted()) && std::chrono::steady_clock::now() < deadline && !context.IsError()) context.Yield();
  pause_ = 0;
  EXPECT_TRUE(met) << "not within " << seconds << " s: " << what;
  return met;
}

int Driver::pixels_like(const char* panel, Color color) {
  const ImGuiWindow* const window = ImGui::FindWindowByName(panel);
  if (!window) return 0;
  const int width = static_cast<int>(window->Size.x), height = static_cast<int>(window->Size.y);
  const float below = ImGui::GetIO().DisplaySize.y - window->Pos.y - window->Size.y;  // OpenGL counts from there.
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(3 * width * height));
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadBuffer(GL_BACK);
  glReadPixels(static_cast<int>(window->Pos.x), static_cast<int>(below), width, height, GL_RGB, GL_UNSIGNED_BYTE,
               pixels.data());
  int like = 0;
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    bool near = true;
    for (std::size_t c = 0; c < 3; ++c) near = near && std::abs(pixels[i + c] - 255 * color[c]) <= 6;
    like += near;
  }
  return like;
}

const RunView* Driver::run_named(const std::string& name) {
  for (const auto& run : snapshot().runs)
    if (run->info.name == name) return run.get();
  return nullptr;
}

TemporaryFolder::TemporaryFolder(const std::string& name)
    : path_(std::filesystem::path(testing::TempDir()) / ("ablate-gui-" + name + "-" + std::to_string(::getpid()))) {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ablate
