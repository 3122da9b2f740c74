#include "viewers/run_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "experiments/catalogue.h"
#include "runs/text.h"
#include "viewers/plot_choice.h"
#include "viewers/run_state.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

using Kind = RunColumn::Kind;

/// Points that "mean of last" is of.
constexpr std::size_t kLast = 10;
/// Of so many runs the tags of all others are guessed.
constexpr std::size_t kAsked = 8;
constexpr std::size_t kUsualOptions = 8;

constexpr std::array<std::pair<Kind, const char*>, 4> kOfRuns{
    {{Kind::state, "state"}, {Kind::started, "started"}, {Kind::duration, "duration"}, {Kind::steps, "steps"}}};
constexpr std::array<std::pair<Kind, const char*>, 4> kOfTags{{{Kind::last, ": last"},
                                                               {Kind::lowest, ": lowest"},
                                                               {Kind::highest, ": highest"},
                                                               {Kind::mean_of_last, ": mean of last 10"}}};

std::string words_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

RunCell number_cell(double value) { return {widgets::short_number(value), value}; }

const nlohmann::json* option_of(const RunView& run, const std::string& key) {
  if (run.config) return find_option(key) ? &run.config->at(key) : nullptr;
  if (!run.data || !run.data->hparams.is_object()) return nullptr;
  const auto found = run.data->hparams.find(key);
  return found == run.data->hparams.end() ? nullptr : &*found;
}

const ScalarColumn* points_of(const RunView& run, const std::string& tag) {
  if (!run.data) return nullptr;
  const auto found = run.data->scalars.find(tag);
  return found == run.data->scalars.end() || found->second.empty() ? nullptr : &found->second;
}

/// From the first logged point to the last.
std::optional<std::pair<double, double>> logged_span(const RunView& run) {
  std::optional<std::pair<double, double>> span;
  if (!run.data) return span;
  for (const auto& [tag, points] : run.data->scalars) {
    if (points.empty()) continue;
    const double first = points.wall_seconds(0), last = points.back().wall_seconds;
    if (!span) span = {first, last};
    span = {std::min(span->first, first), std::max(span->second, last)};
  }
  return span;
}

Step last_step(const RunView& run) {
  Step last = run.info.status.step;
  if (run.info.status.state == RunState::foreign && run.data)
    for (const auto& [tag, points] : run.data->scalars)
      if (!points.empty()) last = std::max(last, points.back().step);
  return last;
}

RunCell started_cell(const RunView& run) {
  double seconds = run.info.run.is_object() ? run.info.run.value("created_seconds", 0.0) : 0;
  if (seconds == 0)
    if (const auto span = logged_span(run)) seconds = span->first;
  if (!(seconds > 0) || !(seconds < 1e11)) return {};
  return {fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(seconds))), seconds};
}

RunCell duration_cell(const RunView& run) {
  double seconds = run.info.status.training_seconds;
  if (seconds == 0)
    if (const auto span = logged_span(run)) seconds = span->second - span->first;
  return seconds > 0 ? RunCell{widgets::duration(seconds), seconds} : RunCell{};
}

double mean_of_last(const ScalarColumn& points) {
  const std::size_t count = std::min(points.size(), kLast);
  double sum = 0;
  for (std::size_t i = points.size() - count; i < points.size(); ++i) sum += points.value(i);
  return sum / static_cast<double>(count);
}

RunCell metric_cell(const RunView& run, const RunColumn& column) {
  const ScalarColumn* const points = points_of(run, column.of);
  if (!points) {
    const auto said = run.info.status.metrics.find(column.of);
    return column.kind == Kind::last && said != run.info.status.metrics.end() ? number_cell(said->second) : RunCell{};
  }
  const Extent& extent = points->totals().extent;
  switch (column.kind) {
    case Kind::lowest:
      return number_cell(extent.below ? -INFINITY : extent.any() ? extent.low : NAN);
    case Kind::highest:
      return number_cell(extent.above ? INFINITY : extent.any() ? extent.high : NAN);
    case Kind::mean_of_last:
      return number_cell(mean_of_last(*points));
    default:
      return number_cell(points->back().value);
  }
}

}  // namespace

std::string RunColumn::name() const {
  for (const auto& [each, word] : kOfRuns)
    if (each == kind) return word;
  for (const auto& [each, ending] : kOfTags)
    if (each == kind) return of + ending;
  return of;
}

RunColumn run_column(const std::string& name) {
  for (const auto& [kind, word] : kOfRuns)
    if (name == word) return {kind, ""};
  for (const auto& [kind, ending] : kOfTags)
    if (name.ends_with(ending)) return {kind, name.substr(0, name.size() - std::string_view(ending).size())};
  return {Kind::option, name};
}

