#include "sweeps/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/schedule.h"
#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"
#include "sweeps/pruners/pruner.h"
#include "sweeps/samplers/sampler.h"

namespace ablate {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kMostRetries = 100;
/// For a first look at a pruner's options: the data say how long a run is.
constexpr Step kManySteps = 1'000'000;

/// "{where}: ", then what is wrong with a field of `object` that nobody knows.
void refuse_unknown(const ordered_json& object, const std::vector<std::string>& known, const std::string& where) {
  if (!object.is_object()) throw Error(fmt::format("{} is an object with {}.", where, fmt::join(known, ", ")));
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    throw Error(fmt::format(
        "{}: \"{}\" is not known. Did you mean \"{}\"?", where, key,
        *std::ranges::min_element(known, {}, [&](const std::string& each) { return edit_distance(key, each); })));
  }
}

/// {"name": …}, or the name alone.
json named(const ordered_json& value, const std::string& where) {
  if (value.is_string()) return {{"name", value.get<std::string>()}};
  if (!value.is_object() || !value.contains("name") || !value.at("name").is_string())
    throw Error(fmt::format("{} is an object with a \"name\", or a name.", where));
  return json(value);
}

template <class Value>
Value one_of(const ordered_json& word, const std::vector<std::pair<std::string, Value>>& words,
             const std::string& where) {
  for (const auto& [name, value] : words)
    if (word == name) return value;
  throw Error(fmt::format("{} is \"{}\" or \"{}\", not {}.", where, words[0].first, words[1].first, word.dump()));
}

Sweep::Objective objective_from_json(const ordered_json& document, const std::string& where) {
  using Take = Sweep::Objective::Take;
  refuse_unknown(document, {"metric", "direction", "take"}, where);
  Sweep::Objective objective;
  if (const auto metric = document.find("metric"); metric != document.end()) {
    if (!metric->is_string()) throw Error(fmt::format("{}: \"metric\" is a tag, as \"iou/val\".", where));
    objective.metric = metric->get<std::string>();
  }
  objective.direction = lower_is_better(objective.metric) ? Direction::minimize : Direction::maximize;
  if (const auto word = document.find("direction"); word != document.end())
    objective.direction = one_of<Direction>(
        *word, {{"minimize", Direction::minimize}, {"maximize", Direction::maximize}}, where + ": \"direction\"");
  if (const auto word = document.find("take"); word != document.end())
    objective.take = one_of<Take>(*word, {{"last", Take::last}, {"best", Take::best}}, where + ": \"take\"");
  return objective;
}

Sweep::Budget budget_from_json(const ordered_json& document, const std::string& where) {
  refuse_unknown(document, {"trials", "hours", "epochs"}, where);
  Sweep::Budget budget;
  const auto take = [&](const char* key, auto& value) {
    const auto found = document.find(key);
    if (found == document.end() || found->is_null()) return;
    if (!found->is_number() || !(found->get<double>() > 0))
      throw Error(fmt::format("{}: \"{}\" is a number above 0, not {}.", where, key, found->dump()));
    value = found->get<typename std::decay_t<decltype(value)>::value_type>();
  };
  take("trials", budget.trials);
  take("hours", budget.hours);
  take("epochs", budget.epochs);
  if (const auto trials = document.find("trials"); budget.trials && *trials != *budget.trials)
    throw Error(fmt::format("{}: \"trials\" is a whole number of at least 1, not {}.", where, trials->dump()));
  return budget;
}

/// Tags that every run logs beside what it measures.
bool logged_anyway(const std::string& tag) {
  return tag == "lr" || tag.starts_with("time/") || tag.starts_with("system/") || tag.starts_with("norm/");
}

/// Parameters need not all go together, but some have to.
void check_some_trial(const Sweep& sweep, const std::string& where) {
  constexpr int kTries = 50;
  for (int number = 0;; ++number) {
    std::mt19937_64 generator = generator_for(0, number);
    try {
      sweep.config(random_params(sweep.space, generator));
      return;
    } catch (const Error& error) {
      if (number == kTries)
        throw Error(fmt::format("{}: no trial of this space could train. The last of {} that were looked at: {}", where,
                                kTries, error.what()));
    }
  }
}

