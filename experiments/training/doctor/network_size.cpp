#include "experiments/training/doctor/network_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "experiments/training/operations.h"
#include "runs/text.h"

namespace ablate {
namespace {

/// Steps that show whether a network learns, and how long one takes.
constexpr Step kShort = 12;
constexpr int kFewConvolutions = 4;

}  // namespace

bool pooling_is_missing(Attempts& attempts) {
  Task& task = attempts.patient().task;
  std::set<std::pair<std::int64_t, std::int64_t>> sizes;
  std::int64_t count = 0, reach = 1;
  {
    const Measuring measuring(task.networks(), Mode::train);
    const Operations looking([&](std::string_view operation, c10::ArrayRef<const c10::IValue> inputs) {
      if (!is_convolution(operation)) return;
      const torch::Tensor given = inputs[0].toTensor(), weights = inputs[1].toTensor();
      sizes.emplace(given.size(2), given.size(3));
      ++count;
      reach += weights.size(2) - 1;
    });
    task.forward(attempts.judged().at(0));
  }
  attempts.note(fmt::format("{} convolutions work on pictures of {} sizes", count, sizes.size()));
  if (sizes.size() != 1 || count < kFewConvolutions) return false;
  const std::string cure = "model.pool = max";
  std::vector<std::string> evidence{attempts.last_note()};
  const auto without = attempts.made("", kShort);
  evidence.push_back(attempts.last_note());
  const auto with = attempts.made(cure, kShort);
  evidence.push_back(attempts.last_note());
  if (!with || !without || !with->finite || !(attempts.metric().better(with->metric, without->metric) > -kWorthIt))
    return false;
  const auto [height, width] = *sizes.begin();
  attempts.found({"missing-pooling", "model", 0.95,
                  fmt::format("All {} convolutions work at {}×{}: nothing halves the picture on the way down, so a "
                              "pixel of the mask sees {} pixels around it and a step takes {:.1f} times as long as "
                              "with pooling.",
                              count, height, width, reach, without->seconds / std::max(with->seconds, 1e-9)),
                  evidence, cure});
  return true;
}

bool network_is_too_small(Attempts& attempts) {
  if (attempts.own() > kWellLearnt || !attempts.patient().task.higher_is_better()) return false;
  const std::int64_t channels = attempts.config().integer("model.channels"),
                     depth = attempts.config().integer("model.depth");
  const std::int64_t more = channels < 4 ? 4 * channels : 2 * channels;
  std::vector<std::string> larger{fmt::format("model.channels = {}", more)};
  if (depth < 3) larger.push_back(fmt::format("model.channels = {}, model.depth = {}", more, depth + 2));
  return attempts.cured_by("underfitting",
                           fmt::format("A network of {} and {} is too small for these pictures",
                                       counted(depth, "level"), counted(channels, "channel")),
                           larger, "model", kLongAttempt);
}

}  // namespace ablate
