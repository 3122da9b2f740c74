#include "experiments/training/doctor/colour_shortcut.h"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <tuple>
#include <utility>

namespace ablate {

using torch::Tensor;

namespace {

/// A probe that leaves less than this part has taken away what is predicted by; and colour alone gets to this part of
/// what the network does.
constexpr double kLost = 0.5, kColourTells = 0.9;

}  // namespace

void find_colour_shortcut(SeenData& data) {
  const SeenSet &training = data.training(), &held_out = data.held_out();
  if (training.inputs.size(1) != 3 || !data.has_images()) return;
  const bool grey = (held_out.inputs - held_out.inputs.mean(1, true)).abs().max().item<double>() < 0.02;
  data.tell("what is left in grey, of other hues, and in the dark");
  const double as_it_is = data.metric_on_held_out();
  const double told = mean_of(told_by_colour(training, held_out)), overlapping = mean_of(held_out.overlaps);
  const double everything = mean_of(overlap(torch::ones_like(held_out.targets), held_out.targets));
  std::string worst, line;
  double least = INFINITY;
  const auto probe = [&](const std::string& what, const std::function<Tensor(const Tensor&)>& change) {
    const double left = mean_of(data.each_with_inputs(change));
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", what, share_word(left));
    if (left >= least) return;
    least = left;
    worst = what;
  };
  if (!grey) {
    probe("in grey", [](const Tensor& x) { return x.mean(1, true).expand_as(x); });
    probe("of the next hue", [](const Tensor& x) { return x.roll({1}, {1}); });
    probe("of the one after", [](const Tensor& x) { return x.roll({2}, {1}); });
  }
  const bool by_colour = least < kLost * as_it_is;
  const auto of_colour = std::pair(least, worst);
  least = INFINITY;
  probe("half as light", [](const Tensor& x) { return x * 0.5; });
  if (by_colour) std::tie(least, worst) = of_colour;
  data.note(fmt::format("held-out pictures as they are: {} {}; {}; colours alone overlap their masks by {}",
                        data.metric().word(), share_word(as_it_is), line, share_word(told)));
  if (data.patient().task.higher_is_better() && least < kLost * as_it_is && told > kColourTells * overlapping &&
      told > everything + kGap && overlapping > 0.5)
    data.found("colour-shortcut", 0.5,  // Which may be what there is to go by: no fault comes behind it.
               fmt::format("Predictions hang on {}: held-out pictures get {} {}, and {} {}; which colours lie inside "
                           "the training masks tells almost as much ({} IoU). Pictures of other {} will fail.",
                           by_colour ? "colour" : "light", share_word(as_it_is), data.metric().word(),
                           share_word(least), worst, share_word(told), by_colour ? "colours" : "light"),
               by_colour ? "data.grey = true" : "train on pictures in many kinds of light");
}

}  // namespace ablate
