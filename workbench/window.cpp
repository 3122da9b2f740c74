#include "workbench/window.h"

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#define GL_GLEXT_PROTOTYPES
#include <GL/gl.h>
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>
#include <imgui_internal.h>
#include <implot.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "runs/error.h"
#include "workbench/contents.h"
#include "workbench/pixels.h"
#include "workbench/theme.h"

namespace ablate {
namespace {

constexpr double kAfterInput = 0.7;  // Seconds that frames go on after input, so that tooltips come.
constexpr double kAtRest = 2;        // Seconds between frames where time alone passes: "3 s left" goes on.

std::string& last_glfw_error() {
  static std::string text;  // GLFW's callback has no place for a pointer of ours.
  return text;
}

[[noreturn]] void refuse(const std::string& what) {
  const std::string why = last_glfw_error();
  glfwTerminate();
  throw Error(fmt::format("{}{}. `ablate screenshot OUT.png` draws the window without a display.", what,
                          why.empty() ? "" : " (" + why + ")"));
}

}  // namespace

/// Lets other threads end the wait for input.
class WakeUp {
 public:
  void call() {
    pending_.store(true);
    glfwPostEmptyEvent();
  }
  bool take() { return pending_.exchange(false); }

 private:
  std::atomic<bool> pending_{false};
};

bool has_display() {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY"})
    if (const char* value = std::getenv(name); value && *value) return true;
  return false;
}

Window::Window(WindowOptions options) : options_(std::move(options)), wake_up_(std::make_unique<WakeUp>()) {
  last_glfw_error().clear();
  glfwSetErrorCallback([](int, const char* text) { last_glfw_error() = text; });
  if (!glfwInit()) refuse("No window can be opened: there is no display");
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  int x = 0, y = 0, width = 0, height = 0;
  if (GLFWmonitor* const monitor = glfwGetPrimaryMonitor()) glfwGetMonitorWorkarea(monitor, &x, &y, &width, &height);
  if (width > 0 && height > 0) {
    options_.width = std::min(options_.width, width);
    options_.height = std::min(options_.height, height);
  }
  const std::string title = "Ablate  " + options_.root.string();
  window_ = glfwCreateWindow(options_.width, options_.height, title.c_str(), nullptr, nullptr);
  if (!window_) refuse("No window can be opened: the display has no OpenGL 3.3");
  glfwMakeContextCurrent(window_);
  glfwSwapInterval(1);

  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  io.ConfigWindowsMoveFromTitleBarOnly = true;
  io.IniFilename = nullptr;  // Read and written here, since the name has to outlive the context.
  ImGui_ImplGlfw_InitForOpenGL(window_, true);
  ImGui_ImplOpenGL3_Init("#version 330");
  scale_ = ImGui_ImplGlfw_GetContentScaleForWindow(window_);
  const Fonts fonts = apply_theme(scale_);
  WakeUp* const wake_up = wake_up_.get();
  contents_ = std::make_unique<Contents>(ContentsOptions{options_.root, options_.more_paths, options_.settings,
                                                         options_.cache, "", [wake_up] { wake_up->call(); }},
                                         fonts);
  if (const std::string layout = contents_->settings().layout_file(); !layout.empty())
    ImGui::LoadIniSettingsFromDisk(layout.c_str());
  restore_place();
  contents_->session().keep_going();
  if (options_.launch_on_start) contents_->session().launch(*options_.launch_on_start, {});
  glfwSetWindowUserPointer(window_, this);
  glfwSetWindowRefreshCallback(
      window_, [](GLFWwindow* window) { static_cast<Window*>(glfwGetWindowUserPointer(window))->uncovered_ = true; });
  glfwShowWindow(window_);
}

Window::~Window() {
  remember_place();
  if (const std::string layout = contents_->settings().layout_file(); !layout.empty())
    ImGui::SaveIniSettingsToDisk(layout.c_str());
  ImGui_ImplOpenGL3_Shutdown();
  ImGui_ImplGlfw_Shutdown();
  contents_.reset();
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
  glfwDestroyWindow(window_);
  glfwTerminate();
}

void Window::restore_place() {
  const nlohmann::json& place = contents_->settings().at("window");
  if (!place.is_object()) return;
  const int width = place.value("width", 0), height = place.value("height", 0);
  if (width >= 400 && height >= 300 && width <= 16384 && height <= 16384) glfwSetWindowSize(window_, width, height);
  if (place.value("maximized", false)) glfwMaximizeWindow(window_);
}

void Window::remember_place() {
  nlohmann::json& place = contents_->settings().at("window");
  if (!place.is_object()) place = nlohmann::json::object();
  const bool maximized = glfwGetWindowAttrib(window_, GLFW_MAXIMIZED);
  place["maximized"] = maximized;
  if (maximized) return;
  int width = 0, height = 0;
  glfwGetWindowSize(window_, &width, &height);
  place["width"] = width;
  place["height"] = height;
}

bool Window::should_close() const {
  return glfwWindowShouldClose(window_) || contents_->quit_asked() ||
         (options_.close_when && options_.close_when(*contents_->workspace().snapshot));
}

void Window::build_frame() {
  if (const float scale = ImGui_ImplGlfw_GetContentScaleForWindow(window_); scale != scale_) {
    const float text = ImGui::GetStyle().FontScaleMain;
    apply_scale(scale_ = scale);
    ImGui::GetStyle().FontScaleMain = text;
  }
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  ImGui::NewFrame();
  contents_->draw();
  ImGui::Render();
}

void Window::frame() {
  // What was wanted while the frame before was built, so that the menu it was chosen from is gone.
  const auto wanted = std::exchange(contents_->workspace().picture, std::nullopt);
  build_frame();
  int width = 0, height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  glViewport(0, 0, width, height);
  glClearColor(0.085f, 0.09f, 0.105f, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  if (wanted) {
    const auto whole = [&](std::size_t i, int most) { return std::clamp(static_cast<int>(wanted->place[i]), 0, most); };
    const int left = whole(0, width - 1), top = whole(1, height - 1);
    const Picture picture = read_pixels(left, top, whole(2, width - left), whole(3, height - top), height);
    contents_->session().save(wanted->file, encode_png(picture));
  }
  if (contents_->workspace().picture) wake_up_->call();
  glfwSwapBuffers(window_);
}

Window::Event Window::wait(double seconds) {
  bool news = wake_up_->take();
  if (news || seconds <= 0)
    glfwPollEvents();
  else
    glfwWaitEventsTimeout(seconds);
  news = wake_up_->take() || news;
  // What GLFW handed over waits in Dear ImGui's queue until the next frame.
  const bool input = ImGui::GetCurrentContext()->InputEventsQueue.Size > 0;
  return std::exchange(uncovered_, false) || input ? Event::input : news ? Event::news : Event::none;
}

int run_window(const WindowOptions& options) {
  Window window(options);
  window.frame();
  double active_until = glfwGetTime() + kAfterInput, drawn = glfwGetTime();
  while (!window.should_close()) {
    const bool active = glfwGetTime() < active_until, typing = ImGui::GetIO().WantTextInput;  // A cursor blinks.
    const Window::Event event = window.wait(active ? 1.0 / 30 : typing ? 0.25 : 0.5);
    // News alone is one frame; a person sees menus fade and curves follow the mouse.
    if (event == Window::Event::input) active_until = glfwGetTime() + kAfterInput;
    const bool time_passes = window.contents().time_passes() && glfwGetTime() >= drawn + kAtRest;
    if (event == Window::Event::none && !active && !typing && !time_passes) continue;
    window.frame();
    drawn = glfwGetTime();
  }
  return 0;
}

}  // namespace ablate
