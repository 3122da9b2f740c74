#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/metrics/plane.h"
#include "runs/types.h"

namespace ablate {

/// A label's key with more values than this cuts a set into nothing that could be compared.
constexpr std::size_t kMostValues = 16;

/// Collects what every sample of a set scores, by all metrics, and sums it up over the set and over its strata.
class Evaluation {
 public:
  /// Measures one sample: prediction and target {H, W} in [0, 1], and its picture (RGB), where there is one, for
  /// brightness, colour variance and sharpness; `labels` are strata that it belongs to ("scene", "bedroom"). Returns
  /// {"sample", metric: value, …, "area", "strata"}; a metric for which the planes are too small is left out. Throws
  /// Error for a target with NaN, which belongs to no stratum of its area.
  nlohmann::json add(const std::string& sample, PlaneView prediction, PlaneView target, const Picture* picture,
                     const std::vector<std::pair<std::string, std::string>>& labels = {});

  /// {"samples", "metrics": {name: mean}, "strata": {stratum: {"samples", name: mean}}}: strata by mask area, by
  /// labels ("scene bedroom"), and each key of the pictures cut into its lower, middle and upper third. A NaN makes its
  /// mean NaN. Labels' keys with more than kMostValues values, as names and numbers have, are no strata:
  /// {"too_many_values": {key: how many}}.
  nlohmann::json summary() const;

 private:
  struct Scored {
    std::map<std::string, double> metrics, keys;
    std::string area;
    std::vector<std::pair<std::string, std::string>> labels;
  };
  std::vector<Scored> samples_;
};

}  // namespace ablate
