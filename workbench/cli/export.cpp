// ablate export PATH…: scalars of any runs, as CSV, JSON lines or one JSON document.
#include "runs/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <set>
#include <utility>

#include "runs/run_reader.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::vector<std::string> paths;
  std::vector<std::string> tags;  ///< globs; none: all
  std::string format = "csv";
};

struct Named {
  std::string name;
  RunInfo info;
};

/// The runs that `word` means: those at and below a folder, named by their path relative to it; or the one run of that
/// id or name, named by its id.
std::vector<Named> runs_of(const Invocation& invocation, const std::string& word) {
  if (!fs::exists(word)) {
    const RunInfo run = find_run(invocation.root(), word);
    return {{run.id, run}};
  }
  std::vector<Named> runs;
  for (const RunInfo& run : list_runs(word)) runs.push_back({run.folder.lexically_proximate(word).string(), run});
  if (runs.empty())
    throw Error(
        fmt::format("Nothing to export: neither {} nor a folder below it holds event files or a run.json.", word));
  return runs;
}

std::string csv_word(const std::string& word) {
  if (word.find_first_of(",\"\n\r") == std::string::npos) return word;
  std::string quoted = "\"";
  for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string csv_number(const nlohmann::json& number) {
  return number.is_string() ? number.get<std::string>() : number.dump();
}

/// {tag: points} of a run; damage in its files is told, not hidden.
nlohmann::json scalars_of(const Named& run, const std::vector<std::string>& globs) {
  RunReader reader(run.info.folder);
  reader.poll();
  tell_damage(run.info, *reader.data());
  return export_scalars(*reader.data(), globs);
}

void print_csv(const Named& run, const nlohmann::json& tags) {
  for (const auto& [tag, points] : tags.items())
    for (const auto& point : points)
      fmt::print("{},{},{},{},{}\n", csv_word(run.name), csv_word(tag), csv_number(point[0]), csv_number(point[1]),
                 csv_number(point[2]));
}

void print_json_lines(const Named& run, const nlohmann::json& tags) {
  for (const auto& [tag, points] : tags.items())
    for (const auto& point : points) {
      const nlohmann::ordered_json line = {
          {"run", run.name}, {"tag", tag}, {"step", point[0]}, {"wall_seconds", point[1]}, {"value", point[2]}};
      fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
}

int export_runs(const Invocation& invocation, const ExportOptions& options) {
  std::vector<Named> runs;
  std::set<std::string> names;
  for (const std::string& word : options.paths)
    for (Named& run : runs_of(invocation, word)) {
      // Two paths may hold runs of one name: the second is called by its path as given.
      if (!names.insert(run.name).second) names.insert(run.name = run.info.folder.string());
      runs.push_back(std::move(run));
    }
  std::size_t exported = 0;
  const auto scalars = [&](const Named& run) {
    nlohmann::json tags = scalars_of(run, options.tags);
    exported += tags.size();
    return tags;
  };
  const auto require_some = [&] {
    if (exported == 0 && !options.tags.empty())
      throw Error(fmt::format("No scalar tag is like {}. \"ablate show RUN\" lists a run's tags.",
                              fmt::join(options.tags, " or ")));
  };
  if (invocation.json || options.format == "json") {
    nlohmann::json document = nlohmann::json::object();
    for (const Named& run : runs) document[run.name] = scalars(run);
    require_some();
    fmt::print("{}\n", json_text(document));  // On one line: indented, a long run would be mostly spaces.
    return 0;
  }
  std::string header = options.format == "csv" ? "run,tag,step,wall_seconds,value\n" : "";
  for (const Named& run : runs) {
    const nlohmann::json tags = scalars(run);
    if (exported > 0) fmt::print("{}", std::exchange(header, ""));
    (options.format == "csv" ? print_csv : print_json_lines)(run, tags);
  }
  require_some();
  fmt::print("{}", header);
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("export", "Scalars of any TensorBoard logs as CSV, JSON lines or JSON");
  const auto options = std::make_shared<ExportOptions>();
  command.add_option("PATH", options->paths, "A runs root, any log folder, or a run by id or name")->required();
  command.add_option("--tag", options->tags, "Only tags like this, e.g. 'iou/*'; may stand several times")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command.add_option("--format", options->format, "csv (default), jsonl or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"csv", "jsonl", "json"}));
  add_json_flag(command, invocation);
  command.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return export_runs(invocation, *options); };
  });
}

}  // namespace ablate
