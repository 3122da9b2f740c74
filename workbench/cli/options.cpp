// ablate options [KEY]: the catalogue.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "experiments/catalogue.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

std::string_view name_of(OptionType type) {
  switch (type) {
    case OptionType::boolean:
      return "boolean";
    case OptionType::integer:
      return "integer";
    case OptionType::real:
      return "real";
    case OptionType::choice:
      return "choice";
    case OptionType::text:
      return "text";
    case OptionType::duration:
      return "duration";
    case OptionType::durations:
      return "list of durations";
    case OptionType::size:
      return "size";
    case OptionType::strings:
      return "list of words";
  }
  return "";
}

nlohmann::json bound(const std::optional<double>& value) { return value ? nlohmann::json(*value) : nlohmann::json(); }

nlohmann::json to_json(const Option& option) {
  nlohmann::json when;
  if (!option.when.key.empty()) when = {{"key", option.when.key}, {"values", option.when.values}};
  return {{"key", option.key},         {"type", name_of(option.type)}, {"default", option.default_value},
          {"choices", option.choices}, {"low", bound(option.low)},     {"high", bound(option.high)},
          {"unit", option.unit},       {"meaning", option.meaning},    {"when", when}};
}

/// What may stand after KEY=.
std::string values_of(const Option& option) {
  if (!option.choices.empty()) return fmt::format("{}", fmt::join(option.choices, " | "));
  std::string range;
  if (option.low && option.high)
    range = fmt::format(" {:g} … {:g}", *option.low, *option.high);
  else if (option.low)
    range = fmt::format(" ≥ {:g}", *option.low);
  else if (option.high)
    range = fmt::format(" ≤ {:g}", *option.high);
  switch (option.type) {
    case OptionType::boolean:
      return "true | false";
    case OptionType::size:
      return "[height, width]" + range;
    case OptionType::durations:
      return "a list of steps, or of epochs, as in 200,300 or 10ep,20ep";
    case OptionType::duration:
      return "steps, or \"3ep\" for epochs";
    default:
      return fmt::format("{}{}{}", name_of(option.type), range, option.unit.empty() ? "" : " " + option.unit);
  }
}

std::string plain(const nlohmann::json& value) {
  if (value.is_null()) return "–";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// `key` itself, or all that stand under it ("model"); all for an empty one.
std::vector<const Option*> chosen(const std::string& key) {
  std::vector<const Option*> options;
  for (const Option& option : catalogue())
    if (key.empty() || option.key == key || option.key.starts_with(key + ".")) options.push_back(&option);
  if (options.empty())
    throw UsageError(fmt::format("There is no option {}. Did you mean {}? \"ablate options\" lists them all.", key,
                                 nearest_option(key)));
  return options;
}

int print_options(const Invocation& invocation, const std::string& key) {
  const std::vector<const Option*> options = chosen(key);
  if (invocation.json) {
    nlohmann::json document = nlohmann::json::array();
    for (const Option* option : options) document.push_back(to_json(*option));
    print_json(document);
    return 0;
  }
  if (options.size() == 1) {
    const Option& option = *options.front();
    fmt::print("{}\n  {}\n  values   {}\n  default  {}\n", option.key, option.meaning, values_of(option),
               plain(option.default_value));
    if (!option.when.key.empty())
      fmt::print("  matters  while {} is {}\n", option.when.key,
                 option.when.values.empty() ? "set" : fmt::format("{}", fmt::join(option.when.values, " or ")));
    return 0;
  }
  Table table({{"OPTION"}, {"DEFAULT"}, {"MEANING"}});
  for (const Option* option : options) {
    table.add({{option->key, Tone::strong}, {plain(option->default_value)}, {option->meaning}});
    table.add({{""}, {""}, {values_of(*option), Tone::quiet}});
  }
  table.print();
  return 0;
}

}  // namespace

void add_options(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("options", "Every option of a run: values, default, meaning");
  const auto key = std::make_shared<std::string>();
  command.add_option("KEY", *key, "One option (model.norm) or a family of them (model)");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, key] { invocation.action = [&invocation, key] { return print_options(invocation, *key); }; });
}

}  // namespace ablate
