// Prints everything that RunReader finds in a folder as one JSON document: export_events FOLDER [BYTES_PER_POLL]
#include <fmt/format.h>

#include <cstdlib>

#include "runs/error.h"
#include "runs/export.h"
#include "runs/json_file.h"
#include "runs/run_reader.h"

namespace {

using Json = nlohmann::json;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

template <class Number>
Json numbers(const std::vector<Number>& values) {
  Json list = Json::array();
  for (const Number value : values) list.push_back(ablate::json_number(static_cast<double>(value)));
  return list;
}

template <class Columns, class Row>
Json table(const Columns& columns, Row row) {
  Json tags = Json::object();
  for (const auto& [tag, points] : columns) {
    Json& rows = tags[tag] = Json::array();
    for (std::size_t i = 0; i < points.size(); ++i) {
      Json cells = row(points[i]);
      cells.insert(cells.begin(), {points[i].step, ablate::json_number(points[i].wall_seconds)});
      rows.push_back(std::move(cells));
    }
  }
  return tags;
}

Json everything(const ablate::RunData& data) {
  Json json;
  json["scalars"] = ablate::export_scalars(data);
  json["histograms"] = table(data.histograms, [](const ablate::HistogramPoint& point) {
    const ablate::Histogram& h = *point.histogram;
    return Json::array({ablate::json_number(h.min), ablate::json_number(h.max), h.count, ablate::json_number(h.sum),
                        ablate::json_number(h.sum_squares), numbers(h.bucket_limits), numbers(h.bucket_counts)});
  });
  json["images"] = table(data.images, [&](const ablate::ImagePoint& point) {
    return Json::array({point.height, point.width, point.channels, hex(ablate::read_image_bytes(data, point))});
  });
  json["texts"] = table(data.texts, [](const ablate::TextPoint& point) { return Json::array({*point.text}); });
  json["tensors"] = table(data.tensors, [](const ablate::TensorPoint& point) {
    return Json::array({*point.shape, numbers(*point.values)});
  });
  for (const auto& [tag, restarts] : data.dropped)
    for (const auto& points : restarts) {
      ablate::RunData one;
      one.scalars[tag] = points;
      json["dropped"][tag].push_back(ablate::export_scalars(one)[tag]);
    }
  json["hparams"] = data.hparams;
  json["charts"] = Json::array();
  for (const auto& chart : data.charts) json["charts"].push_back({chart.name, chart.tags, chart.margins});
  json["plugins"] = data.plugins;
  json["problems"] = Json::array();
  for (const auto& problem : data.problems) json["problems"].push_back({problem.file, problem.offset, problem.what});
  json["files"] = data.files;
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    ablate::RunReader reader(argv[1]);
    const std::size_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::size_t(-1);
    do reader.poll(bytes);
    while (reader.more());
    fmt::print("{}\n", ablate::json_text(everything(*reader.data())));
  } catch (const ablate::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
