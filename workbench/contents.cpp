#include "workbench/contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgui.h>
#include <imgui_internal.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "runs/error.h"
#include "runs/text.h"
#include "viewers/lr_panel.h"
#include "viewers/run_state.h"
#include "viewers/sweep_panel.h"
#include "viewers/widgets.h"
#include "workbench/sweep_follower.h"

namespace ablate {
namespace {

constexpr std::size_t kShownAtFirst = 12;  // More runs than that: only the newest experiment is drawn.
constexpr const char* kDock = "desk";

/// With ~ for the home folder.
std::string short_path(const std::filesystem::path& path) {
  std::error_code failure;
  const std::string whole = std::filesystem::absolute(path, failure).lexically_normal().string();
  const char* const home = std::getenv("HOME");
  if (home && *home && whole.starts_with(std::string(home) + "/")) return "~" + whole.substr(std::string(home).size());
  return whole;
}

void scale_nodes(ImGuiDockNode* node, float x, float y) {
  if (!node) return;
  node->SizeRef = ImVec2(node->SizeRef.x * x, node->SizeRef.y * y);
  for (ImGuiDockNode* child : node->ChildNodes) scale_nodes(child, x, y);
}

/// A file is a range test that someone recorded, unless it is TensorBoard's or Optuna's.
bool is_recorded_test(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path) && !is_event_file_name(path.filename().string()) &&
         !is_journal_file(path);
}

std::vector<std::filesystem::path> folders_of(std::vector<std::filesystem::path> paths) {
  std::erase_if(paths, is_recorded_test);
  return paths;
}

/// A box of words with buttons, whose lower edge is at `bottom`; the bottom of the next one above it.
float draw_notice(const char* title, const std::string& words, const ImVec4& back, const Color& edge, float bottom,
                  const std::function<void()>& draw_buttons) {
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  ImGui::SetNextWindowPos(ImVec2(viewport.WorkPos.x + viewport.WorkSize.x / 2, bottom), ImGuiCond_Always,
                          ImVec2(0.5f, 1));
  ImGui::SetNextWindowSizeConstraints(ImVec2(widgets::em(20), 0), ImVec2(widgets::em(52), widgets::em(20)));
  ImGui::PushStyleColor(ImGuiCol_WindowBg, back);
  ImGui::PushStyleColor(ImGuiCol_Border, widgets::vector_of(edge, 0.8f));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, widgets::em(0.3f));
  const auto flags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoDocking |
                     ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoFocusOnAppearing | ImGuiWindowFlags_NoMove;
  if (ImGui::Begin(title, nullptr, flags)) {
    ImGui::PushTextWrapPos(widgets::em(50));
    ImGui::TextUnformatted(words.c_str());
    ImGui::PopTextWrapPos();
    draw_buttons();
  }
  const float top = ImGui::GetWindowPos().y;
  ImGui::End();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor(2);
  return top - widgets::em(0.5f);
}

}  // namespace

Contents::Contents(const ContentsOptions& options, const Fonts& fonts)
    : options_(options),
      settings_(options.settings),
      textures_(options.wake),
      tailer_(options.root, folders_of(options.more_paths), options.cache, options.wake),
      session_(options.root, [this] { tailer_.look_now(); }),
      panels_(make_panels()),
      open_(panels_.size(), true) {
  workspace_.root = options.root;
  for (const std::filesystem::path& path : options.more_paths)
    if (is_recorded_test(path)) workspace_.recorded[path.string()] = read_recorded_test(path);
  if (!workspace_.recorded.empty()) workspace_.raised = kLrPanel;
  for (const std::filesystem::path& path : options.more_paths)
    if (is_journal_file(path)) {
      const std::filesystem::path journal = std::filesystem::weakly_canonical(path);
      const bool ours = std::filesystem::exists(journal.parent_path() / "sweep.json");
      workspace_.sweep = (ours ? journal.parent_path() : journal).string();
      workspace_.raised = kSweepPanel;
    }
  workspace_.actions = &session_;
  workspace_.textures = &textures_;
  workspace_.bold = fonts.bold;
  workspace_.mono = fonts.mono;
  if (!options.view.empty()) choose_view();
  nlohmann::json& remembered = settings_.at("panels");
  for (std::size_t i = 0; i < panels_.size(); ++i) {
    if (!remembered.is_object() || !remembered.contains(panels_[i]->title())) continue;
    try {
      const nlohmann::json& mine = remembered.at(panels_[i]->title());
      panels_[i]->restore(mine);
      open_[i] = mine.value("open", true);
    } catch (const nlohmann::json::exception&) {  // Written by another version, or by hand: the defaults then.
    }
  }
  if (const nlohmann::json& size = settings_.at("text_scale"); size.is_number())
    ImGui::GetStyle().FontScaleMain = std::clamp(size.get<float>(), 0.6f, 2.5f);
}

