// ablate mark RUN…: what a person says of runs: name, tags, notes, figures; pinned, archived.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "runs/run_store.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct Marks {
  std::vector<std::string> words, tags, no_tags, figures;
  std::optional<std::string> name, notes;
  std::optional<bool> pinned, archived;
};

void change(RunMeta& meta, const Marks& marks) {
  if (marks.name) meta.name = *marks.name;
  if (marks.notes) meta.notes = *marks.notes;
  for (const std::string& tag : marks.no_tags) std::erase(meta.tags, tag);
  for (const std::string& tag : marks.tags) {
    std::erase(meta.tags, tag);
    meta.tags.push_back(tag);
  }
  for (const std::string& figure : marks.figures) {
    const auto [name, value] = figure_from_words(figure);
    if (value)
      meta.figures[name] = *value;
    else
      meta.figures.erase(name);
  }
  if (marks.pinned) meta.pinned = *marks.pinned;
  if (marks.archived) meta.archived = *marks.archived;
}

int mark(const Invocation& invocation, const Marks& marks) {
  RunMeta tried;
  as_usage([&] { change(tried, marks); });  // Before anything is written.
  std::vector<RunInfo> runs;
  for (const std::string& word : marks.words) runs.push_back(find_run(invocation.root(), word));
  nlohmann::json document = nlohmann::json::array();
  for (const RunInfo& run : runs) {
    change_meta(run.folder, [&](RunMeta& meta) { change(meta, marks); });
    const RunInfo now = read_run(invocation.root(), run.folder);
    document.push_back(run_summary(now));
    if (!invocation.json) fmt::print("{} ({})  {}\n", now.id, now.name, marks_words(now.meta));
  }
  if (invocation.json) print_json(document);
  return 0;
}

}  // namespace

void add_mark(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("mark", "Name runs, tag them, note what they are, pin or archive them");
  const auto marks = std::make_shared<Marks>();
  command.add_option("RUN", marks->words, "Ids, unique beginnings of them, names, or paths")->required();
  command.add_option("--name", marks->name, "What it is called; empty (\"\"): as it was launched");
  command.add_option("--tag", marks->tags, "Add a tag, by which it is found")->allow_extra_args(false);
  command.add_option("--no-tag", marks->no_tags, "Take a tag away")->allow_extra_args(false);
  command.add_option("--notes", marks->notes, "What is worth knowing of it, instead of what was noted");
  command
      .add_option("--figure", marks->figures,
                  "A number that no log has, as leaderboard=0.87 (or leaderboard= to take it away)")
      ->allow_extra_args(false);
  command.add_flag("--pin,!--no-pin", marks->pinned, "Before all others in lists; or no longer");
  command.add_flag("--archive,!--no-archive", marks->archived, "Neither listed nor drawn; or again");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, marks] { invocation.action = [&invocation, marks] { return mark(invocation, *marks); }; });
}

}  // namespace ablate
