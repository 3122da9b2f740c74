#pragma once

#include <functional>
#include <string>

#include "experiments/training/doctor/doctor.h"
#include "experiments/training/doctor/seen_set.h"

namespace ablate {

/// In the primary metric, and of overlaps: what is no matter of chance.
inline constexpr double kGap = 0.1;
/// Below it nothing can be said of a set.
inline constexpr std::int64_t kFewestSamples = 8;
/// Standard errors that chance does not make.
inline constexpr double kSure = 4;
/// Standard deviations from which on pictures of two sets are unlike.
inline constexpr double kUnlike = 1;

double mean_of(const torch::Tensor& values);
/// How many standard errors the mean is above 0.
double certainty(const torch::Tensor& values);

/// What a run is trained and validated on, as its network sees it, and what is said of it. What it is given outlives
/// it.
class SeenData {
 public:
  /// Looks at 300 samples of each set at most, in the mode that the network is better in.
  SeenData(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis);

  const Patient& patient() const { return patient_; }
  const PrimaryMetric& metric() const { return metric_; }
  Mode mode() const { return mode_; }
  const SeenSet& training() const { return training_; }
  const SeenSet& held_out() const { return held_out_; }
  double metric_on_training() { return metric_.of(training_samples_, mode_); }
  double metric_on_held_out() { return metric_.of(held_out_samples_, mode_); }
  /// The largest difference between both sets' pictures, in standard deviations; and words for it.
  double apart() const { return apart_; }
  const std::string& difference() const { return difference_; }
  /// By the largest of eleven differences: more than what so few samples have by chance.
  bool surely_unlike() const;
  /// Whether samples have an "image", which can be changed before it is predicted.
  bool has_images() { return held_out_samples_.at(0).tensors.contains("image"); }
  /// {N}: the primary metric of each held-out sample whose image is changed first.
  torch::Tensor each_with_inputs(const std::function<torch::Tensor(const torch::Tensor&)>& change);

  void tell(const std::string& test) const { tell_(test); }
  void note(const std::string& line) { diagnosis_.tests.push_back(line); }
  const std::string& last_note() const { return diagnosis_.tests.back(); }
  void untested(const std::string& line) { diagnosis_.untested.push_back(line); }
  /// With the last note as evidence.
  Finding& found(const std::string& cause, double confidence, const std::string& sentence, const std::string& cure);
  /// That are said, of other tests too.
  std::size_t findings() const { return diagnosis_.findings.size(); }

 private:
  FixedBatches fixed(const std::vector<std::size_t>& indices) const;
  SeenSet see(const std::string& word, FixedBatches& samples);

  const Patient& patient_;
  const TellTest& tell_;
  Diagnosis& diagnosis_;
  PrimaryMetric metric_;
  FixedBatches training_samples_, held_out_samples_;
  Mode mode_ = Mode::eval;
  SeenSet training_, held_out_;
  double apart_ = 0;
  std::string difference_;
};

}  // namespace ablate
