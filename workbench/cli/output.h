#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runs/json_file.h"
#include "runs/run_store.h"

namespace ablate {

/// How a cell of a table is coloured, on a terminal.
enum class Tone { plain, quiet, strong, good, bad };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

enum class Align { left, right };

/// Aligned columns under quiet titles, two spaces apart. A column in which every cell is empty is left out.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  explicit Table(std::vector<Column> columns);
  void add(std::vector<Cell> row);
  /// To standard output; coloured where that is a terminal and $NO_COLOR is not set.
  void print() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// Whether a stream (STDOUT_FILENO, STDERR_FILENO) is a terminal that takes colours.
bool colourful(int stream);
/// `text` in the colour of `tone`, or as it is.
std::string painted(const std::string& text, Tone tone, bool colour);

/// As a person reads it: four significant figures, "–" where there is none.
std::string short_number(double value);
/// "22 s", "4 min 10 s", "3 h 05 min".
std::string short_time(double seconds);
Tone tone_of(RunState state);
/// A run's state; of one that comes after another and waits for it "queued after base".
std::string state_words(const std::filesystem::path& root, const RunInfo& run);

/// One document to standard output.
void print_json(const nlohmann::json& document);

/// What scripts may rely on of a run (`list`, `show`, `train`): run, id, name, experiment, status, step, total_steps,
/// metrics, best, error, waiting, launcher, job, after (what it comes after, or null), training_seconds; and what
/// people said: tags, notes, figures, pinned, archived.
nlohmann::json run_summary(const RunInfo& run);

/// What people said of a run, in a line: "pinned, #good, leaderboard 0.87, first line of the notes".
std::string marks_words(const RunMeta& meta);

/// What is wrong with a run's log, in words, one line each.
std::vector<std::string> damage_of(const RunInfo& run, const RunData& data);

/// The same, on standard error too.
std::vector<std::string> tell_damage(const RunInfo& run, const RunData& data);

struct LastValues {
  std::map<std::string, double> of;  ///< tag; of the event files, and where they don't have it, of the status
  std::vector<std::string> damage;   ///< of the event files
  nlohmann::json hparams;            ///< RunData's
  std::string not_drawn;             ///< as not_drawn(RunData) says it
};
/// Tells the damage as well.
LastValues last_values(const RunInfo& run);

}  // namespace ablate
