#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiments/experiment.h"
#include "experiments/recorded_test.h"
#include "runs/evaluations.h"
#include "runs/requests.h"
#include "runs/run_store.h"
#include "runs/series.h"
#include "sweeps/launcher.h"
#include "sweeps/study.h"
#include "sweeps/sweep.h"
#include "sweeps/sweep_folder.h"
#include "sweeps/training_place.h"

struct ImFont;

namespace ablate {

class TextureCache;

/// One run as the panels see it; immutable, made by the tailer thread.
struct RunView {
  RunInfo info;
  std::filesystem::path root;               ///< the one it was listed under
  std::shared_ptr<const RunData> data;      ///< null until its events have been read
  std::shared_ptr<const RunConfig> config;  ///< null for a foreign run, or where run.json can't be understood
  std::vector<Finding> findings;
  std::vector<StoredEvaluation> evaluations;
  std::vector<ReadProblem> problems;  ///< with its log, as problems_of says
  std::string after;                  ///< the run that it comes after, relative to root; empty: none
  int queue_place = 0;                ///< of a run that waits in this machine's queue: 1 starts next; else 0
  std::array<float, 3> color{};       ///< the run's own, the same everywhere and in every session
};

/// One sweep, or one study of a journal that any program using Optuna wrote; immutable, made by the tailer thread.
struct SweepView {
  std::string name;
  std::filesystem::path place;         ///< the sweep's folder; of another program's study its journal; canonical
  std::shared_ptr<const Sweep> sweep;  ///< null for another program's study, which is only looked at
  std::shared_ptr<const Study> study;  ///< null until it could be read
  std::string run_prefix;              ///< what the ids of its runs begin with, where they lie in another root
  SweepState state;
  std::string problem;  ///< why it, or what is new of it, can't be read; empty when all is well
};

/// The end of one run's console.log.
struct ConsoleTail {
  std::string run;   ///< id
  std::string text;  ///< whole lines; empty when nothing has been written
  bool cut = false;  ///< there is more before it
};

/// All runs of the root(s) at one moment, immutable.
struct Snapshot {
  std::vector<std::shared_ptr<const RunView>> runs;      ///< by id
  std::vector<std::shared_ptr<const SweepView>> sweeps;  ///< by name
  std::shared_ptr<const ConsoleTail> console;            ///< of the selected run; null until read
  bool loading = true;                                   ///< the first listing hasn't ended yet
  bool sweeps_read = false;                              ///< all sweeps have been read once
  bool complete = false;      ///< the events of every run that is drawn have been read to their present end
  std::string problem;        ///< the root can't be read: why
  std::uint64_t version = 0;  ///< rises with every snapshot
};

/// Of a run that somebody wants examined: all that the doctor tests, on copies of its newest checkpoint.
struct Examination {
  bool over = false;
  std::string test;                   ///< what is being tested; empty while others come first
  std::size_t findings = 0;           ///< once it is over, as the rest
  std::vector<std::string> untested;  ///< a line each
  std::vector<std::string> notes;     ///< likewise: why the findings are not kept with the run
  std::string problem;                ///< why it could not be examined
};

/// A run in the bin.
struct RemovedRun {
  std::filesystem::path root;
  std::string id, name;
};

/// What can be done, whoever does it. Every call returns at once; what fails shows up in Workspace::error.
class Actions {
 public:
  virtual ~Actions() = default;
  virtual void launch(const Experiment& experiment, const TrainingPlace& place) = 0;
  virtual void stop(const RunView& run) = 0;
  virtual void resume(const RunView& run) = 0;
  /// Of a run that trains or waits, from its next step on.
  virtual void change_lr(const RunView& run, const LrRequest& asked) = 0;
  /// Its end shows in Workspace::examinations, what was found in the run.
  virtual void examine(const RunView& run) = 0;
  virtual void stop_examining(const RunView& run) = 0;
  /// What people say of it: its meta.json is read, changed and written.
  virtual void annotate(const RunView& run, std::function<void(RunMeta&)> change) = 0;
  /// Into the bin of its root; shows up in Workspace::removed.
  virtual void remove(const RunView& run) = 0;
  virtual void restore(const RemovedRun& run) = 0;
  /// Of a run that waits in this machine's queue.
  virtual void move_in_queue(const RunView& run, QueueEnd end) = 0;

