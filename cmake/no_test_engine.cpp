// Dear ImGui is built with its hooks for the Test Engine, so that the tests press the very objects that the program is
// made of. Where no Test Engine is linked, these stand in for it and are never called; where one is, they give way to
// it.
#include <imgui_internal.h>

#define GIVES_WAY __attribute__((weak))

GIVES_WAY void ImGuiTestEngineHook_ItemAdd(ImGuiContext*, ImGuiID, const ImRect&, const ImGuiLastItemData*) {}
GIVES_WAY void ImGuiTestEngineHook_ItemInfo(ImGuiContext*, ImGuiID, const char*, ImGuiItemStatusFlags) {}
GIVES_WAY void ImGuiTestEngineHook_Log(ImGuiContext*, const char*, ...) {}
GIVES_WAY const char* ImGuiTestEngine_FindItemDebugLabel(ImGuiContext*, ImGuiID) { return nullptr; }
