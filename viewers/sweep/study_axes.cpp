#include "viewers/sweep/study_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "viewers/builder_model.h"

namespace ablate {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string choice_words(const nlohmann::json& choice) { return choice.is_null() ? "null" : value_words(choice); }

/// So that low < high, and nothing lies on the edge of a category.
void make_room(StudyAxis& axis) {
  if (!axis.choices.empty()) {
    axis.low = -0.5;
    axis.high = static_cast<double>(axis.choices.size()) - 0.5;
  } else if (axis.log && !(axis.low < axis.high)) {
    axis.high = axis.low * 1.5;
    axis.low /= 1.5;
  } else if (!(axis.low < axis.high)) {
    const double half = axis.low == 0 ? 0.5 : 0.05 * std::abs(axis.low);
    axis.low -= half;
    axis.high += half;
  }
}

std::vector<StudyAxis> parameters_of(const Study& study, const Sweep* sweep) {
  std::map<std::string, StudyAxis> found;
  for (const Trial& trial : study.trials) {
    for (const auto& [key, internal] : trial.params) {
      const Distribution& distribution = *trial.distributions.at(key);
      const auto [at, is_new] = found.try_emplace(key);
      StudyAxis& axis = at->second;
      if (is_new) {
        axis.name = key;
        axis.log = distribution.log;
        axis.low = distribution.low;
        axis.high = distribution.high;
        axis.values.assign(study.trials.size(), kNone);
        for (const nlohmann::json& choice : distribution.choices) axis.choices.push_back(choice_words(choice));
      }
      axis.low = std::min(axis.low, distribution.low);
      axis.high = std::max(axis.high, distribution.high);
      axis.values[static_cast<std::size_t>(trial.number)] = internal;
      ++axis.count;
    }
  }
  std::vector<StudyAxis> axes;
  const auto take = [&](std::map<std::string, StudyAxis>::iterator at) {
    make_room(at->second);
    axes.push_back(std::move(at->second));
    return found.erase(at);
  };
  if (sweep)
    for (const Parameter& parameter : sweep->space.parameters())
      if (const auto at = found.find(parameter.key); at != found.end()) take(at);
  while (!found.empty()) take(found.begin());
  return axes;
}

/// What Optuna's Study.set_metric_names left, or the sweep says.
std::string objective_name(const Study& study, const Sweep* sweep, std::size_t objective) {
  if (sweep && objective < sweep->objectives.size()) return sweep->objectives[objective].metric;
  const auto named = study.system_attrs.find("study:metric_names");
  if (named != study.system_attrs.end() && named->is_array() && objective < named->size() &&
      named->at(objective).is_string())
    return named->at(objective).get<std::string>();
  return study.directions.size() == 1 ? "value" : fmt::format("value {}", objective);
}

}  // namespace

double StudyAxis::position(double value) const {
  if (log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

double StudyAxis::value(double position) const {
  if (log) return low * std::pow(high / low, position);
  return low + position * (high - low);
}

std::string StudyAxis::words(double value) const {
  if (choices.empty())
    return std::abs(value) >= 1e3 && std::abs(value) < 1e6 ? fmt::format("{:.0f}", value)
                                                           : fmt::format("{:.3g}", value);
  const auto index = static_cast<std::size_t>(std::clamp<double>(value, 0, static_cast<double>(choices.size()) - 1));
  return choices[index];
}

ValueRange usual_range(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&](double share) { return values[static_cast<std::size_t>(share * (values.size() - 1.0))]; };
  const double low = at(0.1), high = at(0.9), room = 3 * (high - low);
  if (room <= 0) return {values.front(), values.back()};
  const auto first = std::ranges::lower_bound(values, low - room), end = std::ranges::upper_bound(values, high + room);
  return {*first, *std::prev(end)};
}

double objective_of(const Study& study, const Trial& trial, std::size_t objective) {
  if (trial.state != TrialState::complete && trial.state != TrialState::pruned) return kNone;
  if (objective < trial.values.size()) return trial.values[objective];
  if (study.directions.size() > 1 || trial.intermediate.empty()) return kNone;
  return trial.intermediate.rbegin()->second;
}

StudyAxes axes_of(const Study& study, const Sweep* sweep) {
  StudyAxes axes{parameters_of(study, sweep), {}};
  for (std::size_t i = 0; i < study.directions.size(); ++i) {
    StudyAxis axis;
    axis.name = objective_name(study, sweep, i);
    for (const Trial& trial : study.trials) axis.values.push_back(objective_of(study, trial, i));
    axis.count =
        static_cast<std::size_t>(std::ranges::count_if(axis.values, [](double v) { return std::isfinite(v); }));
    std::vector<double> complete;
    for (const Trial& trial : study.trials)
      if (trial.state == TrialState::complete && axis.has(trial.number)) complete.push_back(axis.of(trial.number));
    const ValueRange range = usual_range(complete.size() > 1 ? complete : axis.values);
    axis.low = range.low;
    axis.high = range.high;
    make_room(axis);
    axes.objectives.push_back(std::move(axis));
  }
  return axes;
}

}  // namespace ablate
