#include "experiments/training/doctor/leakage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "experiments/training/doctor/near_copies.h"

namespace ablate {

using torch::Tensor;

namespace {

/// Two pictures are one from here on: at least, and at most; between them, where the training pictures are less alike.
/// Copies that are lighter, mirrored, compressed or cropped by a twentieth have .93 and more in photographs, of which
/// no two reach .6; drawn pictures reach .84, walls of bricks .78. Between them masks have to overlap by so much, too.
constexpr double kLeastSame = 0.8, kSurelySame = 0.9, kMoreAlike = 0.05, kSameMask = 0.7;
/// Pictures of either set that are compared with each other for that.
constexpr std::int64_t kCompared = 64;

/// As they are, or mirrored.
bool alike_masks(const SeenSet& set, std::size_t i, const SeenSet& other_set, std::size_t k) {
  const Tensor mask = set.targets[static_cast<std::int64_t>(i)].unsqueeze(0),
               other = other_set.targets[static_cast<std::int64_t>(k)].unsqueeze(0);
  return overlap(mask, torch::cat({other, other.flip(3)})).max().item<double>() > kSameMask;
}

}  // namespace

void find_leakage(SeenData& data) {
  const SeenSet &training = data.training(), &held_out = data.held_out();
  data.tell("held-out pictures among the training pictures");
  const std::vector<Likeness> likest = most_alike(held_out.inputs, training.inputs);
  std::vector<double> alike{-1, -1};
  for (const SeenSet* set : {&training, &held_out})
    for (const Likeness& each : most_alike(set->inputs.slice(0, 0, kCompared), set->inputs, true))
      alike.push_back(each.correlation);
  std::ranges::sort(alike, std::greater());
  const double usual = alike[1];  // One of them may be there twice.
  if (usual > kSurelySame) {
    data.untested(
        fmt::format("whether held-out pictures are training pictures too: they are as alike among themselves "
                    "(correlations up to "
                    "{:.2f})",
                    usual));
    return;
  }
  const double same_from = std::max(kLeastSame, usual + kMoreAlike);
  std::vector<std::string> pairs;
  Tensor same = torch::zeros(held_out.size(), torch::kBool);
  double most = -1;
  for (std::size_t i = 0; i < likest.size(); ++i) {
    most = std::max(most, likest[i].correlation);
    if (likest[i].correlation < same_from) continue;
    if (likest[i].correlation < kSurelySame && !alike_masks(held_out, i, training, likest[i].other)) continue;
    same[static_cast<std::int64_t>(i)] = true;
    pairs.push_back(fmt::format("{} = {}", held_out.names[i], training.names[likest[i].other]));
  }
  data.note(
      fmt::format("{} of {} held-out pictures are among {} training pictures (the most alike correlate by {:.2f}, and "
                  "within either set by {:.2f})",
                  pairs.size(), held_out.size(), training.size(), most, usual));
  if (pairs.empty() || (pairs.size() == 1 && most < kSurelySame)) return;
  const double on_copies = mean_of(held_out.overlaps.index({same})),
               on_others = mean_of(held_out.overlaps.index({~same}));
  Finding& finding = data.found(
      "leakage", 0.95,
      fmt::format("{} of {} held-out pictures are training pictures too ({}): they are no measure of what was learnt.",
                  pairs.size(), held_out.size(), some_names(pairs)),
      "keep them on one side: a manifest with groups, or data.exclude");
  if (std::isfinite(on_others))
    finding.evidence.push_back(fmt::format("IoU on these {}, on the other held-out pictures {}", share_word(on_copies),
                                           share_word(on_others)));
  pairs.resize(std::min<std::size_t>(pairs.size(), 16));
  finding.evidence.push_back(fmt::format("{}", fmt::join(pairs, ", ")));
}

}  // namespace ablate
