# Every version Ablate is built and tested with, in one place. Read by scripts/setup and by the tests.

# Debian 12 packages, by what they are for.
APT_BUILD="build-essential cmake ninja-build mold ccache git pkg-config python3 python3-venv"
APT_LIBRARIES="libglfw3-dev libgl-dev libegl-dev libgl1-mesa-dri libopencv-dev libgif-dev nlohmann-json3-dev libcli11-dev libfmt-dev libre2-dev libeigen3-dev libboost-dev"
APT_TESTS="libgtest-dev libgmock-dev xvfb xauth slurm-wlm munge faketime"
APT_TOOLS="clang-14 libclang-rt-14-dev clang-format-14"

# PyPI. Any PyTorch from TORCH_OLDEST on can be named instead of TORCH_VERSION: make TORCH_PYTHON=/path/to/python
TORCH_VERSION="2.13.0"
TORCH_OLDEST="2.11"
IMGUI_BUNDLE_VERSION="1.93.0"
IMGUI_BUNDLE_SHA256="10ad1dab8258a6787b4f07bb926b08d0efc648a7906242568c8dd778c5e719bf"
PYTHON_TESTS="numpy pillow safetensors scikit-image==0.26.0 scipy==1.17.1 tensorboard==2.21.0 tensorboardX==2.6.5 torch-lr-finder==0.2.2 optuna==5.0.0 optuna-dashboard==0.21.0 pandas==3.1.1 scikit-learn==1.9.1 requests==2.34.2 cloudpickle==3.1.3 plum-dispatch==2.9.0"
# fastai without what it asks for: another PyTorch, and a hundred packages that its range test, which we compare with, doesn't load.
PYTHON_TESTS_ALONE="fastai==2.8.12 fastcore==2.2.41 fasttransform==0.0.5 fastdownload==0.0.8 fastprogress==1.0.3"