std::vector<std::string> run_columns(const std::vector<const RunView*>& runs) {
  std::set<std::string> options, tags;
  static const RunConfig defaults;
  for (const RunView* run : runs) {
    for (const auto& [tag, value] : run->info.status.metrics) tags.insert(tag);
    if (run->data)
      for (const auto& [tag, points] : run->data->scalars) tags.insert(tag);
    if (run->config) {
      for (const Option& option : catalogue())
        if (run->config->at(option.key) != defaults.at(option.key)) options.insert(option.key);
    } else if (run->data) {
      for (const auto& [name, value] : run->data->hparams.items()) options.insert(name);
    }
  }
  std::vector<std::string> names;
  for (const auto& [kind, word] : kOfRuns) names.emplace_back(word);
  names.insert(names.end(), options.begin(), options.end());
  for (const std::string& tag : tags)
    for (const auto& [kind, ending] : kOfTags) names.push_back(tag + ending);
  return names;
}

std::vector<RunColumn> usual_run_columns(const std::vector<const RunView*>& runs) {
  std::vector<RunColumn> columns{{Kind::state, ""}, {Kind::duration, ""}};
  std::vector<const RunView*> some;
  for (const RunView* run : runs)
    if (run->data && some.size() < kAsked) some.push_back(run);
  for (const std::string& plot : default_plots(plot_names(some))) {
    std::set<std::string> tags;
    for (const RunView* run : some)
      for (const PlotLineTag& line : lines_of(*run, plot))
        if (!line.train_mode) tags.insert(line.tag);
    for (const std::string& tag : tags)
      if (tag != "lr") columns.push_back({lower_is_better(tag) ? Kind::lowest : Kind::highest, tag});
  }
  const std::vector<std::string> options = differing_options(runs);
  for (std::size_t i = 0; i < std::min(options.size(), kUsualOptions); ++i)
    columns.push_back({Kind::option, options[i]});
  return columns;
}

std::vector<std::string> differing_options(const std::vector<const RunView*>& runs) {
  std::set<std::string> keys;
  std::vector<RunConfig> configs;
  for (const RunView* run : runs) {
    if (run->config) configs.push_back(run->config->canonical());
    if (!run->config && run->data)
      for (const auto& [name, value] : run->data->hparams.items()) keys.insert(name);
  }
  if (configs.size() > 1)
    for (const std::string& key : differing_keys(configs)) keys.insert(key);
  std::vector<std::string> differing;
  for (const std::string& key : keys) {
    std::set<std::string> values;
    for (const RunView* run : runs) values.insert(run_cell(*run, {Kind::option, key}).text);
    if (values.size() > 1) differing.push_back(key);
  }
  return differing;
}

RunCell run_cell(const RunView& run, const RunColumn& column) {
  switch (column.kind) {
    case Kind::state:
      return {state_words(run), std::nullopt};
    case Kind::started:
      return started_cell(run);
    case Kind::duration:
      return duration_cell(run);
    case Kind::steps:
      return {std::to_string(last_step(run)), static_cast<double>(last_step(run))};
    case Kind::option:
      break;
    default:
      return metric_cell(run, column);
  }
  const nlohmann::json* const value = option_of(run, column.of);
  if (!value || value->is_null()) return {};
  return {words_of(*value), value->is_number() ? std::optional(value->get<double>()) : std::nullopt};
}

std::vector<const RunView*> sorted_by(const std::vector<const RunView*>& runs, const RunColumn& column,
                                      bool descending) {
  struct Row {
    const RunView* run;
    RunCell cell;
  };
  std::vector<Row> rows;
  for (const RunView* run : runs) rows.push_back({run, run_cell(*run, column)});
  const auto rank = [](const RunCell& cell) {
    return cell.number ? (std::isnan(*cell.number) ? 2 : 0) : cell.text.empty() ? 3 : 1;
  };
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
    if (rank(a.cell) != rank(b.cell)) return rank(a.cell) < rank(b.cell);
    const Row &low = descending ? b : a, &high = descending ? a : b;
    return a.cell.number ? *low.cell.number < *high.cell.number : low.cell.text < high.cell.text;
  });
  std::vector<const RunView*> sorted;
  for (const Row& row : rows) sorted.push_back(row.run);
  return sorted;
}

bool lower_is_better(const std::string& tag) {
  constexpr std::array<std::string_view, 12> kLess{"loss", "err", "mse", "mae", "sad",      "perplexity",
                                                   "time", "nll", "fid", "wer", "gradient", "distance"};
  const std::string lower = lower_case(tag);
  return std::ranges::any_of(kLess, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace ablate
