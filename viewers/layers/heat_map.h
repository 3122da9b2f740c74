#pragma once

#include <imgui.h>
#include <implot.h>

#include <initializer_list>
#include <optional>

#include "viewers/layers/layer_table.h"
#include "viewers/layers/quantity.h"

namespace ablate {

/// What colours mean: `low` and below is the map's one end, `high` and above the other.
struct HeatScale {
  double low = 0, high = 1;
  bool decades = false;
  ImPlotColormap colors = ImPlotColormap_Viridis;
  /// Where a value stands, 0 to 1.
  float position(double value) const;
};
/// One for all tables, so that the same colour means the same.
HeatScale scale_of(LayerQuantity::Scale kind, std::initializer_list<const StepTable*> tables);

/// Where the mouse is in a table.
struct Cell {
  std::size_t row = 0;
  int column = 0;
};

/// A table's cells over its steps, a row each, with their names in `names_width` pixels, 0: without. The cell under the
/// mouse.
std::optional<Cell> draw_heat_map(const char* id, const StepTable& table, ImVec2 size, const HeatScale& scale,
                                  float names_width);
/// What the rows' names take of a map's width, in a panel of `width`.
float heat_names_width(const StepTable& table, float width);
/// As wide as heat_scale_width().
void draw_heat_scale(const HeatScale& scale, float height);
float heat_scale_width();

/// "step 120": until when a cell's value is the newest.
std::string step_words(const StepTable& table, const Cell& cell);

}  // namespace ablate
