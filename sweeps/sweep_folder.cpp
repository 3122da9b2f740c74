#include "sweeps/sweep_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "experiments/experiment.h"
#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/file_descriptor.h"
#include "runs/json_file.h"
#include "runs/near_match.h"
#include "runs/paths.h"
#include "runs/run_lock.h"
#include "runs/run_store.h"
#include "runs/text.h"
#include "sweeps/exhaustion.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/launchers.h"
#include "sweeps/process.h"
#include "sweeps/samplers/sampler.h"
#include "sweeps/trial_records.h"
#include "sweeps/trial_standing.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

/// Ends as sentences do.
std::string sentence(const Error& error) {
  const std::string words = error.what();
  return words.ends_with('.') ? words : words + ".";
}

void make_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    throw Error(failed == std::errc::not_a_directory || failed == std::errc::file_exists
                    ? fmt::format("Can't make {}: a file is where a folder should be. Move it away.", folder.string())
                    : fmt::format("Can't make {}: {}. Choose a runs folder that may be written (--runs).",
                                  folder.string(), write_error_text(folder, failed.value())));
}

void write_sweep(const fs::path& folder, const Sweep& sweep) {
  const std::string text = sweep.to_json().dump(2) + "\n";
  write_file_atomically(folder / "sweep.json", std::array{std::string_view(text)});
}

/// What must stay as it is: the rest is budget.
ordered_json identity(const Sweep& sweep) {
  ordered_json document = sweep.to_json();
  document.erase("budget");
  document.erase("retries");
  return document;
}

std::string first_difference(const Sweep& a, const Sweep& b) {
  const ordered_json left = identity(a), right = identity(b);
  for (const auto& [key, value] : left.items())
    if (value != right.at(key)) return key;
  return "";
}

void leave_request(const fs::path& sweep, const std::string& name) {
  make_folder(sweep / "requests");
  const fs::path request = sweep / "requests" / name;
  if (!FileDescriptor(::open(request.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)))
    throw Error(fmt::format("{}: can't leave that request: {}", request.string(), write_error_text(request, errno)));
}

/// Held by a controller, or for a moment by somebody who does what none is there to do.
std::optional<InheritableLock> lead(const fs::path& sweep) {
  return InheritableLock::try_acquire(sweep / "controller.lock");
}

const Trial& running_trial(const Study& study, int number) {
  if (number < 0 || number >= std::ssize(study.trials))
    throw Error(fmt::format("{} has no trial {}; it has {}.", study.name, number, study.trials.size()));
  const Trial& trial = study.trials[static_cast<std::size_t>(number)];
  if (finished(trial.state)) throw Error(fmt::format("Trial {} is over: {}.", number, standing_of(trial, nullptr)));
  return trial;
}

/// Asks the run of a trial to stop, where it waits or trains.
void stop_run_of(const fs::path& sweep, const Trial& trial) {
  const fs::path root = root_of(sweep), folder = root / trial.run();
  if (trial.run().empty() || !fs::exists(folder / "run.json")) return;
  launcher_of(root, read_resolved_status(folder))->stop(folder);
}

}  // namespace

fs::path journal_file(const fs::path& sweep) { return sweep / "sweep.journal"; }
fs::path root_of(const fs::path& sweep) { return fs::absolute(sweep).lexically_normal().parent_path().parent_path(); }

