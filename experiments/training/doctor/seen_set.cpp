#include "experiments/training/doctor/seen_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ablate {

using torch::Tensor;
namespace F = torch::nn::functional;

namespace {

constexpr std::int64_t kShades = 8;  // Of a channel that are told apart.

}  // namespace

Tensor overlap(const Tensor& a, const Tensor& b) {
  const Tensor both = (a * b).sum({1, 2, 3}), any = torch::maximum(a, b).sum({1, 2, 3});
  return torch::where(any > 0, both / any.clamp_min(1), torch::ones_like(any));
}

SeenSet with_borders(const SeenSet& set) {
  const Tensor area = set.targets.mean({1, 2, 3}), kept = (area > 0.01) & (area < 0.99);
  return {set.word,
          names_where(set, kept),
          set.inputs.index({kept}),
          set.targets.index({kept}),
          set.predictions.index({kept}),
          set.overlaps.index({kept})};
}

std::vector<std::string> names_where(const SeenSet& set, const Tensor& so) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < set.size(); ++i)
    if (so[i].item<bool>()) names.push_back(set.names[static_cast<std::size_t>(i)]);
  return names;
}

std::string some_names(const std::vector<std::string>& names) {
  const std::vector<std::string> first(names.begin(), names.begin() + std::min<std::ptrdiff_t>(3, std::ssize(names)));
  return fmt::format("{}{}", fmt::join(first, ", "), names.size() > first.size() ? ", …" : "");
}

Tensor edges_of(const Tensor& inputs) {
  const Tensor grey = inputs.to(torch::kFloat).mean(1, true);
  const Tensor smooth = F::avg_pool2d(F::pad(grey, F::PadFuncOptions({1, 1, 1, 1}).mode(torch::kReplicate)),
                                      F::AvgPool2dFuncOptions(3).stride(1));
  const Tensor across = F::pad((smooth.slice(3, 1) - smooth.slice(3, 0, -1)).abs(), F::PadFuncOptions({0, 1, 0, 0}));
  const Tensor down = F::pad((smooth.slice(2, 1) - smooth.slice(2, 0, -1)).abs(), F::PadFuncOptions({0, 0, 0, 1}));
  return across + down;
}

Tensor borders_of(const Tensor& masks) {
  const auto widest = F::MaxPool2dFuncOptions(3).stride(1).padding(1);
  return ((F::max_pool2d(masks, widest) + F::max_pool2d(-masks, widest)) > 0).to(torch::kFloat);
}

Tensor along(const Tensor& edges, const Tensor& borders) {
  return ((edges * borders).sum({1, 2, 3}) / borders.sum({1, 2, 3}).clamp_min(1) + 1e-4).log();
}

Tensor alignment(const SeenSet& set) {
  const Tensor edges = edges_of(set.inputs), borders = borders_of(set.targets);
  std::vector<Tensor> of_others;
  for (std::int64_t k = 1; k <= 8; ++k)
    if (const std::int64_t shift = k * set.size() / 9; shift > 0)
      of_others.push_back(along(edges, borders.roll({shift}, {0})));
  return along(edges, borders) - torch::stack(of_others).mean(0);
}

Tensor moved(const Tensor& planes, std::int64_t right, std::int64_t down) {
  Tensor all = planes.roll({down, right}, {2, 3});
  if (down > 0) all.slice(2, 0, down).zero_();
  if (down < 0) all.slice(2, down).zero_();
  if (right > 0) all.slice(3, 0, right).zero_();
  if (right < 0) all.slice(3, right).zero_();
  return all;
}

Tensor sharpness_of_place(const SeenSet& set) {
  const Tensor edges = edges_of(set.inputs), borders = borders_of(set.targets);
  const std::int64_t by = std::max<std::int64_t>(2, std::max(borders.size(2), borders.size(3)) / 32);
  std::vector<Tensor> beside;
  for (const auto& [right, down] : {std::pair<std::int64_t, std::int64_t>(by, 0), {-by, 0}, {0, by}, {0, -by}})
    beside.push_back(along(edges, moved(borders, right, down)));
  return along(edges, borders) - torch::stack(beside).mean(0);
}

Tensor part_that_fits_better(const SeenSet& set) {
  const Tensor predictions = set.predictions.flatten(1), targets = set.targets.flatten(1);
  const Tensor both = predictions.matmul(targets.t());
  const Tensor any = predictions.sum(1, true) + targets.sum(1).unsqueeze(0) - both;
  const Tensor overlaps = both / any.clamp_min(1);
  return (overlaps > overlaps.diagonal().unsqueeze(1)).to(torch::kFloat).sum(1) / static_cast<double>(set.size() - 1);
}

Tensor colours(const SeenSet& set) {
  const Tensor inputs = set.inputs.to(torch::kFloat);
  return torch::cat({inputs.mean({2, 3}), inputs.std({2, 3})}, 1);
}

Tensor looks(const SeenSet& set) {
  const Tensor inputs = set.inputs.to(torch::kFloat), grey = inputs.mean(1, true);
  const Tensor steps = (grey.slice(3, 1) - grey.slice(3, 0, -1)).abs().mean({1, 2, 3}) +
                       (grey.slice(2, 1) - grey.slice(2, 0, -1)).abs().mean({1, 2, 3});
  const Tensor contrast = grey.std({1, 2, 3});
  return torch::stack({grey.mean({1, 2, 3}), contrast, (inputs - grey).abs().mean({1, 2, 3}),
                       (steps / contrast.clamp_min(1e-3)).clamp_min(1e-4).log(), set.targets.mean({1, 2, 3})},
                      1);
}

Tensor distances(const Tensor& theirs, const Tensor& ours) {
  const Tensor spread = ((theirs.var(0) + ours.var(0)) / 2).sqrt().clamp_min(1e-2);
  return (ours.mean(0) - theirs.mean(0)).abs() / spread;
}

Tensor told_by_colour(const SeenSet& training, const SeenSet& held_out) {
  const auto shades = [](const SeenSet& set) {
    const Tensor levels = (set.inputs.to(torch::kFloat) * kShades).floor().clamp(0, kShades - 1).to(torch::kLong);
    Tensor shade = levels.select(1, 0);
    for (std::int64_t c = 1; c < levels.size(1); ++c) shade = shade * kShades + levels.select(1, c);
    return shade;  // {N, H, W}
  };
  const auto all = static_cast<std::int64_t>(std::pow(kShades, training.inputs.size(1)));
  const Tensor theirs = shades(training).flatten(), inside = training.targets.flatten();
  const Tensor within = torch::bincount(theirs, inside, all), without = torch::bincount(theirs, 1 - inside, all);
  // Shares, so that where masks are large not every shade is one of theirs.
  const Tensor more = within / within.sum().clamp_min(1) > without / without.sum().clamp_min(1);
  const Tensor told = more.to(torch::kFloat).index({shades(held_out)}).unsqueeze(1);
  return overlap(told, held_out.targets);
}

}  // namespace ablate
