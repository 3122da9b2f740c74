#include "viewers/layers/channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "viewers/series_plot.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

/// Of the places that share running statistics: those of the batches are what differs.
Color place_color(std::size_t place) {
  static constexpr Color kColors[] = {
      {0.80f, 0.81f, 0.84f}, {0.95f, 0.77f, 0.36f}, {0.45f, 0.82f, 0.80f}, {0.90f, 0.58f, 0.80f}};
  return kColors[place % std::size(kColors)];
}

}  // namespace

void ChannelSpan::widen(const ChannelSpan& other) {
  last_step = std::max(last_step, other.last_step);
  low = std::min(low, other.low);
  high = std::max(high, other.high);
}

ChannelSpan Channels::span() const {
  ChannelSpan span;
  if (!history_.step.empty()) span.last_step = std::max(span.last_step, history_.step.back());
  const auto widen = [&](const std::vector<double>& values) {
    for (const double value : values)
      if (std::isfinite(value)) span.widen({1, value, value});
  };
  widen(history_.running);
  for (const ChannelHistory::Place& place : history_.places) widen(place.batch);
  return span;
}

void Channels::update(const RunView& run, const std::string& layer, Statistic statistic) {
  const bool other = run_ != run.info.id || layer_ != layer || table_.rows.empty();
  if (!other && statistic_ == statistic && version_ == run.data->version) return;
  run_ = run.info.id;
  layer_ = layer;
  statistic_ = statistic;
  version_ = run.data->version;
  table_ = channel_table(*run.data, layer, statistic, kMostColumns);
  history_ = {};
  if (table_.rows.empty()) return;
  if (other) {
    const auto off = [&](std::size_t row) {
      const float last = std::abs(table_.at(row, table_.columns - 1));
      return std::isfinite(last) ? last : -1;
    };
    channel_ = 0;
    for (std::size_t row = 0; row < table_.rows.size(); ++row)
      if (off(row) > off(channel_)) channel_ = row;
  }
  channel_ = std::min(channel_, table_.rows.size() - 1);
  history_ = channel_history(*run.data, layer, statistic, channel_);
}

void Channels::choose(const RunView& run, std::size_t channel) {
  if (channel == channel_ || channel >= table_.rows.size()) return;
  channel_ = channel;
  history_ = channel_history(*run.data, layer_, statistic_, channel_);
}

std::optional<std::size_t> Channels::draw(const RunView& run, const HeatScale& scale, const ChannelSpan& span,
                                          float height) {
  if (table_.rows.empty()) {
    widgets::quiet_paragraph("No statistics of single channels are logged for this layer.");
    return std::nullopt;
  }
  std::optional<std::size_t> pressed;
  const float upper = std::round(0.55f * height);
  const float width = ImGui::GetContentRegionAvail().x;
  const auto cell = draw_heat_map("##channels", table_, ImVec2(width, upper), scale, heat_names_width(table_, width));
  if (cell) {
    if (ImGui::BeginTooltip()) {
      ImGui::TextUnformatted(fmt::format("channel {}", cell->row).c_str());
      widgets::quiet_text(fmt::format("{}: {:+.3f}", step_words(table_, *cell), table_.at(cell->row, cell->column)));
      ImGui::EndTooltip();
    }
    if (ImGui::IsMouseClicked(0)) pressed = cell->row;
  }
  draw_history(run, span, height - upper - ImGui::GetStyle().ItemSpacing.y);
  return pressed;
}

void Channels::draw_history(const RunView& run, const ChannelSpan& span, float height) {
  if (history_.step.empty()) return;
  widgets::quiet_text(fmt::format("channel {}", channel_));
  const auto legend = [](const Color& color, const std::string& words) {
    const float mark = widgets::em(1.1f);
    widgets::same_line_or_wrap(mark + ImGui::CalcTextSize(words.c_str()).x);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float y = corner.y + ImGui::GetTextLineHeight() / 2 + 1;
    ImGui::GetWindowDrawList()->AddLine(ImVec2(corner.x, y), ImVec2(corner.x + widgets::em(0.8f), y),
                                        widgets::packed(color), 2);
    ImGui::Dummy(ImVec2(mark, ImGui::GetTextLineHeight()));
    ImGui::SameLine(0, 0);
    widgets::quiet_text(words);
  };
  const float top = ImGui::GetCursorPosY();
  legend(run.color, "running");
  for (std::size_t i = 0; i < history_.places.size(); ++i)
    legend(place_color(i), history_.places.size() > 1 ? "batches at " + history_.places[i].layer : "batches");
  height -= ImGui::GetCursorPosY() - top + ImGui::GetTextLineHeightWithSpacing();
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoInputs;
  if (!ImPlot::BeginPlot("##channel", ImVec2(-1, std::max(height, widgets::em(5))), flags | ImPlotFlags_NoTitle))
    return;
  const auto [last, low, high] = span.low <= span.high ? span : ChannelSpan{span.last_step, 0, 0};
  const double margin = high > low ? 0.08 * (high - low) : 0.1;
  ImPlot::SetupAxes("step", nullptr, ImPlotAxisFlags_NoHighlight, ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupAxesLimits(0, last, low - margin, high + margin, ImPlotCond_Always);
  if (ImGui::GetContentRegionAvail().x < widgets::em(12)) ImPlot::SetupAxisTicks(ImAxis_X1, 0, last, 2);
  ImPlot::SetupFinish();
  const int columns = std::max(16, static_cast<int>(ImPlot::GetPlotSize().x));
  for (std::size_t i = 0; i < history_.places.size(); ++i)
    draw_line(visible_line(history_.places[i].step, history_.places[i].batch, 0, last, columns), place_color(i), 0.9f,
              1.5f, LineStyle::dashed);
  draw_line(visible_line(history_.step, history_.running, 0, last, columns), run.color, 1, 2, LineStyle::solid);
  ImPlot::EndPlot();
}

}  // namespace ablate
