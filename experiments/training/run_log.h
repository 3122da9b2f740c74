#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "experiments/run_config.h"
#include "experiments/training/layer_activity.h"
#include "experiments/training/layer_stats.h"
#include "experiments/training/system_metrics.h"
#include "experiments/training/updates.h"
#include "experiments/training/validation.h"
#include "runs/run_writer.h"

namespace ablate {

/// Everything a run writes into its event file, and when (log.*): `loss/<set>` and `<metric>/<set>` for the sets
/// "train", "val" and "train_set" (with `_eval` and `_train_mode` behind it), `lr`, `time/…`, `system/…`,
/// `norm/<place>/…`, `layers/<layer>/…`, `weights/…`, `gradients/…`.
class RunLog {
 public:
  /// Begins a segment at `first_step`, with the configuration as text and hyper-parameters.
  RunLog(const std::filesystem::path& run, Step first_step, const RunConfig& config, Task& task, Updates& updates,
         torch::Device device, double steps_per_epoch);

  /// How long a step took, and how much of that it waited for data.
  struct Times {
    double seconds = 0, waited = 0;
  };
  /// Around a training step, and around each batch of it. end_step writes what is due; returns the training loss when
  /// it was taken off the device now, else nullopt.
  void begin_step(Step step);
  void begin_batch(Step step);
  void end_batch(const SampleMetrics& metrics);
  std::optional<double> end_step(Step step, const Schedule::Value& schedule, Times times);

  /// One validation on `set` ("val", "train_set") in one mode: the configured mode's values are also `loss/<set>` and
  /// `<metric>/<set>`.
  void validated(Step step, const std::string& set, Mode mode, bool configured, const Measured& measured);
  /// Anything else that was measured.
  void scalar(const std::string& tag, Step step, double value);

  /// The last look at the layers (log.histograms_every), of the step that ended; empty where it was none.
  const std::vector<LayerActivity::Layer>& seen_layers() const { return seen_layers_; }

  /// The last value of every scalar written, by tag; for status.json.
  const std::map<std::string, double>& latest() const { return latest_; }
  RunWriter& writer() { return *writer_; }

  /// Whether something with this interval is due after update `step`; an interval of 0 is never.
  static bool due(Step step, Step every) { return every > 0 && step % every == 0; }

 private:
  void histogram(const std::string& tag, Step step, const torch::Tensor& values);
  void write_norms(Step step);
  void write_layers(Step step);
  void write_weights(Step step);

  Task& task_;
  Updates& updates_;
  std::vector<Network> networks_;
  LayerStats norms_;
  LayerActivity layers_;
  std::vector<LayerActivity::Layer> seen_layers_;
  SystemMetrics system_;
  std::unique_ptr<RunWriter> writer_;
  std::map<std::string, double> latest_;
  Step scalars_every_, norm_every_, histograms_every_, histograms_step_ = 0;
  Step last_step_;
  Times times_;
  std::int64_t steps_timed_ = 0;
  std::chrono::steady_clock::time_point system_written_{};
  std::map<std::string, torch::Tensor> metric_sums_;
  std::map<std::string, double> metric_counts_;
};

}  // namespace ablate
