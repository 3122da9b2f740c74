#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runs/custom_scalars.h"
#include "runs/run_writer.h"
#include "runs/scalar_column.h"
#include "runs/types.h"

namespace ablate {

/// An append-only list whose copies share what they have in common: a copy costs one pointer per 256 elements, and is
/// not changed by later appends to the original. So a reader thread appends and publishes copies, and a drawing thread
/// keeps one for as long as it likes. Not thread-safe itself: append and copy on one thread, read copies anywhere.
template <class T>
class SharedColumn {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](std::size_t i) const { return (*blocks_[i / kBlock])[i % kBlock]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ % kBlock == 0) {
      blocks_.push_back(std::make_shared<std::vector<T>>());
      blocks_.back()->reserve(kBlock);  // Never reallocated: elements that a copy sees stay where they are.
    } else if (blocks_.back()->size() != size_ % kBlock) {  // Another copy has gone on.
      detach_last();
    }
    blocks_.back()->push_back(std::move(value));
    ++size_;
  }

  /// Keeps the elements for which `keep(element)` holds. What comes before the first that goes stays shared; the rest
  /// of what stays is copied.
  template <class Keep>
  void retain(Keep keep) {
    std::size_t first = 0;
    while (first < size_ && keep((*this)[first])) ++first;
    if (first == size_) return;
    const SharedColumn all = *this;
    blocks_.resize((first + kBlock - 1) / kBlock);
    size_ = first;
    for (std::size_t i = first + 1; i < all.size(); ++i)
      if (keep(all[i])) push_back(all[i]);
  }

 private:
  static constexpr std::size_t kBlock = 256;

  void detach_last() {
    auto copy = std::make_shared<std::vector<T>>();
    copy->reserve(kBlock);
    copy->assign(blocks_.back()->begin(), blocks_.back()->begin() + static_cast<std::ptrdiff_t>(size_ % kBlock));
    blocks_.back() = std::move(copy);
  }

  std::vector<std::shared_ptr<std::vector<T>>> blocks_;
  std::size_t size_ = 0;
};

/// Of points in the order logged the one whose step is the highest up to `step`, the last of equals; nullptr where
/// there is none.
template <class Point>
const Point* point_at(const SharedColumn<Point>& points, Step step) {
  const Point* newest = nullptr;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].step <= step && (!newest || points[i].step >= newest->step)) newest = &points[i];
  return newest;
}

/// Where the encoded bytes of one image lie: they stay in the event file.
struct ImagePoint {
  Step step = 0;
  double wall_seconds = 0;
  std::uint32_t file = 0;  ///< index into RunData::files
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  int height = 0, width = 0, channels = 0;
};

struct HistogramPoint {
  Step step = 0;
  double wall_seconds = 0;
  std::shared_ptr<const Histogram> histogram;
};

/// A tensor point that is not a scalar and not text, as float32 (row-major); ours are per-channel vectors.
struct TensorPoint {
  Step step = 0;
  double wall_seconds = 0;
  std::shared_ptr<const std::vector<std::int64_t>> shape;
  std::shared_ptr<const std::vector<float>> values;
};

struct TextPoint {
  Step step = 0;
  double wall_seconds = 0;
  std::shared_ptr<const std::string> text;
};

/// Damage or oddity met while reading, for a person: what, in which file, at which byte.
struct ReadProblem {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;
};

/// Everything known of a run's event files at one moment, immutable once published. Points are in the order read
/// (TensorBoard's); a tag whose points were all dropped by a restart stays, empty.
struct RunData {
  std::vector<std::string> files;  ///< full paths, in reading order
  std::map<std::string, ScalarColumn> scalars;
  /// What restarts dropped of them: a column for each restart, the last one of all that come later.
  std::map<std::string, std::vector<ScalarColumn>> dropped;
  std::map<std::string, SharedColumn<HistogramPoint>> histograms;
  std::map<std::string, SharedColumn<ImagePoint>> images;
  std::map<std::string, SharedColumn<TensorPoint>> tensors;
  std::map<std::string, SharedColumn<TextPoint>> texts;
  std::vector<LoggedChart> charts;             ///< of the layout logged last
  nlohmann::json hparams;                      ///< as decode_hparams gives them; null where none were logged
  std::map<std::string, std::size_t> plugins;  ///< how many tags other plugins have, of which nothing is drawn
  std::vector<ReadProblem> problems;
  std::uint64_t version = 0;  ///< rises with every change
};

/// "audio (2 tags), graphs (1 tag)": what RunData::plugins says; empty where that is nothing.
std::string not_drawn(const RunData& data);

/// The encoded bytes of an image, from its event file. Throws Error when they can't be read (any more).
std::string read_image_bytes(const RunData& data, const ImagePoint& image);

}  // namespace ablate
