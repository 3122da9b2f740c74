#include "viewers/ribbons.h"

#include <implot.h>
#include <implot_internal.h>

#include <algorithm>
#include <cmath>

#include "viewers/side_by_side.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr float kFar = 1e6f;  // Pixels; further away all is clipped.

/// What the place of a point in the window hangs on.
std::array<double, 12> axes_of_plot() {
  const ImPlotPlot& plot = *ImPlot::GetCurrentPlot();
  const ImVec2 white = ImGui::GetFontTexUvWhitePixel();
  std::array<double, 12> all{white.x, white.y};
  std::size_t at = 2;
  for (const ImPlotAxis* axis : {&plot.Axes[plot.CurrentX], &plot.Axes[plot.CurrentY]})
    for (const double number : {axis->Range.Min, axis->Range.Max, static_cast<double>(axis->PixelMin),
                                static_cast<double>(axis->PixelMax), static_cast<double>(axis->Scale)})
      all[at++] = number;
  return all;
}

}  // namespace

void Ribbons::find_bars(const VisibleLine& line, const ImPlotPlot& plot, std::vector<Bar>& bars) {
  const ImPlotAxis &x_axis = plot.Axes[plot.CurrentX], &y_axis = plot.Axes[plot.CurrentY];
  bars.clear();
  bool broken = true;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    broken |= std::isnan(line.y[i]);
    if (std::isnan(line.y[i])) continue;
    const float x = std::floor(x_axis.PlotToPixels(line.x[i])) + 0.5f;
    const float y = std::clamp(y_axis.PlotToPixels(line.y[i]), -kFar, kFar);
    if (!broken && x == bars.back().x) {
      Bar& bar = bars.back();
      bar.low = std::min(bar.low, y);
      bar.high = std::max(bar.high, y);
      bar.last = y;
      continue;
    }
    Bar bar{x, y, y, y, y, Bar::To::nothing, true};
    if (!broken) bar.joined = x - bars.back().x < 1.5f ? Bar::To::neighbour : Bar::To::far;
    bars.push_back(bar);
    broken = false;
  }
  // Neighbours meet half way, so that nothing of a steep line is missing between them.
  for (std::size_t i = 1; i < bars.size(); ++i) {
    Bar &before = bars[i - 1], &bar = bars[i];
    if (bar.joined != Bar::To::neighbour) continue;
    if (const float middle = (before.high + bar.low) / 2; before.high < bar.low) before.high = bar.low = middle;
    if (const float middle = (before.low + bar.high) / 2; before.low > bar.high) before.low = bar.high = middle;
  }
}

/// A ribbon is seen in a pixel column as its bar there; so a bar within what opaque ones in front of it cover is not.
void Ribbons::leave_out_hidden(std::span<const Stroke> strokes) {
  struct Cover {
    float low = 0, high = 0;
  };
  const float left = ImPlot::GetPlotPos().x;
  std::vector<Cover> covers(static_cast<std::size_t>(ImPlot::GetPlotSize().x) + 2);
  for (std::size_t i = strokes.size(); i-- > 0;) {
    const float half = strokes[i].pixels / 2;
    for (Bar& bar : bars_[i]) {
      const float column = bar.x - left;
      if (!(column >= 0 && column < static_cast<float>(covers.size()))) continue;
      Cover& cover = covers[static_cast<std::size_t>(column)];
      const float low = bar.low - half, high = bar.high + half;
      bar.seen = low < cover.low || high > cover.high;
      if (!bar.seen || strokes[i].alpha < 1) continue;
      if (low <= cover.high && high >= cover.low && cover.low < cover.high)
        cover = {std::min(low, cover.low), std::max(high, cover.high)};
      else if (high - low > cover.high - cover.low)
        cover = {low, high};
    }
  }
}

unsigned Ribbons::add_vertex(ImVec2 at, ImU32 color) {
  vertices_.push_back({at, white_, color});
  return static_cast<unsigned>(vertices_.size() - 1 - pieces_.back().vertices);
}

