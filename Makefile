# Two commands matter: `make demo` and `make test`. Each installs what is missing, builds, and runs.
#   make demo [DATA=folder]     the story in four runs: in a window, or with a table and a picture where there is no display
#   make test                   everything but the long tests        make test-long    the long ones
#   make bench [DATA=folder]    speed against PyTorch and TensorBoard, as ratios
#   make gpu-bundle [DATA=folder]   what the training library and its benchmark need on a machine with a GPU and no network, in one file
# PRESET=asan (or tsan, debug) builds and tests that one: see CMakePresets.json.
# TORCH_PYTHON=/path/to/python uses that Python's PyTorch (2.11 or newer, CUDA builds too) instead of installing one.

.PHONY: all setup build demo test test-long bench gpu-bundle format clean
.DEFAULT_GOAL := build
SHELL := bash

setup:
	@scripts/setup

build: setup
	@scripts/build

demo: setup
	@scripts/build ablate ablate-train
	@build/bin/ablate demo $(if $(DATA),--data "$(DATA)")

test: build
	@scripts/test --label-exclude '^long$$'

test-long: build
	@scripts/build bench_programs
	@scripts/test --label-regex '^long$$'

bench: setup
	@scripts/build ablate ablate-train bench_programs
	@scripts/bench $(if $(DATA),--photographs "$(DATA)")

gpu-bundle: setup
	@scripts/gpu-bundle

format: setup
	@git ls-files '*.h' '*.cpp' | xargs clang-format-14 -i

clean:
	@rm -rf build
