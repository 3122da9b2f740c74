#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/training/doctor/diagnosis.h"
#include "experiments/training/norm_buffers.h"

namespace ablate {

/// What eval mode loses against train mode on held-out samples, with the same weights, and what other buffers bring
/// back of it. Networks are left as they were, bit for bit. What it is given outlives it.
class EvalGap {
 public:
  /// One pass over at most `precise_batches` batches of training data, for re-estimated buffers.
  EvalGap(Task& task, FixedBatches& held_out, FixedBatches& training, std::size_t precise_batches,
          const TellTest& tell);

  /// Measures eval and train mode, which all below compares with.
  void measure();
  double eval() const { return eval_; }
  double train() const { return train_; }
  double loss() const { return metric_.better(train_, eval_); }
  /// "eval mode loses .123 IoU".
  std::string loss_words() const;
  /// How much a value brings back of the loss; more than three quarters have cured it.
  double part_brought_back(double value) const { return metric_.better(value, eval_) / loss(); }
  static bool is_cured(double part) { return part > 0.75; }

  /// Eval mode on the held-out samples with the buffers that are in place now.
  double eval_now() { return metric_.of(held_out_, Mode::eval); }
  /// With re-estimated ones, of those modules alone that `which` takes.
  double re_estimated(const std::function<bool(const PreciseStatistics::Module&)>& which = {});

  /// With all of them, on other samples.
  double re_estimated_on(FixedBatches& samples);
  /// Of how many batches they are.
  std::size_t precise_batches() const { return precise_.batches(); }

  Task& task() const { return task_; }
  const PrimaryMetric& metric() const { return metric_; }
  const std::vector<PreciseStatistics::Module>& modules() const { return precise_.modules(); }
  FixedBatches& training() const { return training_; }
  FixedBatches& held_out() const { return held_out_; }
  /// Held-out samples in whole batches as the run trains with.
  FixedBatches& as_trained() { return as_trained_; }
  std::size_t batch_size() const { return as_trained_.batch_size(); }
  /// "encoder.0.norm1", with its network's name where there are several.
  std::string place(const NormModule& norm, std::size_t call) const;

  void tell(const std::string& test) const;
  void note(const std::string& line) { notes_.push_back(line); }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  const TellTest& tell_;
  Task& task_;
  FixedBatches &held_out_, &training_;
  FixedBatches as_trained_;
  std::vector<Network> networks_;
  PrimaryMetric metric_;
  PreciseStatistics precise_;
  double eval_ = 0, train_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace ablate
