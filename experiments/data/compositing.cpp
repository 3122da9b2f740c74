#include "experiments/data/compositing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "runs/error.h"

namespace ablate {
namespace {

constexpr double kBlurShare = 0.04;

std::optional<std::array<std::uint8_t, 3>> colour_of(const std::string& word) {
  if (word.size() != 7 || word[0] != '#') return std::nullopt;
  std::array<std::uint8_t, 3> colour{};
  for (std::size_t i = 0; i < 3; ++i) {
    const char* const begin = word.data() + 1 + 2 * i;
    const auto [end, failure] = std::from_chars(begin, begin + 2, colour[i], 16);
    if (failure != std::errc() || end != begin + 2) return std::nullopt;
  }
  return colour;
}

Picture blurred(const Picture& rgb) {
  Picture result = rgb;
  const cv::Mat from(rgb.height, rgb.width, CV_8UC3, const_cast<std::uint8_t*>(rgb.pixels.data()));
  cv::Mat to(rgb.height, rgb.width, CV_8UC3, result.pixels.data());
  cv::GaussianBlur(from, to, {0, 0}, std::max(1.0, kBlurShare * std::max(rgb.height, rgb.width)));
  return result;
}

void require_alpha_of(const Picture& rgb, const Picture& alpha) {
  if (rgb.channels != 3 || alpha.channels != 1 || alpha.height != rgb.height || alpha.width != rgb.width)
    throw Error(fmt::format("A picture of {}x{}x{} can't be cut out with a mask of {}x{}x{}.", rgb.height, rgb.width,
                            rgb.channels, alpha.height, alpha.width, alpha.channels));
}

}  // namespace

Picture cut_out(const Picture& rgb, const Picture& alpha) {
  require_alpha_of(rgb, alpha);
  Picture result{rgb.height, rgb.width, 4, {}};
  result.pixels.reserve(4 * alpha.pixels.size());
  for (std::size_t i = 0; i < alpha.pixels.size(); ++i) {
    const auto pixel = rgb.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i);
    result.pixels.insert(result.pixels.end(), pixel, pixel + 3);
    result.pixels.push_back(alpha.pixels[i]);
  }
  return result;
}

Picture composed(const Picture& rgb, const Picture& alpha, const Picture& background) {
  require_alpha_of(rgb, alpha);
  Picture result = resized(background, rgb.height, rgb.width);
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    const int a = alpha.pixels[i / 3];
    result.pixels[i] = static_cast<std::uint8_t>((a * rgb.pixels[i] + (255 - a) * result.pixels[i] + 127) / 255);
  }
  return result;
}

Background::Background(const std::string& word) {
  if (word == "blur") return;
  if (const auto colour = colour_of(word)) {
    given_ = Picture{1, 1, 3, {colour->begin(), colour->end()}};
    return;
  }
  if (!std::filesystem::is_regular_file(word))
    throw Error(
        fmt::format("--background {}: that is no file; it takes a picture, blur, or a colour as #00ff00.", word));
  given_ = read_picture(word, 3);
}

Picture Background::behind(const Picture& rgb) const { return given_ ? *given_ : blurred(rgb); }

}  // namespace ablate
