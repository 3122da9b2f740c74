#include "workbench/cli/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "experiments/catalogue.h"
#include "experiments/data/folder_dataset.h"
#include "workbench/cli/command.h"

namespace ablate {
namespace {

/// Whoever sets an option that nothing looks at meant something else: folders named for synthetic data, groups for a
/// norm without any.
void warn_if_without_effect(const std::string& key, const RunConfig& config) {
  if (config.matters(key)) return;
  const Option::When& when = find_option(key)->when;
  const bool could = std::ranges::find(when.values, config.text(when.key)) != when.values.end();
  fmt::print(stderr, "ablate: note: {} does nothing while {} is {}{}.\n", key, when.key,
             config.is_set(when.key) ? config.text(when.key) : "not set",
             when.values.empty() ? ""
             : could             ? " and has nothing that it could change"
                                 : fmt::format("; it needs {}", fmt::join(when.values, " or ")));
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

RunConfig config_of(const std::vector<std::string>& assignments, const RunConfig& start) {
  const nlohmann::json base = base_of(assignments);
  return as_usage([&] {
    RunConfig config = start;
    config.merge(base);
    config.check();
    for (const auto& [key, value] : base.items()) warn_if_without_effect(key, config);
    return config;
  });
}

Experiment experiment_of(const std::filesystem::path& file) {
  return as_usage([&] {
    Experiment experiment = Experiment::read(file);
    try {
      experiment.expand();
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", file.string(), error.what()));
    }
    return experiment;
  });
}

std::vector<std::string> check_data(const RunConfig& config) {
  if (config.is_set("data.gallery")) scan_pictures(config.text("data.gallery"), "data.gallery: ");
  if (config.text("data.dataset") != "folder") {
    if (!config.is_set("data.path")) return {};
    return {"data.path does nothing while data.dataset is synthetic, which draws its pictures; it needs folder."};
  }
  FolderScan scan = scan_pairs(config.text("data.path"), config.at("data.exclude").get<std::vector<std::string>>());
  if (const auto held_out = config.integer("data.held_out"); held_out >= static_cast<std::int64_t>(scan.files.size()))
    throw Error(fmt::format("data.held_out: {} held out of the {} pictures with masks in {} leave none to train on.",
                            held_out, scan.files.size(), config.text("data.path")));
  return std::move(scan.problems);
}

std::vector<std::string> check_data(const Experiment& experiment) {
  std::set<std::string> seen;
  std::vector<std::string> problems;
  for (const Variant& variant : experiment.expand())
    if (seen.insert(variant.config.to_json().at("data").dump()).second)
      for (std::string& problem : check_data(variant.config)) problems.push_back(std::move(problem));
  return problems;
}

void tell_problems(const std::vector<std::string>& problems) {
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(kShown, problems.size()); ++i)
    fmt::print(stderr, "ablate: note: {}\n", problems[i]);
  if (problems.size() > kShown)
    fmt::print(stderr, "ablate: note: … and {} more like these.\n", problems.size() - kShown);
}

}  // namespace ablate
