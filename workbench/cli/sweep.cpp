// ablate sweep run|resume|show|list|pause|stop|add|kill: a search through configurations, as an Optuna study.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_store.h"
#include "sweeps/exhaustion.h"
#include "sweeps/interrupts.h"
#include "sweeps/launcher.h"
#include "sweeps/sweep_controller.h"
#include "sweeps/sweep_folder.h"
#include "sweeps/trial_standing.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/launcher_options.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

struct SweepOptions {
  std::string file, sweep, journal;
  TrainingPlace where;
  int count = 0, trial = 0;
  bool detach = false, launcher_named = false;
};

/// A sweep as it is now. Throws Error for one that can't be read.
struct Standing {
  explicit Standing(const fs::path& sweep_folder)
      : folder(sweep_folder),
        sweep(read_sweep(folder)),
        before(sweep_state(folder)),
        journal(journal_of(folder)),
        study(study_of(sweep, journal)),
        state(with_study(before, folder, study)) {}

  /// Whether its journal has fewer trials than it had.
  bool lost_trials() const { return !before.led() && std::ssize(study.trials) < before.trials; }

  const fs::path folder;
  const Sweep sweep;
  const SweepState before;  ///< before the journal was read
  const Journal journal;
  const Study& study;
  const SweepState state;
};

/// nullopt where there is none, or it can't be understood: `ablate show` says why.
std::optional<RunStatus> status_of_run(const fs::path& sweep, const Trial& trial) {
  const fs::path folder = root_of(sweep) / trial.run();
  if (trial.run().empty() || !fs::exists(folder / "run.json")) return std::nullopt;
  try {
    return read_resolved_status(folder);
  } catch (const Error&) {
    return std::nullopt;
  }
}

nlohmann::json trial_json(const Trial& trial, const std::optional<RunStatus>& run) {
  nlohmann::json values = nlohmann::json::array(), intermediate = nlohmann::json::object();
  for (const double value : trial.values) values.push_back(json_number(value));
  for (const auto& [step, value] : trial.intermediate) intermediate[std::to_string(step)] = json_number(value);
  nlohmann::json document{{"number", trial.number},
                          {"state", name_of(trial.state)},
                          {"params", trial.external_params()},
                          {"values", values},
                          {"intermediate", intermediate},
                          {"run", trial.run().empty() ? nlohmann::json(nullptr) : nlohmann::json(trial.run())},
                          {"run_status", run ? nlohmann::json(name_of(run->state)) : nlohmann::json(nullptr)},
                          {"training_seconds", run ? json_number(run->training_seconds) : nlohmann::json(nullptr)}};
  if (trial.user_attrs.contains("error")) document["error"] = trial.user_attrs.at("error");
  return document;
}

/// The last key of a dotted one, where that says enough.
std::string short_key(const std::string& key, const SearchSpace& space) {
  const auto last = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  const auto same = [&](const Parameter& other) { return last(other.key) == last(key); };
  return std::ranges::count_if(space.parameters(), same) == 1 ? last(key) : key;
}

std::string param_words(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? short_number(value.get<double>()) : json_text(value);
}

Tone tone_of(const Trial& trial) {
  if (trial.state == TrialState::fail) return Tone::bad;
  return trial.state == TrialState::complete ? Tone::plain : Tone::quiet;
}

void print_trials(const Standing& at) {
  const Sweep& sweep = at.sweep;
  const std::vector<int> best = at.study.best();
  std::vector<Table::Column> columns{{""}, {"TRIAL", Align::right}, {"STATE"}};
  for (const Sweep::Objective& objective : sweep.objectives) columns.push_back({objective.metric, Align::right});
  for (const Parameter& parameter : sweep.space.parameters())
    columns.push_back({short_key(parameter.key, sweep.space), Align::right});
  columns.insert(columns.end(), {{"TRAINED", Align::right}, {"RUN"}, {""}});
  Table table(columns);
  for (const Trial& trial : at.study.trials) {
    const Tone tone = tone_of(trial);
    const std::optional<RunStatus> run = status_of_run(at.folder, trial);
    std::vector<Cell> row{{std::ranges::find(best, trial.number) != best.end() ? "best" : "", Tone::good},
                          {std::to_string(trial.number)},
                          {std::string(standing_of(trial, run ? &*run : nullptr)), tone}};
    for (std::size_t i = 0; i < sweep.objectives.size(); ++i) {
      if (i < trial.values.size())
        row.push_back({short_number(trial.values[i]), tone});
      else
        row.push_back({i == 0 && !trial.intermediate.empty() ? short_number(trial.intermediate.rbegin()->second) : "",
                       Tone::quiet});
    }
    const nlohmann::json params = trial.external_params();
    for (const Parameter& parameter : sweep.space.parameters())
      row.push_back({params.contains(parameter.key) ? param_words(params.at(parameter.key)) : "", tone});
    const double seconds = trained_seconds(trial, run ? &*run : nullptr, wall_seconds());
    const std::string error = trial.user_attrs.value("error", "");
    row.insert(row.end(), {{seconds > 0 ? short_time(seconds) : "", Tone::quiet},
                           {trial.run(), Tone::quiet},
                           {error.substr(0, error.find('\n')), Tone::bad}});
    table.add(std::move(row));
  }
  table.print();
}

