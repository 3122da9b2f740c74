// Prints the tensors of a file that torch.save wrote, as JSON with their bytes in hex: list_torch_file FILE
#include <fmt/format.h>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/torch_file.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const ablate::TorchFile file(argv[1]);
    nlohmann::json list = nlohmann::json::object();
    for (const auto& [name, tensor] : file.tensors()) {
      std::string hex;
      for (const std::byte byte : tensor.bytes) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
      list[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"bytes", hex}};
    }
    fmt::print("{}\n", ablate::json_text(list));
  } catch (const ablate::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
