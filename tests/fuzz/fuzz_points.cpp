// Any text as a recorded range test: an Error, or points whose learning rates are above 0 and rise.
#include <cmath>

#include "experiments/recorded_test.h"
#include "runs/error.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    double last = 0;
    const ablate::RecordedTest points = ablate::recorded_test_from(text, "points");
    ablate::require(!points.empty());
    for (const auto& [lr, loss] : points) {
      ablate::require(std::isfinite(lr) && lr > last);
      last = lr;
    }
  } catch (const ablate::Error&) {
  }
  return 0;
}
