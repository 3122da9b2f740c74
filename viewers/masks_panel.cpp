#include "viewers/masks_panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "viewers/picture_cell.h"
#include "viewers/preview_table.h"
#include "viewers/texture_cache.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class MasksPanel : public Panel {
 public:
  const char* title() const override { return "Masks"; }
  Place place() const override { return Place::centre_bottom; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override {
    return {{"threshold", threshold_}, {"view", static_cast<int>(view_)}, {"worst_first", worst_first_}};
  }
  void restore(const nlohmann::json& state) override {
    threshold_ = std::clamp(state.value("threshold", threshold_), 1, 99);
    view_ = static_cast<MaskView>(std::clamp(state.value("view", 0), 0, 3));
    worst_first_ = state.value("worst_first", worst_first_);
  }

 private:
  void draw_controls();
  /// Filtered and sorted as the controls say.
  std::vector<PreviewRow> rows_to_show(Workspace& workspace) const;
  void draw_table(Workspace& workspace);
  void draw_constant(Workspace& workspace, const PreviewRow& row, const char* output, ImVec2 size);
  void draw_output(Workspace& workspace, const PreviewRow& row, const PreviewColumn& column, ImVec2 size);
  /// The run's output at the chosen step as the cache has it, and what was wished for: nothing where there is none yet.
  const ShownPicture* output_picture(Workspace& workspace, const PreviewRow& row, const PreviewColumn& column,
                                     std::optional<PictureWish>& wish) const;
  void tell_value(const char* name, const std::string& value, Step step) const;
  ImVec2 cell_size(ImVec2 space, std::size_t columns) const;

  std::uint64_t version_ = ~0ull;
  std::vector<const RunView*> made_for_;
  PreviewTable table_;
  int step_index_ = 0;
  bool follow_ = true;  ///< the newest step, as long as a person hasn't gone back
  int threshold_ = 50;
  MaskView view_ = MaskView::soft;
  bool worst_first_ = false;
  bool show_held_out_ = true, show_gallery_ = true;  ///< where there are both
};

void MasksPanel::draw(Workspace& workspace) {
  if (version_ != workspace.snapshot->version || made_for_ != workspace.shown) {
    const Step looked_at = table_.steps.empty() ? 0 : table_.steps[static_cast<std::size_t>(step_index_)];
    version_ = workspace.snapshot->version;
    made_for_ = workspace.shown;
    table_ = preview_table(workspace.shown);
    const auto newest = static_cast<int>(table_.steps.size()) - 1;
    const auto at = std::lower_bound(table_.steps.begin(), table_.steps.end(), looked_at);
    step_index_ = std::max(0, follow_ ? newest : std::min(newest, static_cast<int>(at - table_.steps.begin())));
  }
  if (table_.rows.empty() || table_.steps.empty()) {
    if (workspace.shown.empty() && !workspace.snapshot->runs.empty())
      widgets::empty_panel("No run is shown", "Press a run's dot in Runs to show it.");
    else
      widgets::empty_panel(
          "Predicted masks, side by side",
          "Held-out samples, and the gallery if a run has one, as each run sees them. They come with a "
          "run's first validation.");
    return;
  }
  draw_controls();
  draw_table(workspace);
}

void MasksPanel::draw_controls() {
  const int last = static_cast<int>(table_.steps.size()) - 1;
  ImGui::SetNextItemWidth(widgets::em(9));
  const std::string step = std::to_string(table_.steps[static_cast<std::size_t>(step_index_)]);
  ImGui::BeginDisabled(last == 0);
  if (ImGui::SliderInt("step", &step_index_, 0, std::max(1, last), step.c_str(),
                       ImGuiSliderFlags_AlwaysClamp | ImGuiSliderFlags_NoInput)) {
    step_index_ = std::clamp(step_index_, 0, last);
    follow_ = step_index_ == last;
  }
  ImGui::EndDisabled();
  ImGui::SameLine(0, widgets::em(0.8f));
  ImGui::SetNextItemWidth(widgets::em(6.5f));
  ImGui::SliderInt("threshold", &threshold_, 1, 99, fmt::format("{:.2f}", threshold_ / 100.0).c_str(),
                   ImGuiSliderFlags_AlwaysClamp | ImGuiSliderFlags_NoInput);
  widgets::hint("From which value on a pixel counts as foreground: for IoU and for the views other than mask");
  ImGui::SameLine(0, widgets::em(0.8f));
  ImGui::SetNextItemWidth(widgets::em(6.5f));
  int view = static_cast<int>(view_);
  if (ImGui::Combo("view", &view, "mask\0threshold\0overlay\0errors\0")) view_ = static_cast<MaskView>(view);
  if (view_ == MaskView::errors) widgets::hint("red: too much, blue: missing");
  widgets::same_line_or_wrap(widgets::em(7));
  ImGui::Checkbox("worst first", &worst_first_);
  widgets::hint("By the lowest IoU that any of the shown runs has for a sample");
  const auto held_out =
      std::count_if(table_.rows.begin(), table_.rows.end(), [](const PreviewRow& row) { return !row.gallery; });
  const auto gallery = static_cast<std::ptrdiff_t>(table_.rows.size()) - held_out;
  const std::string count = fmt::format("{} held out", held_out);
  if (held_out == 0 || gallery == 0) {
    widgets::same_line_or_wrap(ImGui::CalcTextSize(count.c_str()).x + widgets::em(0.8f));
    return widgets::quiet_text(gallery == 0 ? count : fmt::format("{} from the gallery", gallery));
  }
  const auto toggle = [](const std::string& label, bool& shown, const char* meaning) {
    widgets::same_line_or_wrap(widgets::chip_width(label.c_str()));
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetStyle().FramePadding.y - widgets::em(0.1f));
    if (widgets::chip((label + "###" + meaning).c_str(), shown)) shown = !shown;
    widgets::hint(meaning);
  };
  toggle(count, show_held_out_, "Samples with a mask that no run trains on");
  toggle(fmt::format("{} from the gallery", gallery), show_gallery_, "Pictures without a mask");
}

