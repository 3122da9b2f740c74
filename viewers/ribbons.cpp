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

/// The largest whole number that is not above `at`, which is within kFar. (std::floor is a call, ten times slower.)
int floor_of(float at) {
  const int towards_zero = static_cast<int>(at);
  return towards_zero - (static_cast<float>(towards_zero) > at ? 1 : 0);
}

/// Of that in which `at` lies.
float middle_of_pixel(float at) { return static_cast<float>(floor_of(at)) + 0.5f; }

/// Of what begins at `at`: the first whose middle it covers; of what ends there, the first whose middle it doesn't.
int first_row(float at) { return -floor_of(0.5f - at); }

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
  const auto pixels = [](const ImPlotAxis& axis) {
    return [&axis, is_linear = axis.TransformForward == nullptr, pixel_min = static_cast<double>(axis.PixelMin),
            scale = axis.ScaleToPixel, from = axis.Range.Min](double value) {
      const float at = is_linear ? static_cast<float>(pixel_min + scale * (value - from)) : axis.PlotToPixels(value);
      return std::clamp(at, -kFar, kFar);
    };
  };
  const auto x_of = pixels(plot.Axes[plot.CurrentX]), y_of = pixels(plot.Axes[plot.CurrentY]);
  bars.clear();
  Bar last{};
  bool broken = true;  // Between the last one and what comes.
  const auto end_bar = [&] {
    if (!broken) bars.push_back(last);
    broken = true;
  };
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (std::isnan(line.y[i])) {
      end_bar();
      continue;
    }
    const float x = middle_of_pixel(x_of(line.x[i])), y = y_of(line.y[i]);
    if (!broken && x == last.x) {
      last.low = std::min(last.low, y);
      last.high = std::max(last.high, y);
      last.last = y;
      continue;
    }
    const Bar::To joined = broken ? Bar::To::nothing : x - last.x < 1.5f ? Bar::To::neighbour : Bar::To::far;
    end_bar();
    last = {x, y, y, y, y, joined, true};
    broken = false;
  }
  end_bar();
  // Neighbours meet half way, so that nothing of a steep line is missing between them.
  for (std::size_t i = 1; i < bars.size(); ++i) {
    Bar &before = bars[i - 1], &bar = bars[i];
    if (bar.joined != Bar::To::neighbour) continue;
    if (const float middle = (before.high + bar.low) / 2; before.high < bar.low) before.high = bar.low = middle;
    if (const float middle = (before.low + bar.high) / 2; before.low > bar.high) before.low = bar.high = middle;
  }
}

/// A pixel has the colour of what covers its middle, so a ribbon is seen in a column of pixels as the rows whose middle
/// its bar there covers; a bar all of whose rows opaque ones in front of it cover is not.
void Ribbons::leave_out_hidden(std::span<const Stroke> strokes) {
  struct Rows {
    int from = 0, to = 0;
  };
  const float left = ImPlot::GetPlotPos().x;
  std::vector<Rows> covers(static_cast<std::size_t>(ImPlot::GetPlotSize().x) + 2);
  for (std::size_t i = strokes.size(); i-- > 0;) {
    const float half = strokes[i].pixels / 2;
    for (Bar& bar : bars_[i]) {
      const float column = bar.x - left;
      if (!(column >= 0 && column < static_cast<float>(covers.size()))) continue;
      Rows& cover = covers[static_cast<std::size_t>(column)];
      const Rows rows{first_row(bar.low - half), first_row(bar.high + half)};
      bar.seen = rows.from < cover.from || rows.to > cover.to;
      if (!bar.seen || strokes[i].alpha < 1) continue;
      if (rows.from <= cover.to && rows.to >= cover.from && cover.from < cover.to)
        cover = {std::min(rows.from, cover.from), std::max(rows.to, cover.to)};
      else if (rows.to - rows.from > cover.to - cover.from)
        cover = rows;
    }
  }
}

unsigned Ribbons::Piece::add_vertex(ImVec2 at) {
  vertices.push_back({at, white, color});
  return static_cast<unsigned>(vertices.size() - 1);
}

