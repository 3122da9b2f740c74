#pragma once

#include <string_view>

#include "runs/types.h"

namespace ablate {

bool is_gif(std::string_view encoded);

/// The first frame of a GIF, as RGB, on black where the frame leaves its canvas free. Throws Error where there is none.
Picture first_frame(std::string_view gif);

}  // namespace ablate
