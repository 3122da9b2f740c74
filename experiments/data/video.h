#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "experiments/data/dataset.h"

namespace ablate {

/// The frames of a video, one after the other, by OpenCV.
class VideoReader {
 public:
  /// Throws Error where the file can't be opened as a video.
  explicit VideoReader(const std::filesystem::path& file);
  ~VideoReader();

  /// The next frame, RGB; nullopt at the end, which for a damaged file is where it can't be read any further.
  std::optional<Picture> next();
  double frames_per_second() const;
  /// As the file says. Where it doesn't (MKV, WebM), from its length, that of the sound where that is longer; 0 where
  /// that is not known.
  std::size_t frames() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes frames of one size as an MPEG-4 video (.mp4).
class VideoWriter {
 public:
  /// Throws Error where the file can't be written.
  VideoWriter(const std::filesystem::path& file, double frames_per_second, int height, int width);
  ~VideoWriter();

  /// Grey or RGB, of that size.
  void add(const Picture& frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
