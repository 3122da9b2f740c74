#pragma once

#include "sweeps/study.h"

namespace ablate {

Study study_of(Direction direction);
/// A trial without anything, by its number. The references to others are gone then.
Trial& add(Study& study, TrialState state);

}  // namespace ablate
