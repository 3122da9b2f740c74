#include "viewers/sweep_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "runs/error.h"
#include "runs/text.h"
#include "sweeps/pruners/pruner.h"
#include "sweeps/samplers/sampler.h"

namespace ablate {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kWordsOfAName = 3;
/// What an error of Sweep::from_json begins with, and where it belongs.
const std::array<std::pair<std::string, const char*>, 4> kParts = {{{"budget: ", SweepModel::kBudget},
                                                                    {"objective: ", SweepModel::kObjective},
                                                                    {"The pruner", SweepModel::kSampler},
                                                                    {"\"name\"", SweepModel::kName}}};
constexpr double kCloseLimits = 1;  // Limits further apart only say what an option can take, not what is sensible.

/// A number where it is one, else the text: whoever reads it says what is wrong with that.
ordered_json number_or_words(const std::string& typed) {
  const std::string text(trimmed(typed));
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return text;
  return std::abs(number) < 0x1p53 && number == std::floor(number) ? ordered_json(static_cast<std::int64_t>(number))
                                                                   : ordered_json(number);
}

bool takes_whole_numbers(const Option& option) { return option.type != OptionType::real; }

std::string number_words(double number) { return fmt::format("{:.7g}", number); }

/// To two digits: what a range is proposed by is a guess, and all of it shall be seen.
double about(double number) { return std::stod(fmt::format("{:.1e}", number)); }

ordered_json fields_of(const SweepModel::Range& range) {
  ordered_json fields{{"type", takes_whole_numbers(*find_option(range.key)) ? "int" : "float"},
                      {"low", number_or_words(range.low)},
                      {"high", number_or_words(range.high)}};
  if (range.log) fields["log"] = true;
  if (!range.log && !trimmed(range.step).empty()) fields["step"] = number_or_words(range.step);
  return fields;
}

/// A number or a flag where it is one, else the text.
ordered_json value_or_words(const std::string& typed) {
  if (const std::string text(trimmed(typed)); text == "true" || text == "false") return text == "true";
  return number_or_words(typed);
}

/// Says of each part by itself what is wrong with it, where a whole sweep names the first only.
void check_parts(const ordered_json& space, const ordered_json& sampler, const std::vector<Direction>& directions,
                 std::map<std::string, std::string>& problems) {
  const std::string where = "space";
  bool good = !space.empty();
  for (const auto& [key, fields] : space.items()) {
    try {
      SearchSpace::from_json({{key, fields}}, where);
    } catch (const Error& error) {
      problems[key] = std::string(error.what()).substr(where.size() + 2);
      good = false;
    }
  }
  if (!good) return;
  try {
    make_sampler(SearchSpace::from_json(space, where), sampler, directions);
  } catch (const Error& error) {
    problems[SweepModel::kSampler] = error.what();
  }
}

template <class Kinds>
bool knows(const Kinds& kinds, const std::string& name) {
  return std::ranges::any_of(kinds, [&](const auto& kind) { return kind.name == name; });
}

}  // namespace

bool SweepModel::can_range(const Option& option) {
  return option.type == OptionType::real || option.type == OptionType::integer || option.type == OptionType::duration;
}

SweepModel::Range SweepModel::proposed(const Option& option, const json& value) {
  const double least = *option.low, most = *option.high;
  const auto range = [&](double low, double high, bool log) {
    return Range{option.key, number_words(std::max(low, least)), number_words(std::min(high, most)), "", log};
  };
  const bool whole = takes_whole_numbers(option);
  if (!whole && most - least <= kCloseLimits) return range(least, most, false);
  const double now = value.is_number() ? value.get<double>() : 0;
  if (now > 0)
    return whole ? range(std::max(1.0, std::floor(now / 2)), 2 * now, now >= 8)
                 : range(about(now / 10), about(10 * now), true);
  // Not set: rates and decays are searched by their magnitude, weights (0, not null) from nothing to one.
  if (!whole) return value.is_null() ? range(1e-6, 1e-2, true) : range(0, 1, false);
  return range(0, option.type == OptionType::duration ? 100 : 10, false);
}

const SweepModel::Range* SweepModel::find(const std::string& key) const {
  const auto found = std::ranges::find(ranges, key, &Range::key);
  return found == ranges.end() ? nullptr : &*found;
}

ordered_json SweepModel::space(const BuilderModel& builder) const {
  ordered_json space = ordered_json::object();
  for (const Range& range : ranges) space[range.key] = fields_of(range);
  for (const std::string& key : builder.varied())
    if (!find(key)) space[key] = {{"type", "categorical"}, {"choices", builder.values(key)}};
  return space;
}

std::string SweepModel::automatic_name(const BuilderModel& builder, const std::set<std::string>& taken) const {
  std::string words;
  const ordered_json searched = space(builder);
  for (const auto& [key, range] : searched.items()) words += (words.empty() ? "" : "-") + naming_word(key);
  if (searched.empty() || searched.size() > kWordsOfAName) words = "search";
  std::ranges::replace(words, ' ', '-');
  std::string name = words;
  for (int i = 2; taken.contains(name); ++i) name = fmt::format("{}-{}", words, i);
  return name;
}

/// A sampler or a pruner as a sweep file has it.
ordered_json SweepModel::with_fields(const std::string& name) const {
  ordered_json document{{"name", name}};
  if (const auto typed = fields.find(name); typed != fields.end())
    for (const auto& [field, text] : typed->second)
      if (!trimmed(text).empty()) document[field] = value_or_words(text);
  return document;
}

