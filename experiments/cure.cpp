#include "experiments/cure.h"

#include <fmt/format.h>

#include "experiments/catalogue.h"
#include "runs/error.h"
#include "runs/trimmed.h"

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
  const std::size_t equals = cure.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const Option* const option = option_named(std::string(trimmed(cure.substr(0, equals))));
  if (!option) return std::nullopt;
  try {
    RunConfig changed = config;
    changed.set_from_text(fmt::format("{}={}", option->key, trimmed(cure.substr(equals + 1))));
    return changed;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace ablate
