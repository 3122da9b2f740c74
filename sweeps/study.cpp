#include "sweeps/study.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ablate {

std::string_view name_of(TrialState state) {
  static constexpr std::array<std::string_view, 5> kNames{"RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string Trial::run() const {
  const auto found = user_attrs.find("run");
  return found != user_attrs.end() && found->is_string() ? found->get<std::string>() : "";
}

bool Trial::paused() const {
  const auto found = user_attrs.find("paused_at");
  return state == TrialState::running && found != user_attrs.end() && !found->is_null();
}

nlohmann::json Trial::external_params() const {
  nlohmann::json external = nlohmann::json::object();
  for (const auto& [key, internal] : params) external[key] = distributions.at(key)->external(internal);
  return external;
}

bool Study::better(double a, double b) const {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  return directions.front() == Direction::maximize ? a > b : a < b;
}

std::vector<int> Study::best() const {
  std::vector<int> front;
  for (const Trial& trial : trials) {
    if (trial.state != TrialState::complete || trial.values.size() != directions.size()) continue;
    if (directions.size() == 1) {
      if (front.empty() || better(trial.values[0], trials[static_cast<std::size_t>(front[0])].values[0]))
        front = {trial.number};
      continue;
    }
    const auto is_better = [&](const Trial& a, const Trial& b) { return dominates(a.values, b.values, directions); };
    const auto at = [&](int number) -> const Trial& { return trials[static_cast<std::size_t>(number)]; };
    if (std::ranges::any_of(front, [&](int number) { return is_better(at(number), trial); })) continue;
    std::erase_if(front, [&](int number) { return is_better(trial, at(number)); });
    front.push_back(trial.number);
  }
  return front;
}

bool dominates(const std::vector<double>& a, const std::vector<double>& b, const std::vector<Direction>& directions) {
  bool somewhere = false;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const double sign = directions[i] == Direction::maximize ? -1 : 1;
    if (sign * a[i] > sign * b[i]) return false;
    somewhere |= sign * a[i] < sign * b[i];
  }
  return somewhere;
}

}  // namespace ablate
