// ablate list: every run of the root, from its small files alone.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "sweeps/launcher.h"
#include "workbench/cli/command.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

/// The tags that most runs have, at most `count`, validation before training; what only explains is left to `show`.
std::vector<std::string> common_tags(const std::vector<RunInfo>& runs, std::size_t count) {
  std::map<std::string, int> seen;
  for (const RunInfo& run : runs)
    for (const auto& [tag, value] : run.status.metrics)
      if (tag.starts_with("iou/") || tag.starts_with("loss/")) ++seen[tag];
  std::vector<std::string> tags;
  for (const auto& [tag, uses] : seen) tags.push_back(tag);
  const auto rank = [&](const std::string& tag) {
    const bool training = tag.ends_with("/train");
    return std::tuple(training, -seen.at(tag), tag);
  };
  std::sort(tags.begin(), tags.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  if (tags.size() > count) tags.resize(count);
  return tags;
}

std::string progress_of(const RunStatus& status) {
  if (status.total_steps > 0) return fmt::format("{}/{}", status.step, status.total_steps);
  return status.step > 0 ? fmt::format("{}", status.step) : "";
}

/// Runs would wait for ever, and nothing else would tell.
void tell_if_forsaken(const std::filesystem::path& root) {
  const LocalQueue queue(root);
  const std::size_t waiting = queue.waiting().size();
  if (waiting == 0 || !queue.forsaken()) return;
  fmt::print(
      stderr,
      "ablate: note: nobody attends to this machine's queue, where {} {}: its keeper was killed. It goes on with: "
      "ablate resume --interrupted\n",
      waiting, waiting == 1 ? "run waits" : "runs wait");
}

/// Made by a launch that was cut short, or is under way.
bool is_in_no_queue(const RunInfo& run, const std::vector<std::filesystem::path>& waiting, const LocalQueue& queue) {
  return run.status.state == RunState::queued && run.status.launcher.empty() && !run.run->contains("sweep") &&
         std::ranges::find(waiting, std::filesystem::absolute(run.folder).lexically_normal()) == waiting.end() &&
         !queue.working(run.folder);
}

int print_list(const Invocation& invocation, bool all) {
  const std::filesystem::path root = invocation.root();
  tell_if_forsaken(root);
  std::vector<RunInfo> runs = list_runs_up_to_date(root);
  const std::size_t archived = all ? 0 : std::erase_if(runs, [](const RunInfo& run) { return run.meta.archived; });
  std::ranges::stable_partition(runs, [](const RunInfo& run) { return run.meta.pinned; });
  if (invocation.json) {
    nlohmann::json document = nlohmann::json::array();
    for (const RunInfo& run : runs) {
      document.push_back(run_summary(run));
      document.back()["damage"] = damage_of(run, {});
    }
    print_json(document);
    return 0;
  }
  if (runs.empty()) {
    fmt::print("No runs in {} yet. \"ablate demo\" makes four; \"ablate train\" makes one.\n", root.string());
    return 0;
  }
  const std::vector<std::string> tags = common_tags(runs, 4);
  std::vector<Table::Column> columns = {{"RUN"}, {"NAME"}, {"STATE"}, {"STEP", Align::right}};
  for (const std::string& tag : tags) columns.push_back({tag, Align::right});
  columns.push_back({"TIME", Align::right});
  columns.push_back({"", Align::left});
  Table table(columns);
  const LocalQueue queue(root);
  const std::vector<std::filesystem::path> waiting = queue.waiting();
  for (const RunInfo& run : runs) {
    const RunStatus& status = run.status;
    std::vector<Cell> row = {{run.id},
                             {run.id.ends_with(run.name) ? "" : run.name},
                             {state_words(root, run), tone_of(status.state)},
                             {progress_of(status)}};
    for (const std::string& tag : tags) {
      const auto found = status.metrics.find(tag);
      row.push_back({found == status.metrics.end() ? "" : short_number(found->second)});
    }
    row.push_back({status.training_seconds > 0 ? short_time(status.training_seconds) : ""});
    std::string error = status.error.substr(0, status.error.find('\n'));
    if (error.empty() && !problems_of(run, {}).empty()) error = "its log is damaged: ablate show " + run.id;
    const bool lost = is_in_no_queue(run, waiting, queue);
    std::string quiet = lost ? "in no queue yet: ablate resume queues it here" : status.waiting;
    if (quiet.empty()) quiet = marks_words(run.meta);
    row.push_back(!error.empty() ? Cell{std::move(error), Tone::bad} : Cell{std::move(quiet), Tone::quiet});
    table.add(std::move(row));
  }
  table.print();
  if (archived > 0) fmt::print(stderr, "{} archived: ablate list --all\n", archived);
  return 0;
}

}  // namespace

void add_list(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("list", "Every run, its state and last metrics");
  const auto all = std::make_shared<bool>(false);
  command.add_flag("--all", *all, "Also those that are archived");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, all] { invocation.action = [&invocation, all] { return print_list(invocation, *all); }; });
}

}  // namespace ablate
