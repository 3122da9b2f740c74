#include "viewers/colors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ablate {

const std::vector<Color>& run_palette() {
  static const std::vector<Color> palette = {
      {0.306f, 0.624f, 0.976f}, {0.976f, 0.553f, 0.302f}, {0.353f, 0.800f, 0.525f}, {0.722f, 0.541f, 0.969f},
      {0.914f, 0.776f, 0.310f}, {0.271f, 0.788f, 0.796f}, {0.957f, 0.502f, 0.733f}, {0.663f, 0.820f, 0.310f},
      {0.780f, 0.627f, 0.451f}, {0.553f, 0.659f, 0.800f},
  };
  return palette;
}

std::optional<Color> parse_color(const std::string& text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  Color color;
  for (std::size_t i = 0; i < 3; ++i) {
    int byte = 0;
    const char* const begin = text.data() + 1 + 2 * i;
    const auto [end, failure] = std::from_chars(begin, begin + 2, byte, 16);
    if (failure != std::errc() || end != begin + 2 || byte < 0) return std::nullopt;
    color[i] = static_cast<float>(byte) / 255.0f;
  }
  return color;
}

std::string words_of_color(const Color& color) {
  const auto byte = [](float part) { return std::lround(std::clamp(part, 0.0f, 1.0f) * 255); };
  return fmt::format("#{:02x}{:02x}{:02x}", byte(color[0]), byte(color[1]), byte(color[2]));
}

std::vector<Color> RunColors::assign(const std::vector<RunInfo>& runs, const std::set<std::string>& removed) {
  std::vector<Color> colors;
  colors.reserve(runs.size());
  const std::vector<Color>& palette = run_palette();
  std::size_t own = 0, foreign = 0;
  auto gone = removed.begin();
  for (const RunInfo& run : runs) {
    const bool is_foreign = run.status.state == RunState::foreign;
    std::size_t& rank = is_foreign ? foreign : own;
    const auto take_rank = [&](const std::string& id) {
      const std::size_t given = given_.try_emplace(id, rank).first->second;
      rank = std::max(rank, given) + 1;
      return given;
    };
    for (; !is_foreign && gone != removed.end() && *gone < run.id; ++gone) take_rank(*gone);
    const std::size_t given = take_rank(run.id);
    const auto chosen = parse_color(run.meta.color);
    // Foreign runs begin at the other end, so that one beside a few of our own has another colour than they.
    const std::size_t place = given % palette.size();
    colors.push_back(chosen ? *chosen : palette[is_foreign ? palette.size() - 1 - place : place]);
  }
  return colors;
}

}  // namespace ablate
