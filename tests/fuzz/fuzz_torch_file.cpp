// Any bytes as a file of torch.save: an Error, or tensors of the size that shape and dtype make, whose every byte can
// be read.
#include "runs/error.h"
#include "runs/torch_file.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ablate::MemoryFile memory({reinterpret_cast<const char*>(data), size});
  try {
    const ablate::TorchFile file(memory.path());
    for (const auto& [name, tensor] : file.tensors()) {
      std::size_t bytes = ablate::dtype_bytes(tensor.dtype);
      ablate::require(bytes > 0);
      bool nothing = false;
      for (const std::int64_t length : tensor.shape) {
        ablate::require(length >= 0);
        nothing = nothing || length == 0;
      }
      for (const std::int64_t length : tensor.shape) bytes *= nothing ? 0 : static_cast<std::size_t>(length);
      ablate::require(bytes == tensor.bytes.size());
      const volatile std::byte* const first = tensor.bytes.data();
      for (std::size_t i = 0; i < bytes; ++i) static_cast<void>(first[i]);
    }
  } catch (const ablate::Error&) {
  }
  return 0;
}
