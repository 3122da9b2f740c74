#include "viewers/logged_panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "viewers/layers/ridgeline.h"
#include "viewers/logged/histogram_map.h"
#include "viewers/logged/logged_table.h"
#include "viewers/picture_cell.h"
#include "viewers/plot_menu.h"
#include "viewers/texture_cache.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// More runs than a person can compare side by side.
constexpr std::size_t kMostRuns = 60;

class LoggedPanel : public Panel {
 public:
  const char* title() const override { return "Logged"; }
  Place place() const override { return Place::centre_bottom; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override;
  void restore(const nlohmann::json& state) override;

 private:
  /// What a person chose of one kind.
  struct Kind {
    std::vector<std::string> tags;  ///< all there are
    std::optional<std::set<std::string>> chosen;
    std::set<std::string> rows;  ///< those shown
    std::vector<Step> steps;     ///< of the rows
    std::uint64_t made_of = ~0ull;
    std::optional<std::set<std::string>> made_for;  ///< rows and steps: of which version, for which choice
    Step step = 0;                                  ///< looked at, where that is not the newest
    bool follow = true;
  };
  Kind& kind() { return kinds_[static_cast<std::size_t>(view_)]; }
  void find_tags(Workspace& workspace);
  void draw_controls();
  void draw_step_slider();
  void draw_rows(Workspace& workspace);
  void draw_cell(Workspace& workspace, const RunView& run, const std::string& tag, ImVec2 size);
  void draw_image(Workspace& workspace, const RunView& run, const std::string& tag, ImVec2 size);
  void draw_text(const RunView& run, const std::string& tag, float width);
  /// "@120" where a run has nothing of the step that is looked at.
  void say_step(Step step);

  Logged view_ = Logged::images;
  bool view_chosen_ = false;
  std::array<Kind, 3> kinds_;
  float height_ = 9;  ///< of a picture or plot, in lines
  bool as_map_ = false;
  int channel_ = 0;  ///< of images; 0: all
  PlotMenu menu_;
  std::uint64_t version_ = ~0ull;
  std::vector<const RunView*> made_for_, runs_;
};

nlohmann::json LoggedPanel::state() const {
  nlohmann::json state = {{"height", height_}, {"map", as_map_}};
  if (view_chosen_) state["view"] = kLogged[static_cast<std::size_t>(view_)];
  for (std::size_t i = 0; i < kinds_.size(); ++i)
    if (kinds_[i].chosen) state[kLogged[i]] = *kinds_[i].chosen;
  return state;
}

void LoggedPanel::restore(const nlohmann::json& state) {
  height_ = std::clamp(state.value("height", height_), 3.0f, 40.0f);
  as_map_ = state.value("map", as_map_);
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    if (state.value("view", "") == kLogged[i]) {
      view_ = static_cast<Logged>(i);
      view_chosen_ = true;
    }
    if (state.contains(kLogged[i])) kinds_[i].chosen = state.at(kLogged[i]).get<std::set<std::string>>();
  }
}

void LoggedPanel::find_tags(Workspace& workspace) {
  if (version_ != workspace.snapshot->version || made_for_ != workspace.shown) {
    version_ = workspace.snapshot->version;
    made_for_ = workspace.shown;
    runs_ = made_for_;
    for (Kind& each : kinds_) each.made_of = ~0ull;  // Others may be shown.
    runs_.resize(std::min(runs_.size(), kMostRuns));
    for (std::size_t i = 0; i < kinds_.size(); ++i) kinds_[i].tags = tags_of(runs_, static_cast<Logged>(i));
    if (!view_chosen_)
      for (std::size_t i = kinds_.size(); i-- > 0;)
        if (!kinds_[i].tags.empty()) view_ = static_cast<Logged>(i);
  }
  Kind& now = kind();
  if (now.made_of == version_ && now.made_for == now.chosen) return;
  now.made_of = version_;
  now.made_for = now.chosen;
  now.rows = usual_tags(now.tags);
  if (now.chosen) {
    now.rows = {now.tags.begin(), now.tags.end()};
    std::erase_if(now.rows, [&](const std::string& tag) { return !now.chosen->contains(tag); });
  }
  now.steps = steps_of(runs_, now.rows, view_);
}

