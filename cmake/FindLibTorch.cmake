# LibTorch as it lies inside a PyTorch package (2.11 or newer): LibTorch::LibTorch.
#   ABLATE_TORCH   the `torch` folder of a Python environment; found through ABLATE_PYTHON when not given
# TorchConfig.cmake of a CUDA wheel insists on a CUDA toolkit, which linking does not need; so this asks for nothing else.

if(NOT ABLATE_TORCH)
  execute_process(
    COMMAND "${ABLATE_PYTHON}" -c "import importlib.util as u; print(list(u.find_spec('torch').submodule_search_locations)[0])"
    OUTPUT_VARIABLE _torch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(ABLATE_TORCH "${_torch}" CACHE PATH "The torch folder of a Python environment" FORCE)
endif()

set(LibTorch_VERSION "")
if(EXISTS "${ABLATE_TORCH}/version.py")
  file(STRINGS "${ABLATE_TORCH}/version.py" _line REGEX "^__version__ *(:.*)?= *'")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" LibTorch_VERSION "${_line}")
endif()

find_library(LibTorch_TORCH torch PATHS "${ABLATE_TORCH}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_CPU torch_cpu PATHS "${ABLATE_TORCH}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_C10 c10 PATHS "${ABLATE_TORCH}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_CUDA torch_cuda PATHS "${ABLATE_TORCH}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_C10_CUDA c10_cuda PATHS "${ABLATE_TORCH}/lib" NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_TORCH LibTorch_CPU LibTorch_C10
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "Run scripts/setup, or name a PyTorch with TORCH_PYTHON=/path/to/python.")
if(LibTorch_FOUND AND LibTorch_VERSION VERSION_LESS 2.11)
  message(FATAL_ERROR "PyTorch ${LibTorch_VERSION} in ${ABLATE_TORCH} is too old: 2.11 or newer is needed.")
endif()

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    "${ABLATE_TORCH}/include" "${ABLATE_TORCH}/include/torch/csrc/api/include")
  # Among PyTorch's headers are those of a newer fmt than the system's, whose library would not fit them.
  target_compile_definitions(LibTorch::LibTorch INTERFACE FMT_HEADER_ONLY)
  set(_libraries "${LibTorch_TORCH}" "${LibTorch_CPU}" "${LibTorch_C10}")
  if(LibTorch_CUDA)
    # Nothing refers to a symbol of these, and loading them is what registers CUDA.
    list(APPEND _libraries -Wl,--no-as-needed "${LibTorch_CUDA}" "${LibTorch_C10_CUDA}" -Wl,--as-needed)
  endif()
  target_link_libraries(LibTorch::LibTorch INTERFACE ${_libraries})
  target_link_options(LibTorch::LibTorch INTERFACE "-Wl,-rpath,${ABLATE_TORCH}/lib")
endif()
