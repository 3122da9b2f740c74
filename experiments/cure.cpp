#include "experiments/cure.h"

#include "experiments/catalogue.h"
#include "runs/error.h"

namespace ablate {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

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
  const Option* const option = option_named(trimmed(cure.substr(0, equals)));
  if (!option) return std::nullopt;
  try {
    RunConfig changed = config;
    changed.set_from_text(option->key + "=" + trimmed(cure.substr(equals + 1)));
    return changed;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace ablate
