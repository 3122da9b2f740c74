// What an Optuna journal's records come to, and the records themselves.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_status.h"
#include "sweeps/journal.h"

namespace ablate {
namespace {

using nlohmann::json;

/// As Optuna numbers them.
enum class Operation {
  create_study,
  delete_study,
  set_study_user_attr,
  set_study_system_attr,
  create_trial,
  set_trial_param,
  set_trial_state_values,
  set_trial_intermediate_value,
  set_trial_user_attr,
  set_trial_system_attr,
  discard_trials,  ///< Nobody but Optuna's relatives writes or heeds it.
};

/// "2026-11-29T05:54:31.123456+00:00", as Python's datetime.isoformat writes it; local where there is no offset.
double seconds_of(const json& date) {
  if (!date.is_string()) return 0;
  const auto text = date.get<std::string>();
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) throw Error(fmt::format("{} is no date", text));
  double fraction = 0;
  if (*rest == '.') {
    const char* const end = rest + 1 + std::strspn(rest + 1, "0123456789");  // No exponent.
    fraction = std::strtod(std::string(rest, end).c_str(), nullptr);
    rest = end;
  }
  if (*rest == '\0') {
    parts.tm_isdst = -1;
    return static_cast<double>(std::mktime(&parts)) + fraction;
  }
  double offset = 0;
  if (int hours = 0, minutes = 0; std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
    offset = (*rest == '-' ? -1 : 1) * (hours * 3600.0 + minutes * 60.0);
  return static_cast<double>(::timegm(&parts)) + fraction - offset;
}

json date_of(double seconds) {
  if (seconds == 0) return nullptr;
  const auto whole = static_cast<std::time_t>(std::floor(seconds));
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:06}+00:00", text, static_cast<int>((seconds - std::floor(seconds)) * 1e6));
}

std::int64_t whole(const json& number) {
  if (!number.is_number_integer()) throw Error(fmt::format("{} is no whole number", json_text(number)));
  return number.get<std::int64_t>();
}

/// One of an enumeration's numbers, 0 to `last`.
template <class Enum>
Enum number_among(const json& number, Enum last) {
  const std::int64_t value = whole(number);
  if (value < 0 || value > static_cast<int>(last))
    throw Error(fmt::format("{} is no state or direction of Optuna's", value));
  return static_cast<Enum>(value);
}

/// A parameter's value, which its distribution can give back to a person.
double param_of(const json& value, const Distribution& distribution, const std::string& key) {
  const double internal = number_of(value);
  if (distribution.type == Distribution::Type::categorical ? !distribution.contains(internal)
                                                           : !(std::abs(internal) < 0x1p62))
    throw Error(fmt::format("the parameter {} can't be {}", key, json_text(value)));
  return internal;
}

Step step_of(const std::string& text) {
  Step step = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (problem != std::errc() || end != text.data() + text.size()) throw Error(fmt::format("{} is no step", text));
  return step;
}

std::vector<double> values_of(const json& values) {
  std::vector<double> numbers;
  if (values.is_array())
    for (const json& value : values) numbers.push_back(number_of(value));
  return numbers;
}

const json& member(const json& record, const char* key) {
  static const json kNothing;
  const auto found = record.find(key);
  return found == record.end() ? kNothing : *found;
}

journal::Record record_of(Operation operation) {
  // Optuna tells its own records by this; ours are nobody's.
  return {{"op_code", static_cast<int>(operation)},
          {"worker_id", fmt::format("ablate-{}-{}", host_name(), ::getpid())}};
}

journal::Record trial_record(Operation operation, const Trial& trial) {
  journal::Record record = record_of(operation);
  record["trial_id"] = trial.id;
  return record;
}

}  // namespace

