#include "driver.h"

#include <GLFW/glfw3.h>
#include <gtest/gtest.h>
#include <imgui_internal.h>
#include <unistd.h>

#include <cfloat>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "experiments/data/dataset.h"
#include "workbench/pixels.h"

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

Picture Driver::drawn(ImVec2 corner, ImVec2 size) {
  glReadBuffer(GL_BACK);
  return read_pixels(static_cast<int>(corner.x), static_cast<int>(corner.y), static_cast<int>(size.x),
                     static_cast<int>(size.y), static_cast<int>(ImGui::GetIO().DisplaySize.y));
}

int Driver::pixels_like(const char* panel, Color color) {
  const ImGuiWindow* const window = ImGui::FindWindowByName(panel);
  if (!window) return 0;
  const std::vector<std::uint8_t> pixels = drawn(window->Pos, window->Size).pixels;
  int like = 0;
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    bool near = true;
    for (std::size_t c = 0; c < 3; ++c) near = near && std::abs(pixels[i + c] - 255 * color[c]) <= 6;
    like += near;
  }
  return like;
}

void Driver::save_picture(const std::string& name) {
  const char* const folder = std::getenv("ABLATE_PICTURES");
  if (!folder) return;
  std::ofstream file(std::filesystem::path(folder) / (name + ".png"), std::ios::binary);
  file << encode_png(drawn({0, 0}, ImGui::GetIO().DisplaySize));
  EXPECT_TRUE(file.flush()) << folder << " can't be written";
}

const RunView* Driver::run_named(const std::string& name) {
  for (const auto& run : snapshot().runs)
    if (run->info.name == name) return run.get();
  return nullptr;
}

std::size_t points(const RunView* run, const std::string& tag) {
  if (!run || !run->data) return 0;
  const auto at = run->data->scalars.find(tag);
  return at == run->data->scalars.end() ? 0 : at->second.size();
}

bool has_masks(const RunView* run) {
  return run && run->data && run->data->images.contains("preview/0/prediction") &&
         run->data->images.contains("preview/0/target");
}

bool is(const RunView* run, RunState state) { return run && run->info.status.state == state; }

void set_added_option(ImGuiTestContext& context, const char* key, const char* value) {
  context.ItemClick("**/vary another option …");
  context.ItemClick((std::string("//$FOCUSED/") + key).c_str());
  context.ItemInputValue((std::string("**/") + key).c_str(), value);
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
