#pragma once

#include <imgui.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "viewers/colors.h"
#include "viewers/level_of_detail.h"

struct ImPlotPlot;

namespace ablate {

/// A line to be drawn, of which several points lie in one pixel column.
struct Stroke {
  const VisibleLine* line = nullptr;
  Color color{};
  float alpha = 1;
  float pixels = 1.5f;  ///< how thick
  bool operator==(const Stroke&) const = default;
};

/// Lines over one another in one plot, each as a ribbon: a bar for each pixel column, from the lowest to the highest of
/// its points, joined to its neighbours. What lies behind opaque ones is left out, and what came of it is kept: while
/// neither lines nor axes change, a frame costs copying that. Drawing thread.
class Ribbons {
 public:
  /// Into the current plot, clipped to it; the last stroke lies in front.
  void draw(std::span<const Stroke> strokes);

 private:
  struct Bar {
    float x, low, high;  ///< pixels, downwards
    float first, last;
    enum class To : std::uint8_t { nothing, neighbour, far } joined;  ///< to the bar before
    bool seen;
  };
  /// Of one stroke; indices count from its first vertex.
  struct Piece {
    std::size_t vertices = 0, vertex_count = 0, indices = 0, index_count = 0;
  };
  struct Made {
    std::vector<Stroke> strokes;
    std::vector<std::uint64_t> versions;  ///< of their lines
    std::array<double, 12> axes{};        ///< and where the font has a white pixel
    bool operator==(const Made&) const = default;
  };

  static void find_bars(const VisibleLine& line, const ImPlotPlot& plot, std::vector<Bar>& bars);
  void leave_out_hidden(std::span<const Stroke> strokes);
  void add_piece(const std::vector<Bar>& bars, const Stroke& stroke);
  void add_quad(const std::array<ImVec2, 4>& corners, ImU32 color);
  unsigned add_vertex(ImVec2 at, ImU32 color);

  Made made_of_;
  std::vector<std::vector<Bar>> bars_;  ///< of each stroke
  ImVec2 white_;                        ///< where the font texture is white
  std::vector<ImDrawVert> vertices_;
  std::vector<unsigned> indices_;
  std::vector<Piece> pieces_;
};

}  // namespace ablate
