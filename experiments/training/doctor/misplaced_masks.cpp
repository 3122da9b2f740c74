#include "experiments/training/doctor/misplaced_masks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

constexpr std::int64_t kLookedAt = 64;
/// Pixels that masks may be off by: how an edge is drawn makes one.
constexpr std::int64_t kLeastMove = 2;
/// Masks that lie right gain .02 at most by any move; one pixel at 64 by 48 gains .05, two .11, five .23 and more.
constexpr double kLeastGain = 0.08;
/// Standard errors; and where so many moves are tried.
constexpr double kSureOfMany = 6;

std::string pixels(std::int64_t by, std::int64_t of, const char* where) {
  return by == 0 ? "" : fmt::format("{} of {} pixels too far {}", by, of, where);
}

class Moves {
 public:
  explicit Moves(const SeenSet& set)
      : edges_(edges_of(set.inputs.slice(0, 0, kLookedAt))),
        masks_(set.targets.slice(0, 0, kLookedAt)),
        borders_(borders_of(masks_)),
        now_(along(edges_, borders_)) {}

  struct Tried {
    double gain = 0, certainty = 0;
  };
  Tried by(std::int64_t right, std::int64_t down) const { return with(moved(borders_, right, down)); }
  Tried turned(at::IntArrayRef sides) const { return with(borders_.flip(sides)); }
  /// Masks that are larger all around by so many pixels, or smaller.
  Tried larger(std::int64_t by) const {
    const auto widest = F::MaxPool2dFuncOptions(2 * std::abs(by) + 1).stride(1).padding(std::abs(by));
    return with(borders_of(by > 0 ? F::max_pool2d(masks_, widest) : -F::max_pool2d(-masks_, widest)));
  }
  /// Masks that are larger by this factor, about the picture's centre.
  Tried scaled(double factor) const {
    const Tensor to_source = torch::eye(2, 3).unsqueeze(0).expand({masks_.size(0), 2, 3}) / factor;
    const auto nearest =
        F::GridSampleFuncOptions().mode(torch::kNearest).padding_mode(torch::kZeros).align_corners(false);
    return with(borders_of(F::grid_sample(masks_, F::affine_grid(to_source, masks_.sizes().vec(), false), nearest)));
  }
  std::int64_t height() const { return borders_.size(2); }
  std::int64_t width() const { return borders_.size(3); }

 private:
  Tried with(const Tensor& borders) const {
    const Tensor gains = along(edges_, borders) - now_;
    const double mean = gains.mean().item<double>();
    const double error = gains.std().item<double>() / std::sqrt(static_cast<double>(gains.numel()));
    return {mean, error > 0 ? mean / error : 0};
  }

  Tensor edges_, masks_, borders_, now_;
};

}  // namespace

std::optional<Misplacement> misplacement(const SeenSet& set) {
  const Moves moves(set);
  const auto enough = [](const Moves::Tried& tried) {
    return tried.gain > kLeastGain && tried.certainty > kSureOfMany;
  };
  const std::int64_t most = std::max(moves.height(), moves.width()) / 8;
  std::int64_t right = 0, down = 0;
  Moves::Tried best;
  const auto look = [&](std::int64_t x, std::int64_t y) {
    if (const Moves::Tried tried = moves.by(x, y); tried.gain > best.gain) best = tried, right = x, down = y;
  };
  const std::int64_t step = std::max<std::int64_t>(2, most / 4);
  for (std::int64_t y = -most; y <= most; y += step)
    for (std::int64_t x = -most; x <= most; x += step) look(x, y);
  for (std::int64_t finer = step / 2; finer > 0; finer /= 2)
    for (const std::int64_t y : {down - finer, down, down + finer})
      for (const std::int64_t x : {right - finer, right, right + finer}) look(x, y);

  std::optional<Misplacement> found;
  if (enough(best) && std::max(std::abs(right), std::abs(down)) >= kLeastMove) {
    // What has to be moved down lies too high.
    const std::string across = pixels(std::abs(right), moves.width(), right > 0 ? "to the left" : "to the right"),
                      along = pixels(std::abs(down), moves.height(), down > 0 ? "up" : "down");
    const auto share = [](std::int64_t part, std::int64_t of) {
      return std::round(100.0 * static_cast<double>(std::abs(part)) / static_cast<double>(of));
    };
    std::vector<std::string> ways;
    if (right != 0)
      ways.push_back(
          fmt::format("{:g} % of their width to the {}", share(right, moves.width()), right > 0 ? "right" : "left"));
    if (down != 0)
      ways.push_back(fmt::format("{:g} % of their height {}", share(down, moves.height()), down > 0 ? "down" : "up"));
    found = {across + (across.empty() || along.empty() ? "" : " and ") + along,
             fmt::format("move these masks by {}", fmt::join(ways, " and ")), best.gain, best.certainty};
  }
  for (const auto& [how, sides] :
       {std::pair("mirrored", std::vector<std::int64_t>{3}), {"upside down", {2}}, {"turned by half a circle", {2, 3}}})
    if (const Moves::Tried turned = moves.turned(sides); enough(turned) && turned.gain > (found ? found->gain : 0))
      found = {how, "turn these masks back (the picture's mark of how the camera was held, say)", turned.gain,
               turned.certainty};
  for (const double factor : {0.6, 0.7, 0.8, 0.9, 1.11, 1.25, 1.43, 1.67})
    if (const Moves::Tried scaled = moves.scaled(factor); enough(scaled) && scaled.gain > (found ? found->gain : 0))
      found = {fmt::format("about {} % of the size they should have", std::lround(100 / factor)),
               fmt::format("scale these masks by {:g} about the picture's centre", factor), scaled.gain,
               scaled.certainty};
  if (!found) return found;
  // A part of a border that is too far out all around comes to lie on edges by being moved, too.
  for (const std::int64_t by : {-4, -3, -2, -1, 1, 2, 3, 4})
    if (moves.larger(by).gain > found->gain) return std::nullopt;
  return found;
}

}  // namespace ablate
