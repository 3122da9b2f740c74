#include "experiments/data/synthetic_portraits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numbers>

#include "experiments/data/transforms.h"

namespace ablate {
namespace {

// Places are in picture heights: x from the middle to the right, y from the top down.

struct Color {
  float r = 0, g = 0, b = 0;
};
Color operator+(Color a, Color b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
Color operator*(Color a, float k) { return {a.r * k, a.g * k, a.b * k}; }
Color operator*(Color a, Color b) { return {a.r * b.r, a.g * b.g, a.b * b.b}; }
Color mix(Color a, Color b, float t) { return a * (1 - t) + b * t; }

struct Point {
  float x = 0, y = 0;
};

/// 0 below, 1 above, smooth between.
float ramp(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.f, 1.f);
  return t * t * (3 - 2 * t);
}

/// Below 0 inside; near the edge about the distance to it.
float ellipse(Point p, Point centre, float rx, float ry) {
  const float u = (p.x - centre.x) / rx, v = (p.y - centre.y) / ry;
  const float length = std::sqrt(u * u + v * v);
  const float slope = std::sqrt(u * u / (rx * rx) + v * v / (ry * ry));
  return slope > 1e-6f ? length * (length - 1) / slope : -std::min(rx, ry);
}

/// Smooth union of two shapes.
float blend(float a, float b, float k) {
  const float h = std::clamp(0.5f + 0.5f * (b - a) / k, 0.f, 1.f);
  return b + (a - b) * h - k * h * (1 - h);
}

/// Random values at the points of a grid, smooth between: in [0, 1].
class Noise {
 public:
  explicit Noise(Random& random) {
    for (float& value : values_) value = static_cast<float>(random.uniform());
  }
  float at(float x, float y) const {
    const float fx = std::floor(x), fy = std::floor(y);
    const float tx = ramp(0, 1, x - fx), ty = ramp(0, 1, y - fy);
    const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
    return std::lerp(std::lerp(value(ix, iy), value(ix + 1, iy), tx),
                     std::lerp(value(ix, iy + 1), value(ix + 1, iy + 1), tx), ty);
  }

 private:
  float value(int x, int y) const { return values_[std::size_t((x & 15) + 16 * (y & 15))]; }
  std::array<float, 256> values_{};
};

float between(Random& random, double low, double high) {
  return static_cast<float>(low + (high - low) * random.uniform());
}

template <std::size_t n>
Color one_of(Random& random, const std::array<Color, n>& colors) {
  return colors[random.below(n)];
}

/// Any colour, pulled towards its own grey: `vivid` 1 leaves it as it is.
Color any_color(Random& random, float low, float high, float vivid) {
  const Color color{between(random, low, high), between(random, low, high), between(random, low, high)};
  const float grey = (color.r + color.g + color.b) / 3;
  return mix({grey, grey, grey}, color, vivid);
}

constexpr std::array<Color, 6> kSkins{{{.96f, .80f, .69f},
                                       {.90f, .70f, .55f},
                                       {.78f, .57f, .42f},
                                       {.62f, .42f, .29f},
                                       {.45f, .29f, .20f},
                                       {.32f, .20f, .14f}}};
constexpr std::array<Color, 7> kHairs{{{.07f, .05f, .05f},
                                       {.18f, .11f, .07f},
                                       {.33f, .20f, .11f},
                                       {.52f, .33f, .16f},
                                       {.80f, .64f, .36f},
                                       {.60f, .24f, .12f},
                                       {.66f, .65f, .64f}}};

/// One portrait: all that was drawn by lot.
class Portrait {
 public:
  explicit Portrait(Random random) : noise_(random), fine_(random) {
    // Person.
    head_ = {between(random, -.07, .07), between(random, .34, .43)};
    head_ry_ = between(random, .155, .195);
    head_rx_ = head_ry_ * between(random, .72, .82);
    lean_ = between(random, -.12, .12);
    skin_ = one_of(random, kSkins);
    hair_ = one_of(random, kHairs);
    hair_top_ = between(random, 1.08, 1.22);
    hairline_ = between(random, .35, .7);
    hair_length_ = random.uniform() < .5 ? between(random, .9, 2.1) : 0;
    curl_ = between(random, .004, .022);
    shoulders_ = {head_.x * .6f, head_.y + head_ry_ * between(random, 2.45, 2.7)};
    shoulder_rx_ = between(random, .26, .36);
    shoulder_ry_ = head_ry_ * between(random, 1.0, 1.2);
    clothes_ = any_color(random, .05f, .9f, .7f);
    clothes_too_ = any_color(random, .05f, .95f, .7f);
    pattern_ = static_cast<int>(random.below(4));
    neckline_ = between(random, .35, .8);
    // Place and light.
    scene_ = static_cast<int>(random.below(5));
    near_ = any_color(random, .08f, .92f, .5f);
    far_ = any_color(random, .08f, .92f, .5f);
    // Something of the person's own colours behind it, so that colour alone does not tell.
    thing_color_ = random.uniform() < .5 ? skin_ * between(random, .7, 1.1) : clothes_;
    thing_ = {between(random, -.4, .4), between(random, .1, .9)};
    thing_size_ = between(random, .06, .16);
    grain_ = between(random, 4, 11);
    light_ = {between(random, -1, 1), between(random, -1, -.2)};
    const bool night = random.uniform() < .3;
    const float warmth = between(random, -.12, .12);
    tint_ = night ? Color{.5f, .56f, .78f} * between(random, .7, 1)
                  : Color{1 + warmth, 1, 1 - warmth} * between(random, .7, 1.2);
    sensor_noise_ = night ? .035f : .015f;
  }

