#include "sweeps/trial_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_store.h"

namespace ablate {
namespace {

std::string new_run(const Sweep& sweep, int number) {
  // Folders' names are cut, and the number must stay.
  return run_folder_name(fmt::format("{}-t{}", sweep.name.substr(0, 40), number));
}

}  // namespace

journal::Record begin_trial(const Sweep& sweep, const Study& study, const Params& params) {
  Trial trial;
  trial.params = params;
  for (const auto& [key, value] : params)
    trial.distributions[key] = std::make_shared<const Distribution>(sweep.space.find(key)->distribution);
  trial.started_seconds = wall_seconds();
  try {
    sweep.config(params);
    trial.user_attrs["run"] = new_run(sweep, static_cast<int>(study.trials.size()));
  } catch (const Error& error) {
    trial.state = TrialState::fail;
    trial.ended_seconds = trial.started_seconds;
    trial.user_attrs["error"] = error.what();
  }
  return journal::create_trial(study, trial);
}

std::vector<journal::Record> take_waiting(const Sweep& sweep, const Trial& trial, Params proposed) {
  std::vector<journal::Record> records{journal::set_user_attr(trial, "run", new_run(sweep, trial.number))};
  const nlohmann::json fixed = trial.system_attrs.value("fixed_params", nlohmann::json::object());
  for (const Parameter& parameter : sweep.space.parameters()) {
    const std::string& key = parameter.key;
    if (!SearchSpace::active(parameter, proposed)) {
      proposed.erase(key);
      continue;
    }
    try {
      if (fixed.contains(key)) proposed[key] = parameter.distribution.internal(fixed.at(key));
    } catch (const Error& error) {
      return {journal::set_user_attr(trial, "error", fmt::format("{}: {}", key, error.what())),
              journal::set_state(trial, TrialState::fail, {})};
    }
    // Of a branch that was not proposed.
    if (!proposed.contains(key)) proposed[key] = parameter.distribution.nearest(parameter.distribution.low);
    records.push_back(journal::set_param(trial, key, proposed.at(key), parameter.distribution));
  }
  records.push_back(journal::set_state(trial, TrialState::running, {}));
  return records;
}

std::vector<journal::Record> fail_trial(const Sweep& sweep, const Study& study, const Trial& trial,
                                        const std::string& why) {
  std::vector<journal::Record> records;
  nlohmann::json history = trial.system_attrs.value("retry_history", nlohmann::json::array());
  // All is written at once, but a disk may lose the end of it.
  const bool made = std::ranges::any_of(study.trials, [&](const Trial& other) {
    const nlohmann::json earlier = other.system_attrs.value("retry_history", nlohmann::json::array());
    return !earlier.empty() && earlier.back() == trial.number;
  });
  if (!made && std::ssize(history) < sweep.retries) {
    Trial next;
    next.params = trial.params;
    next.distributions = trial.distributions;
    next.system_attrs = trial.system_attrs;
    next.system_attrs["failed_trial"] = trial.system_attrs.value("failed_trial", trial.number);
    history.push_back(trial.number);
    next.system_attrs["retry_history"] = history;
    next.started_seconds = wall_seconds();
    next.user_attrs["run"] = new_run(sweep, trial.number) + fmt::format("-again{}", history.size());
    records.push_back(journal::create_trial(study, next));
  }
  records.push_back(journal::set_user_attr(trial, "error", why));
  records.push_back(journal::set_state(trial, TrialState::fail, {}));
  return records;
}

journal::Record end_early(const Trial& trial) {
  std::vector<double> last;
  for (const auto& [step, value] : trial.intermediate)
    if (!std::isnan(value)) last = {value};
  return journal::set_state(trial, last.empty() ? TrialState::fail : TrialState::pruned, last);
}

std::vector<journal::Record> end_by_hand(const Trial& trial) {
  const auto says_nothing = [](const auto& reported) { return std::isnan(reported.second); };
  if (!std::ranges::all_of(trial.intermediate, says_nothing)) return {end_early(trial)};
  return {journal::set_user_attr(trial, "error", "ended by hand"), end_early(trial)};
}

}  // namespace ablate
