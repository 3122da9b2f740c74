#pragma once

#include <imgui.h>

#include <string>

#include "viewers/texture_cache.h"

namespace ablate {

/// A picture fitted into `size`, larger and with its name where the mouse rests on it. Only takes its room where there
/// is none (yet).
void draw_picture(const ShownPicture* picture, ImVec2 size, const std::string& name);

}  // namespace ablate
