// Prints what the metrics library computes, as JSON; numbers that are not finite are the strings "nan" and "inf".
//   metric_values planes HEIGHT WIDTH PREDICTION TARGET BAND [TRIMAP]   all metrics of raw float32 planes, the trimap's
//       unknown region BAND pixels wide; TRIMAP is written, a byte a pixel: 0, 128 (unknown) or 255 (foreground)
//   metric_values picture HEIGHT WIDTH CHANNELS PIXELS                  the keys of a picture of raw bytes
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/metrics/image_quality.h"
#include "experiments/metrics/metric_list.h"
#include "experiments/metrics/strata.h"

namespace {

std::string bytes_of(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

ablate::Plane plane_of(const char* file, int height, int width) {
  const std::string bytes = bytes_of(file);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return {height, width, std::move(values)};
}

nlohmann::json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

nlohmann::json values_of_planes(char** argv, const char* trimap_file) {
  const int height = std::atoi(argv[2]), width = std::atoi(argv[3]);
  const ablate::Plane prediction = plane_of(argv[4], height, width), target = plane_of(argv[5], height, width);
  const ablate::Trimap trimap = ablate::trimap_of(target, std::atoi(argv[6]));
  if (trimap_file) {
    std::ofstream stream(trimap_file, std::ios::binary);
    for (std::size_t i = 0; i < target.values.size(); ++i)
      stream.put(static_cast<char>(trimap.unknown.values[i] ? 128 : trimap.foreground.values[i] ? 255 : 0));
  }
  nlohmann::json result;
  for (const ablate::Metric& metric : ablate::all_metrics())
    if (std::min(height, width) >= metric.smallest_side)
      result["metrics"][std::string(metric.name)] = number(metric.value(prediction, target, trimap));
  for (const int largest : {1, 2, 255})
    result["psnr"][std::to_string(largest)] = number(ablate::psnr(prediction, target, largest));
  const double share = ablate::area_share(target);
  result["area_share"] = number(share);
  if (!std::isnan(share)) result["stratum"] = ablate::stratum_of(ablate::area_strata(), share).name;
  return result;
}

nlohmann::json values_of_picture(char** argv) {
  const std::string bytes = bytes_of(argv[5]);
  const ablate::PictureKeys keys =
      ablate::picture_keys({std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]), {bytes.begin(), bytes.end()}});
  return {{"brightness", keys.brightness}, {"colour_variance", keys.colour_variance}, {"sharpness", keys.sharpness}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "planes" && (argc == 7 || argc == 8))
    fmt::print("{}\n", values_of_planes(argv, argc == 8 ? argv[7] : nullptr).dump());
  else if (what == "picture" && argc == 6)
    fmt::print("{}\n", values_of_picture(argv).dump());
  else
    return 2;
}