  /// Color and alpha at a place; `pixel` is the size of one, `grain` a random value in [−1, 1].
  std::pair<Color, float> at(Point p, float pixel, float grain) const {
    const float strands =
        (fine_.at(p.x * 60, p.y * 9) - .5f) * 2 * curl_ + (noise_.at(p.x * 22, p.y * 22) - .5f) * curl_;
    const Point q{p.x + lean_ * (p.y - head_.y) * ramp(head_.y + head_ry_, head_.y - head_ry_, p.y), p.y};
    const auto covers = [&](float distance, float soft) {
      return 1 - ramp(-soft - pixel / 2, soft + pixel / 2, distance);
    };

    Color color = background(p);
    float alpha = 0;
    const auto lay = [&](Color over, float cover) {
      color = mix(color, over, cover);
      alpha = alpha + cover * (1 - alpha);
    };
    const float shade = shading(q);
    const Color hair = hair_ * (.75f + .5f * fine_.at(p.x * 45 + 3, p.y * 6)) * shade;

    if (hair_length_ > 0) {  // Behind the shoulders and the neck.
      const float fall = ellipse(q, {head_.x, head_.y + head_ry_ * (hair_length_ - .75f) * .5f}, head_rx_ * 1.32f,
                                 head_ry_ * (.75f + hair_length_ * .5f));
      lay(hair * .85f, covers(fall + strands, .006f));
    }
    const Point neck_centre{head_.x * .8f + shoulders_.x * .2f, head_.y + head_ry_ * 1.15f};
    const float neck = ellipse(p, neck_centre, head_rx_ * .52f, head_ry_ * .85f);
    float body = ellipse(p, shoulders_, shoulder_rx_, shoulder_ry_);
    body = blend(body, ellipse(p, {shoulders_.x, shoulders_.y + .45f}, shoulder_rx_ * 1.04f, .5f), .08f);
    lay(skin_ * shade * .82f, covers(neck, 0));
    lay(cloth(p) * (.8f + .25f * ramp(shoulders_.y + .3f, shoulders_.y - shoulder_ry_, p.y)), covers(body, 0));
    // The open collar.
    const float collar = ellipse(p, {neck_centre.x, neck_centre.y + head_ry_ * .55f}, head_rx_ * .62f * neckline_,
                                 head_ry_ * .8f * neckline_);
    lay(skin_ * shade * .88f, covers(std::max(collar, body), 0));

    for (const float side : {-1.f, 1.f})
      lay(skin_ * shade * .85f, covers(ellipse(q, {head_.x + side * head_rx_ * .98f, head_.y + head_ry_ * .05f},
                                               head_rx_ * .16f, head_ry_ * .2f),
                                       0));
    const float head = ellipse(q, head_, head_rx_, head_ry_);
    lay(face(q, shade), covers(head, 0));

    // Hair on top: a cap around the head, above a bent hairline.
    const float cap = ellipse(q, {head_.x, head_.y - head_ry_ * .06f}, head_rx_ * hair_top_, head_ry_ * hair_top_);
    const float u = (q.x - head_.x) / head_rx_;
    const float line = head_.y - head_ry_ * (hairline_ - .75f * u * u * u * u) + (noise_.at(q.x * 30, 2) - .5f) * .02f;
    lay(hair, covers(cap + strands, .005f) * (1 - ramp(line - .012f, line + .012f, q.y)));

    color = color * tint_ + Color{1, 1, 1} * (grain * sensor_noise_);
    return {color, alpha};
  }