void LoggedPanel::draw(Workspace& workspace) {
  find_tags(workspace);
  if (std::ranges::all_of(kinds_, [](const Kind& each) { return each.tags.empty(); })) {
    if (workspace.shown.empty() && !workspace.snapshot->runs.empty())
      return widgets::empty_panel("No run is shown", "Press a run's dot in Runs to show it.");
    return widgets::empty_panel("Images, histograms and texts of a log",
                                "Whatever program wrote it: what add_image, add_histogram and add_text have logged "
                                "stands here, a column for each shown run.");
  }
  draw_controls();
  if (kind().rows.empty()) return widgets::empty_panel("No tag chosen", "Choose some under Tags.");
  draw_rows(workspace);
}

void LoggedPanel::draw_controls() {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const std::string label = fmt::format("{} {}", kLogged[i], kinds_[i].tags.size());
    if (i > 0) widgets::same_line_or_wrap(widgets::chip_width(label.c_str()));
    ImGui::BeginDisabled(kinds_[i].tags.empty());
    if (widgets::chip((label + "###" + kLogged[i]).c_str(), view_ == static_cast<Logged>(i))) {
      view_ = static_cast<Logged>(i);
      view_chosen_ = true;
    }
    ImGui::EndDisabled();
  }
  widgets::same_line_or_wrap(widgets::em(3));
  if (ImGui::Button("Tags")) ImGui::OpenPopup(PlotMenu::kPopup);
  widgets::hint("Choose what is shown");
  Kind& now = kind();
  menu_.draw(now.tags, now.chosen, usual_tags);
  if (view_ == Logged::histograms) {
    widgets::same_line_or_wrap(widgets::em(7));
    int map = as_map_;
    ImGui::SetNextItemWidth(widgets::em(6.5f));
    if (ImGui::Combo("##as", &map, "ridges\0colours\0")) as_map_ = map == 1;
  } else {
    draw_step_slider();
  }
  if (view_ == Logged::images) {
    widgets::same_line_or_wrap(widgets::em(8));
    ImGui::SetNextItemWidth(widgets::em(5));
    ImGui::Combo("channel", &channel_, "all\0001\0002\0003\0004\0");
    widgets::hint("One channel alone, as grey: of grey with opacity the second is the opacity");
  }
  if (view_ == Logged::texts) return;
  widgets::same_line_or_wrap(widgets::em(8));
  ImGui::SetNextItemWidth(widgets::em(5));
  ImGui::SliderFloat("size", &height_, 3, 40, "", ImGuiSliderFlags_AlwaysClamp | ImGuiSliderFlags_NoInput);
}

void LoggedPanel::draw_step_slider() {
  Kind& now = kind();
  if (now.steps.empty()) return;
  const auto last = static_cast<int>(now.steps.size()) - 1;
  const auto at = std::ranges::upper_bound(now.steps, now.step);
  int index = now.follow ? last : std::max(0, static_cast<int>(at - now.steps.begin()) - 1);
  widgets::same_line_or_wrap(widgets::em(12));
  ImGui::SetNextItemWidth(widgets::em(9));
  ImGui::BeginDisabled(last == 0);
  if (ImGui::SliderInt("step", &index, 0, std::max(1, last),
                       std::to_string(now.steps[static_cast<std::size_t>(index)]).c_str(),
                       ImGuiSliderFlags_AlwaysClamp | ImGuiSliderFlags_NoInput)) {
    index = std::clamp(index, 0, last);
    now.follow = index == last;
  }
  ImGui::EndDisabled();
  now.step = now.steps[static_cast<std::size_t>(index)];
}