namespace journal {

Record create_study(const std::string& name, const std::vector<Direction>& directions) {
  Record record = record_of(Operation::create_study);
  record["study_name"] = name;
  for (const Direction direction : directions) record["directions"].push_back(static_cast<int>(direction));
  return record;
}

Record set_study_user_attr(const Study& study, const std::string& key, const json& value) {
  Record record = record_of(Operation::set_study_user_attr);
  record["study_id"] = study.id;
  record["user_attr"] = {{key, value}};
  return record;
}

Record create_trial(const Study& study, const Trial& trial) {
  Record record = record_of(Operation::create_trial);
  record["study_id"] = study.id;
  record["state"] = static_cast<int>(trial.state);
  record["datetime_start"] = date_of(trial.started_seconds);
  if (trial.ended_seconds != 0) record["datetime_complete"] = date_of(trial.ended_seconds);
  record["params"] = trial.params;
  record["distributions"] = json::object();
  for (const auto& [key, distribution] : trial.distributions) record["distributions"][key] = optuna_text(*distribution);
  record["user_attrs"] = trial.user_attrs;
  record["system_attrs"] = trial.system_attrs;
  record["intermediate_values"] = json::object();
  for (const auto& [step, value] : trial.intermediate) record["intermediate_values"][std::to_string(step)] = value;
  if (!trial.values.empty()) record["values"] = trial.values;
  return record;
}

Record set_param(const Trial& trial, const std::string& key, double internal, const Distribution& distribution) {
  Record record = trial_record(Operation::set_trial_param, trial);
  record["param_name"] = key;
  record["param_value_internal"] = internal;
  record["distribution"] = optuna_text(distribution);
  return record;
}

Record set_state(const Trial& trial, TrialState state, const std::vector<double>& values) {
  Record record = trial_record(Operation::set_trial_state_values, trial);
  record["state"] = static_cast<int>(state);
  record["values"] = values.empty() ? json(nullptr) : json(values);
  record[state == TrialState::running ? "datetime_start" : "datetime_complete"] = date_of(wall_seconds());
  return record;
}

Record set_intermediate(const Trial& trial, Step step, double value) {
  Record record = trial_record(Operation::set_trial_intermediate_value, trial);
  record["step"] = step;
  record["intermediate_value"] = value;
  return record;
}

Record set_user_attr(const Trial& trial, const std::string& key, const json& value) {
  Record record = trial_record(Operation::set_trial_user_attr, trial);
  record["user_attr"] = {{key, value}};
  return record;
}

Record set_system_attr(const Trial& trial, const std::string& key, const json& value) {
  Record record = trial_record(Operation::set_trial_system_attr, trial);
  record["system_attr"] = {{key, value}};
  return record;
}

}  // namespace journal

void JournalReplay::apply(const json& record) {
  const std::int64_t code = whole(record.at("op_code"));
  if (code < 0 || code > static_cast<int>(Operation::discard_trials))
    throw Error(fmt::format("the operation {} is none that Optuna knows", code));
  const auto operation = static_cast<Operation>(code);
  switch (operation) {
    case Operation::create_study: {
      const std::string name = record.at("study_name");
      if (find(name) != nullptr) return;
      Study study;
      study.id = next_study_++;
      study.name = name;
      for (const json& direction : record.at("directions"))
        study.directions.push_back(number_among(direction, Direction::maximize));
      if (study.directions.empty()) throw Error(fmt::format("the study {} has no direction", name));
      studies_.emplace(study.id, std::move(study));
      return;
    }
    case Operation::delete_study:
      deleted_.push_back(studies_.extract(whole(record.at("study_id"))));
      return;
    case Operation::set_study_user_attr:
    case Operation::set_study_system_attr:
      if (const auto study = studies_.find(whole(record.at("study_id"))); study != studies_.end()) {
        const bool user = operation == Operation::set_study_user_attr;
        (user ? study->second.user_attrs : study->second.system_attrs)
            .update(record.at(user ? "user_attr" : "system_attr"));
      }
      return;
    case Operation::create_trial:
      return create_trial(record);
    case Operation::set_trial_state_values:
      return set_state(record);
    case Operation::discard_trials:
      return;
    default:
      break;
  }
  Trial* const trial = updatable(record);
  if (trial == nullptr) return;
  if (operation == Operation::set_trial_param) {
    const std::string key = record.at("param_name");
    const auto wanted = distribution(record.at("distribution"));
    for (const Trial& other : studies_.at(trials_.at(static_cast<std::size_t>(trial->id)).first).trials)
      if (const auto found = other.distributions.find(key); found != other.distributions.end()) {
        if (!compatible(*found->second, *wanted)) return;
        break;
      }
    trial->params[key] = param_of(record.at("param_value_internal"), *wanted, key);
    trial->distributions[key] = wanted;
  } else if (operation == Operation::set_trial_intermediate_value) {
    trial->intermediate[whole(record.at("step"))] = number_of(record.at("intermediate_value"));
  } else if (operation == Operation::set_trial_user_attr) {
    trial->user_attrs.update(record.at("user_attr"));
  } else {
    trial->system_attrs.update(record.at("system_attr"));
  }
}

