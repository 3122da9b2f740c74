# Dear ImGui, its GLFW and OpenGL backends and ImPlot, compiled from the sources that scripts/setup fetched:
#   DearImGui::DearImGui     what the program links
#   DearImGui::TestEngine    the Test Engine, for tests only (its own licence); what it presses are the program's own objects

file(GLOB _bundles "${ABLATE_DEPS}/imgui-bundle-*")
list(POP_BACK _bundles _bundle)
set(DearImGui_SOURCES "${_bundle}/external" CACHE PATH "external/ of the imgui-bundle sources")
find_path(DearImGui_INCLUDE_DIR imgui.h PATHS "${DearImGui_SOURCES}/imgui/imgui" NO_DEFAULT_PATH)
set(DearImGui_FONTS
  "${DearImGui_SOURCES}/imgui_rich_md/imgui_rich_md/assets/fonts/Roboto/Roboto-Regular.ttf"
  "${DearImGui_SOURCES}/imgui_rich_md/imgui_rich_md/assets/fonts/Roboto/Roboto-Bold.ttf"
  "${DearImGui_SOURCES}/imgui/imgui/misc/fonts/Cousine-Regular.ttf")
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DearImGui REQUIRED_VARS DearImGui_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Run scripts/setup: it fetches the sources of Dear ImGui into .deps/.")

if(DearImGui_FOUND AND NOT TARGET DearImGui::DearImGui)
  set(_imgui "${DearImGui_SOURCES}/imgui/imgui")
  set(_implot "${DearImGui_SOURCES}/implot/implot")
  set(_engine "${DearImGui_SOURCES}/imgui_test_engine/imgui_test_engine")

  add_library(dear_imgui STATIC EXCLUDE_FROM_ALL
    ${_imgui}/imgui.cpp ${_imgui}/imgui_draw.cpp ${_imgui}/imgui_tables.cpp ${_imgui}/imgui_widgets.cpp
    ${_imgui}/imgui_stacklayout.cpp ${_imgui}/misc/cpp/imgui_stdlib.cpp
    ${_imgui}/backends/imgui_impl_glfw.cpp ${_imgui}/backends/imgui_impl_opengl3.cpp
    ${_implot}/implot.cpp ${_implot}/implot_items.cpp
    "${CMAKE_CURRENT_LIST_DIR}/no_test_engine.cpp")
  target_include_directories(dear_imgui SYSTEM PUBLIC ${_imgui} ${_imgui}/backends ${_imgui}/misc/cpp ${_implot})
  # ImPlot for one numeric type only: all of them take a minute and a half to compile.
  target_compile_definitions(dear_imgui PUBLIC "IMPLOT_CUSTOM_NUMERIC_TYPES=(double)" IMGUI_DISABLE_OBSOLETE_FUNCTIONS
    IMGUI_DISABLE_DEMO_WINDOWS IMGUI_ENABLE_TEST_ENGINE)
  target_link_libraries(dear_imgui PUBLIC glfw OpenGL::OpenGL ${CMAKE_DL_LIBS})

  file(GLOB _engine_sources "${_engine}/imgui_test_engine/*.cpp")
  add_library(dear_imgui_test_engine STATIC EXCLUDE_FROM_ALL ${_engine_sources})
  target_include_directories(dear_imgui_test_engine SYSTEM PUBLIC ${_engine})
  target_compile_definitions(dear_imgui_test_engine PUBLIC IMGUI_TEST_ENGINE_ENABLE_COROUTINE_STDTHREAD_IMPL=1
    IMGUI_TEST_ENGINE_ENABLE_STD_FUNCTION=1)
  target_link_libraries(dear_imgui_test_engine PUBLIC dear_imgui Threads::Threads)

  set_target_properties(dear_imgui dear_imgui_test_engine PROPERTIES UNITY_BUILD OFF)
  target_compile_options(dear_imgui PRIVATE -w -O2)
  target_compile_options(dear_imgui_test_engine PRIVATE -w -O1)  # Compiled faster; tests need no more.
  add_library(DearImGui::DearImGui ALIAS dear_imgui)
  add_library(DearImGui::TestEngine ALIAS dear_imgui_test_engine)
endif()
