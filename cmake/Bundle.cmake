# What scripts/gpu-bundle packed: headers/ has the header-only libraries, the rest are folders of the project.
find_package(LibTorch REQUIRED)
foreach(library nlohmann_json fmt)
  add_library(${library}::${library} INTERFACE IMPORTED)
  target_include_directories(${library}::${library} SYSTEM INTERFACE "${PROJECT_SOURCE_DIR}/headers")
endforeach()
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)

add_subdirectory(runs)
add_subdirectory(experiments)
add_subdirectory(tests/bench)
