// Any bytes as a picture of a log: an Error, or as many pixels as its size says.
#include "experiments/data/dataset.h"
#include "runs/error.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  ablate::quiet_opencv();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const ablate::Picture picture = ablate::decode_picture({reinterpret_cast<const char*>(data), size});
    ablate::require(picture.height > 0 && picture.width > 0 && picture.channels >= 1 && picture.channels <= 4);
    ablate::require(picture.pixels.size() == static_cast<std::size_t>(picture.height) *
                                                 static_cast<std::size_t>(picture.width) *
                                                 static_cast<std::size_t>(picture.channels));
  } catch (const ablate::Error&) {
  }
  return 0;
}
