#include "tests/sweeps/pruners/trials.h"

namespace ablate {

Study study_of(Direction direction) {
  Study study;
  study.name = "study";
  study.directions = {direction};
  return study;
}

Trial& add(Study& study, TrialState state) {
  Trial& trial = study.trials.emplace_back();
  trial.number = static_cast<int>(study.trials.size()) - 1;
  trial.id = trial.number;
  trial.state = state;
  return trial;
}

}  // namespace ablate
