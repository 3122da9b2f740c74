#include "viewers/run_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <ranges>

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

constexpr std::array<std::pair<Kind, const char*>, 7> kOfRuns{{{Kind::state, "state"},
                                                               {Kind::started, "started"},
                                                               {Kind::duration, "duration"},
                                                               {Kind::steps, "steps"},
                                                               {Kind::tags, "tags"},
                                                               {Kind::notes, "notes"},
                                                               {Kind::begun_from, "begun from"}}};
constexpr const char* kOfFigures = ": figure";
constexpr std::array<std::pair<Kind, const char*>, 2> kUntil{
    {{Kind::steps_until, "steps until "}, {Kind::time_until, "time until "}}};
constexpr std::array<std::pair<Kind, const char*>, 5> kOfTags{{{Kind::last, ": last"},
                                                               {Kind::lowest, ": lowest"},
                                                               {Kind::highest, ": highest"},
                                                               {Kind::mean_of_last, ": mean of last 10"},
                                                               {Kind::spread_of_last, ": spread of last 10"}}};

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
  double seconds = run.info.run->is_object() ? run.info.run->value("created_seconds", 0.0) : 0;
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

/// The run, and its step, whose weights it began with: "coarse@400"; a file's name where that is no run's.
std::string parent_of(const RunView& run) {
  const auto found = run.info.run->is_object() ? run.info.run->find("parent") : run.info.run->end();
  if (!run.info.run->is_object() || found == run.info.run->end() || !found->is_string()) return "";
  const std::filesystem::path weights = found->get<std::string>();
  const std::string step = weights.filename().string();
  if (weights.parent_path().filename() != "checkpoints" || !step.starts_with("step-")) return step;
  return fmt::format("{}@{}", weights.parent_path().parent_path().filename().string(),
                     std::atoll(step.c_str() + std::string_view("step-").size()));
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
    case Kind::spread_of_last: {
      const Extent last = points->extent(points->size() - std::min(points->size(), kLast), points->size());
      return last.any() ? number_cell(last.high - last.low) : RunCell{};
    }
    default:
      return number_cell(points->back().value);
  }
}

/// The first point that is there; looked for by extents, of which none takes long.
RunCell until_cell(const RunView& run, const RunColumn& column) {
  const std::optional<Passing> passing = passing_from(column.of);
  const ScalarColumn* const points = passing ? points_of(run, passing->tag) : nullptr;
  if (!points) return {};
  const auto passed = [&](std::size_t count) {
    const Extent extent = points->extent(0, count);
    return passing->upwards ? extent.above || (extent.any() && extent.high >= passing->value)
                            : extent.below || (extent.any() && extent.low <= passing->value);
  };
  if (!passed(points->size())) return {};
  const auto counts = std::views::iota(std::size_t{1}, points->size() + 1);
  const std::size_t least = *std::ranges::partition_point(counts, [&](std::size_t count) { return !passed(count); });
  const ScalarPoint at = (*points)[least - 1];
  if (column.kind == Kind::steps_until) return {std::to_string(at.step), static_cast<double>(at.step)};
  const double seconds = at.wall_seconds - points->wall_seconds(0);
  return {widgets::duration(seconds), seconds};
}

}  // namespace

std::optional<Passing> passing_from(const std::string& words) {
  const std::size_t equals = words.rfind('=');
  if (equals == std::string::npos || equals == 0 || (words[equals - 1] != '>' && words[equals - 1] != '<'))
    return std::nullopt;
  const std::size_t at = equals - 1;
  const std::string_view tag = trimmed(std::string_view(words).substr(0, at));
  const std::string_view value = trimmed(std::string_view(words).substr(at + 2));
  double number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (tag.empty() || value.empty() || read.ec != std::errc() || read.ptr != value.data() + value.size())
    return std::nullopt;
  return Passing{std::string(tag), words[at] == '>', number};
}

std::string RunColumn::name() const {
  for (const auto& [each, word] : kOfRuns)
    if (each == kind) return word;
  for (const auto& [each, ending] : kOfTags)
    if (each == kind) return of + ending;
  for (const auto& [each, beginning] : kUntil)
    if (each == kind) return beginning + of;
  return kind == Kind::figure ? of + kOfFigures : of;
}

RunColumn run_column(const std::string& name) {
  for (const auto& [kind, word] : kOfRuns)
    if (name == word) return {kind, ""};
  const auto without = [&](std::string_view ending) { return name.substr(0, name.size() - ending.size()); };
  for (const auto& [kind, beginning] : kUntil)
    if (name.starts_with(beginning)) return {kind, name.substr(std::string_view(beginning).size())};
  if (name.ends_with(kOfFigures)) return {Kind::figure, without(kOfFigures)};
  for (const auto& [kind, ending] : kOfTags)
    if (name.ends_with(ending)) return {kind, without(ending)};
  return {Kind::option, name};
}

