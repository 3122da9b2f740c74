#include "experiments/training/doctor/near_copies.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

constexpr std::int64_t kSide = 48;
/// The most alike at first sight are looked at with margins cut off, theirs or the picture's own.
constexpr std::int64_t kCandidates = 6;
constexpr double kMargins[] = {0.025, 0.05, 0.1};

/// {N, side, side}: grey details of mean 0 and length 1, fading to nothing at the edge.
Tensor details_of(const Tensor& pictures) {
  Tensor grey = pictures.to(torch::kFloat).mean(1, true);
  grey = F::interpolate(grey,
                        F::InterpolateFuncOptions().size(std::vector<std::int64_t>{kSide, kSide}).mode(torch::kArea));
  const Tensor coarse = F::avg_pool2d(grey, F::AvgPool2dFuncOptions(9).stride(1).padding(4).count_include_pad(false));
  const Tensor window = torch::hann_window(kSide).sqrt();
  Tensor fine = (grey - coarse).squeeze(1) * window.unsqueeze(0) * window.unsqueeze(1);
  fine = fine - fine.mean({1, 2}, true);
  return fine / fine.square().sum({1, 2}, true).sqrt().clamp_min(1e-6);
}

/// {N, side²}: grey light and dark without details, of mean 0 and length 1.
Tensor coarse_of(const Tensor& pictures) {
  constexpr std::int64_t kCoarse = 12;
  Tensor grey =
      F::interpolate(pictures.to(torch::kFloat).mean(1, true),
                     F::InterpolateFuncOptions().size(std::vector<std::int64_t>{kCoarse, kCoarse}).mode(torch::kArea));
  grey = grey.flatten(1);
  grey = grey - grey.mean(1, true);
  return grey / grey.square().sum(1, true).sqrt().clamp_min(1e-6);
}

/// Correlations at the best shift, of one picture with each of `spectra`.
Tensor peaks_of(const Tensor& spectra, const Tensor& conjugate) {
  return torch::fft::irfft2(spectra * conjugate, std::vector<std::int64_t>{kSide, kSide}).amax({1, 2});
}

/// Without a margin of this part all around.
Tensor cropped(const Tensor& pictures, double margin) {
  const auto height = static_cast<std::int64_t>(std::lround(margin * static_cast<double>(pictures.size(2))));
  const auto width = static_cast<std::int64_t>(std::lround(margin * static_cast<double>(pictures.size(3))));
  return pictures.slice(2, height, pictures.size(2) - height).slice(3, width, pictures.size(3) - width);
}

}  // namespace

std::vector<Likeness> most_alike(const Tensor& pictures, const Tensor& others, bool the_same) {
  const torch::NoGradGuard no_grad;
  std::vector<Likeness> found;
  const std::int64_t there_are = others.size(0) - (the_same ? 1 : 0);
  if (there_are == 0) return found;
  const Tensor both = torch::cat({others, others.flip(3)}).contiguous();
  const Tensor spectra = torch::fft::rfft2(details_of(both));
  const auto conjugate = [](const Tensor& picture) { return torch::fft::rfft2(details_of(picture)).conj(); };
  for (std::int64_t i = 0; i < pictures.size(0); ++i) {
    const Tensor picture = pictures.slice(0, i, i + 1);
    const Tensor first = peaks_of(spectra, conjugate(picture));
    if (the_same) {
      first[i] = -1;
      first[i + others.size(0)] = -1;
    }
    const auto [peaks, at] = first.topk(std::min(kCandidates, there_are));
    const Tensor candidates = both.index_select(0, at);
    Tensor best = torch::minimum(peaks, (coarse_of(candidates) * coarse_of(picture)).sum(1));
    const auto compare = [&](const Tensor& theirs, const Tensor& ours) {
      const Tensor details = peaks_of(torch::fft::rfft2(details_of(theirs)), conjugate(ours));
      best = torch::maximum(best, torch::minimum(details, (coarse_of(theirs) * coarse_of(ours)).sum(1)));
    };
    for (const double margin : kMargins) {
      compare(candidates, cropped(picture, margin));
      compare(cropped(candidates, margin), picture);
    }
    const auto which = best.argmax().item<std::int64_t>();
    found.push_back(
        {static_cast<std::size_t>(at[which].item<std::int64_t>() % others.size(0)), best[which].item<double>()});
  }
  return found;
}

}  // namespace ablate
