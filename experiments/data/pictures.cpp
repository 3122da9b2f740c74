// Decoding, resizing and encoding of pictures, by OpenCV.
#include <fmt/format.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "experiments/data/dataset.h"
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

}  // namespace

Picture read_picture(const std::filesystem::path& file, int channels) {
  // OpenCV turns 16 bits into 8, applies a photograph's orientation, drops transparency.
  cv::Mat mat;
  try {
    mat = cv::imread(file.string(), channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR);
  } catch (const cv::Exception& error) {
    throw Error(fmt::format("{}: can't be decoded ({}).", file.string(), error.err));
  }
  if (mat.empty())
    throw Error(
        fmt::format("{}: can't be read as a picture. Is it whole, and a PNG, JPEG, WebP, TIFF or BMP?", file.string()));
  return from_mat(channels == 1 ? mat : as_rgb(mat));
}

Picture resized(const Picture& picture, int height, int width) {
  if (picture.height == height && picture.width == width) return picture;
  const bool shrinks = height <= picture.height && width <= picture.width;
  cv::Mat result;
  cv::resize(as_mat(picture), result, {width, height}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  return from_mat(result);
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
  cv::Mat mat;
  try {
    mat = cv::imdecode(cv::Mat(1, static_cast<int>(encoded.size()), CV_8UC1, const_cast<char*>(encoded.data())),
                       cv::IMREAD_UNCHANGED);
    if (!mat.empty() && mat.depth() != CV_8U) mat.convertTo(mat, CV_8U, mat.depth() == CV_16U ? 1 / 257.0 : 1);
  } catch (const cv::Exception& error) {
    throw Error(fmt::format("A picture of {} bytes can't be decoded ({}).", encoded.size(), error.err));
  }
  if (mat.empty()) throw Error(fmt::format("{} bytes are not a picture that can be decoded.", encoded.size()));
  return from_mat(mat.channels() >= 3 ? as_rgb(mat) : mat);
}

}  // namespace ablate
