#include "sweeps/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

using nlohmann::json;

/// Steps such as .1 are no binary fractions: 3 of them are .3, not .30000000000000004 less than .3.
constexpr double kStepRounding = 1e-9;
/// Up to here a double counts.
constexpr double kMostWhole = 0x1p53;

/// Whether we can count with them. Not of a categorical one.
void check_numbers(const Distribution& of) {
  if (!std::isfinite(of.low) || !std::isfinite(of.high)) throw Error("needs a low and a high that are finite");
  if (of.type == Distribution::Type::integer)
    for (const double whole : {of.low, of.high, of.step.value_or(1)})
      if (whole != std::floor(whole) || std::abs(whole) > kMostWhole)
        throw Error(fmt::format("is of whole numbers, and {:g} is none", whole));
  if (of.step && !(*of.step > 0)) throw Error(fmt::format("has a step of {:g}; it has to be above 0", *of.step));
  if (of.step && !((of.high - of.low) / *of.step <= kMostWhole))
    throw Error(
        fmt::format("has a step of {:g}, far too small for a range from {:g} to {:g}", *of.step, of.low, of.high));
}

}  // namespace

void Distribution::check() {
  if (type == Type::categorical) {
    if (choices.empty()) throw Error("has no choices");
    for (const json& choice : choices)
      if (std::ranges::count(choices, choice) > 1)
        throw Error(fmt::format("names the choice {} twice", json_text(choice)));
    return;
  }
  if (type == Type::integer && !step) step = 1;
  check_numbers(*this);
  if (low > high) throw Error(fmt::format("is empty: low {:g} is above high {:g}", low, high));
  if (log && low <= 0) throw Error(fmt::format("is log, which needs a low above 0, not {:g}", low));
  if (type == Type::integer && log && low < 1)
    throw Error(fmt::format("is log, which needs a low of 1 or more, not {:g}", low));
  if (log && step && !(type == Type::integer && *step == 1)) throw Error("has both log and step: choose one");
  if (step) high = value(*count() - 1);
}

std::optional<std::int64_t> Distribution::count() const {
  if (type == Type::categorical) return std::ssize(choices);
  if (low == high) return 1;
  if (!step) return std::nullopt;
  return static_cast<std::int64_t>(std::floor((high - low) / *step + kStepRounding)) + 1;
}

double Distribution::value(std::int64_t k) const {
  if (type == Type::categorical) return static_cast<double>(k);
  return low + static_cast<double>(k) * step.value_or(0);
}

double Distribution::nearest(double internal) const {
  if (type == Type::categorical) return std::clamp(std::round(internal), 0.0, static_cast<double>(choices.size()) - 1);
  if (!step) return std::clamp(internal, low, high);
  const double k = std::round((internal - low) / *step);
  return value(static_cast<std::int64_t>(std::clamp(k, 0.0, static_cast<double>(*count() - 1))));
}

bool Distribution::contains(double internal) const {
  if (type == Type::categorical)
    return internal == std::floor(internal) && internal >= 0 && internal < static_cast<double>(choices.size());
  if (!(internal >= low && internal <= high)) return false;
  return !step || std::abs(internal - nearest(internal)) <= kStepRounding * *step;
}

json Distribution::external(double internal) const {
  if (type == Type::categorical) return choices.at(static_cast<std::size_t>(internal));
  if (type == Type::integer) return static_cast<std::int64_t>(internal);
  return internal;
}

double Distribution::internal(const json& external) const {
  if (type == Type::categorical) {
    const auto found = std::ranges::find(choices, external);
    if (found == choices.end()) throw Error(fmt::format("{} is none of {}", json_text(external), json_text(choices)));
    return static_cast<double>(found - choices.begin());
  }
  if (!external.is_number() || !contains(external.get<double>()))
    throw Error(fmt::format("{} is not within [{:g}, {:g}]{}", json_text(external), low, high,
                            step ? fmt::format(" by steps of {:g}", *step) : ""));
  return external.get<double>();
}

std::string optuna_text(const Distribution& distribution) {
  const auto number = [&](double value) -> json {
    if (distribution.type == Distribution::Type::integer) return static_cast<std::int64_t>(value);
    return value;
  };
  switch (distribution.type) {
    case Distribution::Type::categorical:
      return json_text({{"name", "CategoricalDistribution"}, {"attributes", {{"choices", distribution.choices}}}});
    case Distribution::Type::integer:
    case Distribution::Type::real:
      break;
  }
  const bool whole = distribution.type == Distribution::Type::integer;
  return json_text({{"name", whole ? "IntDistribution" : "FloatDistribution"},
                    {"attributes",
                     {{"log", distribution.log},
                      {"step", distribution.step ? number(*distribution.step) : json(nullptr)},
                      {"low", number(distribution.low)},
                      {"high", number(distribution.high)}}}});
}

Distribution distribution_from_optuna(std::string_view text) {
  const json document = parse_python_json(text, "a distribution");
  Distribution distribution;
  try {
    const std::string name = document.at("name");
    const json& attributes = document.at("attributes");
    if (name == "CategoricalDistribution") {
      distribution.type = Distribution::Type::categorical;
      distribution.choices = attributes.at("choices").get<std::vector<json>>();
      return distribution;
    }
    static const std::set<std::string> reals{"FloatDistribution", "UniformDistribution", "LogUniformDistribution",
                                             "DiscreteUniformDistribution"};
    static const std::set<std::string> integers{"IntDistribution", "IntUniformDistribution",
                                                "IntLogUniformDistribution"};
    if (!reals.contains(name) && !integers.contains(name))
      throw Error(fmt::format("{} is no distribution we know", name));
    distribution.type = reals.contains(name) ? Distribution::Type::real : Distribution::Type::integer;
    distribution.low = attributes.at("low");
    distribution.high = attributes.at("high");
    distribution.log = attributes.value("log", name.find("Log") != std::string::npos);
    const json step = attributes.contains("q") ? attributes.at("q") : attributes.value("step", json(nullptr));
    if (!step.is_null()) distribution.step = step.get<double>();
    if (distribution.type == Distribution::Type::integer && !distribution.step) distribution.step = 1;
    check_numbers(distribution);
  } catch (const json::exception&) {
    throw Error(fmt::format("{} is no distribution as Optuna writes them", text.substr(0, 200)));
  }
  return distribution;
}

bool compatible(const Distribution& a, const Distribution& b) {
  if (a.type != b.type) return false;
  return a.type == Distribution::Type::categorical ? a.choices == b.choices : a.log == b.log;
}

}  // namespace ablate
