#pragma once

#include <filesystem>
#include <string>

#include "experiments/after.h"

namespace ablate {

/// Whether the time of a run that comes after another has come.
struct Turn {
  enum class Kind {
    come,     ///< that one is completed
    coming,   ///< it waits or trains
    held_up,  ///< nothing will complete it unless somebody does something
  } kind = Kind::come;
  std::string words = "";  ///< of what is held up: why, and how to go on
};

/// By the status of the run that it comes after, which may be any run of the root, trained by anybody.
Turn turn_of(const std::filesystem::path& root, const After& after);

}  // namespace ablate
