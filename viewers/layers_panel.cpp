#include "viewers/layers_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "experiments/range_test.h"
#include "viewers/layer_table.h"
#include "viewers/series_plot.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr int kMostColumns = 240;  // More than the panel has pixels for is of no use.

/// Where the mouse is in a table, if it is.
struct Cell {
  std::size_t row = 0;
  int column = 0;
};

class LayersPanel : public Panel {
 public:
  const char* title() const override { return "Layers"; }
  Place place() const override { return Place::right_top; }
  void draw(Workspace& workspace) override;

 private:
  void read(const RunView& run, const std::string& layer);
  void draw_layers(Workspace& workspace, const RunView& run);
  void draw_channels(Workspace& workspace, const RunView& run);
  void draw_channel(const RunView& run);

  // What the tables were made of.
  std::string run_, layer_;
  std::uint64_t data_version_ = ~0ull;
  Statistic made_of_ = Statistic::mean;

  Statistic statistic_ = Statistic::mean;
  std::size_t channel_ = 0;
  StepTable layers_, channels_;
  ChannelHistory history_;
};

std::string why_empty(const RunView& run) {
  if (run.config && RangeTest::from(*run.config))
    return "This run is a range test: the panel LR finder shows what it has found.";
  const std::string norm = run.config ? run.config->text("model.norm") : "";
  if (norm == "none") return "This run has no norm layers, so there is nothing that could go stale.";
  if (norm == "batch") return "The first comparison of running and batch statistics comes after a few steps.";
  if (!norm.empty())
    return fmt::format(
        "The {} norm of this run keeps no running statistics: it treats training and use alike, so eval "
        "mode can't differ from train mode because of it.",
        norm);
  return "This log holds no statistics of norm layers.";
}

/// Draws the cells of a table over its steps, one row each, into a plot of `size`. Returns the cell under the mouse.
std::optional<Cell> draw_table(const StepTable& table, ImVec2 size, ImPlotColormap colors, double low, double high,
                               bool name_rows) {
  std::optional<Cell> hovered;
  const double rows = static_cast<double>(table.rows.size());
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoTitle |
                     ImPlotFlags_NoBoxSelect;
  if (!ImPlot::BeginPlot("##table", size, flags)) return hovered;
  const auto none =
      ImPlotAxisFlags_NoHighlight | ImPlotAxisFlags_NoGridLines | ImPlotAxisFlags_NoTickMarks | ImPlotAxisFlags_Lock;
  ImPlot::SetupAxis(ImAxis_X1, "step", none);
  ImPlot::SetupAxis(ImAxis_Y1, nullptr, none | ImPlotAxisFlags_Invert | (name_rows ? 0 : ImPlotAxisFlags_NoTickLabels));
  ImPlot::SetupAxesLimits(table.first_step, table.last_step, 0, rows, ImPlotCond_Always);
  std::vector<double> places;
  std::vector<const char*> names;
  const double every = std::max(1.0, std::ceil(rows * widgets::em(1.0f) / std::max(1.0f, size.y - widgets::em(4))));
  for (double row = 0; row < rows; row += every) {
    places.push_back(row + 0.5);
    names.push_back(table.rows[static_cast<std::size_t>(row)].c_str());
  }
  ImPlot::SetupAxisTicks(ImAxis_Y1, places.data(), static_cast<int>(places.size()), names.data());
  ImPlot::SetupFinish();

  ImPlot::PushPlotClipRect();
  ImDrawList* const list = ImPlot::GetPlotDrawList();
  const ImVec2 corner = ImPlot::GetPlotPos(), area = ImPlot::GetPlotSize();
  const float width = area.x / static_cast<float>(table.columns), height = area.y / static_cast<float>(rows);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const float top = std::round(corner.y + height * static_cast<float>(row));
    const float bottom = std::round(corner.y + height * static_cast<float>(row + 1));
    for (int column = 0; column < table.columns; ++column) {
      const float value = table.at(row, column);
      const float left = std::round(corner.x + width * static_cast<float>(column));
      const float right = std::round(corner.x + width * static_cast<float>(column + 1));
      ImU32 color = widgets::packed(look::kWell);
      if (std::isfinite(value))
        color = ImGui::ColorConvertFloat4ToU32(
            ImPlot::SampleColormap(std::clamp(static_cast<float>((value - low) / (high - low)), 0.0f, 1.0f), colors));
      list->AddRectFilled(ImVec2(left, top), ImVec2(right, bottom), color);
    }
  }
  if (ImPlot::IsPlotHovered()) {
    const ImVec2 mouse = ImGui::GetMousePos();
    Cell cell;
    cell.row = static_cast<std::size_t>(std::clamp((mouse.y - corner.y) / height, 0.0f, static_cast<float>(rows) - 1));
    cell.column = std::clamp(static_cast<int>((mouse.x - corner.x) / width), 0, table.columns - 1);
    hovered = cell;
    const float top = std::round(corner.y + height * static_cast<float>(cell.row));
    list->AddRect(ImVec2(corner.x, top), ImVec2(corner.x + area.x, top + height), widgets::packed({1, 1, 1}, 0.7f));
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  }
  ImPlot::PopPlotClipRect();
  ImPlot::EndPlot();
  return hovered;
}