  /// The panel of sweeps opens on it.
  virtual void launch(const Sweep& sweep, const TrainingPlace& place) = 0;
  /// Starts its controller, where none leads; takes a pause back.
  virtual void resume(const SweepView& sweep) = 0;
  virtual void pause(const SweepView& sweep) = 0;
  virtual void stop(const SweepView& sweep) = 0;
  /// A sweep that has finished goes on then.
  virtual void add_trials(const SweepView& sweep, int count) = 0;
  virtual void kill_trial(const SweepView& sweep, int number) = 0;

  /// A new file; one that is there already is an error. What is not absolute lies in the root.
  virtual void save(const std::filesystem::path& file, std::string content) = 0;
};

/// A part of the window as it will be drawn next, to be kept in a PNG file.
struct WantedPicture {
  std::filesystem::path file;  ///< as Actions::save takes it
  std::array<float, 4> place;  ///< left, top, width, height, in the window's pixels
};

/// What all panels share: the snapshot of this frame, what is selected and shown, what can be done. Drawing thread
/// only.
struct Workspace {
  std::filesystem::path root;
  std::shared_ptr<const Snapshot> snapshot = std::make_shared<Snapshot>();
  std::set<std::string> hidden;                     ///< ids of runs not drawn; archived ones are not either
  std::string selected;                             ///< id of the run that single-run panels show
  bool selected_by_hand = false;                    ///< a person chose it: it stays, whatever is found in others
  std::string sweep;                                ///< the one the panel shows: its name or place
  std::string layer;                                ///< norm layer that the layers panel opens; empty: all of them
  std::map<std::string, RecordedTest> recorded;     ///< range tests that other programs recorded, by file
  std::map<std::string, Examination> examinations;  ///< that were asked for, by id of run
  std::optional<double> proposed_lr;                ///< chosen in a range test; the builder takes it
  TrainingPlace place;                              ///< where new runs train, as chosen in the builder
  bool wants_all_runs = false;                      ///< a panel of this frame has numbers of hidden runs too
  std::string raised;                               ///< title of a panel that shall come to the front
  std::optional<WantedPicture> picture;             ///< taken from the next frame
  std::optional<RemovedRun> removed;                ///< the last one, shown until dismissed or brought back
  std::optional<std::string> error;                 ///< last failed action, shown until dismissed
  Actions* actions = nullptr;
  TextureCache* textures = nullptr;
  ImFont* bold = nullptr;
  ImFont* mono = nullptr;  ///< for evidence and console text

  /// Runs that are not hidden, by id: made by begin_frame, valid while `snapshot` is.
  std::vector<const RunView*> shown;

  /// Takes over a snapshot, brings `shown` up to date and selects a run where no person has: one that something was
  /// found in, else the first shown.
  void begin_frame(std::shared_ptr<const Snapshot> now);
  bool is_shown(const RunView& run) const { return !hidden.contains(run.info.id) && !run.info.meta.archived; }
  /// An archived run stays undrawn.
  void show(const RunView& run, bool so);
  /// By hand: it stays selected, whatever is found in others.
  void select(const RunView& run);
  /// nullptr when there is no such run (any more).
  const RunView* find(const std::string& id) const;
  const RunView* selected_run() const { return find(selected); }
};

/// One dockable panel. Drawing does no I/O and takes no lock.
class Panel {
 public:
  virtual ~Panel() = default;
  virtual const char* title() const = 0;
  /// Where it is docked in the default layout.
  enum class Place { left_top, left_bottom, centre_top, centre_bottom, right_top, right_bottom };
  virtual Place place() const = 0;
  /// Draws its content; the window around it is begun and ended by the caller.
  virtual void draw(Workspace& workspace) = 0;
  /// What is worth remembering until the program starts again; read back by restore, which ignores what it can't use.
  virtual nlohmann::json state() const { return nlohmann::json::object(); }
  virtual void restore(const nlohmann::json& state) { (void)state; }
};

/// Every panel, in the order of the View menu. registry.cpp: one line a panel.
std::vector<std::unique_ptr<Panel>> make_panels();

}  // namespace ablate
