#include "experiments/data/gif.h"

#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "experiments/data/picture_files.h"
#include "runs/error.h"

namespace ablate {
namespace {

int read_some(GifFileType* gif, GifByteType* bytes, int count) {
  auto& left = *static_cast<std::string_view*>(gif->UserData);
  const std::size_t given = std::min(left.size(), static_cast<std::size_t>(std::max(count, 0)));
  std::memcpy(bytes, left.data(), given);
  left.remove_prefix(given);
  return static_cast<int>(given);
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

[[noreturn]] void fail(int error) {
  const char* const why = GifErrorString(error);
  throw Error(fmt::format("A GIF can't be decoded ({}).", why ? why : "it is damaged"));
}

/// Moves on to the first frame.
void find_frame(GifFileType& gif) {
  for (GifRecordType record = UNDEFINED_RECORD_TYPE; record != IMAGE_DESC_RECORD_TYPE;) {
    if (DGifGetRecordType(&gif, &record) == GIF_ERROR) fail(gif.Error);
    if (record == TERMINATE_RECORD_TYPE) throw Error("A GIF has no frame.");
    if (record != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* bytes = nullptr;
    if (DGifGetExtension(&gif, &code, &bytes) == GIF_ERROR) fail(gif.Error);
    while (bytes)
      if (DGifGetExtensionNext(&gif, &bytes) == GIF_ERROR) fail(gif.Error);
  }
  if (DGifGetImageDesc(&gif) == GIF_ERROR) fail(gif.Error);
}

/// The rows of a frame in the order in which the file has them.
std::vector<int> row_order(const GifImageDesc& frame) {
  std::vector<int> rows;
  if (!frame.Interlace) {
    for (int row = 0; row < frame.Height; ++row) rows.push_back(row);
    return rows;
  }
  for (const auto& [first, every] : {std::pair(0, 8), {4, 8}, {2, 4}, {1, 2}})
    for (int row = first; row < frame.Height; row += every) rows.push_back(row);
  return rows;
}

}  // namespace

bool is_gif(std::string_view encoded) { return encoded.starts_with("GIF8"); }

Picture first_frame(std::string_view encoded) {
  int error = 0;
  const std::unique_ptr<GifFileType, Close> gif(DGifOpen(&encoded, read_some, &error));
  if (!gif) fail(error);
  find_frame(*gif);
  const GifImageDesc& frame = gif->Image;
  const ColorMapObject* const colors = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  const int height = std::max(gif->SHeight, frame.Top + frame.Height),
            width = std::max(gif->SWidth, frame.Left + frame.Width);
  if (!colors || height < 1 || width < 1 || frame.Width < 1 ||
      static_cast<std::size_t>(height) * static_cast<std::size_t>(width) > kMostPixels)
    throw Error(fmt::format("A GIF of {}x{} pixels can't be decoded.", height, width));
  Picture picture{height, width, 3, {}};
  picture.pixels.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
  std::vector<GifPixelType> line(static_cast<std::size_t>(frame.Width));
  for (const int row : row_order(frame)) {
    if (DGifGetLine(gif.get(), line.data(), frame.Width) == GIF_ERROR) fail(gif->Error);
    std::uint8_t* at =
        &picture.pixels[3 * (static_cast<std::size_t>(frame.Top + row) * static_cast<std::size_t>(width) +
                             static_cast<std::size_t>(frame.Left))];
    for (const GifPixelType pixel : line) {
      const GifColorType color = pixel < colors->ColorCount ? colors->Colors[pixel] : GifColorType{};
      *at++ = color.Red;
      *at++ = color.Green;
      *at++ = color.Blue;
    }
  }
  return picture;
}

}  // namespace ablate
