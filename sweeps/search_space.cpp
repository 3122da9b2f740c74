#include "sweeps/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "experiments/catalogue.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/fields.h"

namespace ablate {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// A value as a journal can hold it: Optuna's choices are null, booleans, numbers and texts.
json as_choice(const json& value) { return value.is_structured() ? json(json_text(value)) : value; }

json value_of(const Option& option, const json& choice) {
  return choice.is_string() ? value_from_text(option, choice.get<std::string>()) : checked_value(option, choice);
}

Distribution range_from_json(Fields& fields, bool whole) {
  Distribution distribution;
  distribution.type = whole ? Distribution::Type::integer : Distribution::Type::real;
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();  // check() says so.
  distribution.low = fields.number("low").value_or(kMissing);
  distribution.high = fields.number("high").value_or(kMissing);
  distribution.log = fields.flag("log").value_or(false);
  distribution.step = fields.number("step");
  return distribution;
}

Distribution categories_from_json(Fields& fields) {
  const ordered_json& choices = fields.any("choices");
  if (!choices.is_array()) throw Error(fmt::format("{} has no \"choices\", a list of values.", fields.where()));
  Distribution distribution;
  distribution.type = Distribution::Type::categorical;
  for (const ordered_json& choice : choices) distribution.choices.push_back(as_choice(json(choice)));
  return distribution;
}

/// Both ends of a range, or each choice, has to be a value of the option. Errors begin with its key.
void check_values(const Option& option, const Distribution& distribution) {
  const bool whole = distribution.type == Distribution::Type::integer;
  if (distribution.type == Distribution::Type::real && option.type != OptionType::real)
    throw Error(fmt::format(
        R"({}: "float" is for keys that take any number, and it does not. Use "int" or "categorical".)", option.key));
  if (whole && option.type != OptionType::integer && option.type != OptionType::real &&
      option.type != OptionType::duration)
    throw Error(
        fmt::format(R"({}: "int" is for keys that take numbers, and it does not. Use "categorical".)", option.key));
  if (distribution.type == Distribution::Type::categorical)
    for (const json& choice : distribution.choices) value_of(option, choice);
  else
    for (const double end : {distribution.low, distribution.high}) checked_value(option, distribution.external(end));
}

Parameter parameter_from_json(const std::string& key, const ordered_json& document, const std::string& outer) {
  const Option* option = find_option(key);
  if (option == nullptr)
    throw Error(fmt::format("{}: there is no option {}. Did you mean {}?", outer, key, nearest_option(key)));
  const std::string where = fmt::format("{}: {}", outer, key);
  if (!document.is_object() || document.value("type", ordered_json()).is_null())
    throw Error(fmt::format(
        R"({} has to be as {{"type": "float", "low": 1e-4, "high": 1e-2, "log": true}}, or "int", or "categorical" with "choices".)",
        where));
  Fields fields(document, where);
  const std::string type = *fields.word("type", {"float", "int", "categorical"});
  Parameter parameter{key, {}, {}};
  parameter.distribution =
      type == "categorical" ? categories_from_json(fields) : range_from_json(fields, type == "int");
  fields.any("when");
  fields.refuse_others();
  // Optuna makes one value of such a range; whoever wrote it meant another.
  const Distribution& range = parameter.distribution;
  if (const double length = range.high - range.low; length > 0 && range.step.value_or(0) > length)
    throw Error(fmt::format("{} has a step of {:g}, larger than the range from {:g} to {:g}.", where, *range.step,
                            range.low, range.high));
  try {
    parameter.distribution.check();
  } catch (const Error& error) {
    throw Error(fmt::format("{} {}.", where, error.what()));
  }
  try {
    check_values(*option, parameter.distribution);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", outer, error.what()));
  }
  return parameter;
}

/// `wanted`, a value or a list of them, as what `parameter` depends on has them inside: indices of choices, or whole
/// numbers.
std::vector<double> indices_of(const ordered_json& wanted, const Parameter& on, const std::string& where) {
  if (on.distribution.type == Distribution::Type::real)
    throw Error(fmt::format("{}: \"when\" needs a key that is \"categorical\" or \"int\", and {} is any number.", where,
                            on.key));
  std::vector<double> indices;
  for (const ordered_json& value : wanted.is_array() ? wanted : ordered_json::array({wanted})) {
    try {
      indices.push_back(on.distribution.internal(as_choice(json(value))));
    } catch (const Error& error) {
      throw Error(fmt::format("{}: \"when\": {}: {}.", where, on.key, error.what()));
    }
  }
  if (indices.empty())
    throw Error(fmt::format("{}: \"when\": {} has no value, so it would never be searched.", where, on.key));
  return indices;
}

/// What the catalogue says where the file does not.
std::map<std::string, std::vector<double>> known_when(const std::string& key, const std::vector<Parameter>& all) {
  const Option::When& when = find_option(key)->when;
  const auto on = std::ranges::find(all, when.key, &Parameter::key);
  if (on == all.end() || on->distribution.type != Distribution::Type::categorical) return {};
  std::vector<double> indices;
  for (std::size_t i = 0; i < on->distribution.choices.size(); ++i) {
    const json& choice = on->distribution.choices[i];
    const std::string word = choice.is_string() ? choice.get<std::string>() : json_text(choice);
    if (when.values.empty() ? !choice.is_null() : std::ranges::find(when.values, word) != when.values.end())
      indices.push_back(static_cast<double>(i));
  }
  if (indices.size() == on->distribution.choices.size()) return {};
  return {{on->key, indices}};
}

}  // namespace

