// ablate remove RUN…, ablate restore [RUN…]: into the bin, and out of it.
#include <fmt/format.h>

#include <memory>

#include "runs/bin.h"
#include "workbench/cli/command.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

int remove(const Invocation& invocation, const std::vector<std::string>& words) {
  const std::filesystem::path root = invocation.root();
  std::vector<RunInfo> runs;
  for (const std::string& word : words) runs.push_back(find_run_up_to_date(root, word));
  nlohmann::json document = nlohmann::json::array();
  for (const RunInfo& run : runs) {
    remove_run(root, run);
    document.push_back({{"id", run.id}, {"bin", (bin_of(root) / run.id).string()}});
    if (!invocation.json) fmt::print("{}: in the bin. To have it back: ablate restore {}\n", run.id, run.id);
  }
  if (invocation.json) print_json(document);
  return 0;
}

int restore(const Invocation& invocation, const std::vector<std::string>& words) {
  const std::filesystem::path root = invocation.root(), bin = bin_of(root);
  if (words.empty()) {
    const std::vector<RunInfo> removed = removed_runs(root);
    nlohmann::json document = nlohmann::json::array();
    for (const RunInfo& run : removed) {
      document.push_back(run_summary(run));
      if (!invocation.json) fmt::print("{}  {}\n", run.id, run.name);
    }
    if (invocation.json)
      print_json(document);
    else
      fmt::print(stderr, "{}\n",
                 removed.empty() ? fmt::format("Nothing is in the bin, {}.", bin.string())
                                 : fmt::format("They lie in {}; what is deleted there is gone.", bin.string()));
    return 0;
  }
  std::vector<RunInfo> runs;
  for (const std::string& word : words) runs.push_back(find_run(bin, word));
  for (const RunInfo& run : runs) restore_run(root, run.id);
  nlohmann::json document = nlohmann::json::array();
  for (const RunInfo& run : runs) {
    document.push_back(run_summary(read_run(root, root / run.id)));
    if (!invocation.json) fmt::print("{}: back in {}\n", run.id, root.string());
  }
  if (invocation.json) print_json(document);
  return 0;
}

void add(CLI::App& app, Invocation& invocation, const char* name, const char* meaning, bool required,
         int (*act)(const Invocation&, const std::vector<std::string>&)) {
  CLI::App& command = *app.add_subcommand(name, meaning);
  const auto words = std::make_shared<std::vector<std::string>>();
  command.add_option("RUN", *words, "Ids, unique beginnings of them, names, or paths")->required(required);
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, words, act] { invocation.action = [&invocation, words, act] { return act(invocation, *words); }; });
}

}  // namespace

void add_remove(CLI::App& app, Invocation& invocation) {
  add(app, invocation, "remove", "Move runs to the bin, from which restore brings them back", true, remove);
}

void add_restore(CLI::App& app, Invocation& invocation) {
  add(app, invocation, "restore", "Bring removed runs back; without RUN: list them", false, restore);
}

}  // namespace ablate