std::string progress_words(const Standing& at) {
  const SweepState& state = at.state;
  const auto count = [&](TrialState wanted) { return std::ranges::count(at.study.trials, wanted, &Trial::state); };
  std::string words =
      fmt::format("{}: {}, {} complete, {} pruned, {} failed", at.folder.filename().string(), name_of(state.now),
                  count(TrialState::complete), count(TrialState::pruned), count(TrialState::fail));
  const Budget& budget = at.sweep.budget;
  if (!budget.endless()) words += fmt::format("; used: {}", budget_use(at.folder, at.study).words(budget));
  if (state.now == SweepState::Now::idle)
    words += fmt::format("; nobody leads it, ablate sweep resume {} does", command_word(at.folder));
  else if (state.now != SweepState::Now::finished)
    words += fmt::format("; led by process {} on {}", state.process, state.host);
  return words;
}

nlohmann::json progress_json(const Standing& at) {
  std::map<std::string_view, int> states;
  for (const Trial& trial : at.study.trials) ++states[name_of(trial.state)];
  const BudgetUse used = budget_use(at.folder, at.study);
  return {{"sweep", at.folder.string()},
          {"study", at.study.name},
          {"state", name_of(at.state.now)},
          {"problem", at.state.problem},
          {"states", states},
          {"budget", at.sweep.budget.to_json()},
          {"used", {{"trials", used.trials}, {"hours", used.hours}, {"epochs", used.epochs}}}};
}

/// `said`: what a person has just read.
int show(const Invocation& invocation, const fs::path& folder, const std::set<std::string>& said = {}) {
  const Standing at(folder);
  if (invocation.json) {
    nlohmann::json document = progress_json(at);
    document.update(
        {{"directions", nlohmann::json::array()}, {"best", at.study.best()}, {"trials", nlohmann::json::array()}});
    for (const Direction direction : at.study.directions)
      document["directions"].push_back(direction == Direction::maximize ? "maximize" : "minimize");
    for (const Trial& trial : at.study.trials)
      document["trials"].push_back(trial_json(trial, status_of_run(folder, trial)));
    print_json(document);
    return 0;
  }
  print_trials(at);
  fmt::print("{}\n", progress_words(at));
  const std::string& problem = at.state.problem;
  if (!problem.empty() && !said.contains(problem)) fmt::print(stderr, "ablate: {}\n", problem);
  return 0;
}

/// Where its trials train: what was asked for now, else as the last time; kept for those who lead it next.
TrainingPlace where_to_train(const fs::path& folder, const SweepOptions& options) {
  const TrainingPlace asked = checked_place(options.where), before = training_place(folder);
  TrainingPlace place = options.launcher_named ? asked : before;
  place.slots = asked.slots > 0 ? asked.slots : before.slots;
  if (asked.priority != 0) place.priority = asked.priority;
  place.slots = place.trials_at_once();
  if (sweep_state(folder).led()) {
    if (place != before)
      fmt::print(stderr,
                 "{} is led already, and trains where it did. For another place: ablate sweep stop {}, then run it "
                 "again.\n",
                 folder.filename().string(), command_word(folder));
    return before;
  }
  keep_training_place(folder, place);
  return place;
}

