#include "experiments/training/doctor/faulty_masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "experiments/training/doctor/misplaced_masks.h"

namespace ablate {

using torch::Tensor;

namespace {

/// A mask of another picture: so many others fit the prediction better. Masks of pictures that are hard to predict lie
/// on their edges .66 times as much as others do and more (logarithm), those of other pictures .1 times: so many
/// standard errors less than most hard ones, and less than any.
constexpr double kFitBetter = 0.25, kOfHard = 0.85, kSureOfPlace = 2.5, kLeastOfHard = 0.5;
/// Of fewer the place tells nothing.
constexpr std::size_t kFewestMisfits = 6;
/// Of what training pictures get: with what negatives that are turned back are predicted at least.
constexpr double kTurnedBack = 0.7;
/// Overlaps of a median prediction that nobody gets with other pictures' masks.
constexpr double kSurelyRight = 0.7;

}  // namespace

void find_inverted_masks(SeenData& data, const SeenSet& set) {
  const Tensor other_way = overlap(set.predictions, 1 - set.targets);
  const Tensor everything = 1 - set.targets.mean({1, 2, 3});  // Overlaps a mask that is turned round by so much.
  const Tensor area = set.predictions.mean({1, 2, 3});
  const Tensor so =
      (other_way > 0.6) & (other_way > everything + kGap) & (set.overlaps < 0.4) & (area > 0.03) & (area < 0.97);
  const std::vector<std::string> names = names_where(set, so);
  data.note(fmt::format("{} of {} {} predictions fit their mask turned round, and not the mask", names.size(),
                        set.size(), set.word));
  if (names.size() < 2) return;
  // Pictures may be the negatives instead.
  if (&set == &data.held_out() && data.has_images()) {
    const double turned = mean_of(data.each_with_inputs([](const Tensor& x) { return 1 - x; }));
    data.note(
        fmt::format("held-out pictures turned to their negative: {} {}", data.metric().word(), share_word(turned)));
    if (turned > mean_of(set.overlaps) + kGap && turned > kTurnedBack * mean_of(data.training().overlaps)) return;
  }
  Finding& finding = data.found(
      "inverted-masks", 0.95,
      fmt::format(
          "{} of {} {} masks are the wrong way round ({}): what is predicted of them overlaps the mask by {}, and "
          "the mask turned round by {}.",
          names.size(), set.size(), set.word, some_names(names), share_word(mean_of(set.overlaps.index({so}))),
          share_word(mean_of(other_way.index({so})))),
      "turn these masks round (255 − value)");
  finding.evidence.push_back(fmt::format("IoU of the {} set as it is {}, with them turned round {}", set.word,
                                         share_word(mean_of(set.overlaps)),
                                         share_word(mean_of(torch::where(so, other_way, set.overlaps)))));
}

void find_mismatched_masks(SeenData& data, const SeenSet& whole) {
  const SeenSet set = with_borders(whole);
  if (set.size() < 2 * kFewestSamples) {
    data.untested(fmt::format("whether {} masks are their pictures': only {} have a border", set.word, set.size()));
    return;
  }
  const Tensor aligned = alignment(set);
  const double sure = certainty(aligned), usual = set.overlaps.median().item<double>();
  data.note(fmt::format(
      "borders of {} masks lie on their pictures' edges {:.2f} times as much as other masks' ({:.1f} standard "
      "errors)",
      set.word, std::exp(mean_of(aligned)), sure));
  // What is predicted so well does belong to its picture.
  if (&whole == &data.held_out() && data.apart() > kUnlike) {  // Their edges tell nothing.
    data.untested(fmt::format("whether {} masks are their pictures': {}", set.word, data.difference()));
    return;
  }
  if (const auto off = misplacement(set)) {
    data.note(
        fmt::format("moved back, borders of {} masks lie on edges {:.2f} times as much as they do ({:.1f} standard "
                    "errors)",
                    set.word, std::exp(off->gain), off->certainty));
    data.found("mismatched-masks", 0.93,
               fmt::format("The {} masks do not lie where their pictures' edges are: they are {}. Moved back, their "
                           "borders lie on edges {:.2f} times as much.",
                           set.word, off->how, std::exp(off->gain)),
               off->cure);
    return;
  }
  if (sure < kSure / 2 && usual < kSurelyRight) {
    data.found("mismatched-masks", 0.9,
               fmt::format(
                   "The {} masks belong to other pictures: their borders lie on their own picture's edges no more than "
                   "on any other's ({:.2f} times as much), and predictions overlap them by {}.",
                   set.word, std::exp(mean_of(aligned)), share_word(usual)),
               "pair pictures and masks by name");
    return;
  }
  if (usual < 0.5) {
    data.untested(fmt::format("whether some {} masks are other pictures': too little is predicted right", set.word));
    return;
  }
  const Tensor so = (part_that_fits_better(set) > kFitBetter) & (set.overlaps < 0.8 * usual);
  const std::vector<std::string> names = names_where(set, so);
  if (names.size() < std::max<std::size_t>(kFewestMisfits, set.names.size() / 30)) return;
  const Tensor sharp = sharpness_of_place(set), others = sharp.index({~so});
  const double of_these = mean_of(sharp.index({so})), of_others = mean_of(others),
               error = others.std().item<double>() / std::sqrt(static_cast<double>(names.size()));
  data.note(fmt::format(
      "of {} {} samples many other masks fit the prediction better than their own; those masks' borders lie on edges "
      "{:.2f} times as much as a little beside, the rest's {:.2f} times (standard error {:.2f})",
      names.size(), set.word, std::exp(of_these), std::exp(of_others), error));
  if (!(of_these + kSureOfPlace * error < kOfHard * of_others && of_these < kLeastOfHard * of_others)) return;
  data.found(
      "mismatched-masks", 0.85,
      fmt::format(
          "At least {} of {} {} masks do not belong to their pictures ({}): many other pictures' masks fit what is "
          "predicted there better, and these lie on the picture's edges hardly more than a little beside ({:.2f} "
          "times "
          "as much; the other masks of this set {:.2f} times).",
          names.size(), set.size(), set.word, some_names(names), std::exp(of_these), std::exp(of_others)),
      "look at these samples, and leave them out: data.exclude");
}

}  // namespace ablate