/// Of the width that columns share, what is left for the content of each.
float column_room(float width, std::size_t columns) {
  const ImGuiStyle& style = ImGui::GetStyle();
  return std::floor((width - style.ScrollbarSize) / static_cast<float>(columns) - 2 * style.CellPadding.x - 1);
}

/// Two rows of pictures fit where there is room for them.
ImVec2 MasksPanel::cell_size(ImVec2 space, std::size_t columns) const {
  double aspect = 0.75;  // width / height
  for (const PreviewColumn& column : table_.columns)
    if (const ImagePoint* picture =
            picture_at(*column.run, table_.rows[0].tag(*column.run, column.output), table_.steps.back());
        picture && picture->height > 0 && picture->width > 0)
      aspect = static_cast<double>(picture->width) / picture->height;
  const float label = ImGui::GetTextLineHeightWithSpacing() + widgets::em(0.7f);
  const float heading = 2 * ImGui::GetTextLineHeight() + widgets::em(0.7f);
  float height = std::clamp((space.y - heading) / 2 - label, widgets::em(5), widgets::em(16));
  float width = height * static_cast<float>(aspect);
  const float most = column_room(space.x, columns);
  if (width > most) {
    width = std::max(most, widgets::em(3.6f));
    height = width / static_cast<float>(aspect);
  }
  return ImVec2(std::round(width), std::round(height));
}

/// A run's name over its pictures, on two lines where it is too long for one; of what is too long for two the end,
/// which tells trials apart.
void draw_heading(const RunView& run, const std::string& name, float width) {
  widgets::color_mark(run.color);
  ImGui::SameLine(0, widgets::em(0.15f));
  const float room = width - widgets::em(1);
  std::size_t cut = name.size();
  while (cut != std::string::npos && ImGui::CalcTextSize(name.data(), name.data() + cut).x > room)
    cut = cut > 0 ? name.find_last_of("-_/ ", cut - 1) : std::string::npos;
  if (cut == std::string::npos || cut == 0 || cut == name.size()) return widgets::fitted_text(name, room);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2());
  ImGui::BeginGroup();
  ImGui::TextUnformatted(name.data(), name.data() + cut);
  const auto ending = [&](std::size_t from) { return (from > cut ? "…" : "") + name.substr(from); };
  std::size_t from = cut;
  while (from < name.size() && ImGui::CalcTextSize(ending(from).c_str()).x > room) ++from;
  while (from < name.size() && (name[from] & 0xC0) == 0x80) ++from;  // Not within a letter of several bytes.
  ImGui::TextUnformatted(ending(from).c_str());
  if (from > cut) widgets::hint(name);
  ImGui::EndGroup();
  ImGui::PopStyleVar();
}

std::vector<PreviewRow> MasksPanel::rows_to_show(Workspace& workspace) const {
  std::vector<PreviewRow> rows = table_.rows;
  if (rows.front().gallery != rows.back().gallery)
    std::erase_if(rows, [&](const PreviewRow& row) { return !(row.gallery ? show_gallery_ : show_held_out_); });
  if (worst_first_)
    sort_worst_first(rows, [&](const PreviewRow& row) {
      std::optional<double> lowest;
      for (const PreviewColumn& column : table_.columns) {
        std::optional<PictureWish> wish;
        const ShownPicture* const shown = output_picture(workspace, row, column, wish);
        if (shown && shown->iou) lowest = std::min(*shown->iou, lowest.value_or(1));
      }
      return lowest;
    });
  return rows;
}

