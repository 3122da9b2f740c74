#include "sweeps/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"

namespace ablate {
namespace {

using nlohmann::ordered_json;

std::string nearest_or_all(const std::string& word, const std::vector<std::string>& words, const char* all) {
  const std::vector<std::string> near = near_matches(word, words, 1);
  return near.empty() ? fmt::format("{} {}.", all, fmt::join(words, ", "))
                      : fmt::format("Did you mean \"{}\"?", near.front());
}

}  // namespace

Fields::Fields(ordered_json object, std::string where) : object_(std::move(object)), where_(std::move(where)) {
  if (!object_.is_object())
    throw Error(fmt::format("{} has to be an object, as in {{\"key\": …}}, and is {}.", where_, json_text(object_)));
}

const ordered_json& Fields::any(const char* field) {
  static const ordered_json kMissing;
  if (std::ranges::find(asked_, field) == asked_.end()) asked_.emplace_back(field);
  const auto found = object_.find(field);
  return found == object_.end() ? kMissing : *found;
}

std::optional<std::string> Fields::text(const char* field) {
  const ordered_json& value = any(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_string()) refuse(field, "a text");
  return value.get<std::string>();
}

std::optional<std::string> Fields::word(const char* field, const std::vector<std::string>& words) {
  const ordered_json& value = any(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_string() || std::ranges::find(words, value.get<std::string>()) == words.end())
    refuse(field, fmt::format("one of \"{}\"", fmt::join(words, "\", \"")));
  return value.get<std::string>();
}

std::optional<bool> Fields::flag(const char* field) {
  const ordered_json& value = any(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_boolean()) refuse(field, "true or false");
  return value.get<bool>();
}

std::optional<std::int64_t> Fields::whole(const char* field, std::int64_t low, std::int64_t high) {
  const ordered_json& value = any(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number_integer() || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
    refuse(field, high == std::numeric_limits<std::int64_t>::max()
                      ? fmt::format("a whole number from {} on", low)
                      : fmt::format("a whole number from {} to {}", low, high));
  return value.get<std::int64_t>();
}

std::optional<double> Fields::number(const char* field, double low, double high) {
  const ordered_json& value = any(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
    refuse(field, std::isinf(low)    ? "a number"
                  : std::isinf(high) ? fmt::format("a number from {:g} on", low)
                                     : fmt::format("a number within [{:g}, {:g}]", low, high));
  return value.get<double>();
}

std::optional<double> Fields::above_zero(const char* field) {
  const ordered_json& value = any(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number() || !(value.get<double>() > 0)) refuse(field, "a number above 0");
  return value.get<double>();
}

void Fields::refuse_others() const {
  for (const auto& [field, value] : object_.items())
    if (std::ranges::find(asked_, field) == asked_.end())
      throw Error(fmt::format("{} knows no \"{}\". {}", where_, field, nearest_or_all(field, asked_, "It takes")));
}

void Fields::refuse(const char* field, const std::string& wanted) const {
  throw Error(fmt::format("{}: \"{}\" is {}, not {}.", where_, field, wanted, json_text(object_.at(field))));
}

std::string name_in(const nlohmann::json& object, const char* kind, const char* example) {
  if (!object.is_object() || !object.contains("name") || !object.at("name").is_string())
    throw Error(fmt::format("A {} is written as {}, not {}.", kind, example, json_text(object)));
  return object.at("name");
}

void no_such(const char* kind, const std::string& name, const std::vector<std::string>& names) {
  throw Error(fmt::format("There is no {} \"{}\". {}", kind, name, nearest_or_all(name, names, "There are")));
}

}  // namespace ablate
