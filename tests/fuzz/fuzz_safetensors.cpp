// Any bytes as a safetensors file: an Error, or tensors whose every byte lies in the file.
#include "runs/error.h"
#include "runs/safetensors.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ablate::MemoryFile memory({reinterpret_cast<const char*>(data), size});
  try {
    const ablate::SafetensorsFile file(memory.path());
    std::size_t total = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      std::size_t elements = 1;
      for (const std::int64_t length : tensor.shape) elements *= static_cast<std::size_t>(length);
      ablate::require(elements * ablate::dtype_bytes(tensor.dtype) == tensor.bytes.size());
      total += tensor.bytes.size();
      // Their bytes are the file's own, or else this reads beyond the mapping.
      for (const std::byte byte : tensor.bytes) total += byte == std::byte{0} ? 0 : 0;
    }
    ablate::require(total < size);
  } catch (const ablate::Error&) {
  }
  return 0;
}
