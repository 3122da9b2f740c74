#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "viewers/panel.h"
#include "viewers/run_menu.h"
#include "viewers/texture_cache.h"
#include "workbench/session.h"
#include "workbench/settings.h"
#include "workbench/tailer.h"
#include "workbench/theme.h"

namespace ablate {

struct ContentsOptions {
  std::filesystem::path root;
  std::vector<std::filesystem::path> more_paths;
  std::filesystem::path settings;  ///< folder; empty: nothing is remembered
  std::filesystem::path cache;     ///< folder in which what was read of long logs is kept; empty: it is not
  std::string view;                ///< a panel's title ("Sweep", "Sweep/history"): it alone fills the window
  std::function<void()> wake;      ///< called from other threads when there is something new to draw
};

/// Everything inside the window, whatever shows it: the desktop window, a picture without a display, a test. Needs a
/// current ImGui and ImPlot context for as long as it lives; one thread.
class Contents {
 public:
  /// Throws Error where `view` names no panel.
  Contents(const ContentsOptions& options, const Fonts& fonts);
  ~Contents();

  /// One frame, between ImGui::NewFrame and ImGui::Render.
  void draw();

  /// The first listing, the events of everything shown and all pictures have come.
  bool settled() const;
  bool quit_asked() const { return quit_; }
  /// Runs are training or waiting, so that news is to be expected.
  bool busy() const;
  /// Time alone changes what is drawn: runs are busy, a sweep is led, or a cluster has to be asked now and then.
  bool time_passes() const;

  Workspace& workspace() { return workspace_; }
  Session& session() { return session_; }
  Settings& settings() { return settings_; }
  void save_settings();

 private:
  void choose_view();
  void take_news();
  void tell_of_removed(const Snapshot& before);
  void choose_shown();
  void draw_menu_bar();
  void draw_counts();
  void draw_notices();
  void draw_panels();
  void draw_alone();
  void lay_out(unsigned dock, bool anew);
  void keep_proportions(unsigned dock);

  ContentsOptions options_;
  Settings settings_;
  Workspace workspace_;
  TextureCache textures_;
  Tailer tailer_;
  Session session_;
  std::vector<std::unique_ptr<Panel>> panels_;
  std::vector<bool> open_;
  RunMenu run_menu_;
  bool first_listing_ = true;
  bool reset_layout_ = false;
  bool quit_ = false;
  float laid_out_width_ = 0, laid_out_height_ = 0;  ///< of the window in the last frame
  int raise_in_frames_ = 0;                         ///< until the first panel of each place is brought to the front
  Interest interest_;
  std::string awaited_;        ///< id of a run that was launched and isn't listed yet
  std::string awaited_sweep_;  ///< name of such a sweep
};

}  // namespace ablate
