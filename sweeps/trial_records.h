#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/journal.h"
#include "sweeps/sweep.h"

namespace ablate {

/// How trials of a sweep begin and end, as records of its journal. A trial's run folder is named here, before it is
/// made.

/// A new trial, RUNNING; FAIL at once, with the user attribute "error", where its parameters don't go together.
journal::Record begin_trial(const Sweep& sweep, const Study& study, const Params& params);

/// Takes a WAITING one (Optuna's enqueue_trial): what its "fixed_params" don't say is as `proposed`. FAIL where they
/// can't be. Its run is named first: from then on it is ours, whatever happens.
std::vector<journal::Record> take_waiting(const Sweep& sweep, const Trial& trial, Params proposed);

/// FAIL, and before it another one of the same parameters, as Optuna's RetryFailedTrialCallback makes them (system
/// attributes "failed_trial", "retry_history"), unless there were sweep.retries of them.
std::vector<journal::Record> fail_trial(const Sweep& sweep, const Study& study, const Trial& trial,
                                        const std::string& why);

/// Before its time: PRUNED with the last number it has reported, or FAIL where that is none.
journal::Record end_early(const Trial& trial);
/// The same because a person wants it, which a trial without a value says.
std::vector<journal::Record> end_by_hand(const Trial& trial);

}  // namespace ablate
