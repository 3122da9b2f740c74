#include "experiments/data/video.h"

#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "runs/error.h"

namespace ablate {

struct VideoReader::Impl {
  cv::VideoCapture capture;
};

struct VideoWriter::Impl {
  cv::VideoWriter writer;
  int height = 0, width = 0;
};

VideoReader::VideoReader(const std::filesystem::path& file) : impl_(std::make_unique<Impl>()) {
  if (!std::filesystem::is_regular_file(file)) throw Error(fmt::format("{}: is not there.", file.string()));
  if (!impl_->capture.open(file.string()))
    throw Error(
        fmt::format("{}: can't be read as a video. Is it whole, and an MP4, MOV, AVI, MKV or WebM?", file.string()));
}

VideoReader::~VideoReader() = default;

std::optional<Picture> VideoReader::next() {
  cv::Mat bgr, rgb;
  if (!impl_->capture.read(bgr) || bgr.empty()) return std::nullopt;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  Picture frame{rgb.rows, rgb.cols, 3, {}};
  frame.pixels.assign(rgb.data, rgb.data + rgb.total() * rgb.elemSize());
  return frame;
}

double VideoReader::frames_per_second() const {
  const double rate = impl_->capture.get(cv::CAP_PROP_FPS);
  return rate > 0 && rate < 1000 ? rate : 25;
}

std::size_t VideoReader::frames() const {
  const double count = impl_->capture.get(cv::CAP_PROP_FRAME_COUNT);
  return count > 0 && count < 1e9 ? static_cast<std::size_t>(count) : 0;
}

VideoWriter::VideoWriter(const std::filesystem::path& file, double frames_per_second, int height, int width)
    : impl_(std::make_unique<Impl>()) {
  impl_->height = height;
  impl_->width = width;
  if (!impl_->writer.open(file.string(), cv::VideoWriter::fourcc('m', 'p', '4', 'v'), frames_per_second,
                          {width, height}))
    throw Error(fmt::format("{}: can't be written as a video.", file.string()));
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::add(const Picture& frame) {
  if (frame.height != impl_->height || frame.width != impl_->width)
    throw Error(fmt::format("A frame of {}x{} does not fit a video of {}x{}.", frame.height, frame.width, impl_->height,
                            impl_->width));
  const cv::Mat given(frame.height, frame.width, CV_8UC(frame.channels),
                      const_cast<std::uint8_t*>(frame.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(given, bgr, frame.channels == 1 ? cv::COLOR_GRAY2BGR : cv::COLOR_RGB2BGR);
  impl_->writer.write(bgr);
}

}  // namespace ablate