std::string step_of(const StepTable& table, const Cell& cell) {
  const double width = (table.last_step - table.first_step) / table.columns;
  return fmt::format("step {:.0f}", table.first_step + width * (cell.column + 1));
}

/// A table with its scale to the right.
std::optional<Cell> draw_scaled(const StepTable& table, float height, ImPlotColormap colors, double low, double high,
                                bool name_rows) {
  const float scale = widgets::em(3.9f), gap = ImGui::GetStyle().ItemSpacing.x;
  const float width = ImGui::GetContentRegionAvail().x - scale - gap;
  const auto hovered = draw_table(table, ImVec2(width, height), colors, low, high, name_rows);
  ImGui::SameLine();
  ImPlot::PushStyleVar(ImPlotStyleVar_PlotPadding, ImVec2(widgets::em(0.45f), widgets::em(0.5f)));
  ImPlot::ColormapScale("##scale", low, high, ImVec2(scale, height), "%.2g", ImPlotColormapScaleFlags_NoLabel, colors);
  ImPlot::PopStyleVar();
  return hovered;
}

void LayersPanel::read(const RunView& run, const std::string& layer) {
  if (run_ == run.info.id && layer_ == layer && data_version_ == run.data->version && made_of_ == statistic_) return;
  const bool other = run_ != run.info.id || layer_ != layer;
  run_ = run.info.id;
  layer_ = layer;
  data_version_ = run.data->version;
  made_of_ = statistic_;
  layers_ = gap_table(*run.data, kMostColumns);
  channels_ = layer.empty() ? StepTable{} : channel_table(*run.data, layer, statistic_, kMostColumns);
  if (channels_.rows.empty()) return;
  if (other) {  // Begin with the channel that is off the most.
    channel_ = 0;
    for (std::size_t row = 0; row < channels_.rows.size(); ++row)
      if (std::abs(channels_.at(row, channels_.columns - 1)) > std::abs(channels_.at(channel_, channels_.columns - 1)))
        channel_ = row;
  }
  channel_ = std::min(channel_, channels_.rows.size() - 1);
  history_ = channel_history(*run.data, layer, statistic_, channel_);
}

void LayersPanel::draw(Workspace& workspace) {
  const RunView* const run = workspace.selected_run();
  if (!run) {
    widgets::empty_panel(
        "Norm layers of the selected run",
        "How far the running statistics of each layer are from those of the batches that it sees: where "
        "they disagree, eval mode goes wrong.");
    return;
  }
  if (!run->data) {
    widgets::quiet_text(run->info.status.state == RunState::queued ? "this run hasn't started" : "reading …");
    return;
  }
  read(*run, workspace.layer);
  if (layers_.rows.empty()) {
    widgets::color_mark(run->color);
    ImGui::SameLine(0, widgets::em(0.2f));
    ImGui::TextUnformatted(run->info.name.c_str());
    widgets::quiet_paragraph(why_empty(*run));
    return;
  }
  if (workspace.layer.empty())
    draw_layers(workspace, *run);
  else
    draw_channels(workspace, *run);
}

