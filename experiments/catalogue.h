#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ablate {

enum class OptionType {
  boolean,
  integer,
  real,
  choice,  ///< one of `choices`
  text,
  duration,   ///< a number of steps, or of epochs when written "3ep"
  durations,  ///< a list of those
  size,       ///< [height, width]
  strings,    ///< a list of words, each one of `choices` where there are some
};

/// One key of a run's configuration. The catalogue is the one source for the command line, the builder and the checks
/// of a configuration.
struct Option {
  std::string key;  ///< dotted, "model.norm"
  OptionType type = OptionType::text;
  nlohmann::json default_value;
  std::vector<std::string> choices;
  std::optional<double> low, high;  ///< inclusive
  std::string unit;
  std::string meaning;
  /// The option matters at most while another one has one of these values, e.g. {"model.norm", {"batch", "group",
  /// "layer"}}; RunConfig::matters knows more. No values: while it is
  /// set. Empty key: always. Configurations that differ only in options that don't matter are the same run.
  struct When {
    std::string key;
    std::vector<std::string> values;
  } when;
  bool nullable = false;  ///< null, "not set", is a value too
};

/// In the order in which a person reads them.
const std::vector<Option>& catalogue();

/// nullptr when there is none.
const Option* find_option(std::string_view key);

/// The known key nearest to `key` (edit distance), for "did you mean".
std::string nearest_option(std::string_view key);

/// `value` as this option takes it (a whole number given for a real becomes one, "96x64" no). Throws Error that names
/// the key, the value, what is allowed, and the nearest choice.
nlohmann::json checked_value(const Option& option, const nlohmann::json& value);

/// A value as a person types it: JSON or plain words; a size may be written "96x64", a list "a,b", and nothing at all
/// is null where that is a value. Throws Error as checked_value does.
nlohmann::json value_from_text(const Option& option, std::string_view words);

}  // namespace ablate