SweepModel::Checked SweepModel::check(const BuilderModel& builder, const std::set<std::string>& taken) const {
  Checked checked;
  std::map<std::string, std::string>& problems = checked.problems;
  const ordered_json searched = space(builder);
  const std::string name = builder.name.empty() ? automatic_name(builder, taken) : builder.name;
  if (!builder.problem().empty()) problems[kOther] = builder.problem();
  if (searched.empty())
    problems[kSpace] = "Nothing is searched yet. Add a range, or choose several values of an option above.";
  if (taken.contains(name))
    problems[kName] = fmt::format("There is a sweep {} already. Choose another name; or add trials to that one.", name);
  std::vector<Direction> directions;
  ordered_json asked = ordered_json::array();
  for (const Sweep::Objective& objective : objectives) {
    directions.push_back(objective.direction);
    asked.push_back(objective.to_json());
  }
  check_parts(searched, with_fields(sampler), directions, problems);

  ordered_json budget = ordered_json::object();
  for (const auto& [key, text] : {std::pair("trials", &trials), {"hours", &hours}, {"epochs", &epochs}})
    if (!trimmed(*text).empty()) budget[key] = number_or_words(*text);
  if (budget.empty() && sampler != "grid")
    problems[kBudget] = "Say how many trials, hours or epochs: it would never end.";
  if (!problems.empty()) return checked;

  const ordered_json document{{"name", name},
                              {"base", builder.experiment().base},
                              {"space", searched},
                              {"sampler", with_fields(sampler)},
                              {"pruner", with_fields(pruner)},
                              {"objective", asked},
                              {"budget", budget}};
  const std::string where = "sweep";
  try {
    checked.sweep = Sweep::from_json(document, where);
  } catch (const Error& error) {
    const std::string words = std::string(error.what()).substr(where.size() + 2);
    const auto part = std::ranges::find_if(kParts, [&](const auto& each) { return words.starts_with(each.first); });
    const bool named = part != kParts.end() && part->first.ends_with(": ");
    problems[part == kParts.end() ? kOther : part->second] = named ? words.substr(part->first.size()) : words;
  }
  return checked;
}

json SweepModel::to_json() const {
  json document{{"sampler", sampler}, {"pruner", pruner}, {"fields", fields}, {"objectives", json::array()},
                {"trials", trials},   {"hours", hours},   {"epochs", epochs}, {"ranges", json::array()}};
  for (const Sweep::Objective& objective : objectives) document["objectives"].emplace_back(objective.to_json());
  for (const Range& range : ranges)
    document["ranges"].push_back(
        {{"key", range.key}, {"low", range.low}, {"high", range.high}, {"step", range.step}, {"log", range.log}});
  return document;
}

void SweepModel::from_json(const json& document) {
  *this = {};
  if (const std::string name = document.value("sampler", sampler); knows(sampler_kinds(), name)) sampler = name;
  if (const std::string name = document.value("pruner", pruner); knows(pruner_kinds(), name)) pruner = name;
  fields = document.value("fields", fields);
  try {
    std::vector<Sweep::Objective> kept;
    for (const json& each : document.value("objectives", json::array()))
      kept.push_back(Sweep::Objective::from_json(each, "objective"));
    if (!kept.empty()) objectives = std::move(kept);
  } catch (const Error&) {  // Another version's.
  }
  trials = document.value("trials", trials);
  hours = document.value("hours", hours);
  epochs = document.value("epochs", epochs);
  for (const json& each : document.value("ranges", json::array())) {
    const Option* const option = find_option(each.value("key", ""));
    if (!option || !can_range(*option) || find(option->key)) continue;
    ranges.push_back(
        {option->key, each.value("low", ""), each.value("high", ""), each.value("step", ""), each.value("log", false)});
  }
}

std::string sweep_words(const Sweep& sweep) {
  double combinations = sweep.sampler.at("name") == "grid" ? 1 : 0;
  for (const Parameter& parameter : sweep.space.parameters())
    combinations *= static_cast<double>(parameter.distribution.count().value_or(0));
  std::string words;
  const auto say = [&](const std::string& limit) { words += (words.empty() ? "" : ", or ") + limit; };
  if (combinations > 0 && (!sweep.budget.trials || combinations <= *sweep.budget.trials))
    say(counted(combinations, "combination"));
  else if (sweep.budget.trials)
    say(counted(*sweep.budget.trials, "trial"));
  if (sweep.budget.hours) say(counted(*sweep.budget.hours, "hour"));
  if (sweep.budget.epochs) say(counted(*sweep.budget.epochs, "epoch"));
  words += ", " + sweep.sampler.at("name").get<std::string>();
  if (sweep.pruner.at("name") != "none") words += ", " + sweep.pruner.at("name").get<std::string>();
  words += ", to";
  for (const Sweep::Objective& objective : sweep.objectives)
    words += fmt::format("{} {} {}{}", &objective == &sweep.objectives.front() ? "" : " and",
                         objective.direction == Direction::minimize ? "minimize" : "maximize",
                         objective.take == Sweep::Objective::Take::last ? "the last " : "", objective.metric);
  return words;
}

std::string space_words(const SearchSpace& space) {
  std::string words;
  for (const Parameter& parameter : space.parameters()) {
    const Distribution& distribution = parameter.distribution;
    if (!words.empty()) words += "\n";
    words += parameter.key;
    if (distribution.type == Distribution::Type::categorical) {
      for (std::size_t i = 0; i < distribution.choices.size(); ++i)
        words += (i ? ", " : ": ") + value_words(distribution.choices[i]);
      continue;
    }
    words += fmt::format(" from {:g} to {:g}", distribution.low, distribution.high);
    if (distribution.log) words += ", log";
    if (distribution.step.value_or(1) != 1) words += fmt::format(", in steps of {:g}", *distribution.step);
  }
  return words;
}

}  // namespace ablate
