#include "experiments/metrics/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "experiments/metrics/metric_list.h"
#include "experiments/metrics/strata.h"
#include "runs/json_file.h"

namespace ablate {
nlohmann::json Evaluation::add(const std::string& sample, PlaneView prediction, PlaneView target,
                               const Picture* picture, const std::vector<std::pair<std::string, std::string>>& labels) {
  Scored scored;
  const Trimap trimap = metric_trimap(target);
  for (const Metric& metric : all_metrics())
    if (std::min(target.height(), target.width()) >= metric.smallest_side)
      scored.metrics[std::string(metric.name)] = metric.value(prediction, target, trimap);
  const double area = area_share(target);
  scored.area = stratum_of(area_strata(), area).name;
  scored.labels = labels;
  if (picture) {
    const PictureKeys keys = picture_keys(*picture);
    scored.keys = {
        {"brightness", keys.brightness}, {"colour_variance", keys.colour_variance}, {"sharpness", keys.sharpness}};
  }
  nlohmann::json line{{"sample", sample}, {"area", area}, {"strata", {scored.area}}};
  for (const auto& [key, value] : labels) line["strata"].push_back(key + " " + value);
  for (const auto* values : {&scored.metrics, &scored.keys})
    for (const auto& [name, value] : *values) line[name] = json_number(value);
  samples_.push_back(std::move(scored));
  return line;
}

nlohmann::json Evaluation::summary() const {
  const auto mean_of = [&](const std::function<bool(const Scored&)>& belongs) {
    std::map<std::string, std::pair<double, double>> sums;
    int count = 0;
    for (const Scored& scored : samples_) {
      if (!belongs(scored)) continue;
      ++count;
      for (const auto& [name, value] : scored.metrics) {
        sums[name].first += value;
        sums[name].second += 1;
      }
    }
    nlohmann::json means{{"samples", count}};
    for (const auto& [name, sum] : sums) means[name] = json_number(sum.first / sum.second);
    return means;
  };
  nlohmann::json document{{"samples", samples_.size()},
                          {"metrics", mean_of([](const Scored&) { return true; })},
                          {"strata", nlohmann::json::object()}};
  document["metrics"].erase("samples");
  std::set<std::string> areas;
  std::map<std::string, std::set<std::string>> label_values;  // By key.
  for (const Scored& scored : samples_) {
    areas.insert(scored.area);
    for (const auto& [key, value] : scored.labels) label_values[key].insert(value);
  }
  for (const std::string& area : areas)
    document["strata"][area] = mean_of([&](const Scored& scored) { return scored.area == area; });
  for (const auto& [key, all] : label_values) {
    if (all.size() > kMostValues) {
      document["too_many_values"][key] = all.size();
      continue;
    }
    for (const std::string& value : all)
      document["strata"][key + " " + value] = mean_of([label = std::pair(key, value)](const Scored& scored) {
        return std::ranges::find(scored.labels, label) != scored.labels.end();
      });
  }
  if (samples_.size() < 3) return document;
  for (const auto& [key, _] : samples_.front().keys) {
    std::vector<double> values;
    for (const Scored& scored : samples_) values.push_back(scored.keys.at(key));
    std::ranges::sort(values);
    const double low = values[values.size() / 3], high = values[2 * values.size() / 3];
    const auto third = [&](const char* name, const std::function<bool(double)>& within) {
      document["strata"][fmt::format("{} {}", key, name)] =
          mean_of([&](const Scored& scored) { return within(scored.keys.at(key)); });
    };
    third("low", [&](double value) { return value < low; });
    third("middle", [&](double value) { return value >= low && value < high; });
    third("high", [&](double value) { return value >= high; });
  }
  return document;
}

}  // namespace ablate
