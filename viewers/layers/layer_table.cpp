#include "viewers/layers/layer_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>

namespace ablate {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::string_view kPrefix = "norm/";

int part_of_network(const std::string& layer) {
  static constexpr std::array<std::pair<std::string_view, int>, 10> kParts = {{{"stem", 0},
                                                                               {"inc", 0},
                                                                               {"down", 1},
                                                                               {"enc", 1},
                                                                               {"bottom", 2},
                                                                               {"bottleneck", 2},
                                                                               {"mid", 2},
                                                                               {"up", 3},
                                                                               {"dec", 3},
                                                                               {"out", 4}}};
  for (const auto& [word, part] : kParts)
    if (layer.starts_with(word)) return part;
  return 5;
}

/// Numbers inside names count as numbers: "layer.2" before "layer.10".
bool natural_less(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  const auto digit = [](char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; };
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      std::size_t i_end = i, j_end = j;
      while (i_end < a.size() && digit(a[i_end])) ++i_end;
      while (j_end < b.size() && digit(b[j_end])) ++j_end;
      const std::string_view x = std::string_view(a).substr(i, i_end - i), y = std::string_view(b).substr(j, j_end - j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      i = i_end, j = j_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

/// Fills one row from points in the order of their steps.
template <class Points, class Value>
void fill_row(StepTable& table, std::size_t row, const Points& points, const Value& value) {
  const double width = (table.last_step - table.first_step) / table.columns;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double step = static_cast<double>(points[i].step);
    const int from =
        std::clamp(static_cast<int>(std::ceil((step - table.first_step) / width) - 1), 0, table.columns - 1);
    const float newest = value(points[i]);
    if (std::isfinite(newest)) table.peak = std::max(table.peak, std::abs(newest));
    if (std::isfinite(newest) && 2 * step > table.last_step) table.largest = std::max(table.largest, std::abs(newest));
    for (int column = from; column < table.columns; ++column)
      table.cells[row * static_cast<std::size_t>(table.columns) + static_cast<std::size_t>(column)] = newest;
  }
}

/// Makes room for all rows; a column for each logged step as long as there are no more than `most_columns`.
template <class Points>
void lay_out(StepTable& table, const Points& points, int most_columns) {
  table.columns = std::clamp(static_cast<int>(points.size()), 1, most_columns);
  table.first_step = 0;
  table.last_step = 1;
  for (std::size_t i = 0; i < points.size(); ++i)
    table.last_step = std::max(table.last_step, static_cast<double>(points[i].step));
  table.cells.assign(table.rows.size() * static_cast<std::size_t>(table.columns), kNothing);
}

const SharedColumn<TensorPoint>* statistic_points(const RunData& data, const std::string& layer,
                                                  std::string_view name) {
  const auto at = data.tensors.find(std::string(kPrefix) + layer + "/channels/" + std::string(name));
  return at == data.tensors.end() ? nullptr : &at->second;
}

/// Running and batch vectors of the same step, side by side.
struct Pair {
  Step step;
  const std::vector<float>*running, *batch, *batch_variance;
};

std::vector<Pair> pairs_of(const RunData& data, const std::string& layer, Statistic statistic) {
  const bool mean = statistic == Statistic::mean;
  const auto* const running = statistic_points(data, layer, mean ? "running_mean" : "running_var");
  const auto* const batch = statistic_points(data, layer, mean ? "batch_mean" : "batch_var");
  const auto* const variance = statistic_points(data, layer, "batch_var");
  std::vector<Pair> pairs;
  if (!running || !batch || !variance) return pairs;
  const std::size_t count = std::min({running->size(), batch->size(), variance->size()});
  for (std::size_t i = 0; i < count; ++i) {
    const Pair pair{(*running)[i].step, (*running)[i].values.get(), (*batch)[i].values.get(),
                    (*variance)[i].values.get()};
    if (!pair.running || !pair.batch || !pair.batch_variance) continue;
    if (pair.running->size() != pair.batch->size() || pair.running->size() != pair.batch_variance->size()) continue;
    pairs.push_back(pair);
  }
  return pairs;
}

/// A layer's newest running statistics, mean and variance; null where there are none.
std::array<const std::vector<float>*, 2> newest_running(const RunData& data, const std::string& layer) {
  std::array<const std::vector<float>*, 2> newest{};
  for (const auto& [i, name] : {std::pair(0u, "running_mean"), std::pair(1u, "running_var")})
    if (const auto* points = statistic_points(data, layer, name); points && !points->empty())
      newest[i] = points->back().values.get();
  return newest;
}

/// The layer, and whatever has the very same running statistics: the other places of use of a shared norm.
std::vector<std::string> places_like(const RunData& data, const std::string& layer) {
  std::vector<std::string> places{layer};
  const auto own = newest_running(data, layer);
  const auto as_made = [](const std::vector<float>& mean) {  // They are equal everywhere.
    return std::ranges::all_of(mean, [](float value) { return value == 0; });
  };
  if (!own[0] || !own[1] || as_made(*own[0])) return places;
  for (const std::string& other : layers_with(data, layer_quantities().front())) {
    const auto its = newest_running(data, other);
    if (other != layer && its[0] && its[1] && *its[0] == *own[0] && *its[1] == *own[1]) places.push_back(other);
  }
  return places;
}

/// The order of the network.
void sort_layers(std::vector<std::string>& layers) {
  std::ranges::stable_sort(layers, [](const std::string& a, const std::string& b) {
    const int x = part_of_network(a), y = part_of_network(b);
    return x != y ? x < y : natural_less(a, b);
  });
}

}  // namespace

std::vector<std::string> layers_with(const RunData& data, const LayerQuantity& quantity) {
  const std::string prefix = std::string(quantity.group) + "/", suffix = std::string("/") + quantity.suffix;
  std::vector<std::string> layers;
  for (auto at = data.scalars.lower_bound(prefix); at != data.scalars.end(); ++at) {
    const std::string& tag = at->first;
    if (!tag.starts_with(prefix)) break;
    if (tag.ends_with(suffix) && tag.size() > prefix.size() + suffix.size() && !at->second.empty())
      layers.push_back(tag.substr(prefix.size(), tag.size() - prefix.size() - suffix.size()));
  }
  sort_layers(layers);
  return layers;
}

bool has_layer(const RunData& data, const std::string& layer) {
  return std::ranges::any_of(layer_quantities(),
                             [&](const LayerQuantity& each) { return data.scalars.contains(each.tag(layer)); });
}

StepTable layer_table(const RunData& data, const LayerQuantity& quantity, int most_columns,
                      const std::vector<std::string>& beside) {
  StepTable table;
  const std::vector<std::string> own = layers_with(data, quantity);
  if (own.empty()) return table;
  table.rows = own;
  std::ranges::copy_if(beside, std::back_inserter(table.rows),
                       [&](const std::string& layer) { return std::ranges::find(own, layer) == own.end(); });
  sort_layers(table.rows);
  lay_out(table, data.scalars.at(quantity.tag(own.front())), most_columns);
  for (std::size_t row = 0; row < table.rows.size(); ++row)
    if (const auto points = data.scalars.find(quantity.tag(table.rows[row])); points != data.scalars.end())
      fill_row(table, row, points->second, [](const ScalarPoint& point) { return static_cast<float>(point.value); });
  return table;
}

StepTable channel_table(const RunData& data, const std::string& layer, Statistic statistic, int most_columns) {
  StepTable table;
  const std::vector<Pair> pairs = pairs_of(data, layer, statistic);
  if (pairs.empty()) return table;
  for (std::size_t channel = 0; channel < pairs.front().running->size(); ++channel)
    table.rows.push_back(std::to_string(channel));
  lay_out(table, pairs, most_columns);
  for (std::size_t channel = 0; channel < table.rows.size(); ++channel)
    fill_row(table, channel, pairs, [&](const Pair& pair) {
      if (channel >= pair.running->size()) return kNothing;
      const float running = (*pair.running)[channel], batch = (*pair.batch)[channel];
      if (statistic == Statistic::variance) return std::log((running + 1e-12f) / (batch + 1e-12f));
      return (running - batch) / std::sqrt((*pair.batch_variance)[channel] + 1e-12f);
    });
  return table;
}

ChannelHistory channel_history(const RunData& data, const std::string& layer, Statistic statistic,
                               std::size_t channel) {
  ChannelHistory history;
  for (const std::string& place : places_like(data, layer)) {
    ChannelHistory::Place& its = history.places.emplace_back(ChannelHistory::Place{place, {}, {}});
    for (const Pair& pair : pairs_of(data, place, statistic)) {
      if (channel >= pair.running->size()) continue;
      its.step.push_back(static_cast<double>(pair.step));
      its.batch.push_back((*pair.batch)[channel]);
      if (history.places.size() > 1) continue;
      history.step.push_back(its.step.back());
      history.running.push_back((*pair.running)[channel]);
    }
  }
  return history;
}

}  // namespace ablate