void Ribbons::Piece::add_triangles(const std::array<unsigned, 6>& corners) {
  indices.insert(indices.end(), corners.begin(), corners.end());
}

void Ribbons::Piece::add_quad(const std::array<ImVec2, 4>& corners) {
  const unsigned first = add_vertex(corners[0]);
  for (std::size_t i = 1; i < 4; ++i) add_vertex(corners[i]);
  add_triangles({first, first + 1, first + 2, first, first + 2, first + 3});
}

void Ribbons::Piece::make(const std::vector<Bar>& bars, float pixels) {
  vertices.clear();
  indices.clear();
  const float half = pixels / 2;
  const auto joined = [&](std::size_t i) {
    return i < bars.size() && bars[i].joined == Bar::To::neighbour && (bars[i].seen || bars[i - 1].seen);
  };
  unsigned top_before = 0;  // Of the last bar, where it has vertices.
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    if (joined(i) || joined(i + 1)) {
      const unsigned top = add_vertex({bar.x, bar.low - half});
      add_vertex({bar.x, bar.high + half});
      if (joined(i)) add_triangles({top_before, top_before + 1, top + 1, top_before, top + 1, top});
      top_before = top;
    } else if (bar.seen && bar.joined != Bar::To::neighbour &&
               (i + 1 == bars.size() || bars[i + 1].joined != Bar::To::neighbour)) {
      add_quad({{{bar.x - half, bar.low - half},
                 {bar.x + half, bar.low - half},
                 {bar.x + half, bar.high + half},
                 {bar.x - half, bar.high + half}}});
    }
    if (bar.joined != Bar::To::far) continue;
    const ImVec2 from{bars[i - 1].x, bars[i - 1].last}, to{bar.x, bar.first};
    const float length = std::hypot(to.x - from.x, to.y - from.y);
    const ImVec2 across{-(to.y - from.y) / length * half, (to.x - from.x) / length * half};
    add_quad({{{from.x + across.x, from.y + across.y},
               {to.x + across.x, to.y + across.y},
               {to.x - across.x, to.y - across.y},
               {from.x - across.x, from.y - across.y}}});
  }
}

void Ribbons::draw(std::span<const Stroke> strokes) {
  Made now{{strokes.begin(), strokes.end()}, {}, axes_of_plot()};
  for (const Stroke& stroke : strokes) now.versions.push_back(stroke.line->version);
  if (now != made_of_) {
    made_of_ = std::move(now);
    bars_.resize(strokes.size());
    pieces_.resize(strokes.size());
    const auto of_each = [&](const auto& make) {
      if (strokes.size() > 8) return side_by_side(strokes.size(), make);
      for (std::size_t i = 0; i < strokes.size(); ++i) make(i);
    };
    const ImPlotPlot& plot = *ImPlot::GetCurrentPlot();
    of_each([&](std::size_t i) { find_bars(*strokes[i].line, plot, bars_[i]); });
    leave_out_hidden(strokes);
    const ImVec2 white = ImGui::GetFontTexUvWhitePixel();
    of_each([&](std::size_t i) {
      pieces_[i].white = white;
      pieces_[i].color = widgets::packed(strokes[i].color, strokes[i].alpha);
      pieces_[i].make(bars_[i], strokes[i].pixels);
    });
  }
  ImPlot::PushPlotClipRect();
  ImDrawList& list = *ImPlot::GetPlotDrawList();
  for (const Piece& piece : pieces_) {
    if (piece.indices.empty()) continue;
    list.PrimReserve(static_cast<int>(piece.indices.size()), static_cast<int>(piece.vertices.size()));
    const unsigned first = list._VtxCurrentIdx;
    list._VtxWritePtr = std::ranges::copy(piece.vertices, list._VtxWritePtr).out;
    list._IdxWritePtr = std::ranges::transform(piece.indices, list._IdxWritePtr, [&](unsigned index) {
                          return static_cast<ImDrawIdx>(first + index);
                        }).out;
    list._VtxCurrentIdx += static_cast<unsigned>(piece.vertices.size());
  }
  ImPlot::PopPlotClipRect();
}

}  // namespace ablate
