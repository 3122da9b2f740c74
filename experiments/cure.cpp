#include "experiments/cure.h"

#include <fmt/format.h>

#include "experiments/catalogue.h"
#include "runs/error.h"
#include "runs/text.h"

namespace ablate {
namespace {

const Option* option_named(const std::string& key) {
  if (const Option* option = find_option(key)) return option;
  for (const Option& option : catalogue())
    if (option.key.ends_with("." + key)) return &option;
  return nullptr;
}

}  // namespace

std::optional<RunConfig> cured(const RunConfig& config, const std::string& cure) {
  RunConfig changed = config;
  for (std::size_t begin = 0; begin <= cure.size();) {
    std::size_t end = cure.find(", ", begin);
    if (end == std::string::npos || cure.find('=', end) == std::string::npos) end = cure.size();  // A list's comma.
    const std::string change = cure.substr(begin, end - begin);
    begin = end + 2;
    const std::size_t equals = change.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const Option* const option = option_named(std::string(trimmed(change.substr(0, equals))));
    if (!option) return std::nullopt;
    try {
      changed.set_from_text(fmt::format("{}={}", option->key, trimmed(change.substr(equals + 1))));
    } catch (const Error&) {
      return std::nullopt;
    }
  }
  return changed;
}

}  // namespace ablate