/// "Curves", or what a panel of several views shows: "Sweep/history".
void Contents::choose_view() {
  const std::size_t slash = options_.view.find('/');
  const std::string inner = slash == std::string::npos ? "" : options_.view.substr(slash + 1);
  options_.view.erase(std::min(slash, options_.view.size()));
  std::string names;
  for (const auto& panel : panels_) {
    names += (names.empty() ? "" : ", ") + std::string(panel->title());
    if (lower_case(panel->title()) != lower_case(options_.view)) continue;
    if (!inner.empty()) panel->restore({{"view", inner}});
    if (!inner.empty() && panel->state().value("view", "") != inner)
      throw Error(fmt::format("{} has no view \"{}\".", panel->title(), inner));
    return;
  }
  throw Error(fmt::format("There is no view \"{}\". There are: {}.", options_.view, names));
}

Contents::~Contents() { save_settings(); }

void Contents::save_settings() {
  nlohmann::json& remembered = settings_.at("panels");
  remembered = nlohmann::json::object();
  for (std::size_t i = 0; i < panels_.size(); ++i) {
    nlohmann::json state = panels_[i]->state();
    state["open"] = static_cast<bool>(open_[i]);
    remembered[panels_[i]->title()] = std::move(state);
  }
  settings_.at("text_scale") = ImGui::GetStyle().FontScaleMain;
  if (!first_listing_) {
    nlohmann::json& mine = settings_.of_root(options_.root);
    mine["hidden"] = workspace_.hidden;
    mine["selected"] = workspace_.selected;
  }
  settings_.save();
}

void Contents::draw() {
  textures_.begin_frame();
  take_news();
  if (!options_.view.empty()) {
    draw_alone();
  } else {
    draw_menu_bar();
    draw_panels();
    draw_notices();
  }
  textures_.end_frame();
}

/// A run that was drawn and whose folder is no longer there doesn't go without a word.
void Contents::tell_of_removed(const Snapshot& before) {
  std::vector<std::string> gone;
  for (const auto& run : before.runs)
    if (workspace_.is_shown(*run) && !workspace_.find(run->info.id) && !session_.removes(run->info.folder))
      gone.push_back(run->info.name);
  if (gone.empty()) return;
  constexpr std::size_t kNamed = 3;
  const auto end = gone.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, gone.size()));
  workspace_.error = fmt::format("{}{} {} no longer in {}: {} removed.", fmt::join(gone.begin(), end, ", "),
                                 gone.size() > kNamed ? ", …" : "", gone.size() == 1 ? "is" : "are",
                                 options_.root.string(), gone.size() == 1 ? "its folder was" : "their folders were");
}

void Contents::take_news() {
  const std::shared_ptr<const Snapshot> before = workspace_.snapshot;
  workspace_.begin_frame(tailer_.snapshot());
  if (before != workspace_.snapshot && before->version > 0) tell_of_removed(*before);
  session_.ask_cluster(*workspace_.snapshot);
  if (auto launched = session_.take_launched()) awaited_ = std::move(*launched);
  if (!awaited_.empty() && workspace_.find(awaited_)) {
    workspace_.selected = std::exchange(awaited_, "");
    workspace_.selected_by_hand = true;
    workspace_.layer.clear();
  }
  if (auto launched = session_.take_launched_sweep()) awaited_sweep_ = std::move(*launched);
  if (!awaited_sweep_.empty() && std::ranges::find(workspace_.snapshot->sweeps, awaited_sweep_, [](const auto& sweep) {
                                   return sweep->name;
                                 }) != workspace_.snapshot->sweeps.end()) {
    workspace_.sweep = std::exchange(awaited_sweep_, "");
    workspace_.raised = kSweepPanel;
  }
  if (first_listing_ && !workspace_.snapshot->loading) choose_shown();
  if (auto removed = session_.take_removed()) workspace_.removed = std::move(removed);
  if (auto error = session_.take_error()) workspace_.error = std::move(error);
  if (auto examinations = session_.examinations()) workspace_.examinations = std::move(*examinations);
  Interest interest;
  for (const RunView* run : workspace_.shown) interest.shown.insert(run->info.id);
  interest.selected = workspace_.selected;
  interest.everything = std::exchange(workspace_.wants_all_runs, false);
  if (first_listing_ || interest == interest_) return;
  interest_ = interest;
  tailer_.set_interest(std::move(interest));
}

