#include "runs/run_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "runs/console_log.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"
#include "runs/run_list.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// Between reading "running" and asking for the lock the worker may have ended in order: so the status is read again.
void resolve_interrupted(const fs::path& folder, RunStatus& status) {
  const auto nobody_runs = [&] {
    return status.state == RunState::running && (status.host.empty() || status.host == host_name()) &&
           !RunLock::held(folder);
  };
  if (!nobody_runs()) return;
  if (auto again = read_status(folder)) status = std::move(*again);
  if (!nobody_runs()) return;
  status.state = RunState::interrupted;
  const std::string last = last_console_line(folder);
  if (status.error.empty() && !last.empty()) status.error = "Its worker is gone. Its last words: " + last;
}

double created_seconds(const RunInfo& info) {
  const auto found = info.run->find("created_seconds");
  return found != info.run->end() && found->is_number() ? found->get<double>() : 0;
}

[[noreturn]] void not_found(const fs::path& root, std::string_view word, const std::vector<RunInfo>& runs) {
  std::vector<std::string> candidates;
  for (const RunInfo& info : runs) {
    candidates.push_back(info.id);
    candidates.push_back(info.name);
  }
  std::string message = fmt::format("no run \"{}\" in {}", word, root.string());
  if (runs.empty()) throw Error(message + ": there are no runs at all. Choose the folder with --runs or $ABLATE_RUNS.");
  const auto near = near_matches(word, candidates);
  throw Error(near.empty() ? fmt::format("{}. `ablate list` shows the {} that are there.", message, runs.size())
                           : fmt::format("{}. Did you mean {}?", message, fmt::join(near, ", ")));
}

std::string local_time(std::time_t seconds) {
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

std::string clean_slug(std::string_view slug) {
  std::string clean;
  for (const char c : slug.substr(0, 80)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_';
    if (plain)
      clean += c;
    else if (!clean.empty() && clean.back() != '-')
      clean += '-';
  }
  while (clean.ends_with('-')) clean.pop_back();
  return clean.empty() ? "run" : clean;
}

[[noreturn]] void cannot_make_run(const fs::path& root, int reason) {
  throw Error(
      fmt::format("{}: can't make a run folder there: {}. Make that place writable or free some space, or choose "
                  "another with --runs or $ABLATE_RUNS.",
                  root.string(), std::generic_category().message(reason)));
}

}  // namespace

bool is_event_file_name(std::string_view name) {
  return name.find("tfevents") != std::string_view::npos && !name.ends_with(".profile-empty");
}

std::vector<RunInfo> list_runs(const fs::path& root) { return RunList(root).list(); }

RunInfo read_run(const fs::path& root, const fs::path& folder) { return RunList(root).read(folder); }

RunStatus read_resolved_status(const fs::path& folder) {
  RunStatus status = read_status(folder).value_or(RunStatus{});
  resolve_interrupted(folder, status);
  return status;
}

std::vector<ReadProblem> problems_of(const RunInfo& run, const RunData& data) {
  std::vector<ReadProblem> problems = data.problems;
  for (const auto& [name, bytes] : run.status.log_bytes) {
    const fs::path file = run.folder / name;
    std::error_code absent;
    const std::uintmax_t size = fs::file_size(file, absent);
    if (!absent && size >= bytes) continue;
    const std::uint64_t left = absent ? 0 : size;
    const std::string what = absent ? fmt::format("the file, {} bytes, is gone", bytes)
                                    : fmt::format("{} of its {} bytes are missing", bytes - left, bytes);
    problems.push_back({file.string(), left,
                        what + "; what is left is shown. Copy it again from where the run was made, or from a backup"});
  }
  return problems;
}

void remember_log_sizes(const fs::path& folder, RunStatus& status) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!is_event_file_name(name)) continue;
    std::error_code gone;
    const std::uintmax_t size = entry.file_size(gone);
    if (gone) continue;
    std::uint64_t& bytes = status.log_bytes[name];
    bytes = std::max<std::uint64_t>(bytes, size);  // One that was cut since then stays known.
  }
}

RunInfo find_run(const fs::path& root, std::string_view word) {
  if (word.empty()) throw Error("a run has to be named: by its id, the beginning of one, its name, or a path");
  if (const fs::path path = (fs::path(word) / "").parent_path(); holds_run(path)) return read_run(root, path);
  if (const fs::path below = (root / word / "").parent_path(); holds_run(below)) return read_run(root, below);

  const std::vector<RunInfo> runs = list_runs(root);
  std::vector<const RunInfo*> begins, named;
  for (const RunInfo& info : runs) {
    if (info.id == word) return info;
    if (info.id.starts_with(word)) begins.push_back(&info);
    if (info.name == word) named.push_back(&info);
  }
  if (begins.size() == 1) return *begins.front();
  if (!named.empty())
    return **std::ranges::max_element(named, [](const RunInfo* a, const RunInfo* b) {
      return std::pair(created_seconds(*a), std::string_view(a->id)) <
             std::pair(created_seconds(*b), std::string_view(b->id));
    });
  if (begins.empty()) not_found(root, word, runs);
  std::vector<std::string_view> ids;
  for (const RunInfo* info : begins)
    if (ids.size() < 8) ids.push_back(info->id);
  throw Error(fmt::format("\"{}\" is the beginning of {} runs: {}{}. Type more of it.", word, begins.size(),
                          fmt::join(ids, ", "), begins.size() > ids.size() ? ", …" : ""));
}

std::string run_folder_name(std::string_view slug) { return local_time(std::time(nullptr)) + "-" + clean_slug(slug); }

fs::path create_run(const fs::path& root, std::string_view slug, nlohmann::json run) {
  std::error_code error;
  fs::create_directories(root, error);
  const fs::path first = root / run_folder_name(slug);
  fs::path folder = first;
  for (int serial = 2; ::mkdir(folder.c_str(), 0777) != 0; ++serial) {
    if (errno != EEXIST) cannot_make_run(root, errno);
    folder = first;
    folder += fmt::format("-{}", serial);
  }
  try {
    create_run_in(folder, std::move(run));
  } catch (...) {
    fs::remove_all(folder, error);
    throw;
  }
  return folder;
}

void create_run_in(const fs::path& folder, nlohmann::json run) {
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) cannot_make_run(folder.parent_path(), errno);
  // run.json last: a folder that has one has all.
  if (fs::exists(folder / "run.json")) return;
  write_status(folder, RunStatus{});
  if (!run.contains("created_seconds")) run["created_seconds"] = wall_seconds();
  write_json_file(folder / "run.json", std::move(run));
}

fs::path runs_root(const std::string& argument) {
  if (!argument.empty()) return argument;
  if (const char* chosen = std::getenv("ABLATE_RUNS"); chosen != nullptr && *chosen != '\0') return chosen;
  return "ablate-runs";
}

}  // namespace ablate
