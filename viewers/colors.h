#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runs/run_store.h"

namespace ablate {

/// Red, green, blue, each 0 to 1.
using Color = std::array<float, 3>;

/// The interface's own colours. Strong ones belong to runs; red only to what is wrong; the accent to what can be
/// pressed.
namespace look {
inline constexpr Color kText{0.86f, 0.87f, 0.89f};
inline constexpr Color kQuiet{0.52f, 0.54f, 0.58f};
inline constexpr Color kWrong{0.94f, 0.44f, 0.44f};
inline constexpr Color kAccent{0.30f, 0.60f, 0.95f};
inline constexpr Color kAccentFill{0.18f, 0.43f, 0.72f};
inline constexpr Color kChip{0.16f, 0.29f, 0.45f};
inline constexpr Color kFrame{0.16f, 0.175f, 0.20f};
inline constexpr Color kPanel{0.115f, 0.123f, 0.145f};
inline constexpr Color kWell{0.085f, 0.09f, 0.105f};
inline constexpr Color kLine{0.20f, 0.215f, 0.245f};
}  // namespace look

/// The colours that runs get, in order; none of them red.
const std::vector<Color>& run_palette();

/// "#rrggbb"; nullopt for anything else.
std::optional<Color> parse_color(const std::string& text);

/// "#rrggbb".
std::string words_of_color(const Color& color);

/// Gives every run its colour: the one a person chose (meta.json), else the palette's by the run's rank of creation
/// among Ablate's own runs, or, from the palette's other end, among foreign ones. So neighbours in an experiment
/// differ, a new run never changes an older one's colour, nor does one that is removed, and every session comes to the
/// same result. What was given once stays while this object lives, whatever is deleted meanwhile. One thread.
class RunColors {
 public:
  /// `runs` sorted by id; ids begin with the time of creation. `removed`: the ids of those that lie in the bin.
  std::vector<Color> assign(const std::vector<RunInfo>& runs, const std::set<std::string>& removed = {});

 private:
  std::map<std::string, std::size_t> given_;
};

}  // namespace ablate
