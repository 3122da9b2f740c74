#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "viewers/panel.h"
#include "viewers/sweep/brushes.h"
#include "viewers/sweep/study_axes.h"

namespace ablate {

/// What all charts of a sweep share: its study, what is selected and marked. Made anew for each frame.
struct SweepScene {
  Workspace& workspace;
  const SweepView& view;
  const Study& study;
  const StudyAxes& axes;
  std::uint64_t version;      ///< another one: another study, or something new in it
  std::size_t objective = 0;  ///< which of several the charts of one show
  double now = 0;             ///< Unix time

  // By trial number.
  const std::vector<const RunView*>& runs;  ///< null where there is none (any more)
  const std::vector<char>& kept;            ///< within all marks
  const std::vector<char>& best;            ///< of several objectives the Pareto front

  Brushes& brushes;
  std::optional<int>& selected;  ///< trial number

  const Trial& trial(int number) const { return study.trials[static_cast<std::size_t>(number)]; }
  const RunView* run(int number) const { return runs[static_cast<std::size_t>(number)]; }
  bool is_kept(int number) const { return kept[static_cast<std::size_t>(number)]; }
  bool is_best(int number) const { return best[static_cast<std::size_t>(number)]; }
  bool is_selected(int number) const { return selected == number; }
  /// Its run, shown, so that the other panels draw it in its colour.
  const RunView* shown_run(int number) const;
  const StudyAxis& objective_axis() const { return axes.objectives[objective]; }

  /// The other panels show its run.
  void select(int number);
};

/// One way to look at a sweep. Keeps what it made of a study until scene.version is another.
class SweepChart {
 public:
  virtual ~SweepChart() = default;
  virtual const char* name() const = 0;
  /// Why there is nothing to see yet, in a sentence; empty when there is.
  virtual std::string empty(const SweepScene& scene) const = 0;
  virtual void draw(SweepScene& scene) = 0;
  /// Whether it shows one of several objectives, which the panel lets a person choose.
  virtual bool one_objective() const { return true; }
};

std::unique_ptr<SweepChart> make_trials_chart();
std::unique_ptr<SweepChart> make_history_chart();
std::unique_ptr<SweepChart> make_curves_chart();
std::unique_ptr<SweepChart> make_parallel_chart();
std::unique_ptr<SweepChart> make_slices_chart();
std::unique_ptr<SweepChart> make_contour_chart();
std::unique_ptr<SweepChart> make_importance_chart();
std::unique_ptr<SweepChart> make_pareto_chart();
std::unique_ptr<SweepChart> make_timeline_chart();

}  // namespace ablate