int lead(const Invocation& invocation, const fs::path& folder, const SweepOptions& options) {
  const std::string name = folder.filename().string(), word = command_word(folder);
  worker_program();
  if (const Standing at(folder); at.lost_trials())
    fmt::print(stderr, "ablate: note: {} goes on without the trials that its journal lost: it has {}, and had {}.\n",
               name, at.study.trials.size(), at.state.trials);
  const TrainingPlace where = where_to_train(folder, options);
  if (pause_sweep(folder, false)) fmt::print(stderr, "{} was paused, and goes on.\n", name);
  if (options.detach) {
    const SweepState now = sweep_state(folder);
    if (now.led()) {
      fmt::print(stderr,
                 "{} is led already, by process {} on {}, and goes on as long as that one does. If that one is a "
                 "terminal's, end it there (Ctrl-C), and the sweep can go on by itself.\n",
                 name, now.process, now.host);
      return invocation.json ? show(invocation, folder) : 0;
    }
    if (const std::optional<Exhaustion> end = nothing_left(folder)) {
      fmt::print(stderr, "Nothing is left to begin: {}\n", end->words());
      return show(invocation, folder);
    }
    start_controller(folder);
    fmt::print(stderr, "{} goes on by itself. Watch: ablate sweep show {}, or open the window.\n", name, word);
    return invocation.json ? show(invocation, folder) : 0;
  }
  const InterruptCounter interrupts;
  SweepControl control;
  control.slots = where.trials_at_once();
  control.interrupted = [&] { return interrupts.count() > 0; };
  std::set<std::string> said;
  control.say = [&said](const std::string& line) {
    fmt::print(stderr, "{}\n", line);
    said.insert(line);
  };
  const std::unique_ptr<Launcher> launcher = make_launcher(root_of(folder), where);
  const SweepEnd end = lead_sweep(folder, *launcher, control);
  if (const SweepState now = sweep_state(folder); end == SweepEnd::left && now.led())
    fmt::print(stderr, "The sweep goes on, led by process {} on {}. To stop all: ablate sweep stop {}\n", now.process,
               now.host, word);
  else if (end == SweepEnd::left)
    fmt::print(stderr,
               "What trains goes on. The sweep too: ablate sweep resume {0}; or stop all: ablate sweep stop {0}\n",
               word);
  if (end == SweepEnd::stopped) fmt::print(stderr, "Stopped. It goes on with: ablate sweep resume {}\n", word);
  show(invocation, folder, said);
  return end == SweepEnd::left || end == SweepEnd::given_up ? 1 : 0;
}

/// Of one that lost trials only `resume` goes on: who asks for more may not know that they would be trained again.
void refuse_losses(const fs::path& folder) {
  if (const Standing at(folder); at.lost_trials()) throw Error(at.state.problem);
}

/// A base may be a whole run's configuration; what of it the search takes the place of should not surprise.
void tell_unused(const Sweep& sweep) {
  for (const Parameter& parameter : sweep.space.parameters()) {
    std::string nested = "/" + parameter.key;
    std::ranges::replace(nested, '.', '/');
    if (sweep.base.contains(parameter.key) || sweep.base.contains(nlohmann::json::json_pointer(nested)))
      fmt::print(stderr, "ablate: note: {} is searched: what \"base\" says of it is not used.\n", parameter.key);
  }
}

int run(const Invocation& invocation, const SweepOptions& options) {
  const Sweep sweep = as_usage([&] { return Sweep::read(options.file); });
  worker_program();  // Before the folder is made.
  tell_unused(sweep);
  tell_problems(check_data(RunConfig::from_json(sweep.base)));
  const fs::path folder = create_sweep(invocation.root(), sweep, options.journal);
  if (const std::string budget = read_sweep(folder).budget.words(); budget != sweep.budget.words())
    fmt::print(stderr, "ablate: note: its budget was raised to {} before, which stays.\n", budget);
  refuse_losses(folder);
  return lead(invocation, folder, options);
}

/// Of one that nobody leads. `idle`: what a request then comes to.
void tell_unled(const fs::path& folder, const char* idle) {
  const SweepState::Now now = Standing(folder).state.now;  // Of one that can't be read nothing else is worth saying.
  const std::string name = folder.filename().string();
  if (now == SweepState::Now::finished) fmt::print(stderr, "ablate: note: {} has finished.\n", name);
  if (now == SweepState::Now::idle) fmt::print(stderr, "ablate: note: nobody leads {}: {}.\n", name, idle);
}

int list(const Invocation& invocation) {
  is_there(invocation.root() / "sweeps");  // Or it can't be looked at.
  const std::vector<fs::path> sweeps = list_sweeps(invocation.root());
  nlohmann::json document = nlohmann::json::array();
  for (const fs::path& folder : sweeps) {
    try {
      const Standing at(folder);
      document.push_back(progress_json(at));
      document.back()["name"] = at.sweep.name;
      if (invocation.json) continue;
      fmt::print("{}\n", progress_words(at));
      if (!at.state.problem.empty()) fmt::print("  {}\n", at.state.problem);
    } catch (const Error& error) {  // The others are worth seeing all the same.
      document.push_back({{"name", folder.filename().string()},
                          {"sweep", folder.string()},
                          {"state", nullptr},
                          {"problem", error.what()}});
      fmt::print(stderr, "ablate: {}\n", error.what());
    }
  }
  if (invocation.json) print_json(document);
  if (sweeps.empty() && !invocation.json)
    fmt::print("No sweeps in {} yet. Begin one with: ablate sweep run SWEEP.json\n", invocation.root().string());
  return 0;
}

}  // namespace

