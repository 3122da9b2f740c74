#pragma once

#include <imgui.h>

#include <string>
#include <string_view>
#include <vector>

#include "viewers/colors.h"

namespace ablate::widgets {

ImU32 packed(const Color& color, float alpha = 1.0f);
ImVec4 vector_of(const Color& color, float alpha = 1.0f);

/// `lines` times the height of a line of text: the unit in which everything is laid out, so that it scales with the
/// font.
float em(float lines);

void quiet_text(std::string_view text);
void wrong_text(std::string_view text);
/// Wrapped at the panel's edge.
void quiet_paragraph(std::string_view text);
void wrong_paragraph(std::string_view text);

/// A small heading above a group of controls.
void section(const char* title);

/// A rounded value that can be chosen. True when pressed.
bool chip(const char* label, bool chosen);
/// Moves on to the next line where the next item of `width` would not fit.
void same_line_or_wrap(float width);
float chip_width(const char* label);
/// Puts the next text on one line with the text of chips.
void align_with_chips();
/// Cut with an ellipsis where it is wider than `width`; a tooltip then has it all.
void fitted_text(const std::string& text, float width);

/// The button that a panel is about: filled with the accent. `width` 0: as wide as its label.
bool primary_button(const char* label, float width = 0);

/// A round button in a run's colour, hollow when the run is hidden. True when pressed.
bool color_dot(const char* id, const Color& color, bool filled);
/// The same without a button, in line with text.
void color_mark(const Color& color);

/// A combo of words, before which stands "none": `chosen` is then empty. True when another is chosen.
bool choose_or_none(const char* label, const std::vector<std::string>& words, std::string& chosen, float width);

/// What an empty panel says: what will be there, and how to get it.
void empty_panel(const char* what, const char* how);

/// A tooltip on the item just drawn, wrapped at 30 lines' height.
void hint(std::string_view text);

/// "0.849" for values up to 1, else four significant digits; "NaN" where it is one.
std::string short_number(double value);
/// "22 s", "1 min 25 s", "3 h 05 min".
std::string duration(double seconds);
/// "0:22", "1:25", "3:05:00": where there is little room.
std::string clock(double seconds);

}  // namespace ablate::widgets
