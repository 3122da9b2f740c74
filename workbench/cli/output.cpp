#include "workbench/cli/output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "experiments/after.h"
#include "runs/evaluations.h"
#include "runs/json_file.h"
#include "runs/run_reader.h"

namespace ablate {
namespace {

/// Code points: the width of what we print, which has no wide letters.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

const char* escape_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::quiet:
      return "\033[2m";
    case Tone::strong:
      return "\033[1m";
    case Tone::good:
      return "\033[32m";
    case Tone::bad:
      return "\033[31m";
  }
  return "";
}

}  // namespace

bool colourful(int stream) {
  const char* terminal = std::getenv("TERM");
  return ::isatty(stream) && std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
         std::string(terminal) != "dumb";
}

std::string painted(const std::string& text, Tone tone, bool colour) {
  return colour && tone != Tone::plain ? fmt::format("{}{}\033[0m", escape_of(tone), text) : text;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  for (Cell& cell : row)  // A name may hold anything; a row is one line.
    std::ranges::replace_if(
        cell.text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  rows_.push_back(std::move(row));
}

void Table::print() const {
  const bool colour = colourful(STDOUT_FILENO);
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width(row[i].text));
    if (widths[i] > 0) widths[i] = std::max(widths[i], width(columns_[i].title));
  }
  const auto print_line = [&](const auto& cell_at) {
    std::string line;
    std::size_t owed = 0;  // Spaces are put down only where something follows: lines have no tails.
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0) continue;
      const Cell cell = cell_at(i);
      const std::size_t missing = widths[i] - width(cell.text);
      if (columns_[i].align == Align::right) owed += missing;
      if (!cell.text.empty()) {
        line += std::string(owed, ' ') + painted(cell.text, cell.tone, colour);
        owed = 0;
      }
      owed += 2 + (columns_[i].align == Align::left ? missing : 0);
    }
    fmt::print("{}\n", line);
  };
  print_line([&](std::size_t i) { return Cell{columns_[i].title, Tone::quiet}; });
  for (const auto& row : rows_) print_line([&](std::size_t i) { return row[i]; });
}

std::string short_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "-∞";
  return fmt::format("{:.4g}", value);
}

std::string short_time(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 2 * 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

Tone tone_of(RunState state) {
  switch (state) {
    case RunState::running:
      return Tone::strong;
    case RunState::completed:
      return Tone::good;
    case RunState::failed:
    case RunState::diverged:
    case RunState::interrupted:
      return Tone::bad;
    default:
      return Tone::plain;
  }
}

void print_json(const nlohmann::json& document) { fmt::print("{}\n", json_text(document, 2)); }

std::string state_words(const std::filesystem::path& root, const RunInfo& run) {
  std::string words(name_of(run.status.state));
  const auto after = run.status.state == RunState::queued ? after_of(*run.run) : std::nullopt;
  if (!after) return words;
  const RunInfo first = read_run(root, root / after->run);
  return first.status.state == RunState::completed ? words : fmt::format("{} after {}", words, first.name);
}

nlohmann::json run_summary(const RunInfo& run) {
  const RunStatus& status = run.status;
  nlohmann::json metrics = nlohmann::json::object();
  for (const auto& [tag, value] : status.metrics) metrics[tag] = json_number(value);
  nlohmann::json figures = nlohmann::json::object();
  for (const auto& [name, value] : run.meta.figures) figures[name] = json_number(value);
  nlohmann::json best;
  if (!status.best_metric.empty())
    best = {{"metric", status.best_metric}, {"value", json_number(status.best_value)}, {"step", status.best_step}};
  return {{"run", run.folder.string()},
          {"id", run.id},
          {"name", run.name},
          {"experiment", run.experiment},
          {"status", name_of(status.state)},
          {"step", status.step},
          {"total_steps", status.total_steps},
          {"metrics", metrics},
          {"best", best},
          {"error", status.error},
          {"waiting", status.waiting},
          {"launcher", status.launcher},
          {"job", status.job},
          {"tags", run.meta.tags},
          {"notes", run.meta.notes},
          {"figures", figures},
          {"pinned", run.meta.pinned},
          {"archived", run.meta.archived},
          {"after", after_of(*run.run) ? run.run->at("after") : nlohmann::json()},
          {"training_seconds", status.training_seconds}};
}

std::string marks_words(const RunMeta& meta) {
  std::vector<std::string> parts;
  if (meta.pinned) parts.emplace_back("pinned");
  if (meta.archived) parts.emplace_back("archived");
  for (const std::string& tag : meta.tags) parts.push_back("#" + tag);
  for (const auto& [name, value] : meta.figures) parts.push_back(fmt::format("{} {:g}", name, value));
  if (!meta.notes.empty()) parts.push_back(meta.notes.substr(0, meta.notes.find('\n')));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> damage_of(const RunInfo& run, const RunData& data) {
  std::vector<std::string> damage;
  for (const ReadProblem& problem : problems_of(run, data))
    damage.push_back(fmt::format("{} at byte {}: {}", problem.file, problem.offset, problem.what));
  return damage;
}

std::vector<std::string> tell_damage(const RunInfo& run, const RunData& data) {
  std::vector<std::string> damage = damage_of(run, data);
  for (const std::string& line : damage) fmt::print(stderr, "ablate: {}\n", line);
  return damage;
}

LastValues last_values(const RunInfo& run) {
  RunReader reader(run.folder);
  reader.poll();
  LastValues last{{}, tell_damage(run, *reader.data()), reader.data()->hparams, not_drawn(*reader.data())};
  std::map<std::string, double>& values = last.of;
  for (const auto& [tag, points] : reader.data()->scalars)
    if (!points.empty()) values[tag] = points.back().value;
  for (const StoredEvaluation& evaluation : read_evaluations(run.folder))
    for (const auto& [metric, value] : evaluation.all.metrics) values[metric + "/" + evaluation.set] = value;
  values.insert(run.status.metrics.begin(), run.status.metrics.end());
  return last;
}

}  // namespace ablate
