#include "sweeps/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "experiments/range_test.h"
#include "experiments/schedule.h"
#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"
#include "sweeps/fields.h"
#include "sweeps/pruners/pruner.h"
#include "sweeps/samplers/sampler.h"

namespace ablate {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kMostRetries = 100;
/// For a first look at a pruner's options: the data say how long a run is.
constexpr Step kManySteps = 1'000'000;

constexpr std::size_t kLongestName = 200;  // Of a folder: 255, and what the names of its runs add.

/// {"name": …}, or the name alone.
json named(const ordered_json& value) { return value.is_string() ? json{{"name", value}} : json(value); }

/// Tags that every run logs beside what it measures.
bool logged_anyway(const std::string& tag, const RunConfig& base) {
  return tag == "lr" || tag == "time/step_ms" || tag == "time/waiting_for_data" || tag.starts_with("system/") ||
         (tag.starts_with("norm/") && tag.ends_with("/gap") && base.integer("log.norm_every") > 0);
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
  std::set<std::string> metrics;
  for (const Sweep::Objective& objective : sweep.objectives) {
    const std::string& tag = objective.metric;
    if (!metrics.insert(tag).second)
      throw Error(fmt::format("{}: objective: {} is there twice. Choose another metric, or take it out.", where, tag));
    if (tag.empty())
      throw Error(fmt::format("{}: objective: \"metric\" is empty. Write one that its runs log: {}.", where,
                              fmt::join(tags, ", ")));
    if (logged_anyway(tag, base) || std::ranges::find(tags, tag) != tags.end()) continue;
    throw Error(fmt::format(
        "{}: objective: runs of this base do not log \"{}\". Did you mean {}? Other metrics are logged with "
        "validation.metrics in \"base\".",
        where, tag, nearest(tag, tags)));
  }
  for (const Parameter& parameter : sweep.space.parameters())
    if (parameter.key == "data.path" || parameter.key == "train.device")
      throw Error(fmt::format("{}: space: {} is where a run trains, nothing to search.", where, parameter.key));
    else if (parameter.key.starts_with("lr_find."))
      throw Error(fmt::format("{}: space: {} is of range tests, which train nothing.", where, parameter.key));
  if (RangeTest::from(base))
    throw Error(
        fmt::format("{}: base: lr_find.procedure makes a range test of every trial, which trains nothing. Take it out; "
                    "range tests of variants are what ablate lr-find does.",
                    where));
  check_some_trial(sweep, where);
  try {
    make_sampler(sweep.space, sweep.sampler, sweep.directions());
    make_pruner(sweep.pruner, sweep.total_steps() > 0 ? sweep.total_steps() : kManySteps, sweep.directions());
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace

Sweep::Objective Sweep::Objective::from_json(const ordered_json& document, const std::string& where) {
  Fields fields(document, where);
  Objective objective;
  if (const auto metric = fields.text("metric")) objective.metric = *metric;
  objective.direction = lower_is_better(objective.metric) ? Direction::minimize : Direction::maximize;
  if (const auto word = fields.word("direction", {"minimize", "maximize"}))
    objective.direction = *word == "minimize" ? Direction::minimize : Direction::maximize;
  if (const auto word = fields.word("take", {"last", "best"}))
    objective.take = *word == "last" ? Take::last : Take::best;
  fields.refuse_others();
  return objective;
}

ordered_json Sweep::Objective::to_json() const {
  return {{"metric", metric},
          {"direction", direction == Direction::minimize ? "minimize" : "maximize"},
          {"take", take == Take::last ? "last" : "best"}};
}

Sweep Sweep::from_json(const ordered_json& document, const std::string& where) {
  Fields fields(document, where);
  fields.any("format");
  Sweep sweep;
  if (const auto name = fields.text("name")) {
    const auto is_control = [](unsigned char c) { return c < ' ' || c == 127; };
    if (name->empty() || name->find('/') != std::string::npos || name->starts_with('.') || name->starts_with('-') ||
        std::ranges::any_of(*name, is_control))
      throw Error(
          fmt::format("{}: \"name\" is \"{}\". It names a folder, and the sweep in commands: it can't be empty, have a "
                      "slash or control characters, or begin with a dot or a dash.",
                      where, *name));
    if (name->size() > kLongestName)
      throw Error(fmt::format("{}: \"name\" has {} bytes; {} are the most.", where, name->size(), kLongestName));
    sweep.name = *name;
  }
  try {
    if (const ordered_json& base = fields.any("base"); !base.is_null()) sweep.base = json(base);
    RunConfig::from_json(sweep.base);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: base: {}", where, error.what()));
  }
  const ordered_json& space = fields.any("space");
  if (!space.is_null()) sweep.space = SearchSpace::from_json(space, where + ": space");
  if (const ordered_json& sampler = fields.any("sampler"); !sampler.is_null()) sweep.sampler = named(sampler);
  if (const ordered_json& pruner = fields.any("pruner"); !pruner.is_null()) sweep.pruner = named(pruner);
  if (const ordered_json& objective = fields.any("objective"); !objective.is_null()) {
    sweep.objectives.clear();
    for (const ordered_json& each : objective.is_array() ? objective : ordered_json::array({objective}))
      sweep.objectives.push_back(Objective::from_json(each, where + ": objective"));
    if (sweep.objectives.empty()) throw Error(fmt::format("{}: objective: there has to be one.", where));
  }
  if (const ordered_json& budget = fields.any("budget"); !budget.is_null())
    sweep.budget = Budget::from_json(budget, where + ": budget");
  sweep.retries = static_cast<int>(fields.whole("retries", 0, kMostRetries).value_or(sweep.retries));
  fields.refuse_others();
  if (space.is_null()) throw Error(fmt::format("{} has no \"space\": what shall vary?", where));
  check_together(sweep, where);
  if (sweep.budget.endless() && sweep.sampler.at("name") != "grid")
    throw Error(fmt::format(R"({} has no "budget", as {{"trials": 32}}: it would never end.)", where));
  return sweep;
}

Sweep Sweep::read(const std::filesystem::path& file) {
  const std::optional<std::string> text = read_file(file);
  if (!text)
    throw Error(fmt::format("{}: is not there. Name a sweep file, as in `ablate sweep run lr.json`.", file.string()));
  check_format(parse_json(*text, file.string(), RepeatedKeys::error), file.string());
  Sweep sweep = from_json(ordered_json::parse(*text), file.string());
  if (sweep.name.empty()) sweep.name = file.stem().string();
  return sweep;
}

ordered_json Sweep::to_json() const {
  ordered_json document{{"format", 1},        {"name", name},    {"base", base}, {"space", space.to_json()},
                        {"sampler", sampler}, {"pruner", pruner}};
  for (const Objective& objective : objectives) document["objective"].push_back(objective.to_json());
  document["budget"] = budget.to_json();
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
