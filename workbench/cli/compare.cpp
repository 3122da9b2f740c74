// ablate compare RUN…: what differs between runs, asked and measured.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "experiments/run_config.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct Compared {
  RunInfo info;
  std::optional<RunConfig> config;  ///< none for a foreign run
  std::map<std::string, double> values;
};

int compare(const Invocation& invocation, const std::vector<std::string>& words) {
  std::vector<Compared> runs;
  std::vector<RunConfig> configs;
  std::set<std::string> tags;
  for (const std::string& word : words) {
    Compared run{find_run(invocation.root(), word), std::nullopt, {}};
    if (run.info.run->is_object() && run.info.run->contains("config"))
      configs.push_back(*(run.config = RunConfig::from_json(run.info.run->at("config"))));
    run.values = last_values(run.info).of;
    for (const auto& [tag, value] : run.values) tags.insert(tag);
    runs.push_back(std::move(run));
  }
  const std::vector<std::string> keys = differing_keys(configs);
  if (invocation.json) {
    nlohmann::json document = {{"runs", nlohmann::json::array()},
                               {"differing", nlohmann::json::object()},
                               {"metrics", nlohmann::json::object()}};
    for (const Compared& run : runs) document["runs"].push_back(run_summary(run.info));
    for (const std::string& key : keys)
      for (const Compared& run : runs)
        document["differing"][key].push_back(run.config ? run.config->at(key) : nlohmann::json());
    for (const std::string& tag : tags)
      for (const Compared& run : runs) {
        const auto found = run.values.find(tag);
        document["metrics"][tag].push_back(found == run.values.end() ? nlohmann::json() : json_number(found->second));
      }
    print_json(document);
    return 0;
  }
  std::vector<Table::Column> columns = {{""}};
  for (const Compared& run : runs) {
    const auto same_name = [&](const Compared& other) { return other.info.name == run.info.name; };
    const bool ambiguous = std::ranges::count_if(runs, same_name) > 1;
    columns.push_back({ambiguous ? run.info.id : run.info.name, Align::right});
  }
  Table table(columns);
  std::vector<Cell> states = {{"state", Tone::quiet}};
  for (const Compared& run : runs)
    states.push_back({std::string(name_of(run.info.status.state)), tone_of(run.info.status.state)});
  table.add(std::move(states));
  for (const std::string& key : keys) {
    std::vector<Cell> row = {{key}};
    for (const Compared& run : runs) row.push_back({run.config ? run.config->at(key).dump() : "–", Tone::strong});
    table.add(std::move(row));
  }
  for (const std::string& tag : tags) {
    std::vector<Cell> row = {{tag}};
    for (const Compared& run : runs) {
      const auto found = run.values.find(tag);
      row.push_back({found == run.values.end() ? "–" : short_number(found->second)});
    }
    table.add(std::move(row));
  }
  table.print();
  return 0;
}

}  // namespace

void add_compare(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("compare", "What differs between runs, and their last metrics side by side");
  const auto words = std::make_shared<std::vector<std::string>>();
  command.add_option("RUN", *words, "Two runs or more: ids, names or paths")->required()->expected(2, 1000);
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, words] { invocation.action = [&invocation, words] { return compare(invocation, *words); }; });
}

}  // namespace ablate
