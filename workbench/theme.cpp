#include "workbench/theme.h"

#include <imgui.h>
#include <implot.h>

#include "viewers/colors.h"
#include "viewers/widgets.h"

// The font files, put into the program by the build (ld -r -b binary).
extern "C" {
extern const unsigned char _binary_Roboto_Regular_ttf_start[];
extern const unsigned char _binary_Roboto_Regular_ttf_end[];
extern const unsigned char _binary_Roboto_Bold_ttf_start[];
extern const unsigned char _binary_Roboto_Bold_ttf_end[];
extern const unsigned char _binary_Cousine_Regular_ttf_start[];
extern const unsigned char _binary_Cousine_Regular_ttf_end[];
}

namespace ablate {
namespace {

constexpr float kTextPixels = 15;

ImFont* add_font(const unsigned char* begin, const unsigned char* end) {
  ImFontConfig config;
  config.FontDataOwnedByAtlas = false;
  // The atlas reads the data only; its interface has no const.
  return ImGui::GetIO().Fonts->AddFontFromMemoryTTF(const_cast<unsigned char*>(begin), static_cast<int>(end - begin),
                                                    kTextPixels, &config);
}

void set_sizes(ImGuiStyle& style) {
  style.WindowPadding = ImVec2(11, 9);
  style.FramePadding = ImVec2(7, 4);
  style.ItemSpacing = ImVec2(8, 7);
  style.ItemInnerSpacing = ImVec2(5, 4);
  style.CellPadding = ImVec2(5, 3);
  style.ScrollbarSize = 11;
  style.GrabMinSize = 10;
  style.WindowBorderSize = 0;
  style.ChildBorderSize = 0;
  style.PopupBorderSize = 1;
  style.FrameBorderSize = 1;
  style.FrameRounding = 3;
  style.PopupRounding = 4;
  style.ScrollbarRounding = 5;
  style.GrabRounding = 3;
  style.TabRounding = 3;
  style.TabBorderSize = 0;
  style.TabBarBorderSize = 1;
  style.TabBarOverlineSize = 2;
  style.DockingSeparatorSize = 2;
  style.SeparatorTextBorderSize = 1;
  style.WindowMenuButtonPosition = ImGuiDir_None;
  style.DisabledAlpha = 0.45f;
}

void set_colors(ImGuiStyle& style) {
  using widgets::vector_of;
  ImGui::StyleColorsDark(&style);
  const auto set = [&](ImGuiCol which, const ImVec4& color) { style.Colors[which] = color; };
  const ImVec4 panel = vector_of(look::kPanel), frame = vector_of(look::kFrame), well = vector_of(look::kWell);
  const ImVec4 hover(0.205f, 0.225f, 0.26f, 1), press(0.24f, 0.265f, 0.31f, 1);
  set(ImGuiCol_Text, vector_of(look::kText));
  set(ImGuiCol_TextDisabled, vector_of(look::kQuiet));
  set(ImGuiCol_WindowBg, panel);
  set(ImGuiCol_ChildBg, ImVec4(0, 0, 0, 0));
  set(ImGuiCol_PopupBg, ImVec4(0.145f, 0.155f, 0.18f, 0.98f));
  set(ImGuiCol_Border, ImVec4(0.235f, 0.25f, 0.285f, 0.75f));
  set(ImGuiCol_FrameBg, frame);
  set(ImGuiCol_FrameBgHovered, hover);
  set(ImGuiCol_FrameBgActive, press);
  set(ImGuiCol_TitleBg, well);
  set(ImGuiCol_TitleBgActive, well);
  set(ImGuiCol_TitleBgCollapsed, well);
  set(ImGuiCol_MenuBarBg, well);
  set(ImGuiCol_ScrollbarBg, ImVec4(0, 0, 0, 0));
  set(ImGuiCol_ScrollbarGrab, ImVec4(0.27f, 0.29f, 0.33f, 1));
  set(ImGuiCol_ScrollbarGrabHovered, ImVec4(0.34f, 0.36f, 0.41f, 1));
  set(ImGuiCol_ScrollbarGrabActive, ImVec4(0.40f, 0.43f, 0.48f, 1));
  set(ImGuiCol_CheckMark, vector_of(look::kAccent));
  set(ImGuiCol_SliderGrab, vector_of(look::kAccent));
  set(ImGuiCol_SliderGrabActive, ImVec4(0.42f, 0.69f, 1, 1));
  set(ImGuiCol_Button, ImVec4(0.175f, 0.19f, 0.22f, 1));
  set(ImGuiCol_ButtonHovered, hover);
  set(ImGuiCol_ButtonActive, press);
  set(ImGuiCol_Header, ImVec4(0.165f, 0.19f, 0.235f, 1));
  set(ImGuiCol_HeaderHovered, ImVec4(0.185f, 0.21f, 0.255f, 1));
  set(ImGuiCol_HeaderActive, ImVec4(0.21f, 0.24f, 0.29f, 1));
  set(ImGuiCol_Separator, vector_of(look::kLine));
  set(ImGuiCol_SeparatorHovered, vector_of(look::kAccent, 0.7f));
  set(ImGuiCol_SeparatorActive, vector_of(look::kAccent));
  set(ImGuiCol_ResizeGrip, ImVec4(0, 0, 0, 0));
  set(ImGuiCol_Tab, well);
  set(ImGuiCol_TabHovered, hover);
  set(ImGuiCol_TabSelected, panel);
  set(ImGuiCol_TabSelectedOverline, vector_of(look::kAccent));
  set(ImGuiCol_TabDimmed, well);
  set(ImGuiCol_TabDimmedSelected, panel);
  set(ImGuiCol_TabDimmedSelectedOverline, ImVec4(0.30f, 0.33f, 0.38f, 1));
  set(ImGuiCol_DockingPreview, vector_of(look::kAccent, 0.5f));
  set(ImGuiCol_DockingEmptyBg, well);
  set(ImGuiCol_TableHeaderBg, ImVec4(0, 0, 0, 0));
  set(ImGuiCol_TableBorderLight, ImVec4(0.20f, 0.215f, 0.245f, 0.6f));
  set(ImGuiCol_TableBorderStrong, ImVec4(0.20f, 0.215f, 0.245f, 1));
  set(ImGuiCol_TableRowBgAlt, ImVec4(1, 1, 1, 0.02f));
  set(ImGuiCol_TextSelectedBg, vector_of(look::kAccent, 0.35f));
  set(ImGuiCol_NavCursor, vector_of(look::kAccent, 0.8f));
}

void set_plot_style(float scale) {
  using widgets::vector_of;
  ImPlotStyle& style = ImPlot::GetStyle();
  style = ImPlotStyle();
  style.UseLocalTime = style.UseISO8601 = style.Use24HourClock = true;
  const auto set = [&](ImPlotCol which, const ImVec4& color) { style.Colors[which] = color; };
  set(ImPlotCol_FrameBg, ImVec4(0, 0, 0, 0));
  set(ImPlotCol_PlotBg, vector_of(look::kWell));
  set(ImPlotCol_PlotBorder, ImVec4(0.20f, 0.215f, 0.245f, 0.9f));
  set(ImPlotCol_TitleText, vector_of(look::kText));
  set(ImPlotCol_AxisText, vector_of(look::kQuiet));
  set(ImPlotCol_AxisGrid, ImVec4(1, 1, 1, 0.075f));
  set(ImPlotCol_AxisTick, ImVec4(1, 1, 1, 0.15f));
  set(ImPlotCol_AxisBgHovered, ImVec4(1, 1, 1, 0.04f));
  set(ImPlotCol_AxisBgActive, ImVec4(1, 1, 1, 0.08f));
  set(ImPlotCol_Selection, vector_of(look::kAccent));
  style.PlotPadding = ImVec2(15 * scale, 6 * scale);
  style.LabelPadding = ImVec2(5 * scale, 4 * scale);
  style.MajorTickLen = ImVec2(4 * scale, 4 * scale);
  style.MinorTickLen = ImVec2(2 * scale, 2 * scale);
  style.PlotMinSize = ImVec2(80 * scale, 60 * scale);
  style.MinorAlpha = 0.35f;
  // A double click is for the panels: they know the data's whole range, ImPlot only what was handed to it.
  ImPlot::GetInputMap().Fit = ImGuiMouseButton_COUNT - 1;
}

}  // namespace

void apply_scale(float scale) {
  ImGuiStyle& style = ImGui::GetStyle();
  style = ImGuiStyle();
  set_sizes(style);
  set_colors(style);
  style.ScaleAllSizes(scale);
  style.FontSizeBase = kTextPixels;
  style.FontScaleDpi = scale;
  set_plot_style(scale);
}

Fonts apply_theme(float scale) {
  Fonts fonts;
  fonts.text = add_font(_binary_Roboto_Regular_ttf_start, _binary_Roboto_Regular_ttf_end);
  fonts.bold = add_font(_binary_Roboto_Bold_ttf_start, _binary_Roboto_Bold_ttf_end);
  fonts.mono = add_font(_binary_Cousine_Regular_ttf_start, _binary_Cousine_Regular_ttf_end);
  apply_scale(scale);
  return fonts;
}

}  // namespace ablate