std::vector<std::string> run_columns(const std::vector<const RunView*>& runs) {
  std::set<std::string> options, tags, figures;
  static const RunConfig defaults;
  for (const RunView* run : runs) {
    for (const auto& [name, value] : run->info.meta.figures) figures.insert(RunColumn{Kind::figure, name}.name());
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
  names.insert(names.end(), figures.begin(), figures.end());
  names.insert(names.end(), options.begin(), options.end());
  for (const std::string& tag : tags)
    for (const auto& [kind, ending] : kOfTags) names.push_back(tag + ending);
  return names;
}

std::vector<RunColumn> usual_run_columns(const std::vector<const RunView*>& runs) {
  std::vector<RunColumn> columns{{Kind::state, ""}, {Kind::duration, ""}};
  std::set<std::string> figures;
  bool tagged = false;
  for (const RunView* run : runs) {
    for (const auto& [name, value] : run->info.meta.figures) figures.insert(name);
    tagged |= !run->info.meta.tags.empty();
  }
  if (tagged) columns.push_back({Kind::tags, ""});
  for (const std::string& name : figures) columns.push_back({Kind::figure, name});
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
    case Kind::tags:
      return {fmt::format("{}", fmt::join(run.info.meta.tags, ", ")), std::nullopt};
    case Kind::notes:
      return {run.info.meta.notes.substr(0, run.info.meta.notes.find('\n')), std::nullopt};
    case Kind::begun_from:
      return {parent_of(run), std::nullopt};
    case Kind::figure: {
      const auto found = run.info.meta.figures.find(column.of);
      return found == run.info.meta.figures.end() ? RunCell{} : number_cell(found->second);
    }
    case Kind::steps_until:
    case Kind::time_until:
      return until_cell(run, column);
    case Kind::option:
      break;
    default:
      return metric_cell(run, column);
  }
  const nlohmann::json* const value = option_of(run, column.of);
  if (!value || value->is_null()) return {};
  return {words_of(*value), value->is_number() ? std::optional(value->get<double>()) : std::nullopt};
}

RunCell cell_of_all(const std::vector<const RunView*>& runs, const RunColumn& column) {
  std::vector<double> numbers;
  std::set<std::string> texts;
  for (const RunView* run : runs) {
    const RunCell cell = run_cell(*run, column);
    if (cell.number && std::isfinite(*cell.number)) numbers.push_back(*cell.number);
    texts.insert(cell.text);
  }
  if (texts.size() == 1) return run_cell(*runs.front(), column);
  if (numbers.empty()) return {"various", std::nullopt};
  const auto count = static_cast<double>(numbers.size());
  double mean = 0, squares = 0;
  for (const double number : numbers) mean += number / count;
  for (const double number : numbers) squares += (number - mean) * (number - mean);
  if (numbers.size() == 1) return number_cell(mean);
  const double deviation = std::sqrt(squares / (count - 1));
  return {fmt::format("{} ± {}", widgets::short_number(mean), widgets::short_number(deviation)), mean};
}

bool stands_before(const RunCell& a, const RunCell& b, bool descending) {
  const auto rank = [](const RunCell& cell) {
    return cell.number ? (std::isnan(*cell.number) ? 2 : 0) : cell.text.empty() ? 3 : 1;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  const RunCell &low = descending ? b : a, &high = descending ? a : b;
  return a.number ? *low.number < *high.number : low.text < high.text;
}

std::vector<const RunView*> sorted_by(const std::vector<const RunView*>& runs, const RunColumn& column,
                                      bool descending) {
  struct Row {
    const RunView* run;
    RunCell cell;
  };
  std::vector<Row> rows;
  for (const RunView* run : runs) rows.push_back({run, run_cell(*run, column)});
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) { return stands_before(a.cell, b.cell, descending); });
  std::vector<const RunView*> sorted;
  for (const Row& row : rows) sorted.push_back(row.run);
  std::ranges::stable_partition(sorted, [](const RunView* run) { return run->info.meta.pinned; });
  return sorted;
}

bool lower_is_better(const std::string& tag) {
  constexpr std::array<std::string_view, 12> kLess{"loss", "err", "mse", "mae", "sad",      "perplexity",
                                                   "time", "nll", "fid", "wer", "gradient", "distance"};
  const std::string lower = lower_case(tag);
  return std::ranges::any_of(kLess, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace ablate
