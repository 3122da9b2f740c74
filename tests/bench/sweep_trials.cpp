// Samplers at work, one JSON object a call:
//   sweep_trials suggest SAMPLER PARAMETERS PAST COUNT   milliseconds of each of COUNT suggestions after PAST trials
//   sweep_trials journal FILE COUNT                      trials a second: made, with parameters, completed, synced
//   sweep_trials regret SAMPLER OBJECTIVE TRIALS SEEDS   what the best of TRIALS lacks to the optimum, for each seed
// SAMPLER is a sweep file's, without seed. OBJECTIVE: branin, hartmann6, mixed, or the file of a recorded sweep.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numbers>

#include "runs/json_file.h"
#include "sweeps/journal.h"
#include "sweeps/samplers/sampler.h"

namespace ablate {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

/// To be minimised.
struct Objective {
  SearchSpace space;
  std::function<double(const Params&)> value;
  double optimum;
};

Parameter real(const std::string& key, double low, double high, bool log = false) {
  return {key, {Distribution::Type::real, low, high, log, {}, {}}, {}};
}

Parameter whole(const std::string& key, double low, double high, bool log = false) {
  return {key, {Distribution::Type::integer, low, high, log, 1, {}}, {}};
}

Parameter category(const std::string& key, int count) {
  Parameter parameter{key, {Distribution::Type::categorical, 0, 0, false, {}, {}}, {}};
  for (int i = 0; i < count; ++i) parameter.distribution.choices.push_back(i);
  return parameter;
}

double branin(const Params& params) {
  using std::numbers::pi;
  const double x = params.at("x"), y = params.at("y");
  const double curve = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
  return curve * curve + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

double hartmann6(const Params& params) {
  static constexpr double kHeights[4] = {1, 1.2, 3, 3.2};
  static constexpr double kSteepness[4][6] = {
      {10, 3, 17, 3.5, 1.7, 8}, {.05, 10, 17, .1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, .05, 10, .1, 14}};
  static constexpr double kCentres[4][6] = {{.1312, .1696, .5569, .0124, .8283, .5886},
                                            {.2329, .4135, .8307, .3736, .1004, .9991},
                                            {.2348, .1451, .3522, .2883, .3047, .6650},
                                            {.4047, .8828, .8732, .5743, .1091, .0381}};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double distance = 0;
    for (int j = 0; j < 6; ++j) {
      const double off = params.at(fmt::format("x{}", j)) - kCentres[i][j];
      distance += kSteepness[i][j] * off * off;
    }
    sum += kHeights[i] * std::exp(-distance);
  }
  return -sum;
}

/// Three branches with parameters of their own beside a common rate; the second has the optimum, 0.
double mixed(const Params& params) {
  const double rate = std::log10(params.at("rate")) + 2.5;
  double value = .3 * rate * rate;
  switch (static_cast<int>(params.at("branch"))) {
    case 0:
      return value + .5 + std::pow(params.at("a") - .2, 2);
    case 1:
      return value + .1 * std::abs(params.at("layers") - 6) + std::pow(params.at("b") - .7, 2) +
             (params.at("kind") == 2 ? 0 : .2);
    default:
      return value + .2 + std::pow(std::log2(params.at("width")) - 5, 2) / 10;
  }
}

Objective mixed_objective() {
  std::vector<Parameter> parameters{real("rate", 1e-5, 1, true), category("branch", 3), real("a", 0, 1),
                                    whole("layers", 1, 12),      real("b", 0, 1),       category("kind", 4),
                                    whole("width", 4, 512, true)};
  const std::vector<double> branches{0, 1, 1, 1, 2};
  for (std::size_t i = 0; i < branches.size(); ++i) parameters[i + 2].when = {{"branch", {branches[i]}}};
  return {SearchSpace(std::move(parameters)), mixed, 0};
}

/// A training run that was recorded nearest to the one asked for; its score is 1 − IoU.
Objective recorded(const std::string& file) {
  const json points = read_json_file(file).value().at("points");
  double optimum = std::numeric_limits<double>::infinity();
  for (const json& point : points) optimum = std::min(optimum, 1 - point[5].get<double>());
  const auto value = [points](const Params& params) {
    double nearest = std::numeric_limits<double>::infinity(), found = 1;
    for (const json& point : points) {
      const double rate = std::log10(params.at("rate") / point[0].get<double>()) / 3;
      const double channels = (params.at("channels") - point[1].get<double>()) / 8;
      const double batch = std::log(params.at("batch") / point[4].get<double>()) / std::log(8);
      const double distance = rate * rate + channels * channels + batch * batch + (params.at("norm") != point[2]) +
                              (params.at("activation") != point[3]);
      if (distance >= nearest) continue;
      nearest = distance;
      found = 1 - point[5].get<double>();
    }
    return found;
  };
  Parameter channels = whole("channels", 2, 10);
  channels.distribution.step = 2;
  return {SearchSpace({real("rate", 1e-4, 1e-1, true), channels, category("norm", 4), category("activation", 3),
                       whole("batch", 4, 32, true)}),
          value, optimum};
}

Objective objective_of(const std::string& name) {
  if (name == "branin") return {SearchSpace({real("x", -5, 10), real("y", 0, 15)}), branin, .397887357729739};
  if (name == "mixed") return mixed_objective();
  if (name != "hartmann6") return recorded(name);
  std::vector<Parameter> parameters;
  for (int i = 0; i < 6; ++i) parameters.push_back(real(fmt::format("x{}", i), 0, 1));
  return {SearchSpace(std::move(parameters)), hartmann6, -3.32236801141551};
}

void complete(Study& study, const Params& params, double value) {
  Trial trial;
  trial.number = static_cast<int>(study.trials.size());
  trial.params = params;
  trial.state = TrialState::complete;
  trial.values = {value};
  study.trials.push_back(std::move(trial));
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

json suggest(const json& sampler_fields, int parameters, int past, int count) {
  std::vector<Parameter> all;
  for (int i = 0; i < parameters; ++i) all.push_back(real(fmt::format("x{}", i), 0, 1));
  const SearchSpace space(all);
  const auto value = [](const Params& params) {
    double sum = 0;
    for (const auto& [key, x] : params) sum += (x - .3) * (x - .3);
    return sum;
  };
  Study study;
  study.directions = {Direction::minimize};
  std::mt19937_64 generator(0);
  for (int i = 0; i < past; ++i) {
    const Params params = random_params(space, generator);
    complete(study, params, value(params));
  }
  const std::unique_ptr<Sampler> sampler = make_sampler(space, sampler_fields, study.directions);
  json milliseconds = json::array();
  for (int i = 0; i < count; ++i) {
    const Clock::time_point start = Clock::now();
    const Params params = *sampler->suggest(study, past + i);
    milliseconds.push_back(1e3 * seconds_since(start));
    complete(study, params, value(params));
  }
  return {{"milliseconds", milliseconds}};
}

json through_journal(const std::string& file, int count) {
  Journal journal(file);
  journal.update(
      [](const JournalReplay&) { return std::vector{journal::create_study("bench", {Direction::minimize})}; });
  const Objective objective = objective_of("hartmann6");
  std::mt19937_64 generator(0);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < count; ++i) {
    Trial trial;
    trial.params = random_params(objective.space, generator);
    for (const Parameter& parameter : objective.space.parameters())
      trial.distributions[parameter.key] = std::make_shared<const Distribution>(parameter.distribution);
    journal.update(
        [&](const JournalReplay& replay) { return std::vector{journal::create_trial(*replay.find("bench"), trial)}; });
    journal.update([&](const JournalReplay& replay) {
      return std::vector{journal::set_state(replay.find("bench")->trials.back(), TrialState::complete,
                                            {objective.value(trial.params)})};
    });
  }
  return {{"per_second", count / seconds_since(start)}};
}

json regret(json sampler_fields, const std::string& name, int trials, int seeds) {
  const Objective objective = objective_of(name);
  json regrets = json::array();
  for (int seed = 0; seed < seeds; ++seed) {
    sampler_fields["seed"] = seed;
    Study study;
    study.directions = {Direction::minimize};
    const std::unique_ptr<Sampler> sampler = make_sampler(objective.space, sampler_fields, study.directions);
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < trials; ++i) {
      const Params params = *sampler->suggest(study, i);
      complete(study, params, objective.value(params));
      best = std::min(best, study.trials.back().values[0]);
    }
    regrets.push_back(best - objective.optimum);
  }
  return {{"regret", regrets}};
}

}  // namespace
}  // namespace ablate

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 5 && words[0] == "suggest")
    fmt::print("{}\n", ablate::suggest(nlohmann::json::parse(words[1]), std::stoi(words[2]), std::stoi(words[3]),
                                       std::stoi(words[4]))
                           .dump());
  else if (words.size() == 3 && words[0] == "journal")
    fmt::print("{}\n", ablate::through_journal(words[1], std::stoi(words[2])).dump());
  else if (words.size() == 5 && words[0] == "regret")
    fmt::print(
        "{}\n",
        ablate::regret(nlohmann::json::parse(words[1]), words[2], std::stoi(words[3]), std::stoi(words[4])).dump());
  else
    return 2;
}