/// As last time; of many runs seen for the first time only the newest experiment, and what was named one by one.
void Contents::choose_shown() {
  first_listing_ = false;
  std::vector<const RunInfo*> listed;
  for (const auto& run : workspace_.snapshot->runs)
    if (run->info.folder != run->root) listed.push_back(&run->info);
  const nlohmann::json& mine = settings_.of_root(options_.root);
  if (mine.contains("hidden") && mine.at("hidden").is_array()) {
    for (const nlohmann::json& id : mine.at("hidden"))
      if (id.is_string()) workspace_.hidden.insert(id.get<std::string>());
  } else if (listed.size() > kShownAtFirst) {
    const std::string newest = listed.back()->experiment;
    for (std::size_t i = 0; i < listed.size(); ++i) {
      // An experiment of hundreds of runs is no picture either.
      const bool late = i + kShownAtFirst >= listed.size();
      if (!late || (!newest.empty() && listed[i]->experiment != newest)) workspace_.hidden.insert(listed[i]->id);
    }
  }
  workspace_.selected =
      mine.contains("selected") && mine.at("selected").is_string() ? mine.at("selected").get<std::string>() : "";
  workspace_.begin_frame(workspace_.snapshot);
}

bool Contents::settled() const {
  const Snapshot& snapshot = *workspace_.snapshot;
  return !first_listing_ && !snapshot.loading && snapshot.sweeps_read && (snapshot.complete || snapshot.runs.empty()) &&
         textures_.idle() && std::all_of(workspace_.shown.begin(), workspace_.shown.end(), [](const RunView* run) {
           return run->data != nullptr;
         });
}

bool Contents::busy() const {
  return std::any_of(workspace_.snapshot->runs.begin(), workspace_.snapshot->runs.end(),
                     [](const auto& run) { return can_stop(*run); });
}

bool Contents::time_passes() const {
  const Snapshot& snapshot = *workspace_.snapshot;
  return busy() ||
         std::ranges::any_of(snapshot.runs, [](const auto& run) { return concerns_cluster(run->info.status); }) ||
         std::ranges::any_of(snapshot.sweeps, [](const auto& sweep) { return sweep->state.led(); });
}

void Contents::draw_menu_bar() {
  if (!ImGui::BeginMainMenuBar()) return;
  ImGui::PushFont(workspace_.bold, 0);
  ImGui::TextUnformatted("Ablate");
  ImGui::PopFont();
  if (ImGui::BeginMenu("Run")) {
    const RunView* const run = workspace_.selected_run();
    if (run) {
      widgets::color_mark(run->color);
      ImGui::SameLine(0, widgets::em(0.2f));
      ImGui::TextUnformatted(run->info.name.c_str());
      ImGui::Separator();
    }
    run_menu_.draw(workspace_, run);
    ImGui::Separator();
    if (ImGui::MenuItem("Stop all", nullptr, false, busy()))
      for (const auto& each : workspace_.snapshot->runs)
        if (can_stop(*each)) session_.stop(*each);
    if (ImGui::MenuItem("Show all", nullptr, false, !workspace_.hidden.empty())) workspace_.hidden.clear();
    ImGui::Separator();
    if (ImGui::MenuItem("Close the window", "Ctrl+Q")) quit_ = true;
    ImGui::EndMenu();
  }
  if (ImGui::BeginMenu("View")) {
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      bool open = open_[i];
      if (ImGui::MenuItem(panels_[i]->title(), nullptr, &open)) open_[i] = open;
    }
    ImGui::Separator();
    float& size = ImGui::GetStyle().FontScaleMain;
    if (ImGui::MenuItem("Larger text", "Ctrl++")) size = std::min(2.5f, size * 1.1f);
    if (ImGui::MenuItem("Smaller text", "Ctrl+-")) size = std::max(0.6f, size / 1.1f);
    if (ImGui::MenuItem("Usual text size", "Ctrl+0")) size = 1;
    ImGui::Separator();
    if (ImGui::MenuItem("Usual layout")) reset_layout_ = true;
    ImGui::EndMenu();
  }
  if (ImGui::BeginMenu("Help")) {
    widgets::quiet_text("A run goes on when this window closes, and is found again when it opens.");
    ImGui::Separator();
    for (const char* line :
         {"Runs: press a dot to hide or show, a line to select, twice to show it alone",
          "Curves: drag to move, wheel to zoom, double click to see all again",
          "Curves: drag with the right button to zoom into a rectangle", "Layers: press a layer for its channels",
          "New experiment: every chosen value is a variant; fields take several values, too",
          "New experiment: with search a sweep tries them, and ranges of numbers; the panel Sweep shows it",
          "Panels: drag a tab to dock it elsewhere; View brings everything back"})
      ImGui::TextUnformatted(line);
    ImGui::EndMenu();
  }
  float& size = ImGui::GetStyle().FontScaleMain;
  if (ImGui::Shortcut(ImGuiMod_Ctrl | ImGuiKey_Q, ImGuiInputFlags_RouteGlobal)) quit_ = true;
  if (ImGui::Shortcut(ImGuiMod_Ctrl | ImGuiKey_Equal, ImGuiInputFlags_RouteGlobal)) size = std::min(2.5f, size * 1.1f);
  if (ImGui::Shortcut(ImGuiMod_Ctrl | ImGuiKey_Minus, ImGuiInputFlags_RouteGlobal)) size = std::max(0.6f, size / 1.1f);
  if (ImGui::Shortcut(ImGuiMod_Ctrl | ImGuiKey_0, ImGuiInputFlags_RouteGlobal)) size = 1;
  draw_counts();
  ImGui::EndMainMenuBar();
}

