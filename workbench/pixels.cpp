#include "workbench/pixels.h"

#define GL_GLEXT_PROTOTYPES
#include <GL/gl.h>

namespace ablate {

Picture read_pixels(int left, int top, int width, int height, int surface_height) {
  Picture picture{height, width, 3, {}};
  const std::ptrdiff_t row = 3 * static_cast<std::ptrdiff_t>(width);
  std::vector<std::uint8_t> from_below(static_cast<std::size_t>(row * height));
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(left, surface_height - top - height, width, height, GL_RGB, GL_UNSIGNED_BYTE, from_below.data());
  picture.pixels.reserve(from_below.size());
  for (auto end = from_below.end(); end != from_below.begin(); end -= row)
    picture.pixels.insert(picture.pixels.end(), end - row, end);
  return picture;
}

}  // namespace ablate