void add_sweep(CLI::App& app, Invocation& invocation) {
  CLI::App& command =
      *app.add_subcommand("sweep", "Search through configurations: samplers, pruners, Optuna's journal");
  command.require_subcommand(1);
  const auto options = std::make_shared<SweepOptions>();
  const auto acts = [&](CLI::App& sub, auto act) {
    add_json_flag(sub, invocation);
    sub.callback([&invocation, options, act] {
      invocation.action = [&invocation, options, act] { return act(invocation, *options); };
    });
  };
  const auto add = [&](const char* name, const char* meaning) -> CLI::App& {
    CLI::App& sub = *command.add_subcommand(name, meaning);
    sub.add_option("SWEEP", options->sweep, "The name of a sweep, a unique beginning of it, or its folder")->required();
    return sub;
  };
  const auto add_leading = [&](CLI::App& sub) {
    add_launcher_options(sub, options->where);
    sub.get_option("--launcher")->each([options](const std::string&) { options->launcher_named = true; });
    sub.add_flag("--detach", options->detach, "Go on by itself, and return at once");
  };

  CLI::App& begin = *command.add_subcommand(
      "run",
      "Begin a sweep, or go on with it, until its budget is used up: \"trials\", or \"hours\" or "
      "\"epochs\" of training, summed over its runs");
  begin
      .add_option("SWEEP.json", options->file,
                  R"({"name", "base": {…}, "space": {…}, "sampler", "pruner", "objective", "budget"})")
      ->required();
  begin
      .add_option("--journal", options->journal,
                  "Go on from a copy of this Optuna journal, whose study then has the sweep's name")
      ->type_name("FILE");
  add_leading(begin);
  acts(begin, run);

  CLI::App& resume = add("resume", "Go on with a sweep that was stopped, paused, or lost its controller");
  add_leading(resume);
  acts(resume, [](const Invocation& with, const SweepOptions& given) {
    return lead(with, find_sweep(with.root(), given.sweep), given);
  });

  acts(add("show", "Its trials"), [](const Invocation& with, const SweepOptions& given) {
    return show(with, find_sweep(with.root(), given.sweep));
  });
  acts(*command.add_subcommand("list", "All sweeps"),
       [](const Invocation& with, const SweepOptions&) { return list(with); });

  acts(add("pause", "Begin no new trials; what trains goes on"), [](const Invocation& with, const SweepOptions& given) {
    const fs::path folder = find_sweep(with.root(), given.sweep);
    if (!sweep_state(folder).led()) tell_unled(folder, "nothing new begins anyway, and what trains goes on to its end");
    pause_sweep(folder, true);
    return 0;
  });
  acts(add("stop", "Stop its trials, with checkpoints, and its controller"),
       [](const Invocation& with, const SweepOptions& given) {
         const fs::path folder = find_sweep(with.root(), given.sweep);
         const bool led = sweep_state(folder).led();
         stop_sweep(folder);  // First: it can be done where the journal can't be read.
         if (!led) tell_unled(folder, "what still trained of it stops");
         return 0;
       });

  CLI::App& more = add("add", "Raise its budget by so many trials, and go on");
  more.add_option("N", options->count, "How many")->required()->check(CLI::Range(1, 1'000'000));
  add_leading(more);
  acts(more, [](const Invocation& with, const SweepOptions& given) {
    const fs::path folder = find_sweep(with.root(), given.sweep);
    refuse_losses(folder);
    add_trials(folder, given.count);
    fmt::print(stderr, "The budget of {} is {} now.\n", folder.filename().string(), read_sweep(folder).budget.words());
    return lead(with, folder, given);
  });

  CLI::App& kill = add("kill", "End one trial for good; what it has reported stays");
  kill.add_option("TRIAL", options->trial, "Its number")->required();
  acts(kill, [](const Invocation& with, const SweepOptions& given) {
    kill_trial(find_sweep(with.root(), given.sweep), given.trial);
    return 0;
  });
}

}  // namespace ablate