namespace {

/// "one of relu, elu", "a number from 0.0001 to 0.1 (log)".
std::string words_of(const Distribution& distribution) {
  if (distribution.type == Distribution::Type::categorical) {
    std::vector<std::string> choices;
    for (const nlohmann::json& choice : distribution.choices)
      choices.push_back(choice.is_string() ? choice.get<std::string>() : json_text(choice));
    return fmt::format("one of {}", fmt::join(choices, ", "));
  }
  return fmt::format("a {}number from {:g} to {:g}{}", distribution.type == Distribution::Type::integer ? "whole " : "",
                     distribution.low, distribution.high, distribution.log ? " (log)" : "");
}

/// "maximize, minimize".
std::string words_of(const std::vector<Direction>& directions) {
  std::vector<const char*> words;
  for (const Direction each : directions) words.push_back(each == Direction::maximize ? "maximize" : "minimize");
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::string command_word(const fs::path& sweep) {
  const fs::path folder = fs::absolute(sweep).lexically_normal();
  const std::string name = folder.filename().string();
  if (root_of(folder) == plain_path(runs_root("")) && !name.starts_with('-')) return shell_word(name);
  const fs::path from_here = folder.lexically_relative(fs::current_path());
  return shell_word((from_here.empty() || *from_here.begin() == ".." ? folder : from_here).string());
}

Journal journal_of(const fs::path& sweep) {
  if (!fs::exists(journal_file(sweep)))
    throw Error(fmt::format(
        "{} is gone, and with it what this sweep has found. Put it back from a copy; or remove {} and begin anew.",
        journal_file(sweep).string(), sweep.string()));
  return Journal(journal_file(sweep));
}

Sweep read_sweep(const fs::path& sweep) {
  const fs::path file = sweep / "sweep.json";
  try {
    return Sweep::read(file);
  } catch (const Error& error) {
    if (!fs::exists(file)) throw;
    throw Error(fmt::format("{} Mend {}, or put it back from a copy; what was found is in the journal beside it.",
                            sentence(error), file.filename().string()));
  }
}

const Study& study_of(const Sweep& sweep, const Journal& journal) {
  const std::vector<const Study*> all = journal.replay().studies();
  const Study* study = journal.replay().find(sweep.name);
  // A copy of a journal in which one of that name was deleted keeps its names.
  if (study == nullptr && all.size() == 1 && journal.replay().had(sweep.name)) study = all.front();
  if (study == nullptr) {
    std::vector<std::string> names;
    for (const Study* each : all) names.push_back(each->name);
    if (names.empty())
      throw Error(fmt::format(
          "The journal of {} holds no study: it is empty, or its study was deleted. Put the journal back from "
          "a copy; or remove {} and begin anew.",
          sweep.name, journal.file().parent_path().string()));
    throw Error(fmt::format("The journal of {} has no study of that name; it has {}. Give the sweep the name of one.",
                            sweep.name, fmt::join(names, ", ")));
  }
  if (study->directions != sweep.directions())
    throw Error(
        fmt::format("The study {} in the journal is to {}, the objective of the sweep to {}. Change "
                    "\"direction\" there, or begin a sweep of another name without that journal.",
                    study->name, words_of(study->directions), words_of(sweep.directions())));
  for (const Trial& trial : study->trials)
    for (const auto& [key, distribution] : trial.distributions)
      if (const Parameter* ours = sweep.space.find(key);
          ours != nullptr && !compatible(*distribution, ours->distribution))
        throw Error(fmt::format(
            "The study {} has {} as {} (trial {}), which does not go with the sweep's {}. Give the sweep the same "
            "kind of range, or begin one of another name without that journal.",
            study->name, key, words_of(*distribution), trial.number, words_of(ours->distribution)));
  return *study;
}

namespace {

std::string range_words(const Distribution& range) { return fmt::format("[{:g}, {:g}]", range.low, range.high); }

/// Why a trial was of another search; empty where it was not.
std::string misfit(const Sweep& sweep, const Trial& trial) {
  for (const auto& [key, theirs] : trial.distributions) {
    const Parameter* const ours = sweep.space.find(key);
    if (ours == nullptr) return fmt::format("has {}, which is not in the sweep's space", key);
    const bool number = theirs->type != Distribution::Type::categorical;
    if (number && (theirs->high < ours->distribution.low || theirs->low > ours->distribution.high))
      return fmt::format("has {} within {}, and the sweep within {}", key, range_words(*theirs),
                         range_words(ours->distribution));
  }
  if (trial.state != TrialState::complete && trial.state != TrialState::pruned) return "";
  for (const Parameter& parameter : sweep.space.parameters())
    if (!trial.params.empty() && SearchSpace::active(parameter, trial.params) && !trial.params.contains(parameter.key))
      return fmt::format("has no {}, which the sweep searches", parameter.key);
  return "";
}

[[noreturn]] void refuse(const Study& study, const Trial& trial, const std::string& what) {
  throw Error(
      fmt::format("Trial {} of the study {} {}: it was another search, of which nothing can be learned here. Give the "
                  "sweep another name and no journal, or write the space that its journal has.",
                  trial.number, study.name, what));
}

/// A journal's records, whose study has the sweep's name from now on: scripts look for it by that.
std::string records_for(const Sweep& sweep, const Study& study, const std::string& records) {
  std::string renamed;
  std::istringstream lines(records);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {  // What is torn stays behind.
    if (line.find("\"study_name\"") != std::string::npos) {
      json record = parse_python_json(line, "a record");
      const std::string name = record.value("study_name", "");
      // A deleted one had that name: where both have it, records would be of other studies than they were.
      if (name == sweep.name) return records;
      if (name == study.name) record["study_name"] = sweep.name;
      line = python_json_text(record);
    }
    renamed += line + "\n";
  }
  return renamed;
}

}  // namespace

void check_same_search(const Sweep& sweep, const Study& study) {
  const Trial* other = nullptr;
  for (const Trial& trial : study.trials) {
    if (trial.distributions.empty()) continue;
    if (misfit(sweep, trial).empty()) return;
    other = &trial;
  }
  if (other != nullptr) refuse(study, *other, misfit(sweep, *other));
}

fs::path create_sweep(const fs::path& root, const Sweep& wanted, const fs::path& from) {
  const fs::path folder = fs::absolute(root / "sweeps" / wanted.name).lexically_normal();
  Sweep sweep = wanted;
  // The controller may run, or go on, in another folder.
  sweep.base = with_absolute_paths(RunConfig::from_json(sweep.base)).to_json();
  std::optional<FileLock> lock;  // Of a sweep that there is: others may add trials.
  if (is_there(folder / "sweep.json")) {
    lock.emplace(folder / "sweep.json.lock");
    const Sweep before = read_sweep(folder);
    study_of(before, journal_of(folder));  // Where it is gone nothing begins anew by itself.
    if (const std::string key = first_difference(sweep, before); !key.empty())
      throw Error(fmt::format(
          "There is a sweep {} already, with another \"{}\" ({}). Give this one another name, or remove that folder.",
          sweep.name, key, (folder / "sweep.json").string()));
    if (sweep.budget.trials && before.budget.trials)
      sweep.budget.trials = std::max(*sweep.budget.trials, *before.budget.trials);
    for (const auto time : {&Budget::hours, &Budget::epochs})
      if (sweep.budget.*time && before.budget.*time)
        sweep.budget.*time = std::max(*(sweep.budget.*time), *(before.budget.*time));
  }
  std::string records;
  if (!from.empty()) {
    if (fs::exists(folder / "sweep.json"))
      throw Error(fmt::format("There is a sweep {} already ({}); give it another name to go on from {}.", sweep.name,
                              folder.string(), from.string()));
    const std::optional<std::string> theirs = read_file(from);
    if (!theirs) throw Error(fmt::format("{}: there is no such journal.", from.string()));
    const Journal journal(from);
    Sweep named = sweep;
    if (const auto all = journal.replay().studies(); all.size() == 1) named.name = all.front()->name;
    const Study& study = study_of(named, journal);
    for (const Trial& trial : study.trials)
      if (const std::string what = misfit(sweep, trial); !what.empty()) refuse(study, trial, what);
    records = records_for(sweep, study, *theirs);
  }
  make_folder(folder);
  if (!from.empty()) write_file_atomically(journal_file(folder), std::array{std::string_view(records)});
  Journal journal(journal_file(folder));
  journal.update([&](const JournalReplay& replay) -> std::vector<journal::Record> {
    if (!replay.studies().empty()) return {};
    return {journal::create_study(sweep.name, sweep.directions())};
  });
  study_of(sweep, journal);
  write_sweep(folder, sweep);  // Last: a folder that has one has all.
  return folder;
}

std::vector<fs::path> list_sweeps(const fs::path& root) {
  std::vector<fs::path> sweeps;
  std::error_code none;
  for (fs::directory_iterator it(root / "sweeps", none), end; !none && it != end; it.increment(none))
    if (fs::exists(it->path() / "sweep.json", none)) sweeps.push_back(it->path());
  std::ranges::sort(sweeps);
  return sweeps;
}

fs::path find_sweep(const fs::path& root, std::string_view word) {
  if (const fs::path path = (fs::path(word) / "").parent_path(); is_there(path / "sweep.json")) return plain_path(path);
  // What has this name is meant, and no other that begins so.
  const bool is_name = !word.empty() && word != "." && word != ".." && word.find('/') == word.npos;
  if (const fs::path own = root / "sweeps" / word; is_name && is_there(own)) {
    if (is_there(own / "sweep.json")) return plain_path(own);
    throw Error(
        fmt::format("{} has no sweep.json: put it back from a copy; or remove that folder, which has what was found in "
                    "its journal.",
                    own.string()));
  }
  std::vector<fs::path> begin;
  std::vector<std::string> names;
  for (const fs::path& sweep : list_sweeps(root)) {
    names.push_back(sweep.filename().string());
    if (names.back().starts_with(word)) begin.push_back(sweep);
  }
  if (begin.size() == 1) return begin.front();
  const std::vector<std::string> near = begin.empty() ? near_matches(word, names) : names;
  throw Error(fmt::format(
      "There is no sweep \"{}\" in {}.{}", word, (root / "sweeps").string(),
      names.empty() ? " Begin one with: ablate sweep run SWEEP.json"
                    : fmt::format(" There {}: {}.", near.empty() || !begin.empty() ? "are" : "is something like it",
                                  fmt::join(near.empty() ? names : near, ", "))));
}

std::string_view name_of(SweepState::Now now) {
  static constexpr std::array<std::string_view, 4> kNames{"idle", "running", "paused", "finished"};
  return kNames.at(static_cast<std::size_t>(now));
}

SweepState sweep_state(const fs::path& sweep) {
  SweepState state;
  bool finished = false;
  const std::string where = (sweep / "controller.json").string();
  try {
    if (std::optional<json> document = read_json_file(where)) {
      std::int64_t process = 0, slots = 0, trials = 0;
      take(*document, "host", state.host, where);
      take(*document, "process", process, where);
      take(*document, "slots", slots, where);
      take(*document, "trials", trials, where);
      take(*document, "problem", state.problem, where);
      take(*document, "finished", finished, where);
      state.process = static_cast<int>(process);
      state.slots = static_cast<int>(slots);
      state.trials = static_cast<int>(trials);
    }
  } catch (const Error& error) {  // It only tells of things.
    state.problem = sentence(error) + " It can be removed: who leads the sweep next writes it anew.";
  }
  if (InheritableLock::held(sweep / "controller.lock"))
    state.now = fs::exists(sweep / "requests" / "pause") ? SweepState::Now::paused : SweepState::Now::running;
  else
    state.now = finished ? SweepState::Now::finished : SweepState::Now::idle;
  return state;
}

SweepState with_study(SweepState state, const fs::path& sweep, const Study& study) {
  if (state.led()) return state;
  const auto to_go_on = [](const Trial& trial) {
    return trial.state == TrialState::waiting ||
           (trial.state == TrialState::running && !trial.run().empty() && !trial.paused());
  };
  if (std::ranges::any_of(study.trials, to_go_on)) state.now = SweepState::Now::idle;
  if (std::ssize(study.trials) >= state.trials) return state;
  state.now = SweepState::Now::idle;
  state.problem = fmt::format(
      "The journal of {} has {}, and had {}: it was cut, or an old copy was put back. The others' runs are in {}, but "
      "nothing is known of them here. Put back a journal that has them; or go on without: ablate sweep resume {}",
      sweep.filename().string(), counted(study.trials.size(), "trial"), state.trials, root_of(sweep).string(),
      command_word(sweep));
  return state;
}

TrainingPlace training_place(const fs::path& sweep) {
  const fs::path file = sweep / "launcher.json";
  try {
    const auto kept = read_json_file(file);
    return kept ? TrainingPlace::from_json(*kept, file.string()) : TrainingPlace{};
  } catch (const Error& error) {
    throw Error(sentence(error) + " It can be removed, and where its trials train be said again (--launcher …).");
  }
}

void keep_training_place(const fs::path& sweep, const TrainingPlace& place) {
  write_json_file(sweep / "launcher.json", place.to_json());
}

void start_controller(const fs::path& sweep) {
  if (InheritableLock::held(sweep / "controller.lock")) return;
  ProcessOptions options;
  options.program = program_beside("ablate", "ABLATE_PROGRAM");
  options.arguments = {"--runs", root_of(sweep).string(), "sweep", "resume", sweep.string()};
  options.log = sweep / "console.log";
  start_detached(options);
}

bool pause_sweep(const fs::path& sweep, bool paused) {
  std::error_code ignored;
  const fs::path request = sweep / "requests" / "pause";
  const bool was = fs::exists(request, ignored);
  if (paused)
    leave_request(sweep, "pause");
  else
    fs::remove(request, ignored);
  return was;
}

void stop_sweep(const fs::path& sweep) {
  const std::optional<InheritableLock> leading = lead(sweep);
  if (!leading) return leave_request(sweep, "stop");
  // Nobody leads, but its runs may train on; what the journal says of them, or whether it can be read, is no matter.
  const std::string name = read_sweep(sweep).name;
  const fs::path root = root_of(sweep);
  std::string problem;
  for (const RunInfo& run : list_runs(root)) {
    const auto its = run.run->find("sweep");
    if (its == run.run->end() || *its != name) continue;
    try {
      launcher_of(root, run.status)->stop(run.folder);
    } catch (const std::exception& error) {  // The others stop all the same.
      if (problem.empty()) problem = error.what();
    }
  }
  if (!problem.empty()) throw Error(problem);
}

void kill_trial(const fs::path& sweep, int number) {
  const Sweep asked = read_sweep(sweep);
  Journal journal = journal_of(sweep);
  const Trial trial = running_trial(study_of(asked, journal), number);
  const std::optional<InheritableLock> leading = lead(sweep);
  if (!leading) return leave_request(sweep, fmt::format("kill-{}", number));
  journal.update([&](const JournalReplay&) -> std::vector<journal::Record> { return end_by_hand(trial); });
  stop_run_of(sweep, trial);
}

void add_trials(const fs::path& sweep, int count) {
  const FileLock lock(sweep / "sweep.json.lock");
  Sweep asked = read_sweep(sweep);
  const Journal journal = journal_of(sweep);
  const Study& study = study_of(asked, journal);
  check_same_search(asked, study);
  const std::string name = sweep.filename().string(), word = command_word(sweep),
                    file = (sweep / "sweep.json").string();
  if (all_tried(asked, study))
    throw Error(fmt::format(
        "All combinations of the search space of {} were tried: there is none to add. For others begin a sweep of "
        "another name, with a larger space.",
        name));
  if (asked.budget.endless())
    throw Error(
        fmt::format("{} has no budget: it goes on until it is stopped. Go on: ablate sweep resume {}", name, word));
  if (!asked.budget.trials)
    throw Error(fmt::format("The budget of {} is no number of trials: raise it in {}, then: ablate sweep resume {}",
                            name, file, word));
  if (const std::string used_up = budget_use(sweep, study).time_used_up(asked.budget); !used_up.empty())
    throw Error(
        fmt::format("The budget of {} of {} is used up, so more trials would not begin: raise it in {}, then: "
                    "ablate sweep resume {}",
                    name, used_up, file, word));
  // Others may have added trials of their own: these come on top.
  asked.budget.trials = std::max(*asked.budget.trials, BudgetUse(study).trials) + count;
  write_sweep(sweep, asked);
}

}  // namespace ablate
