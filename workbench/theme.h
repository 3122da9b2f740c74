#pragma once

struct ImFont;

namespace ablate {

struct Fonts {
  ImFont* text = nullptr;
  ImFont* bold = nullptr;
  ImFont* mono = nullptr;
};

/// Colours, spacing and fonts of the current ImGui and ImPlot contexts: 15 pixels Roboto at scale 1. Once per context.
Fonts apply_theme(float scale);

/// Another monitor: everything again at its scale, the fonts stay.
void apply_scale(float scale);

}  // namespace ablate
