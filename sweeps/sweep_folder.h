#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sweeps/journal.h"
#include "sweeps/sweep.h"
#include "sweeps/training_place.h"

namespace ablate {

/// `<root>/sweeps/<name>/`: sweep.json (what was asked), sweep.journal (what happened, Optuna's), controller.json (who
/// leads), launcher.json (where its trials train), requests/ (what people want of it), console.log (of a controller
/// that has no terminal). All functions may be called by any process and thread, and throw Error that says what, where
/// and what to do.

/// Makes the folder of a new sweep, its journal with the study in it. Where there is one of that name already that asks
/// for the same (but for its budget), it is that one, with the new budget; throws Error where it asks for something
/// else. A number of trials that is higher by now (add_trials) stays. `journal`: one of Optuna's that a new sweep goes
/// on from; its study has the sweep's name, or is the only one and has that name in the copy. Throws Error where that
/// was another search: with keys that this one has not, without some that it has, or with ranges that do not meet its
/// own.
std::filesystem::path create_sweep(const std::filesystem::path& root, const Sweep& sweep,
                                   const std::filesystem::path& journal = {});

/// A sweep by name, unique beginning of one, or path. Throws Error with near matches; and where the folder of that name
/// is no sweep any more, or can't be looked at.
std::filesystem::path find_sweep(const std::filesystem::path& root, std::string_view word);
/// The folders of all sweeps of a root, by name. Empty where there are none.
std::vector<std::filesystem::path> list_sweeps(const std::filesystem::path& root);

/// The root that a sweep's folder lies in.
std::filesystem::path root_of(const std::filesystem::path& sweep);
Sweep read_sweep(const std::filesystem::path& sweep);
/// What a command calls it by from here: its name where its root is the one that commands take by themselves, else its
/// folder; for a shell.
std::string command_word(const std::filesystem::path& sweep);
/// Its study; another's only where its own was deleted. Throws Error for a journal without it.
const Study& study_of(const Sweep& sweep, const Journal& journal);
std::filesystem::path journal_file(const std::filesystem::path& sweep);
/// Throws Error where it was removed.
Journal journal_of(const std::filesystem::path& sweep);
/// Throws Error where all of the study's trials were of another search.
void check_same_search(const Sweep& sweep, const Study& study);

/// How things stand, for people: what controller.json says, and whether that is still so.
struct SweepState {
  enum class Now {
    idle,  ///< nobody leads it: stopped, or its controller died; `ablate sweep resume` goes on
    running,
    paused,    ///< it is led, but nothing new begins
    finished,  ///< the budget is used up and nothing trains
  } now = Now::idle;
  std::string host;     ///< of the controller, where one leads
  int process = 0;      ///< likewise
  int slots = 0;        ///< how many trials train at once
  int trials = 0;       ///< that the journal had when its controller last said so
  std::string problem;  ///< what keeps it from going on, and what to do; empty when all is well
  bool led() const { return now == Now::running || now == Now::paused; }
};
std::string_view name_of(SweepState::Now now);  ///< "idle", …
SweepState sweep_state(const std::filesystem::path& sweep);
/// The same in the light of its study, which was read after it: while a trial waits or is open the sweep has not
/// finished, nor where there are fewer than its controller saw: the journal was cut, or an old copy was put back, and
/// that is its problem.
SweepState with_study(SweepState state, const std::filesystem::path& sweep, const Study& study);

/// Where its trials train, kept in launcher.json for whoever leads it next; this machine where nobody said.
TrainingPlace training_place(const std::filesystem::path& sweep);
void keep_training_place(const std::filesystem::path& sweep, const TrainingPlace& place);
/// Starts a controller that outlives this process, where none leads: `ablate sweep resume`.
void start_controller(const std::filesystem::path& sweep);
/// Nothing new begins until it is unpaused; what trains goes on. Kept for controllers to come. Whether it was paused.
bool pause_sweep(const std::filesystem::path& sweep, bool paused);
/// Asks the controller to stop all its trials, with checkpoints, and to leave. They go on when the sweep is resumed.
void stop_sweep(const std::filesystem::path& sweep);
/// Ends one trial for good: it is PRUNED with what it has reported, or FAIL where that is nothing. Done at once where
/// nobody leads. Throws Error for a trial that is over.
void kill_trial(const std::filesystem::path& sweep, int number);
/// Raises the budget by so many trials. Throws Error where the budget has no number of them, or all were tried.
void add_trials(const std::filesystem::path& sweep, int count);

}  // namespace ablate