void MasksPanel::draw_table(Workspace& workspace) {
  const std::vector<PreviewRow> rows = rows_to_show(workspace);
  const std::size_t each = table_.columns.size() + 2;
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const ImVec2 cell = cell_size(space, each);
  // Where there is room, samples stand side by side.
  const float gap = widgets::em(1.5f);
  const float block = static_cast<float>(each) * (cell.x + 2 * ImGui::GetStyle().CellPadding.x + 1) + gap;
  const auto fitting = static_cast<std::size_t>((space.x - ImGui::GetStyle().ScrollbarSize) / block);
  const std::size_t blocks = std::max<std::size_t>(1, std::min(fitting, rows.size()));
  const std::size_t columns = blocks * each;
  const auto flags = ImGuiTableFlags_ScrollX | ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingFixedFit |
                     ImGuiTableFlags_NoKeepColumnsVisible;
  if (columns > 500 || !ImGui::BeginTable("masks", static_cast<int>(columns), flags, space)) return;
  const float even = column_room(space.x - static_cast<float>(blocks - 1) * gap, columns);
  const float width = std::clamp(even, cell.x, cell.x * 1.35f + widgets::em(0.4f));
  for (std::size_t i = 0; i < columns; ++i) {
    const bool ends_block = i % each == each - 1 && i + 1 < columns;
    ImGui::TableSetupColumn(nullptr, ImGuiTableColumnFlags_WidthFixed, width + (ends_block ? gap : 0));
  }
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableNextRow();
  for (std::size_t i = 0; i < blocks; ++i) {
    ImGui::TableNextColumn();
    ImGui::TextUnformatted("input");
    ImGui::TableNextColumn();
    ImGui::TextUnformatted("target");
    for (const PreviewColumn& column : table_.columns) {
      ImGui::TableNextColumn();
      const std::string& name = column.run->info.name;
      draw_heading(*column.run, table_.one_output ? name : name + " " + column.output, width);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PreviewRow& row = rows[i];
    ImGui::PushID(row.key.c_str());
    if (i % blocks == 0) ImGui::TableNextRow();
    ImGui::TableNextColumn();
    draw_constant(workspace, row, "input", cell);
    widgets::quiet_text(row.name);
    ImGui::Dummy(ImVec2(0, widgets::em(0.3f)));
    ImGui::TableNextColumn();
    if (!row.gallery) draw_constant(workspace, row, "target", cell);
    for (const PreviewColumn& column : table_.columns) {
      ImGui::TableNextColumn();
      draw_output(workspace, row, column, cell);
    }
    ImGui::PopID();
  }
  ImGui::EndTable();
}

void MasksPanel::draw_constant(Workspace& workspace, const PreviewRow& row, const char* output, ImVec2 size) {
  const bool target = std::string_view(output) == "target";
  for (const PreviewColumn& column : table_.columns) {
    const ImagePoint* const picture = constant_picture(*column.run, row.tag(*column.run, output));
    if (!picture) continue;
    PictureWish wish{column.run->data, *picture, {}, {}, target};
    const ShownPicture* const shown = workspace.textures->get(row.key + "/" + output, wish);
    draw_picture(shown, size, row.name);
    if (target) widgets::quiet_text(shown ? fmt::format("{:.0f} %", 100 * shown->share) : " ");
    return;
  }
  ImGui::Dummy(size);
}

const ShownPicture* MasksPanel::output_picture(Workspace& workspace, const PreviewRow& row, const PreviewColumn& column,
                                               std::optional<PictureWish>& wish) const {
  const RunView& run = *column.run;
  const Step step = table_.steps[static_cast<std::size_t>(step_index_)];
  const ImagePoint* const picture = picture_at(run, row.tag(run, column.output), step);
  if (!picture) return nullptr;
  wish = PictureWish{run.data, *picture, {}, {}, picture->channels == 1, view_, threshold_, run.color};
  if (const ImagePoint* input = constant_picture(run, row.tag(run, "input"))) wish->input = *input;
  if (const ImagePoint* target = constant_picture(run, row.tag(run, "target"))) wish->target = *target;
  return workspace.textures->get(row.key + run.info.id + column.output, *wish);
}

void MasksPanel::draw_output(Workspace& workspace, const PreviewRow& row, const PreviewColumn& column, ImVec2 size) {
  std::optional<PictureWish> wish;
  const ShownPicture* const shown = output_picture(workspace, row, column, wish);
  if (!wish) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::Dummy(size);
    ImGui::GetWindowDrawList()->AddRect(corner, ImVec2(corner.x + size.x, corner.y + size.y),
                                        widgets::packed(look::kLine));
    widgets::quiet_text(row.prefixes.contains(column.run) ? "not yet" : "other data");
    return;
  }
  draw_picture(shown, size, fmt::format("{}   {}   step {}", row.name, column.run->info.name, wish->image.step));
  if (shown && !shown->problem.empty()) {
    widgets::wrong_text("unreadable");
    widgets::hint(shown->problem);
  } else if (shown && shown->iou) {
    tell_value("IoU ", fmt::format("{:.2f}", *shown->iou), wish->image.step);
  } else {
    tell_value("", shown && wish->is_mask ? fmt::format("{:.0f} %", 100 * shown->share) : " ", wish->image.step);
  }
}

/// Of a run that has no picture of the chosen step, its last before it is shown, and says so.
void MasksPanel::tell_value(const char* name, const std::string& value, Step step) const {
  if (step == table_.steps[static_cast<std::size_t>(step_index_)]) return widgets::quiet_text(name + value);
  widgets::quiet_text(fmt::format("{} @{}", value, step));
  widgets::hint(fmt::format("of step {}: this run has no picture of the chosen one", step));
}

}  // namespace

std::unique_ptr<Panel> make_masks_panel() { return std::make_unique<MasksPanel>(); }

}  // namespace ablate
