#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// A number as our JSON has it: one that is not finite is the string "NaN", "Infinity" or "-Infinity".
nlohmann::json json_number(double value);
/// The reverse. Throws Error for anything else.
double number_of(const nlohmann::json& json);

/// JSON text in which no number was lost: those that are not finite become the strings above, and bytes that are not
/// UTF-8 become U+FFFD. `indent` as for nlohmann's dump(): -1 is one line.
std::string json_text(const nlohmann::json& json, int indent = -1);

/// What to make of an object that has a key twice.
enum class RepeatedKeys { last_wins, error };

/// Parses `text`. Throws Error naming `where`: not JSON (at which byte), or nested deeper than 200 levels.
nlohmann::json parse_json(std::string_view text, const std::string& where,
                          RepeatedKeys repeated_keys = RepeatedKeys::last_wins);

/// The same for what Python's json module writes: bare NaN, Infinity and -Infinity become the strings above.
nlohmann::json parse_python_json(std::string_view text, const std::string& where);
/// One line as Python's json module writes and reads it: a number that is not finite is bare.
std::string python_json_text(const nlohmann::json& json);

/// Throws Error where the object's "format" is no number, or a newer one than this program knows; none is the first.
void check_format(const nlohmann::json& object, const std::string& where);

/// A JSON object with `"format": 1` from a file; nullopt when the file isn't there (*not yet*). Throws Error that names
/// the file when it is damaged, not an object, or of a newer format.
std::optional<nlohmann::json> read_json_file(const std::filesystem::path& file);

/// Sets `"format": 1` and replaces the file atomically.
void write_json_file(const std::filesystem::path& file, nlohmann::json object);

/// Takes `key` out of `object` and into `value`, if it is there; throws Error naming `where` and the key when its type
/// is wrong. What is left in the object at the end are the keys nobody knows.
void take(nlohmann::json& object, const char* key, bool& value, const std::string& where);
void take(nlohmann::json& object, const char* key, std::int64_t& value, const std::string& where);
void take(nlohmann::json& object, const char* key, double& value, const std::string& where);
void take(nlohmann::json& object, const char* key, std::string& value, const std::string& where);
void take(nlohmann::json& object, const char* key, std::vector<std::string>& value, const std::string& where);
void take(nlohmann::json& object, const char* key, std::map<std::string, double>& value, const std::string& where);

}  // namespace ablate