 private:
  Color background(Point p) const {
    const float cloud = .6f * noise_.at(p.x * 5 + 7, p.y * 5) + .4f * fine_.at(p.x * grain_, p.y * grain_);
    Color color = mix(far_, near_, std::clamp(p.y * .7f + (cloud - .5f) * .5f, 0.f, 1.f));
    switch (scene_) {
      case 0:  // Bricks or tiles.
      {
        const float row = std::floor(p.y * 12), x = p.x * 7 + .5f * std::fmod(row, 2.f);
        const bool joint = p.y * 12 - row < .12f || x - std::floor(x) < .07f;
        color = color * (joint ? 1.25f : .85f + .3f * fine_.at(std::floor(x) * 3, row * 5));
        break;
      }
      case 1:  // A bright window.
        color =
            mix(color, {.95f, .96f, 1},
                .8f * (1 - ramp(-.01f, .03f, std::max(std::abs(p.x - thing_.x) - .16f, std::abs(p.y - .25f) - .2f))));
        break;
      case 2:  // Leaves.
        color = color * (.55f + .9f * fine_.at(p.x * 16, p.y * 16) * noise_.at(p.x * 9, p.y * 9 + 4));
        break;
      case 3:  // Shelves.
        color = color * (.7f + .5f * fine_.at(std::floor(p.x * 26) * 1.7f, std::floor(p.y * 5)));
        break;
      default:  // A plain wall.
        break;
    }
    const float thing = ellipse(p, thing_, thing_size_, thing_size_ * 1.3f);
    return mix(color, thing_color_ * (.8f + .3f * cloud), 1 - ramp(-.02f, .02f, thing));
  }

  Color cloth(Point p) const {
    const float fold = .85f + .3f * noise_.at(p.x * 8, p.y * 3);
    float second = 0;
    if (pattern_ == 1) second = ramp(.45f, .55f, .5f + .5f * std::sin(p.y * 110));
    if (pattern_ == 2) second = ramp(.45f, .55f, .5f + .5f * std::sin(p.x * 90)) * .7f;
    if (pattern_ == 3) second = 1 - ramp(.01f, .03f, std::abs(p.x - shoulders_.x));  // An open jacket.
    return mix(clothes_, clothes_too_, second) * fold;
  }

  float shading(Point p) const {
    const float u = (p.x - head_.x) / (head_rx_ * 1.4f), v = (p.y - head_.y) / (head_ry_ * 1.4f);
    return std::clamp(.92f + .28f * (u * light_.x + v * light_.y), .55f, 1.2f);
  }

