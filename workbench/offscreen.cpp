#include "workbench/offscreen.h"

#define GL_GLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_impl_opengl3.h>
#include <implot.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "experiments/data/dataset.h"
#include "runs/error.h"
#include "runs/log_cache.h"
#include "workbench/contents.h"
#include "workbench/pixels.h"
#include "workbench/theme.h"

namespace ablate {
namespace {

constexpr int kFramesToLayOut = 6;                 // Docking, tables and text sizes settle over a few frames.
constexpr std::chrono::seconds kMostPatience{60};  // Of logs that never end only so much is waited for.

/// An OpenGL 3.3 context without any window or display.
class BareContext {
 public:
  BareContext() {
    for (const EGLenum platform : {EGLenum(EGL_PLATFORM_SURFACELESS_MESA), EGLenum(EGL_PLATFORM_DEVICE_EXT)}) {
      display_ = eglGetPlatformDisplay(platform, EGL_DEFAULT_DISPLAY, nullptr);
      if (display_ != EGL_NO_DISPLAY && eglInitialize(display_, nullptr, nullptr)) break;
      display_ = EGL_NO_DISPLAY;
    }
    if (display_ == EGL_NO_DISPLAY) refuse("EGL has no platform that works without a display");
    const EGLint wanted[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_SURFACE_TYPE, 0, EGL_NONE};
    const EGLint version[] = {
        EGL_CONTEXT_MAJOR_VERSION,           3,       EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
        EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
    EGLConfig config = nullptr;
    EGLint count = 0;
    eglBindAPI(EGL_OPENGL_API);
    eglChooseConfig(display_, wanted, &config, 1, &count);
    context_ = eglCreateContext(display_, count > 0 ? config : EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version);
    if (context_ == EGL_NO_CONTEXT) refuse("no OpenGL 3.3");
    if (!eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_))
      refuse("it can't be used without a surface");
  }
  ~BareContext() { close(); }
  BareContext(const BareContext&) = delete;
  BareContext& operator=(const BareContext&) = delete;

 private:
  void close() {
    if (display_ == EGL_NO_DISPLAY) return;
    eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    if (context_ != EGL_NO_CONTEXT) eglDestroyContext(display_, context_);
    eglTerminate(display_);
  }
  [[noreturn]] void refuse(const char* why) {
    const EGLint code = eglGetError();
    close();
    throw Error(
        fmt::format("No picture of the window can be drawn: {} (EGL error {:#x}). Install Mesa's software renderer "
                    "(libegl-mesa0, libgl1-mesa-dri).",
                    why, code));
  }
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext context_ = EGL_NO_CONTEXT;
};

/// What is drawn into instead of a window.
class Canvas {
 public:
  Canvas(int width, int height) : width_(width), height_(height) {
    glGenFramebuffers(1, &frame_);
    glGenRenderbuffers(1, &pixels_);
    glBindFramebuffer(GL_FRAMEBUFFER, frame_);
    glBindRenderbuffer(GL_RENDERBUFFER, pixels_);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width, height);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, pixels_);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
      throw Error(
          fmt::format("A picture of {}x{} is more than OpenGL draws here: choose a smaller size.", width, height));
  }
  ~Canvas() {
    glDeleteRenderbuffers(1, &pixels_);
    glDeleteFramebuffers(1, &frame_);
  }
  void clear() {
    glViewport(0, 0, width_, height_);
    glClearColor(0.085f, 0.09f, 0.105f, 1);
    glClear(GL_COLOR_BUFFER_BIT);
  }
  Picture read() { return read_pixels(0, 0, width_, height_, height_); }

 private:
  int width_, height_;
  GLuint frame_ = 0, pixels_ = 0;
};

/// Something new has come from another thread.
class News {
 public:
  void tell() {
    {
      const std::lock_guard lock(mutex_);
      any_ = true;
    }
    changed_.notify_all();
  }
  void wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [this] { return any_; });
    any_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool any_ = false;
};

struct ImGuiContexts {
  ImGuiContexts() {
    ImGui::CreateContext();
    ImPlot::CreateContext();
  }
  ~ImGuiContexts() {
    ImPlot::DestroyContext();
    ImGui::DestroyContext();
  }
};

struct Renderer {
  Renderer() { ImGui_ImplOpenGL3_Init("#version 330"); }
  ~Renderer() { ImGui_ImplOpenGL3_Shutdown(); }
};

void draw_frame(Contents& contents, Canvas& canvas) {
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  contents.draw();
  ImGui::Render();
  canvas.clear();
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

Picture draw(const ScreenshotOptions& options) {
  const BareContext context;
  Canvas canvas(options.width, options.height);
  const ImGuiContexts contexts;
  ImGuiIO& io = ImGui::GetIO();
  io.ConfigFlags |= ImGuiConfigFlags_DockingEnable;
  io.IniFilename = nullptr;
  io.DisplaySize = ImVec2(static_cast<float>(options.width), static_cast<float>(options.height));
  io.DeltaTime = 1.0f / 60;
  const Fonts fonts = apply_theme(options.scale);
  News news;
  Contents contents({options.root, options.more_paths, "", cache_folder(), options.view, [&news] { news.tell(); }},
                    fonts);
  const Renderer renderer;
  const auto deadline = std::chrono::steady_clock::now() + kMostPatience;
  for (int frames = 0; frames < kFramesToLayOut;) {
    draw_frame(contents, canvas);
    if (contents.settled() || std::chrono::steady_clock::now() > deadline)
      ++frames;
    else
      news.wait(std::chrono::milliseconds(100));
  }
  return canvas.read();
}

}  // namespace

void write_screenshot(const ScreenshotOptions& options) {
  const std::string png = encode_png(draw(options));
  std::ofstream stream(options.file, std::ios::binary | std::ios::trunc);
  stream.write(png.data(), static_cast<std::streamsize>(png.size()));
  if (!stream.flush())
    throw Error(
        fmt::format("{} can't be written. Name a file in a folder that may be written.", options.file.string()));
}

}  // namespace ablate
