// Decoding, resizing and encoding of pictures, by OpenCV.
#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "experiments/data/dataset.h"
#include "experiments/data/gif.h"
#include "experiments/data/picture_files.h"
#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

Picture from_mat(const cv::Mat& mat) {
  Picture picture{mat.rows, mat.cols, mat.channels(), {}};
  const cv::Mat whole = mat.isContinuous() ? mat : mat.clone();
  picture.pixels.assign(whole.data, whole.data + whole.total() * whole.elemSize());
  return picture;
}

/// A view; `picture` must outlive it.
cv::Mat as_mat(const Picture& picture) {
  return {picture.height, picture.width, CV_8UC(picture.channels), const_cast<std::uint8_t*>(picture.pixels.data())};
}

cv::Mat as_rgb(const cv::Mat& bgr) {
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, bgr.channels() == 4 ? cv::COLOR_BGRA2RGBA : cv::COLOR_BGR2RGB);
  return rgb;
}

cv::Mat decoded(std::string_view encoded, int flags) {
  if (encoded.empty() || encoded.size() > std::size_t(std::numeric_limits<int>::max())) return {};
  return cv::imdecode(cv::Mat(1, static_cast<int>(encoded.size()), CV_8UC1, const_cast<char*>(encoded.data())), flags);
}

void to_8_bit(cv::Mat& mat) {
  if (!mat.empty() && mat.depth() != CV_8U) mat.convertTo(mat, CV_8U, mat.depth() == CV_16U ? 1 / 257.0 : 1);
}

/// Colour and, where any pixel is transparent, the opacity.
struct Layers {
  cv::Mat bgr, opacity;
};

Layers layers_of(std::string_view encoded) {
  Layers layers;
  if (may_have_opacity(encoded)) {
    cv::Mat all = decoded(encoded, cv::IMREAD_UNCHANGED);
    to_8_bit(all);
    if (all.channels() == 4) {
      cv::extractChannel(all, layers.opacity, 3);
      cv::cvtColor(all, layers.bgr, cv::COLOR_BGRA2BGR);
      if (cv::countNonZero(layers.opacity != 255) == 0) layers.opacity.release();
      return layers;
    }
  }
  // This way OpenCV also turns a photograph as its camera was held.
  layers.bgr = decoded(encoded, cv::IMREAD_COLOR);
  return layers;
}

/// What is transparent becomes black: the colour that a file happens to keep there means nothing.
Picture as_image(const Layers& layers) {
  cv::Mat rgb = as_rgb(layers.bgr);
  if (!layers.opacity.empty()) {
    cv::Mat opacity;
    cv::cvtColor(layers.opacity, opacity, cv::COLOR_GRAY2RGB);
    cv::multiply(rgb, opacity, rgb, 1 / 255.0);
  }
  return from_mat(rgb);
}

/// A cut-out's opacity, or else the brightest channel, so that a mask in any colour on black is one. Masks of labels 0
/// and 1 are stretched to 0 and 255.
Picture as_mask(const Layers& layers) {
  cv::Mat mask = layers.opacity;
  if (mask.empty()) {
    std::vector<cv::Mat> channels;
    cv::split(layers.bgr, channels);
    mask = cv::max(cv::max(channels[0], channels[1]), channels[2]);
  }
  double brightest = 0;
  cv::minMaxLoc(mask, nullptr, &brightest);
  if (brightest == 1) mask *= 255;
  return from_mat(mask);
}

}  // namespace

void quiet_opencv() { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); }

Picture read_picture(const std::filesystem::path& file, int channels) {
  const auto bytes = read_file(file);
  if (!bytes) throw Error(fmt::format("{}: is not there.", file.string()));
  if (is_cut_off_jpeg(*bytes))
    throw Error(fmt::format("{}: is cut off, its end is missing. Copy or download it again.", file.string()));
  try {
    const Layers layers = layers_of(*bytes);
    if (!layers.bgr.empty()) return channels == 1 ? as_mask(layers) : as_image(layers);
  } catch (const cv::Exception& error) {
    throw Error(fmt::format("{}: can't be decoded ({}).", file.string(), error.err));
  }
  throw Error(fmt::format(
      "{}: can't be read as a picture. Is it whole, and a PNG, JPEG, WebP, BMP or TIFF (of integers)?", file.string()));
}

Picture resized(const Picture& picture, int height, int width) {
  if (picture.height == height && picture.width == width) return picture;
  const bool shrinks = height <= picture.height && width <= picture.width;
  cv::Mat result;
  cv::resize(as_mat(picture), result, {width, height}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  return from_mat(result);
}

void make_grey(Picture& picture) {
  auto& pixels = picture.pixels;
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    const int luma = (299 * pixels[i] + 587 * pixels[i + 1] + 114 * pixels[i + 2] + 500) / 1000;
    std::fill_n(pixels.begin() + std::ptrdiff_t(i), 3, static_cast<std::uint8_t>(luma));
  }
}

std::string encode_png(const Picture& picture) {
  const cv::Mat mat = as_mat(picture);
  std::vector<std::uint8_t> bytes;
  // Fast rather than small: previews are written while a network trains.
  const bool encoded =
      cv::imencode(".png", picture.channels == 1 ? mat : as_rgb(mat), bytes,
                   {cv::IMWRITE_PNG_COMPRESSION, 1, cv::IMWRITE_PNG_STRATEGY, cv::IMWRITE_PNG_STRATEGY_RLE});
  if (!encoded)
    throw Error(fmt::format("A picture of {}x{} pixels can't be encoded as PNG.", picture.height, picture.width));
  return {bytes.begin(), bytes.end()};
}

Picture decode_picture(std::string_view encoded) {
  if (is_gif(encoded)) return first_frame(encoded);
  const auto pixels = pixels_of(encoded);
  if (!pixels) throw Error(fmt::format("{} bytes are no whole PNG, JPEG or GIF.", encoded.size()));
  if (*pixels > kMostPixels) throw Error(fmt::format("A picture of {} pixels is too large to be shown.", *pixels));
  cv::Mat mat;
  try {
    mat = decoded(encoded, cv::IMREAD_UNCHANGED);
    to_8_bit(mat);
  } catch (const cv::Exception& error) {
    throw Error(fmt::format("A picture of {} bytes can't be decoded ({}).", encoded.size(), error.err));
  }
  if (mat.empty()) throw Error(fmt::format("{} bytes are not a picture that can be decoded.", encoded.size()));
  return from_mat(mat.channels() >= 3 ? as_rgb(mat) : mat);
}

}  // namespace ablate
