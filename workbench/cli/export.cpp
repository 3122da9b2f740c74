// ablate export PATH…: scalars of any runs, as CSV, JSON lines or one JSON document.
#include <fmt/format.h>
#include <fnmatch.h>

#include <memory>
#include <set>

#include "runs/run_reader.h"
#include "workbench/cli/command.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::vector<std::string> paths;
  std::string tag = "*";
  std::string format = "csv";
};

struct Named {
  std::string name;
  fs::path folder;
};

/// The runs that `word` means: those at and below a folder, named by their path relative to it; or the one run of that
/// id or name, named by its id.
std::vector<Named> runs_of(const Invocation& invocation, const std::string& word) {
  if (!fs::exists(word)) {
    const RunInfo run = find_run(invocation.root(), word);
    return {{run.id, run.folder}};
  }
  std::vector<Named> runs;
  for (const RunInfo& run : list_runs(word))
    runs.push_back({run.folder.lexically_proximate(word).string(), run.folder});
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

std::string csv_number(double value) {
  const nlohmann::json number = json_number(value);
  return number.is_string() ? number.get<std::string>() : number.dump();
}

/// `each(tag, points)` for the chosen tags of a run; damage in its files is told, not hidden.
template <class Each>
void for_each_series(const Named& run, const std::string& glob, Each&& each) {
  RunReader reader(run.folder);
  reader.poll();
  const auto data = reader.data();
  for (const ReadProblem& problem : data->problems)
    fmt::print(stderr, "ablate: {} at byte {}: {}\n", problem.file, problem.offset, problem.what);
  for (const auto& [tag, points] : data->scalars)
    if (::fnmatch(glob.c_str(), tag.c_str(), 0) == 0) each(tag, points);
}

int export_runs(const Invocation& invocation, const ExportOptions& options) {
  std::vector<Named> runs;
  std::set<std::string> names;
  for (const std::string& word : options.paths)
    for (Named& run : runs_of(invocation, word)) {
      // Two paths may hold runs of one name: the second is called by its path as given.
      if (!names.insert(run.name).second) names.insert(run.name = run.folder.string());
      runs.push_back(std::move(run));
    }
  if (invocation.json || options.format == "json") {
    nlohmann::json document = nlohmann::json::object();
    for (const Named& run : runs) {
      nlohmann::json& tags = document[run.name] = nlohmann::json::object();
      for_each_series(run, options.tag, [&](const std::string& tag, const SharedColumn<ScalarPoint>& points) {
        nlohmann::json& list = tags[tag] = nlohmann::json::array();
        for (std::size_t i = 0; i < points.size(); ++i)
          list.push_back({points[i].step, json_number(points[i].wall_seconds), json_number(points[i].value)});
      });
    }
    fmt::print("{}\n", json_text(document));  // On one line: indented, a long run would be mostly spaces.
    return 0;
  }
  const bool csv = options.format == "csv";
  if (csv) fmt::print("run,tag,step,wall_seconds,value\n");
  for (const Named& run : runs)
    for_each_series(run, options.tag, [&](const std::string& tag, const SharedColumn<ScalarPoint>& points) {
      for (std::size_t i = 0; i < points.size(); ++i) {
        const ScalarPoint& point = points[i];
        if (csv) {
          fmt::print("{},{},{},{},{}\n", csv_word(run.name), csv_word(tag), point.step, csv_number(point.wall_seconds),
                     csv_number(point.value));
        } else {
          const nlohmann::json line = {{"run", run.name},
                                       {"tag", tag},
                                       {"step", point.step},
                                       {"wall_seconds", json_number(point.wall_seconds)},
                                       {"value", json_number(point.value)}};
          fmt::print("{}\n", json_text(line));
        }
      }
    });
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("export", "Scalars of any TensorBoard logs as CSV, JSON lines or JSON");
  const auto options = std::make_shared<ExportOptions>();
  command.add_option("PATH", options->paths, "A runs root, any log folder, or a run by id or name")->required();
  command.add_option("--tag", options->tag, "Only tags like this, e.g. 'iou/*'")->type_name("GLOB");
  command.add_option("--format", options->format, "csv (default), jsonl or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"csv", "jsonl", "json"}));
  add_json_flag(command, invocation);
  command.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return export_runs(invocation, *options); };
  });
}

}  // namespace ablate
