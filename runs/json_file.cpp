#include "runs/json_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 200;  // Destroying and writing JSON recurses; this keeps both far from the end of the stack.

constexpr std::string_view kNotFinite[] = {"NaN", "Infinity", "-Infinity"};

int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

void replace_not_finite(Json& json) {
  if (json.is_number_float() && !std::isfinite(json.get<double>())) json = json_number(json.get<double>());
  if (json.is_structured())
    for (Json& element : json) replace_not_finite(element);
}

bool has_not_finite(const Json& json) {
  if (json.is_number_float()) return !std::isfinite(json.get<double>());
  if (json.is_structured())
    for (const Json& element : json)
      if (has_not_finite(element)) return true;
  return false;
}

std::optional<Json> take_key(Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  Json value = std::move(*found);
  object.erase(found);
  return value;
}

[[noreturn]] void wrong_type(const std::string& where, const char* key, const char* wanted) {
  throw Error(fmt::format("{}: \"{}\" is not {}. Correct the file, or remove that key.", where, key, wanted));
}

}  // namespace

Json json_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

double number_of(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw Error(fmt::format("{} is not a number", json_text(json)));
}

std::string json_text(const Json& json, int indent) {
  constexpr auto replace = Json::error_handler_t::replace;
  if (!has_not_finite(json)) return json.dump(indent, ' ', false, replace);
  Json copy = json;
  replace_not_finite(copy);
  return copy.dump(indent, ' ', false, replace);
}

Json parse_json(std::string_view text, const std::string& where, RepeatedKeys repeated_keys) {
  if (depth_of(text) > kDeepest) throw Error(fmt::format("{}: nested deeper than {} levels", where, kDeepest));
  try {
    if (repeated_keys == RepeatedKeys::last_wins) return Json::parse(text);
    std::vector<std::set<std::string>> objects;  // the keys of every object that is open
    return Json::parse(text, [&](int, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start) objects.emplace_back();
      if (event == Json::parse_event_t::object_end) objects.pop_back();
      if (event == Json::parse_event_t::key && !objects.back().insert(parsed.get<std::string>()).second)
        throw Error(fmt::format("{}: \"{}\" is there twice", where, parsed.get<std::string>()));
      return true;
    });
  } catch (const Json::exception& error) {
    const std::string what = error.what();  // "[json.exception.parse_error.101] parse error at line 1, …"
    throw Error(fmt::format("{}: not JSON: {}", where, what.substr(std::min(what.size(), what.find("] ") + 2))));
  }
}

Json parse_python_json(std::string_view text, const std::string& where) {
  std::string quoted;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!in_string) {
      const std::string_view rest = text.substr(i);
      const auto* word =
          std::ranges::find_if(kNotFinite, [&](std::string_view each) { return rest.starts_with(each); });
      if (word != std::end(kNotFinite)) {
        quoted += '"';
        quoted += *word;
        quoted += '"';
        i += word->size() - 1;
        continue;
      }
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      quoted += text.substr(i++, 2);
      continue;
    }
    if (text[i] == '"') in_string = !in_string;
    quoted += text[i];
  }
  return parse_json(quoted, where);
}

std::string python_json_text(const Json& json) {
  std::string text;
  if (json.is_object()) {
    for (const auto& [key, value] : json.items())
      text += fmt::format("{}{}:{}", text.empty() ? "" : ",", json_text(key), python_json_text(value));
    return "{" + text + "}";
  }
  if (json.is_array()) {
    for (const Json& value : json) text += (text.empty() ? "" : ",") + python_json_text(value);
    return "[" + text + "]";
  }
  if (json.is_number_float() && !std::isfinite(json.get<double>()))
    return json_number(json.get<double>()).get<std::string>();
  return json_text(json);
}

void check_format(const Json& object, const std::string& where) {
  const auto format = object.find("format");
  if (format == object.end()) return;
  if (!format->is_number_integer() || *format < 1) wrong_type(where, "format", "a format number");
  if (*format > 1)
    throw Error(fmt::format("{}: written by a newer Ablate (format {}, this one knows 1). Update Ablate.", where,
                            format->dump()));
}

std::optional<Json> read_json_file(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return std::nullopt;
  Json json = parse_json(*text, file.string());
  if (!json.is_object()) throw Error(fmt::format("{}: not a JSON object", file.string()));
  check_format(json, file.string());
  return json;
}

void write_json_file(const std::filesystem::path& file, Json object) {
  object["format"] = 1;
  const std::string text = json_text(object, 2) + "\n";
  const std::string_view piece = text;
  write_file_atomically(file, {&piece, 1});
}

void take(Json& object, const char* key, bool& value, const std::string& where) {
  const auto json = take_key(object, key);
  if (!json) return;
  if (!json->is_boolean()) wrong_type(where, key, "true or false");
  value = json->get<bool>();
}

void take(Json& object, const char* key, std::int64_t& value, const std::string& where) {
  const auto json = take_key(object, key);
  if (!json) return;
  if (!json->is_number_integer()) wrong_type(where, key, "a whole number");
  value = json->get<std::int64_t>();
}

void take(Json& object, const char* key, double& value, const std::string& where) {
  const auto json = take_key(object, key);
  if (!json) return;
  try {
    value = number_of(*json);
  } catch (const Error&) {
    wrong_type(where, key, "a number");
  }
}

void take(Json& object, const char* key, std::string& value, const std::string& where) {
  const auto json = take_key(object, key);
  if (!json) return;
  if (!json->is_string()) wrong_type(where, key, "a text");
  value = json->get<std::string>();
}

void take(Json& object, const char* key, std::vector<std::string>& value, const std::string& where) {
  const auto json = take_key(object, key);
  if (!json) return;
  if (!json->is_array()) wrong_type(where, key, "a list of texts");
  value.clear();
  for (const Json& element : *json) {
    if (!element.is_string()) wrong_type(where, key, "a list of texts");
    value.push_back(element.get<std::string>());
  }
}

void take(Json& object, const char* key, std::map<std::string, double>& value, const std::string& where) {
  const auto json = take_key(object, key);
  if (!json) return;
  try {
    value.clear();
    for (const auto& [name, number] : json->get_ref<const Json::object_t&>()) value[name] = number_of(number);
  } catch (const std::exception&) {
    wrong_type(where, key, "an object of numbers");
  }
}

}  // namespace ablate
