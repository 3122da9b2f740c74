#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/run_config.h"
#include "runs/types.h"

namespace ablate {

/// Named 8-bit planes of one size: "image" (RGB) and, where there is one, "mask" (grey, 0 to 255).
struct Sample {
  std::string name;
  std::map<std::string, Picture> planes;
};

/// Samples by index, each always the same: augmentation happens later (transforms.h).
/// `load` may be called from several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::size_t size() const = 0;
  virtual const std::string& name(std::size_t index) const = 0;
  virtual Sample load(std::size_t index) const = 0;
};

/// What was found wrong with the data; told, counted, never silently dropped.
struct DataReport {
  std::vector<std::string> problems;  ///< one sentence each, with the path
  std::size_t used = 0, left_out = 0;
};

/// What is known of a sample besides its pictures, as ("scene", "bedroom"); a key may stand there more than once.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// A data set, cut into training and held-out samples. The cut depends on the names (of the "group" where a manifest
/// has them, which is never cut apart) and the seed alone.
struct DataSource {
  std::shared_ptr<const Dataset> dataset;
  std::vector<std::size_t> training;
  std::vector<std::size_t> held_out;
  std::shared_ptr<const Dataset> gallery;  ///< pictures without masks, at the training size; null where not asked for
  std::map<std::string, Labels> labels;    ///< by sample
  DataReport report;
  nlohmann::json fingerprint;  ///< for run.json: kind, path, count, and a key made of names, sizes and times
};

/// Opens what data.* names: "folder" (images/ and masks/ paired by stem, or a manifest's) or "synthetic". Decodes a
/// folder once into a mapped cache below `cache_folder`, which all runs share. Throws Error (empty folder, no pair at
/// all, cache not writable). `progress(done, total)` is called while it decodes.
DataSource open_data(const RunConfig& config, const std::filesystem::path& cache_folder,
                     const std::function<void(std::size_t, std::size_t)>& progress = {});

/// The same, uncut: all of it in `training`.
DataSource open_whole(const RunConfig& config, const std::filesystem::path& cache_folder,
                      const std::function<void(std::size_t, std::size_t)>& progress = {});

/// Any picture file as RGB, or a mask as grey. Throws Error that names the file.
Picture read_picture(const std::filesystem::path& file, int channels);
Picture resized(const Picture& picture, int height, int width);
/// Takes the colour out of an RGB picture (luma of BT.601); it stays RGB.
void make_grey(Picture& picture);
std::string encode_png(const Picture& picture);

/// For programs that read pictures, at their beginning: OpenCV prints nothing, since what a file lacks is said by who
/// reads it, once, with its name.
void quiet_opencv();
/// A picture of a log: PNG, JPEG, or a GIF's first frame, as grey, RGB or with opacity. Throws Error for anything else,
/// and for more than 64 million pixels, of which a short file may claim to have as many as it likes.
Picture decode_picture(std::string_view encoded);

}  // namespace ablate
