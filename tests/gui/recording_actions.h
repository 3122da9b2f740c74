#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// Writes down what panels ask for.
class RecordingActions : public Actions {
 public:
  void launch(const Experiment& wanted, const TrainingPlace& where) override {
    asked.push_back("launch " + wanted.name);
    experiment = wanted;
    place = where;
  }
  void stop(const RunView& run) override { asked.push_back("stop run " + run.info.name); }
  void resume(const RunView& run) override { asked.push_back("resume run " + run.info.name); }
  void change_lr(const RunView& run, const LrRequest& lr) override {
    asked.push_back("lr " + lr.words() + " for " + run.info.name);
  }
  void examine(const RunView& run) override { asked.push_back("examine " + run.info.name); }
  void stop_examining(const RunView& run) override { asked.push_back("stop examining " + run.info.name); }
  void move_in_queue(const RunView& run, QueueEnd end) override {
    asked.push_back(run.info.name + (end == QueueEnd::first ? " first" : " last"));
  }
  void annotate(const RunView& run, std::function<void(RunMeta&)> change) override {
    asked.push_back("annotate " + run.info.name);
    said = run.info.meta;
    change(said);
  }
  void remove(const RunView& run) override { asked.push_back("remove " + run.info.name); }
  void restore(const RemovedRun& run) override { asked.push_back("restore " + run.id); }
  void launch(const Sweep& wanted, const TrainingPlace& where) override {
    asked.push_back(fmt::format("launch sweep {}, {} at once", wanted.name, where.trials_at_once()));
    sweep = wanted;
    place = where;
  }
  void resume(const SweepView& view) override { asked.push_back("resume " + view.name); }
  void pause(const SweepView& view) override { asked.push_back("pause " + view.name); }
  void stop(const SweepView& view) override { asked.push_back("stop " + view.name); }
  void add_trials(const SweepView& view, int count) override {
    asked.push_back("add " + std::to_string(count) + " to " + view.name);
  }
  void kill_trial(const SweepView& view, int number) override {
    asked.push_back("kill " + std::to_string(number) + " of " + view.name);
  }
  void save(const std::filesystem::path& file, std::string content) override {
    asked.push_back("save " + file.string());
    saved = std::move(content);
  }
  std::vector<std::string> asked;
  std::string saved;
  RunMeta said;                          ///< of the run annotated last
  std::optional<Experiment> experiment;  ///< launched last
  std::optional<Sweep> sweep;            ///< likewise
  TrainingPlace place;                   ///< … where
};

}  // namespace ablate