void Contents::draw_counts() {
  std::size_t training = 0, waiting = 0;
  for (const auto& run : workspace_.snapshot->runs) {
    training += run->info.status.state == RunState::running;
    waiting += run->info.status.state == RunState::queued;
  }
  std::string words = short_path(options_.root) + "    " + counted(workspace_.snapshot->runs.size(), "run");
  if (training > 0) words += fmt::format("    {} training", training);
  if (waiting > 0) words += fmt::format("    {} waiting", waiting);
  const float left = ImGui::GetWindowWidth() - ImGui::CalcTextSize(words.c_str()).x - widgets::em(1);
  if (left > ImGui::GetCursorPosX() + widgets::em(1)) {
    ImGui::SetCursorPosX(left);
    widgets::quiet_text(words);
  }
}

void Contents::lay_out(unsigned dock, bool anew) {
  if (!anew && ImGui::DockBuilderGetNode(dock)) return;
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  ImGui::DockBuilderRemoveNode(dock);
  ImGui::DockBuilderAddNode(dock, ImGuiDockNodeFlags_DockSpace);
  ImGui::DockBuilderSetNodeSize(dock, viewport.WorkSize);
  const float width = viewport.WorkSize.x;
  const float left_share = std::clamp(widgets::em(25) / width, 0.2f, 0.32f);
  const float right_share = std::clamp(widgets::em(26.5f) / width, 0.2f, 0.30f);
  ImGuiID centre = dock, left = 0, right = 0, lower_left = 0, lower_centre = 0, lower_right = 0;
  left = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Left, left_share, nullptr, &centre);
  right = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, right_share / (1 - left_share), nullptr, &centre);
  const float builder_share = std::clamp(widgets::em(38) / viewport.WorkSize.y, 0.5f, 0.64f);
  lower_left = ImGui::DockBuilderSplitNode(left, ImGuiDir_Down, builder_share, nullptr, &left);
  lower_centre = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Down, 0.5f, nullptr, &centre);
  lower_right = ImGui::DockBuilderSplitNode(right, ImGuiDir_Down, 0.40f, nullptr, &right);
  for (const auto& panel : panels_) {
    ImGuiID node = centre;
    switch (panel->place()) {
      case Panel::Place::left_top:
        node = left;
        break;
      case Panel::Place::left_bottom:
        node = lower_left;
        break;
      case Panel::Place::centre_top:
        node = centre;
        break;
      case Panel::Place::centre_bottom:
        node = lower_centre;
        break;
      case Panel::Place::right_top:
        node = right;
        break;
      case Panel::Place::right_bottom:
        node = lower_right;
        break;
    }
    ImGui::DockBuilderDockWindow(panel->title(), node);
  }
  ImGui::DockBuilderFinish(dock);
  // Of panels that share a place the first one is in front; its window exists from the next frame on.
  raise_in_frames_ = 2;
}

