#include "workbench/cli/configuration.h"

#include <fmt/format.h>

#include "workbench/cli/command.h"

namespace ablate {
namespace {

/// What is wrong with a configuration that was typed is wrong usage, whoever finds it.
template <class Do>
auto as_usage(Do&& what) {
  try {
    return what();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

void add_set_option(CLI::App& command, std::vector<std::string>& assignments) {
  command.add_option("-s,--set", assignments, "Set an option, e.g. -s model.norm=instance (ablate options lists them)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

nlohmann::json base_of(const std::vector<std::string>& assignments) {
  return as_usage([&] {
    RunConfig config;
    nlohmann::json base = nlohmann::json::object();
    for (const std::string& assignment : assignments) {
      const std::string key = assignment.substr(0, assignment.find('='));
      if (key.size() == assignment.size())
        throw UsageError(fmt::format("-s {}: this needs the form KEY=VALUE, e.g. -s train.steps=400.", assignment));
      config.set_from_text(assignment);
      base[key] = config.at(key);
    }
    return base;
  });
}

RunConfig config_of(const std::vector<std::string>& assignments) {
  const nlohmann::json base = base_of(assignments);
  return as_usage([&] {
    RunConfig config = RunConfig::from_json(base);
    config.check();
    return config;
  });
}

}  // namespace ablate