void Ribbons::add_quad(const std::array<ImVec2, 4>& corners, ImU32 color) {
  const unsigned first = add_vertex(corners[0], color);
  for (std::size_t i = 1; i < 4; ++i) add_vertex(corners[i], color);
  for (const unsigned corner : {0u, 1u, 2u, 0u, 2u, 3u}) indices_.push_back(first + corner);
}

void Ribbons::add_piece(const std::vector<Bar>& bars, const Stroke& stroke) {
  pieces_.push_back({vertices_.size(), 0, indices_.size(), 0});
  const ImU32 color = widgets::packed(stroke.color, stroke.alpha);
  const float half = stroke.pixels / 2;
  const auto joined = [&](std::size_t i) {
    return i < bars.size() && bars[i].joined == Bar::To::neighbour && (bars[i].seen || bars[i - 1].seen);
  };
  unsigned top_before = 0;  // Of the last bar, where it has vertices.
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    if (joined(i) || joined(i + 1)) {
      const unsigned top = add_vertex({bar.x, bar.low - half}, color);
      add_vertex({bar.x, bar.high + half}, color);
      if (joined(i))
        for (const unsigned corner : {top_before, top_before + 1, top + 1, top_before, top + 1, top})
          indices_.push_back(corner);
      top_before = top;
    } else if (bar.seen && bar.joined != Bar::To::neighbour &&
               (i + 1 == bars.size() || bars[i + 1].joined != Bar::To::neighbour)) {
      add_quad({{{bar.x - half, bar.low - half},
                 {bar.x + half, bar.low - half},
                 {bar.x + half, bar.high + half},
                 {bar.x - half, bar.high + half}}},
               color);
    }
    if (bar.joined != Bar::To::far) continue;
    const ImVec2 from{bars[i - 1].x, bars[i - 1].last}, to{bar.x, bar.first};
    const float length = std::hypot(to.x - from.x, to.y - from.y);
    const ImVec2 across{-(to.y - from.y) / length * half, (to.x - from.x) / length * half};
    add_quad({{{from.x + across.x, from.y + across.y},
               {to.x + across.x, to.y + across.y},
               {to.x - across.x, to.y - across.y},
               {from.x - across.x, from.y - across.y}}},
             color);
  }
  pieces_.back().vertex_count = vertices_.size() - pieces_.back().vertices;
  pieces_.back().index_count = indices_.size() - pieces_.back().indices;
}

void Ribbons::draw(std::span<const Stroke> strokes) {
  Made now{{strokes.begin(), strokes.end()}, {}, axes_of_plot()};
  for (const Stroke& stroke : strokes) now.versions.push_back(stroke.line->version);
  if (now != made_of_) {
    made_of_ = std::move(now);
    white_ = ImGui::GetFontTexUvWhitePixel();
    bars_.resize(strokes.size());
    const ImPlotPlot& plot = *ImPlot::GetCurrentPlot();
    const auto find = [&](std::size_t i) { find_bars(*strokes[i].line, plot, bars_[i]); };
    if (strokes.size() > 8)
      side_by_side(strokes.size(), find);
    else
      for (std::size_t i = 0; i < strokes.size(); ++i) find(i);
    leave_out_hidden(strokes);
    vertices_.clear();
    indices_.clear();
    pieces_.clear();
    for (std::size_t i = 0; i < strokes.size(); ++i) add_piece(bars_[i], strokes[i]);
  }
  ImPlot::PushPlotClipRect();
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  for (const Piece& piece : pieces_) {
    if (piece.index_count == 0) continue;
    list.PrimReserve(static_cast<int>(piece.index_count), static_cast<int>(piece.vertex_count));
    std::copy_n(vertices_.begin() + static_cast<std::ptrdiff_t>(piece.vertices), piece.vertex_count, list._VtxWritePtr);
    for (std::size_t i = 0; i < piece.index_count; ++i)
      list._IdxWritePtr[i] = static_cast<ImDrawIdx>(list._VtxCurrentIdx + indices_[piece.indices + i]);
    list._VtxWritePtr += piece.vertex_count;
    list._IdxWritePtr += piece.index_count;
    list._VtxCurrentIdx += static_cast<unsigned>(piece.vertex_count);
  }
  ImPlot::PopPlotClipRect();
}

}  // namespace ablate