void LoggedPanel::draw_rows(Workspace& workspace) {
  if (runs_.size() < workspace.shown.size())
    widgets::quiet_text(fmt::format("the first {} of {} runs", runs_.size(), workspace.shown.size()));
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float padding = ImGui::GetStyle().CellPadding.x, count = static_cast<float>(runs_.size());
  const float even = (space.x - ImGui::GetStyle().ScrollbarSize) / count - 2 * padding;
  const float width = std::floor(std::max(even, widgets::em(view_ == Logged::texts ? 14 : 8)));
  const auto flags = ImGuiTableFlags_ScrollX | ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingFixedFit |
                     ImGuiTableFlags_NoKeepColumnsVisible | ImGuiTableFlags_RowBg;
  if (!ImGui::BeginTable("rows", static_cast<int>(runs_.size()), flags, space)) return;
  for (std::size_t i = 0; i < runs_.size(); ++i)
    ImGui::TableSetupColumn(nullptr, ImGuiTableColumnFlags_WidthFixed, width);
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableNextRow();
  for (const RunView* run : runs_) {
    ImGui::TableNextColumn();
    widgets::color_mark(run->color);
    ImGui::SameLine(0, widgets::em(0.15f));
    widgets::fitted_text(run->info.name, width - widgets::em(1));
  }
  for (const std::string& tag : kind().rows) {
    ImGui::PushID(tag.c_str());
    ImGui::TableNextRow();
    for (const RunView* run : runs_) {
      ImGui::TableNextColumn();
      ImGui::PushID(run->info.id.c_str());
      widgets::fitted_text(tag.empty() ? "(no name)" : tag, width);
      draw_cell(workspace, *run, tag, {width, widgets::em(height_)});
      ImGui::PopID();
    }
    ImGui::PopID();
  }
  ImGui::EndTable();
}

void LoggedPanel::draw_cell(Workspace& workspace, const RunView& run, const std::string& tag, ImVec2 size) {
  if (!run.data) return ImGui::Dummy(size);
  if (view_ == Logged::texts) return draw_text(run, tag, size.x);
  // What is out of sight only takes its room.
  if (!ImGui::IsRectVisible(size)) return ImGui::Dummy(size);
  if (view_ == Logged::images) return draw_image(workspace, run, tag, size);
  const auto points = run.data->histograms.find(tag);
  if (points == run.data->histograms.end() || points->second.empty())
    ImGui::Dummy(size);
  else if (as_map_)
    draw_histogram_map("##map", points->second, size);
  else
    draw_ridgeline("##ridges", points->second, size, run.color);
}

void LoggedPanel::draw_image(Workspace& workspace, const RunView& run, const std::string& tag, ImVec2 size) {
  const auto images = run.data->images.find(tag);
  const ImagePoint* const image = images == run.data->images.end() ? nullptr : point_at(images->second, kind().step);
  if (!image) {
    ImGui::Dummy(size);
    return widgets::quiet_text(images == run.data->images.end() ? " " : "not yet");
  }
  PictureWish wish{run.data, *image};
  wish.channel = channel_;
  const ShownPicture* const shown = workspace.textures->get("logged/" + run.info.id + "/" + tag, wish);
  draw_picture(shown, size,
               fmt::format("{}   {}   step {}   {}×{}", tag, run.info.name, image->step, image->width, image->height));
  if (shown && !shown->problem.empty()) {
    widgets::wrong_text("unreadable");
    widgets::hint(shown->problem);
  } else {
    say_step(image->step);
  }
}

void LoggedPanel::draw_text(const RunView& run, const std::string& tag, float width) {
  const auto texts = run.data->texts.find(tag);
  const TextPoint* const text = texts == run.data->texts.end() ? nullptr : point_at(texts->second, kind().step);
  if (!text) return widgets::quiet_text(texts == run.data->texts.end() ? " " : "not yet");
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::TextUnformatted(text->text->data(), text->text->data() + text->text->size());
  ImGui::PopTextWrapPos();
  if (ImGui::BeginPopupContextItem("text")) {
    if (ImGui::MenuItem("Copy")) ImGui::SetClipboardText(text->text->c_str());
    ImGui::EndPopup();
  }
  say_step(text->step);
}

void LoggedPanel::say_step(Step step) {
  widgets::quiet_text(step == kind().step ? " " : fmt::format("@{}", step));
  if (step != kind().step) widgets::hint(fmt::format("of step {}: this run has nothing of the chosen one", step));
}

}  // namespace

std::unique_ptr<Panel> make_logged_panel() { return std::make_unique<LoggedPanel>(); }

}  // namespace ablate
