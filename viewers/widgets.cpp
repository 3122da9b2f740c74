#include "viewers/widgets.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace ablate::widgets {

ImVec4 vector_of(const Color& color, float alpha) { return ImVec4(color[0], color[1], color[2], alpha); }
ImU32 packed(const Color& color, float alpha) { return ImGui::ColorConvertFloat4ToU32(vector_of(color, alpha)); }

float em(float lines) { return lines * ImGui::GetFontSize(); }

namespace {

void colored_text(const Color& color, std::string_view text) {
  ImGui::PushStyleColor(ImGuiCol_Text, vector_of(color));
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopStyleColor();
}

}  // namespace

void quiet_text(std::string_view text) { colored_text(look::kQuiet, text); }
void wrong_text(std::string_view text) { colored_text(look::kWrong, text); }

void quiet_paragraph(std::string_view text) {
  ImGui::PushTextWrapPos(0);
  quiet_text(text);
  ImGui::PopTextWrapPos();
}

void wrong_paragraph(std::string_view text) {
  ImGui::PushTextWrapPos(0);
  wrong_text(text);
  ImGui::PopTextWrapPos();
}

void section(const char* title) { quiet_text(title); }

float chip_width(const char* label) { return ImGui::CalcTextSize(label, nullptr, true).x + em(1); }

bool chip(const char* label, bool chosen) {
  ImGui::PushStyleVar(ImGuiStyleVar_FrameRounding, em(0.75f));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em(0.5f), em(0.1f)));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, 1.0f);
  ImGui::PushStyleColor(ImGuiCol_Button, chosen ? vector_of(look::kChip) : vector_of(look::kPanel, 0));
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, chosen ? ImVec4(0.20f, 0.36f, 0.56f, 1) : vector_of(look::kFrame));
  ImGui::PushStyleColor(ImGuiCol_Border, chosen ? vector_of(look::kAccent) : ImVec4(0.32f, 0.34f, 0.38f, 1));
  ImGui::PushStyleColor(ImGuiCol_Text, chosen ? vector_of(look::kText) : ImVec4(0.62f, 0.64f, 0.68f, 1));
  const bool pressed = ImGui::Button(label);
  ImGui::PopStyleColor(4);
  ImGui::PopStyleVar(3);
  return pressed;
}

void align_with_chips() {
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em(0.5f), em(0.1f)));
  ImGui::AlignTextToFramePadding();
  ImGui::PopStyleVar();
}

void fitted_text(const std::string& text, float width) {
  if (ImGui::CalcTextSize(text.c_str()).x <= width) {
    ImGui::TextUnformatted(text.c_str());
    return;
  }
  // What tells runs of one name apart stands at the end, after two blanks.
  const std::size_t gap = text.find("  ");
  std::string end = gap == std::string::npos ? "" : text.substr(gap + 1);
  if (ImGui::CalcTextSize(("…" + end).c_str()).x > 0.8f * width) end.clear();
  const float room = width - ImGui::CalcTextSize(("…" + end).c_str()).x;
  std::size_t kept = 0;
  while (kept < text.size() && ImGui::CalcTextSize(text.data(), text.data() + kept + 1).x <= room) ++kept;
  while (kept > 0 && (text[kept] & 0xC0) == 0x80) --kept;  // Not within a letter of several bytes.
  ImGui::TextUnformatted((text.substr(0, kept) + "…" + end).c_str());
  hint(text);
}

void same_line_or_wrap(float width) {
  const float next = ImGui::GetItemRectMax().x + ImGui::GetStyle().ItemSpacing.x;
  if (next + width < ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x) ImGui::SameLine();
}

bool primary_button(const char* label, float width) {
  ImGui::PushStyleColor(ImGuiCol_Button, vector_of(look::kAccentFill));
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ImVec4(0.22f, 0.50f, 0.82f, 1));
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, ImVec4(0.16f, 0.38f, 0.64f, 1));
  ImGui::PushStyleColor(ImGuiCol_Border, vector_of(look::kAccent, 0.6f));
  ImGui::PushStyleColor(ImGuiCol_Text, ImVec4(1, 1, 1, 1));
  const bool pressed = ImGui::Button(label, ImVec2(width, 0));
  ImGui::PopStyleColor(5);
  return pressed;
}

namespace {

void draw_dot(ImVec2 centre, const Color& color, bool filled, bool hovered) {
  ImDrawList* const list = ImGui::GetWindowDrawList();
  const float radius = em(0.32f);
  if (filled)
    list->AddCircleFilled(centre, radius, packed(color));
  else
    list->AddCircle(centre, radius - 0.5f, packed(color, 0.55f), 0, 1.5f);
  if (hovered) list->AddCircle(centre, radius + em(0.15f), packed(color, 0.7f), 0, 1.0f);
}

}  // namespace

bool color_dot(const char* id, const Color& color, bool filled) {
  const ImVec2 size(em(1.1f), ImGui::GetTextLineHeight());
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool pressed = ImGui::InvisibleButton(id, size);
  draw_dot(ImVec2(corner.x + em(0.45f), corner.y + size.y / 2), color, filled, ImGui::IsItemHovered());
  return pressed;
}

void color_mark(const Color& color) {
  // In a line of buttons text stands lower than its own height asks for.
  const float lower = ImGui::GetCurrentWindow()->DC.CurrLineTextBaseOffset;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(em(0.8f), ImGui::GetTextLineHeight()));
  draw_dot(ImVec2(corner.x + em(0.35f), corner.y + lower + ImGui::GetTextLineHeight() / 2), color, true, false);
}

bool choose_or_none(const char* label, const std::vector<std::string>& words, std::string& chosen, float width) {
  const bool any = std::ranges::find(words, chosen) != words.end();
  ImGui::SetNextItemWidth(width);
  if (!ImGui::BeginCombo(label, any ? chosen.c_str() : "none")) return false;
  std::optional<std::string> pressed;
  if (ImGui::Selectable("none", !any)) pressed = "";
  for (const std::string& word : words)
    if (ImGui::Selectable(word.c_str(), word == chosen)) pressed = word;
  ImGui::EndCombo();
  if (pressed) chosen = *pressed;
  return pressed.has_value();
}

void empty_panel(const char* what, const char* how) {
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float width = std::min(space.x - em(3), em(23));
  ImGui::SetCursorPos(ImVec2(ImGui::GetCursorPosX() + (space.x - width) / 2,
                             ImGui::GetCursorPosY() + std::max(0.0f, space.y * 0.4f - em(2))));
  ImGui::BeginGroup();
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::TextUnformatted(what);
  ImGui::Dummy(ImVec2(0, em(0.1f)));
  quiet_text(how);
  ImGui::PopTextWrapPos();
  ImGui::EndGroup();
}

void hint(std::string_view text) {
  if (!ImGui::IsItemHovered(ImGuiHoveredFlags_ForTooltip)) return;
  if (!ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(em(30));
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

std::string short_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e6)) return fmt::format("{:.3g}", value);
  if (size <= 1) return fmt::format("{:.3f}", value);
  return fmt::format("{:.4g}", value);
}

std::string clock(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole % 3600 / 60, whole % 60);
}

std::string duration(double seconds) {
  if (seconds > 0 && seconds < 0.95) return fmt::format("{:.1g} s", seconds);
  const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace ablate::widgets