SearchSpace::SearchSpace(std::vector<Parameter> parameters) {
  while (!parameters.empty()) {
    const auto ready = std::ranges::find_if(parameters, [&](const Parameter& each) {
      return std::ranges::all_of(each.when, [&](const auto& on) { return find(on.first) != nullptr; });
    });
    if (ready == parameters.end())
      throw Error(
          fmt::format("{}: \"when\" goes in a circle, or names a key that is not varied.", parameters.front().key));
    parameters_.push_back(std::move(*ready));
    parameters.erase(ready);
  }
}

SearchSpace SearchSpace::from_json(const ordered_json& document, const std::string& where) {
  if (!document.is_object() || document.empty())
    throw Error(fmt::format(
        R"({} has to name at least one key, as in {{"optimizer.lr": {{"type": "float", "low": 1e-4, "high": 1e-2, "log": true}}}}.)",
        where));
  std::vector<Parameter> parameters;
  for (const auto& [key, fields] : document.items()) parameters.push_back(parameter_from_json(key, fields, where));
  for (Parameter& parameter : parameters) {
    const ordered_json& fields = document.at(parameter.key);
    if (!fields.contains("when")) {
      parameter.when = known_when(parameter.key, parameters);
      continue;
    }
    const std::string inner = fmt::format("{}: {}", where, parameter.key);
    if (!fields.at("when").is_object())
      throw Error(fmt::format("{}: \"when\" is an object, as in {{\"model.norm\": \"group\"}}.", inner));
    for (const auto& [key, wanted] : fields.at("when").items()) {
      const auto on = std::ranges::find(parameters, key, &Parameter::key);
      if (on == parameters.end() || on->key == parameter.key)
        throw Error(fmt::format("{}: \"when\" names {}, which is no other key of this space.", inner, key));
      parameter.when[key] = indices_of(wanted, *on, inner);
    }
  }
  try {
    return SearchSpace(std::move(parameters));
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  }
}

ordered_json SearchSpace::to_json() const {
  ordered_json document = ordered_json::object();
  for (const Parameter& parameter : parameters_) {
    const Distribution& distribution = parameter.distribution;
    ordered_json& fields = document[parameter.key];
    const bool whole = distribution.type == Distribution::Type::integer;
    if (distribution.type == Distribution::Type::categorical) {
      fields = {{"type", "categorical"}, {"choices", distribution.choices}};
    } else {
      fields = {{"type", whole ? "int" : "float"},
                {"low", distribution.external(distribution.low)},
                {"high", distribution.external(distribution.high)}};
      if (distribution.log) fields["log"] = true;
      if (distribution.step && !(whole && *distribution.step == 1))
        fields["step"] = distribution.external(*distribution.step);
    }
    if (!parameter.when.empty() || !known_when(parameter.key, parameters_).empty())
      fields["when"] = ordered_json::object();
    for (const auto& [key, indices] : parameter.when)
      for (const double index : indices)
        fields["when"][key].push_back(ordered_json(find(key)->distribution.external(index)));
  }
  return document;
}

const Parameter* SearchSpace::find(std::string_view key) const {
  const auto found = std::ranges::find(parameters_, key, &Parameter::key);
  return found == parameters_.end() ? nullptr : &*found;
}

bool SearchSpace::active(const Parameter& parameter, const Params& params) {
  return std::ranges::all_of(parameter.when, [&](const auto& on) {
    const auto value = params.find(on.first);
    return value != params.end() && std::ranges::find(on.second, value->second) != on.second.end();
  });
}

RunConfig SearchSpace::config(const RunConfig& base, const Params& params) const {
  RunConfig config = base;
  for (const Parameter& parameter : parameters_)
    if (const auto value = params.find(parameter.key); value != params.end())
      config.set(parameter.key, value_of(*find_option(parameter.key), parameter.distribution.external(value->second)));
  return config;
}

}  // namespace ablate