  Color face(Point p, float shade) const {
    Color color = skin_ * shade;
    const float u = (p.x - head_.x) / head_rx_, v = (p.y - head_.y) / head_ry_;
    const auto mark = [&](float x, float y, float rx, float ry, Color mark_color, float strength) {
      const float d = std::hypot((u - x) / rx, (v - y) / ry);
      color = mix(color, mark_color, strength * (1 - ramp(.75f, 1.2f, d)));
    };
    for (const float side : {-1.f, 1.f}) {
      mark(side * .38f, .02f, .17f, .075f, {.93f, .92f, .90f}, .8f);
      mark(side * .38f, .02f, .075f, .075f, {.08f, .06f, .05f}, .95f);
      mark(side * .38f, -.16f, .22f, .045f, hair_ * .8f, .75f);
      mark(side * .55f, .35f, .25f, .18f, {.85f, .45f, .38f}, .12f);
    }
    mark(.06f * (light_.x > 0 ? -1.f : 1.f), .22f, .09f, .16f, skin_ * .6f, .45f);
    mark(0, .53f, .25f, .06f, {.62f, .27f, .25f}, .75f);
    return color;
  }

  Noise noise_, fine_;
  Point head_, shoulders_, thing_, light_;
  float head_rx_, head_ry_, lean_, hair_top_, hairline_, hair_length_, curl_, shoulder_rx_, shoulder_ry_, neckline_,
      thing_size_, grain_, sensor_noise_;
  int pattern_, scene_;
  Color skin_, hair_, clothes_, clothes_too_, near_, far_, thing_color_, tint_;
};

std::uint8_t byte(float value) { return static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.f, 1.f))); }

Sample draw(std::size_t index, const std::string& name, int height, int width) {
  const Portrait portrait{Random(0xab1a7e, index)};
  Random grain(0x9a1a, index);
  Picture image{height, width, 3, {}}, mask{height, width, 1, {}};
  image.pixels.reserve(std::size_t(height) * std::size_t(width) * 3);
  mask.pixels.reserve(std::size_t(height) * std::size_t(width));
  // A wide picture shows more to the sides, a very narrow one is drawn smaller, so that the shoulders fit.
  const float pixel = std::max(1.f / float(height), .6f / float(width));
  const float top = 1 - pixel * float(height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const Point p{(float(x) + .5f - float(width) / 2) * pixel, top + (float(y) + .5f) * pixel};
      const auto [color, alpha] = portrait.at(p, pixel, between(grain, -1, 1));
      image.pixels.insert(image.pixels.end(), {byte(color.r), byte(color.g), byte(color.b)});
      mask.pixels.push_back(byte(alpha));
    }
  return {name, {{"image", std::move(image)}, {"mask", std::move(mask)}}};
}

/// Bytes of drawn portraits that are kept; more of them are drawn anew each time.
constexpr std::size_t kKept = std::size_t(256) << 20;

class SyntheticPortraits : public Dataset {
 public:
  SyntheticPortraits(std::size_t count, int height, int width) : height_(height), width_(width) {
    if (count * std::size_t(height) * std::size_t(width) * 4 <= kKept) {
      samples_ = std::vector<Sample>(count);
      drawn_ = std::vector<std::once_flag>(count);
    }
    for (std::size_t i = 0; i < count; ++i) names_.push_back(fmt::format("portrait-{:05}", i));
  }
  std::size_t size() const override { return names_.size(); }
  const std::string& name(std::size_t index) const override { return names_.at(index); }
  Sample load(std::size_t index) const override {
    if (samples_.empty()) return draw(index, names_.at(index), height_, width_);
    std::call_once(drawn_.at(index), [&] { samples_[index] = draw(index, names_[index], height_, width_); });
    return samples_[index];
  }

 private:
  int height_, width_;
  std::vector<std::string> names_;
  mutable std::vector<Sample> samples_;
  mutable std::vector<std::once_flag> drawn_;
};

}  // namespace

std::shared_ptr<const Dataset> make_synthetic_portraits(std::size_t count, int height, int width) {
  return std::make_shared<SyntheticPortraits>(count, height, width);
}

}  // namespace ablate
