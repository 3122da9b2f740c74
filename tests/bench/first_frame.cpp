// Says when the window's first frame has been shown: first_frame ROOT
#include <cstdio>

#include "workbench/window.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  ablate::WindowOptions options;
  options.root = argv[1];
  ablate::Window window(options);
  window.frame();
  std::puts("shown");
  std::fflush(stdout);
}
