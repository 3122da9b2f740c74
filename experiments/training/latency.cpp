#include "experiments/training/latency.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "experiments/training/validation.h"

namespace ablate {

std::vector<double> forward_milliseconds(Task& task, const torch::Tensor& images, std::size_t least, double seconds) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  constexpr int kFirst = 3;
  constexpr std::size_t kMost = 1000;
  Batch batch;
  batch.tensors["image"] = images;
  Measuring measuring(task.networks(), Mode::eval);
  const auto pass = [&] {
    const Clock::time_point start = Clock::now();
    measuring.begin_pass();
    task.forward(batch);
    if (images.is_cuda()) torch::cuda::synchronize();
    return Milliseconds(Clock::now() - start).count();
  };
  for (int i = 0; i < kFirst; ++i) pass();
  std::vector<double> all;
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (all.size() < least || (Clock::now() < end && all.size() < kMost)) all.push_back(pass());
  std::ranges::sort(all);
  return all;
}

}  // namespace ablate