/// Left to itself ImGui lets the node in the centre alone grow and shrink with the window.
void Contents::keep_proportions(unsigned dock) {
  const ImVec2 size = ImGui::GetMainViewport()->WorkSize;
  if (size.x < 1 || size.y < 1) return;  // Minimised.
  if (laid_out_width_ > 0 && (size.x != laid_out_width_ || size.y != laid_out_height_))
    scale_nodes(ImGui::DockBuilderGetNode(dock), size.x / laid_out_width_, size.y / laid_out_height_);
  laid_out_width_ = size.x;
  laid_out_height_ = size.y;
}

void Contents::draw_panels() {
  const ImGuiID dock = ImGui::GetID(kDock);
  keep_proportions(dock);
  lay_out(dock, std::exchange(reset_layout_, false));
  ImGui::DockSpaceOverViewport(dock, ImGui::GetMainViewport());
  for (std::size_t i = 0; i < panels_.size(); ++i) {
    if (workspace_.raised == panels_[i]->title()) open_[i] = true;
    if (!open_[i]) continue;
    Panel& panel = *panels_[i];
    ImGui::SetNextWindowSize(ImVec2(widgets::em(30), widgets::em(24)), ImGuiCond_FirstUseEver);
    // One that a remembered layout doesn't know is put to those that share its place.
    for (const auto& other : panels_)
      if (const ImGuiWindow* const window = ImGui::FindWindowByName(other->title());
          window && window->DockId && other->place() == panel.place())
        ImGui::SetNextWindowDockID(window->DockId, ImGuiCond_FirstUseEver);
    if (ImGui::Begin(panel.title(), nullptr, ImGuiWindowFlags_NoCollapse)) panel.draw(workspace_);
    ImGui::End();
  }
  // A panel of the usual layout can come to the front once that one has.
  if (!workspace_.raised.empty() && raise_in_frames_ == 0)
    ImGui::SetWindowFocus(std::exchange(workspace_.raised, "").c_str());
  if (raise_in_frames_ > 0 && --raise_in_frames_ == 0) {
    std::vector<Panel::Place> raised;
    for (auto panel = panels_.begin(); panel != panels_.end(); ++panel) {
      if (std::find(raised.begin(), raised.end(), (*panel)->place()) != raised.end()) continue;
      raised.push_back((*panel)->place());
      const ImGuiWindow* const window = ImGui::FindWindowByName((*panel)->title());
      if (window && window->DockNode && window->DockNode->TabBar)
        window->DockNode->TabBar->NextSelectedTabId = window->TabId;
    }
    ImGui::SetWindowFocus(nullptr);  // What has the focus would come to the front.
  }
}

void Contents::draw_alone() {
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  ImGui::SetNextWindowPos(viewport.WorkPos);
  ImGui::SetNextWindowSize(viewport.WorkSize);
  const auto flags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                     ImGuiWindowFlags_NoDocking;
  if (ImGui::Begin("alone", nullptr, flags))
    for (const auto& panel : panels_)
      if (lower_case(panel->title()) == lower_case(options_.view)) panel->draw(workspace_);
  ImGui::End();
}

/// At the lower edge, over everything, until they are dismissed; nothing has to be answered.
void Contents::draw_notices() {
  float bottom = ImGui::GetMainViewport()->WorkPos.y + ImGui::GetMainViewport()->WorkSize.y - widgets::em(1);
  if (workspace_.error)
    bottom = draw_notice("What went wrong", *workspace_.error, ImVec4(0.20f, 0.13f, 0.14f, 0.98f), look::kWrong, bottom,
                         [&] {
                           if (ImGui::Button("Dismiss")) workspace_.error.reset();
                         });
  if (!workspace_.removed) return;
  const std::string words = fmt::format("{} is in the bin.", workspace_.removed->name);
  draw_notice("Removed", words, widgets::vector_of(look::kFrame), look::kQuiet, bottom, [&] {
    const bool undo = ImGui::Button("Undo");
    ImGui::SameLine();
    const bool dismissed = ImGui::Button("Dismiss");
    if (undo) session_.restore(*workspace_.removed);
    if (undo || dismissed) workspace_.removed.reset();
  });
}

}  // namespace ablate