void LayersPanel::draw_layers(Workspace& workspace, const RunView& run) {
  widgets::color_mark(run.color);
  ImGui::SameLine(0, widgets::em(0.2f));
  widgets::quiet_paragraph(
      fmt::format("{}:  |running − batch mean| / sigma, at most {:.2g}", run.info.name, layers_.peak));
  // Not less than half a sigma, so that a healthy run looks dark and not like a sick one.
  const double high = std::max(0.5, std::ceil(layers_.largest * 5.0) / 5.0);
  const float height = std::min(ImGui::GetContentRegionAvail().y,
                                widgets::em(1.75f) * static_cast<float>(layers_.rows.size()) + widgets::em(5));
  const auto cell = draw_scaled(layers_, height, ImPlotColormap_Viridis, 0, high, true);
  if (!cell) return;
  const std::string& layer = layers_.rows[cell->row];
  if (ImGui::BeginTooltip()) {
    ImGui::TextUnformatted(layer.c_str());
    widgets::quiet_text(
        fmt::format("{}: gap {}", step_of(layers_, *cell), widgets::short_number(layers_.at(cell->row, cell->column))));
    widgets::quiet_text("press for its channels");
    ImGui::EndTooltip();
  }
  if (ImGui::IsMouseClicked(0)) workspace.layer = layer;
}

void LayersPanel::draw_channels(Workspace& workspace, const RunView& run) {
  const std::string layer = workspace.layer;
  if (ImGui::Button("All layers")) workspace.layer.clear();
  ImGui::SameLine();
  int statistic = static_cast<int>(statistic_);
  ImGui::SetNextItemWidth(widgets::em(6.5f));
  if (ImGui::Combo("##statistic", &statistic, "mean\0variance\0")) statistic_ = static_cast<Statistic>(statistic);
  ImGui::SameLine();
  widgets::color_mark(run.color);
  ImGui::SameLine(0, widgets::em(0.2f));
  ImGui::TextUnformatted(layer.c_str());
  if (channels_.rows.empty()) {
    widgets::quiet_paragraph("No statistics of single channels are logged for this layer.");
    return;
  }
  widgets::quiet_paragraph(
      fmt::format("{}, by channel, at most {:.2g}",
                  made_of_ == Statistic::mean ? "(running − batch mean) / batch sigma" : "ln(running / batch variance)",
                  channels_.peak));
  const double high = std::max(0.5, std::ceil(channels_.largest * 5.0) / 5.0);
  const float height = ImGui::GetContentRegionAvail().y;
  const auto cell = draw_scaled(channels_, std::round(height * 0.55f), ImPlotColormap_RdBu, -high, high, true);
  if (cell) {
    if (ImGui::BeginTooltip()) {
      ImGui::TextUnformatted(fmt::format("channel {}", cell->row).c_str());
      widgets::quiet_text(fmt::format("{}: {:+.3f}", step_of(channels_, *cell), channels_.at(cell->row, cell->column)));
      ImGui::EndTooltip();
    }
    if (ImGui::IsMouseClicked(0)) {
      channel_ = cell->row;
      history_ = channel_history(*run.data, layer, statistic_, channel_);
    }
  }
  draw_channel(run);
}

void LayersPanel::draw_channel(const RunView& run) {
  const std::string title = fmt::format("channel {}   solid: running   dashed: batch###channel", channel_);
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoInputs;
  if (history_.step.empty() || !ImPlot::BeginPlot(title.c_str(), ImVec2(-1, ImGui::GetContentRegionAvail().y), flags))
    return;
  double low = history_.running[0], high = low;
  for (const auto* values : {&history_.running, &history_.batch})
    for (const double value : *values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  const double margin = high > low ? 0.08 * (high - low) : 0.1;
  ImPlot::SetupAxes("step", nullptr, ImPlotAxisFlags_NoHighlight, ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupAxesLimits(0, std::max(1.0, history_.step.back()), low - margin, high + margin, ImPlotCond_Always);
  ImPlot::SetupFinish();
  const int columns = std::max(16, static_cast<int>(ImPlot::GetPlotSize().x));
  const double last = std::max(1.0, history_.step.back());
  draw_line(visible_line(history_.step, history_.batch, 0, last, columns), look::kQuiet, 1, 1.5f, LineStyle::dashed);
  draw_line(visible_line(history_.step, history_.running, 0, last, columns), run.color, 1, 2, LineStyle::solid);
  ImPlot::EndPlot();
}

}  // namespace

std::unique_ptr<Panel> make_layers_panel() { return std::make_unique<LayersPanel>(); }

}  // namespace ablate
