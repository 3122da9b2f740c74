#include "experiments/training/doctor/turned_masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "experiments/training/doctor/seen_set.h"

namespace ablate {
namespace {

using torch::Tensor;

/// Below it so little has been learnt that predictions don't tell which masks are turned.
constexpr double kTooLittleLearnt = 0.5;
/// Samples whose masks are compared with each other, at this size.
constexpr std::size_t kMostCompared = 2000;
constexpr std::int64_t kCoarseSide = 24;
/// Times that it is seen anew what most masks look like.
constexpr int kNewLooks = 10;
/// Of all: so many are no matter of chance.
constexpr double kFewestTurned = 0.03;

class TurnedMasks : public Dataset {
 public:
  TurnedMasks(std::shared_ptr<const Dataset> dataset, std::set<std::size_t> turned)
      : dataset_(std::move(dataset)), turned_(std::move(turned)) {}
  std::size_t size() const override { return dataset_->size(); }
  const std::string& name(std::size_t index) const override { return dataset_->name(index); }
  Sample load(std::size_t index) const override {
    Sample sample = dataset_->load(index);
    if (const auto mask = sample.planes.find("mask"); mask != sample.planes.end() && turned_.contains(index))
      for (std::uint8_t& value : mask->second.pixels) value = static_cast<std::uint8_t>(255 - value);
    return sample;
  }

 private:
  std::shared_ptr<const Dataset> dataset_;
  std::set<std::size_t> turned_;
};

/// {kCoarseSide · kCoarseSide}: -1 outside of the mask to 1 within. Undefined where there is no mask.
Tensor coarse(const Sample& sample) {
  const auto mask = sample.planes.find("mask");
  if (mask == sample.planes.end() || mask->second.channels != 1) return {};
  const Picture& picture = mask->second;
  const Tensor whole = torch::from_blob(const_cast<std::uint8_t*>(picture.pixels.data()),
                                        {1, 1, picture.height, picture.width}, torch::kByte)
                           .to(torch::kFloat);
  return torch::adaptive_avg_pool2d(whole, {kCoarseSide, kCoarseSide}).flatten() / 127.5 - 1;
}

/// Those that look like the negative of most.
std::set<std::size_t> negatives(const DataSource& source) {
  const std::vector<std::size_t> indices = spread_over(source.training, kMostCompared);
  std::vector<Tensor> rows;
  for (const std::size_t index : indices) {
    rows.push_back(coarse(source.dataset->load(index)));
    if (!rows.back().defined()) return {};
  }
  const Tensor masks = torch::stack(rows);
  Tensor sign = torch::ones({masks.size(0), 1});
  for (int look = 0; look < kNewLooks; ++look)
    sign = (masks.matmul((masks * sign).mean(0)).unsqueeze(1) >= 0) * 2.0f - 1;
  if (sign.mean().item<double>() < 0) sign = -sign;  // Most are right.
  std::set<std::size_t> found;
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (sign[static_cast<std::int64_t>(i)].item<double>() < 0) found.insert(indices[i]);
  return found;
}

}  // namespace

bool masks_are_turned(Attempts& attempts) {
  const Patient& patient = attempts.patient();
  const PrimaryMetric& metric = attempts.metric();
  if (!patient.task.higher_is_better() || attempts.own() > kTooLittleLearnt || !attempts.findings().empty() ||
      attempts.start().layers.empty())
    return false;
  const DataSource& source = patient.data.source;
  attempts.tell("masks that look like the others' negatives");
  const std::set<std::size_t> turned = negatives(source);
  if (turned.size() < 2 ||
      static_cast<double>(turned.size()) < kFewestTurned * static_cast<double>(source.training.size()))
    return false;
  const Step steps = std::min(patient.steps, kVeryLongAttempt);  // Of masks that contradict each other.
  TrainingData data = patient.data;
  data.source.dataset = std::make_shared<TurnedMasks>(source.dataset, turned);
  FixedBatches judged = attempts.judged_of(data.source.dataset);
  const Rehearsal made = rehearse(patient.config, data, judged, steps, patient.device);
  attempts.note(fmt::format("{} steps from the start with {} masks turned round: {} {}   (the run's {}: {})",
                            made.steps, turned.size(), metric.word(), share_word(made.metric), patient.steps,
                            share_word(attempts.own())));
  const std::string line = attempts.last_note();
  if (!made.finite || !made.learnt || !(metric.better(made.metric, attempts.own()) > kFarBetter)) return false;
  const auto as_it_is = attempts.made("", steps);
  if (!as_it_is || (as_it_is->finite && !(metric.better(made.metric, as_it_is->metric) > kFarBetter))) return false;
  std::vector<std::string> names;
  for (const std::size_t index : turned) names.push_back(source.dataset->name(index));
  attempts.found({"inverted-masks",
                  "data",
                  0.9,
                  fmt::format("{} of {} training masks are the wrong way round ({}): they look like the negatives of "
                              "the others, and {} steps from the start with these turned get to {} {}, where the "
                              "run's {} got to {}.",
                              turned.size(), source.training.size(), some_names(names), made.steps, metric.word(),
                              share_word(made.metric), patient.steps, share_word(attempts.own())),
                  {line, attempts.last_note()},
                  "turn these masks round (255 − value)"});
  return true;
}

}  // namespace ablate