Trial* JournalReplay::updatable(const json& record) {
  const std::int64_t id = whole(record.at("trial_id"));
  if (id < 0 || id >= std::ssize(trials_)) return nullptr;
  const auto [study_id, number] = trials_[static_cast<std::size_t>(id)];
  const auto study = studies_.find(study_id);
  if (study == studies_.end()) return nullptr;
  Trial& trial = study->second.trials[static_cast<std::size_t>(number)];
  return finished(trial.state) ? nullptr : &trial;
}

void JournalReplay::create_trial(const json& record) {
  const auto study = studies_.find(whole(record.at("study_id")));
  if (study == studies_.end()) return;
  Trial trial;
  trial.id = std::ssize(trials_);
  trial.number = static_cast<int>(study->second.trials.size());
  if (const json& state = member(record, "state"); !state.is_null())
    trial.state = number_among(state, TrialState::waiting);
  trial.started_seconds = seconds_of(record.at("datetime_start"));
  trial.ended_seconds = seconds_of(member(record, "datetime_complete"));
  for (const auto& [key, text] : member(record, "distributions").items()) trial.distributions[key] = distribution(text);
  for (const auto& [key, value] : member(record, "params").items()) {
    if (!trial.distributions.contains(key)) throw Error(fmt::format("the parameter {} has no distribution", key));
    trial.params[key] = param_of(value, *trial.distributions.at(key), key);
  }
  trial.user_attrs = record.value("user_attrs", json::object());
  trial.system_attrs = record.value("system_attrs", json::object());
  for (const auto& [step, value] : member(record, "intermediate_values").items())
    trial.intermediate[step_of(step)] = number_of(value);
  trial.values = values_of(member(record, "values"));
  if (const json& value = member(record, "value"); !value.is_null()) trial.values = {number_of(value)};
  trials_.emplace_back(study->first, trial.number);
  study->second.trials.push_back(std::move(trial));
}

void JournalReplay::set_state(const json& record) {
  Trial* const trial = updatable(record);
  if (trial == nullptr) return;
  const auto state = number_among(record.at("state"), TrialState::waiting);
  // Of a waiting trial that two processes took, the first has it.
  if (state == TrialState::running && trial->state == TrialState::running) return;
  if (state == TrialState::running) trial->started_seconds = seconds_of(record.at("datetime_start"));
  if (finished(state)) trial->ended_seconds = seconds_of(record.at("datetime_complete"));
  trial->state = state;
  if (const json& values = record.at("values"); !values.is_null()) trial->values = values_of(values);
}

std::shared_ptr<const Distribution> JournalReplay::distribution(const std::string& text) {
  std::shared_ptr<const Distribution>& known = distributions_[text];
  if (!known) known = std::make_shared<const Distribution>(distribution_from_optuna(text));
  return known;
}

const Study* JournalReplay::find(std::string_view name) const {
  for (const auto& [id, study] : studies_)
    if (study.name == name) return &study;
  return nullptr;
}

std::vector<const Study*> JournalReplay::studies() const {
  std::vector<const Study*> all;
  for (const auto& [id, study] : studies_) all.push_back(&study);
  return all;
}

bool JournalReplay::had(std::string_view name) const {
  return std::ranges::any_of(deleted_, [&](const auto& each) { return !each.empty() && each.mapped().name == name; });
}

}  // namespace ablate
