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
  /// What is drawn of one stroke; indices count from its first vertex.
  struct Piece {
    ImVec2 white;  ///< where the font texture is
    ImU32 color = 0;
    std::vector<ImDrawVert> vertices;
    std::vector<unsigned> indices;
    void make(const std::vector<Bar>& bars, float pixels);
    unsigned add_vertex(ImVec2 at);
    void add_triangles(const std::array<unsigned, 6>& corners);
    void add_quad(const std::array<ImVec2, 4>& corners);
  };
  struct Made {
    std::vector<Stroke> strokes;
    std::vector<std::uint64_t> versions;  ///< of their lines
    std::array<double, 12> axes{};        ///< and where the font has a white pixel
    bool operator==(const Made&) const = default;
  };

  static void find_bars(const VisibleLine& line, const ImPlotPlot& plot, std::vector<Bar>& bars);
  void leave_out_hidden(std::span<const Stroke> strokes);

  Made made_of_;
  std::vector<std::vector<Bar>> bars_;  ///< of each stroke
  std::vector<Piece> pieces_;
};

}  // namespace ablate
