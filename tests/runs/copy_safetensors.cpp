// Reads a safetensors file and writes what was in it: copy_safetensors FROM TO
#include <fmt/format.h>

#include "runs/error.h"
#include "runs/safetensors.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const ablate::SafetensorsFile file(argv[1]);
    ablate::write_safetensors(argv[2], file.tensors(), file.metadata());
  } catch (const ablate::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
