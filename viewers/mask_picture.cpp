#include "viewers/mask_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>

#include "experiments/data/dataset.h"

namespace ablate {
namespace {

constexpr std::size_t kKeptDecoded = 1024;
constexpr Color kTooMuch{0.94f, 0.44f, 0.44f};
constexpr Color kMissing{0.35f, 0.60f, 0.98f};

/// Brightness of pixel i: the first channel of a grey picture, else the mean of the colours.
int grey(const Picture& picture, std::size_t i) {
  const std::uint8_t* const pixel = &picture.pixels[i * static_cast<std::size_t>(picture.channels)];
  return picture.channels < 3 ? pixel[0] : (pixel[0] + pixel[1] + pixel[2] + 1) / 3;
}

bool same_size(const Picture& a, const Picture& b) { return a.width == b.width && a.height == b.height; }

std::size_t pixel_count(const Picture& picture) {
  return static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
}

void put(Picture& rgba, std::size_t i, int red, int green, int blue) {
  std::uint8_t* const pixel = &rgba.pixels[4 * i];
  pixel[0] = static_cast<std::uint8_t>(red);
  pixel[1] = static_cast<std::uint8_t>(green);
  pixel[2] = static_cast<std::uint8_t>(blue);
  pixel[3] = 255;
}

void put(Picture& rgba, std::size_t i, const Color& color, float scale) {
  put(rgba, i, static_cast<int>(255 * color[0] * scale), static_cast<int>(255 * color[1] * scale),
      static_cast<int>(255 * color[2] * scale));
}

Picture blank_like(const Picture& picture) {
  return {picture.height, picture.width, 4, std::vector<std::uint8_t>(4 * pixel_count(picture))};
}

Picture as_rgba(const Picture& picture) {
  Picture result = blank_like(picture);
  for (std::size_t i = 0; i < pixel_count(picture); ++i) {
    if (picture.channels < 3) {
      const int value = grey(picture, i);
      put(result, i, value, value, value);
    } else {
      const std::uint8_t* const pixel = &picture.pixels[i * static_cast<std::size_t>(picture.channels)];
      put(result, i, pixel[0], pixel[1], pixel[2]);
    }
  }
  return result;
}

}  // namespace

double iou_at(const Picture& prediction, const Picture& target, int threshold) {
  std::size_t both = 0, either = 0;
  for (std::size_t i = 0; i < pixel_count(prediction); ++i) {
    const bool predicted = grey(prediction, i) >= threshold, wanted = grey(target, i) >= 128;
    both += predicted && wanted;
    either += predicted || wanted;
  }
  return either == 0 ? 1.0 : static_cast<double>(both) / static_cast<double>(either);
}

Picture colored_mask(const Picture& mask, const Picture* input, const Picture* target, MaskView view, int threshold,
                     const Color& tint) {
  if (view == MaskView::soft || (view == MaskView::overlay && !input) || (view == MaskView::errors && !target))
    return as_rgba(mask);
  Picture result = blank_like(mask);
  for (std::size_t i = 0; i < pixel_count(mask); ++i) {
    const int value = grey(mask, i);
    const bool inside = value >= threshold;
    if (view == MaskView::threshold) {
      put(result, i, inside ? 255 : 0, inside ? 255 : 0, inside ? 255 : 0);
    } else if (view == MaskView::errors) {
      const bool wanted = grey(*target, i) >= 128;
      if (inside == wanted)
        put(result, i, {1, 1, 1}, inside ? 0.85f : 0.06f);
      else
        put(result, i, inside ? kTooMuch : kMissing, 1);
    } else {
      const std::uint8_t* const pixel = &input->pixels[i * static_cast<std::size_t>(input->channels)];
      const float share = 0.65f * static_cast<float>(value) / 255.0f;
      int mixed[3];
      for (int c = 0; c < 3; ++c) {
        const auto base = static_cast<float>(pixel[input->channels < 3 ? 0 : c]);
        mixed[c] = static_cast<int>(base * 0.75f * (1 - share) + 255 * tint[static_cast<std::size_t>(c)] * share);
      }
      put(result, i, mixed[0], mixed[1], mixed[2]);
    }
  }
  return result;
}

Picture channel_of(const Picture& picture, int channel, int logged_channels) {
  const int last = logged_channels == 2 && channel >= 2 ? picture.channels : channel;
  const int at = std::clamp(last, 1, picture.channels) - 1;
  Picture grey{picture.height, picture.width, 1, {}};
  for (std::size_t i = 0; i < pixel_count(picture); ++i)
    grey.pixels.push_back(
        picture.pixels[i * static_cast<std::size_t>(picture.channels) + static_cast<std::size_t>(at)]);
  return grey;
}

const Picture& MaskPictureMaker::decoded(const RunData& data, const ImagePoint& image) {
  const std::string key =
      fmt::format("{}@{}", image.file < data.files.size() ? data.files[image.file] : "", image.offset);
  if (const auto at = decoded_.find(key); at != decoded_.end()) return at->second;
  return decoded_.emplace(key, decode_picture(read_image_bytes(data, image))).first->second;
}

MaskPicture MaskPictureMaker::make(const PictureWish& wish) {
  MaskPicture result;
  if (decoded_.size() > kKeptDecoded) decoded_.clear();
  try {
    const Picture& picture = decoded(*wish.data, wish.image);
    if (!wish.is_mask) {
      result.rgba = as_rgba(wish.channel == 0 ? picture : channel_of(picture, wish.channel, wish.image.channels));
      return result;
    }
    const int threshold = std::max(1, (wish.threshold_percent * 255 + 50) / 100);
    const Picture* input = wish.input ? &decoded(*wish.data, *wish.input) : nullptr;
    const Picture* target = wish.target ? &decoded(*wish.data, *wish.target) : nullptr;
    if (input && !same_size(*input, picture)) input = nullptr;
    if (target && !same_size(*target, picture)) target = nullptr;
    if (target) result.iou = iou_at(picture, *target, threshold);
    std::size_t inside = 0;
    for (std::size_t i = 0; i < pixel_count(picture); ++i) inside += grey(picture, i) >= threshold;
    result.share = static_cast<double>(inside) / static_cast<double>(std::max<std::size_t>(1, pixel_count(picture)));
    result.rgba = colored_mask(picture, input, target, wish.view, threshold, wish.tint);
  } catch (const std::exception& failure) {
    result.problem = failure.what();
  }
  return result;
}

}  // namespace ablate