/// What concerns several parts of a sweep.
void check_together(const Sweep& sweep, const std::string& where) {
  RunConfig base = RunConfig::from_json(sweep.base);
  const std::vector<std::string> tags = measured_tags(base);
  for (const Sweep::Objective& objective : sweep.objectives) {
    const std::string& tag = objective.metric;
    if (logged_anyway(tag) || std::ranges::find(tags, tag) != tags.end()) continue;
    throw Error(fmt::format(
        "{}: objective: runs of this base do not log {}. Did you mean {}? Other metrics are logged with "
        "validation.metrics in \"base\".",
        where, tag,
        *std::ranges::min_element(tags, {}, [&](const std::string& each) { return edit_distance(tag, each); })));
  }
  for (const Parameter& parameter : sweep.space.parameters())
    if (parameter.key == "data.path" || parameter.key == "train.device")
      throw Error(fmt::format("{}: space: {} is where a run trains, nothing to search.", where, parameter.key));
  check_some_trial(sweep, where);
  try {
    make_sampler(sweep.space, sweep.sampler, sweep.directions());
    make_pruner(sweep.pruner, sweep.total_steps() > 0 ? sweep.total_steps() : kManySteps, sweep.directions());
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace

Sweep Sweep::from_json(const ordered_json& document, const std::string& where) {
  refuse_unknown(document, {"format", "name", "base", "space", "sampler", "pruner", "objective", "budget", "retries"},
                 where);
  Sweep sweep;
  if (const auto name = document.find("name"); name != document.end()) {
    if (!name->is_string() || name->get<std::string>().empty() ||
        name->get<std::string>().find('/') != std::string::npos || name->get<std::string>().starts_with('.'))
      throw Error(fmt::format("{}: \"name\" is the name of a folder, not {}.", where, name->dump()));
    sweep.name = name->get<std::string>();
  }
  try {
    if (document.contains("base")) sweep.base = json(document.at("base"));
    RunConfig::from_json(sweep.base);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: base: {}", where, error.what()));
  }
  if (!document.contains("space")) throw Error(fmt::format("{} has no \"space\": what shall vary?", where));
  sweep.space = SearchSpace::from_json(document.at("space"), where + ": space");
  if (document.contains("sampler")) sweep.sampler = named(document.at("sampler"), where + ": sampler");
  if (document.contains("pruner")) sweep.pruner = named(document.at("pruner"), where + ": pruner");
  if (const auto objective = document.find("objective"); objective != document.end()) {
    sweep.objectives.clear();
    for (const ordered_json& each : objective->is_array() ? *objective : ordered_json::array({*objective}))
      sweep.objectives.push_back(objective_from_json(each, where + ": objective"));
    if (sweep.objectives.empty()) throw Error(fmt::format("{}: objective: there has to be one.", where));
  }
  if (document.contains("budget")) sweep.budget = budget_from_json(document.at("budget"), where + ": budget");
  if (const Budget& budget = sweep.budget;
      !budget.trials && !budget.hours && !budget.epochs && sweep.sampler.at("name") != "grid")
    throw Error(fmt::format(R"({} has no "budget", as {{"trials": 32}}: it would never end.)", where));
  if (const auto retries = document.find("retries"); retries != document.end()) {
    if (!retries->is_number_integer() || *retries < 0 || *retries > kMostRetries)
      throw Error(
          fmt::format("{}: \"retries\" is a whole number from 0 to {}, not {}.", where, kMostRetries, retries->dump()));
    sweep.retries = *retries;
  }
  check_together(sweep, where);
  return sweep;
}

Sweep Sweep::read(const std::filesystem::path& file) {
  const std::optional<std::string> text = read_file(file);
  if (!text)
    throw Error(fmt::format("{}: is not there. Name a sweep file, as in `ablate sweep run lr.json`.", file.string()));
  parse_json(*text, file.string(), RepeatedKeys::error);
  Sweep sweep = from_json(ordered_json::parse(*text), file.string());
  if (sweep.name.empty()) sweep.name = file.stem().string();
  return sweep;
}

ordered_json Sweep::to_json() const {
  ordered_json document{{"format", 1},        {"name", name},    {"base", base}, {"space", space.to_json()},
                        {"sampler", sampler}, {"pruner", pruner}};
  for (const Objective& objective : objectives)
    document["objective"].push_back(
        {{"metric", objective.metric},
         {"direction", objective.direction == Direction::minimize ? "minimize" : "maximize"},
         {"take", objective.take == Objective::Take::last ? "last" : "best"}});
  document["budget"] = ordered_json::object();
  if (budget.trials) document["budget"]["trials"] = *budget.trials;
  if (budget.hours) document["budget"]["hours"] = *budget.hours;
  if (budget.epochs) document["budget"]["epochs"] = *budget.epochs;
  document["retries"] = retries;
  return document;
}

RunConfig Sweep::config(const Params& params) const {
  RunConfig config = space.config(RunConfig::from_json(base), params);
  config.check();
  return config;
}

std::vector<Direction> Sweep::directions() const {
  std::vector<Direction> all;
  for (const Objective& objective : objectives) all.push_back(objective.direction);
  return all;
}

Step Sweep::total_steps() const {
  const RunConfig config = RunConfig::from_json(base);
  Step most = config.at("train.steps").is_number() ? config.integer("train.steps") : 0;
  if (const Parameter* steps = space.find("train.steps");
      steps != nullptr && steps->distribution.type != Distribution::Type::categorical)
    most = static_cast<Step>(steps->distribution.high);
  return most;
}

}  // namespace ablate
