#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runs/types.h"

namespace ablate {

/// Counts per bucket as TensorBoard's HistogramProto has them: `bucket_limits[i]` is the right edge of bucket i.
struct Histogram {
  double min = 0, max = 0, count = 0, sum = 0, sum_squares = 0;
  std::vector<double> bucket_limits;
  std::vector<double> bucket_counts;
};

/// The histogram of `values` in `bins` equal buckets between their finite minimum and maximum. Values that are not
/// finite are left out; with none left the histogram is empty (count 0, one bucket of 0).
Histogram histogram_of(std::span<const float> values, int bins = 64);

/// Appends one segment of TensorBoard events to a run folder, in a file of its own:
/// `events.out.tfevents.<seconds>.<host>.<pid>.<n>`. It begins with `brain.Event:2` and a SessionLog START at
/// `first_step`, so that points of an earlier segment at or after that step are dropped by every reader (a resume).
///
/// Thread-safe. Records are encoded by the caller and written by a thread of the writer's own, at the latest
/// `flush_seconds` after they were handed over. The queue is bounded: when it is full the caller waits, nothing is
/// dropped. A write that fails (disk full) is thrown as Error by the next call, and by every one after it; what reached
/// the file before remains readable.
class RunWriter {
 public:
  struct Options {
    double flush_seconds = 1.0;
    std::size_t queue_bytes = 32u << 20;
  };

  RunWriter(const std::filesystem::path& folder, Step first_step, Options options);
  RunWriter(const std::filesystem::path& folder, Step first_step);
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  /// A float32 `simple_value`, what PyTorch's add_scalar writes. NaN and infinities are kept.
  void scalar(std::string_view tag, Step step, double value);
  void histogram(std::string_view tag, Step step, const Histogram& histogram);
  /// `encoded` is a whole PNG or JPEG file; `channels` its number of channels.
  void image(std::string_view tag, Step step, int height, int width, int channels, std::string_view encoded);
  /// Plugin `text`; Markdown as TensorBoard shows it.
  void text(std::string_view tag, Step step, std::string_view markdown);
  /// A float32 tensor of any shape under `plugin` (ours: "ablate").
  void tensor(std::string_view tag, Step step, std::span<const std::int64_t> shape, std::span<const float> values,
              std::string_view plugin = "ablate");
  /// The run's hyper-parameters (flat object: key to number, bool or string) and the tags that are its metrics, for the
  /// HParams page. Once per segment.
  void hparams(const nlohmann::json& values, const std::vector<std::string>& metric_tags);

  /// That the run is over, for the HParams page.
  void hparams_end(bool success);

  /// Blocks until everything handed over so far is in the file, synced. Throws Error if that failed.
  void flush();

  const std::filesystem::path& file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
