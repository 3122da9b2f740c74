// What the Gaussian-process sampler computes, one JSON object a line in, one out:
// - {"points", "values", "categorical", "inverse_squared_lengths", "scale", "noise", "at", "best", "believed"}:
//   "likelihood", "fitted" (hyperparameters), and "mean", "variance", "log_improvement" and the gradients of the latter
//   at each of "at", the rows of "believed" being taken for observed;
// - {"space": [[key, Optuna's distribution as text], …], "sampler", "directions" ("minimize", …), "trials": [{"params",
//   "values"}, …]}: the "params" proposed next, and the "seconds" that it took.
#include <fmt/format.h>

#include <chrono>
#include <iostream>

#include "sweeps/samplers/expected_improvement.h"
#include "sweeps/samplers/gp.h"

namespace ablate {
namespace {

using nlohmann::json;

Eigen::VectorXd vector_of(const json& numbers) {
  const std::vector<double> values = numbers;
  return Eigen::VectorXd::Map(values.data(), std::ssize(values));
}

Eigen::MatrixXd matrix_of(const json& rows, Eigen::Index columns) {
  Eigen::MatrixXd matrix(std::ssize(rows), columns);
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) matrix.row(i) = vector_of(rows[static_cast<std::size_t>(i)]);
  return matrix;
}

json json_of(const Eigen::VectorXd& values) { return std::vector<double>(values.begin(), values.end()); }

json of_process(const json& asked) {
  const std::vector<bool> categorical = asked.at("categorical");
  const auto columns = std::ssize(categorical);
  const GpData data{matrix_of(asked.at("points"), columns), vector_of(asked.at("values")), categorical};
  const GpHyperparameters given{vector_of(asked.at("inverse_squared_lengths")), asked.at("scale"), asked.at("noise")};
  const GpHyperparameters fitted = fit_hyperparameters(data);
  GaussianProcess process(data, given);
  if (const Eigen::MatrixXd believed = matrix_of(asked.at("believed"), columns); believed.rows() > 0)
    process.believe(believed);
  const Eigen::MatrixXd at = matrix_of(asked.at("at"), columns);
  const auto [mean, variance] = process.at(at);
  json improvements = json::array(), gradients = json::array();
  for (Eigen::Index i = 0; i < at.rows(); ++i) {
    const auto [value, by_mean, by_variance] = log_expected_improvement(mean[i], variance[i] + 1e-12, asked.at("best"));
    const GaussianProcess::Slope slope = process.slope(at.row(i));
    improvements.push_back(value);
    gradients.push_back(json_of(by_mean * slope.mean_gradient + by_variance * slope.variance_gradient));
  }
  return {{"likelihood", log_marginal_likelihood(data, given)},
          {"fitted",
           {{"inverse_squared_lengths", json_of(fitted.inverse_squared_lengths)},
            {"scale", fitted.scale},
            {"noise", fitted.noise}}},
          {"mean", json_of(mean)},
          {"variance", json_of(variance)},
          {"log_improvement", improvements},
          {"gradient", gradients}};
}

json of_sampler(const json& asked) {
  std::vector<Parameter> parameters;
  for (const json& parameter : asked.at("space"))
    parameters.push_back({parameter[0], distribution_from_optuna(parameter[1].get<std::string>()), {}});
  const SearchSpace space(parameters);
  Study study;
  for (const std::string direction : asked.at("directions"))
    study.directions.push_back(direction == "maximize" ? Direction::maximize : Direction::minimize);
  for (const json& told : asked.at("trials")) {
    Trial trial;
    trial.number = static_cast<int>(study.trials.size());
    trial.state = TrialState::complete;
    for (const auto& [key, value] : told.at("params").items())
      trial.params[key] = space.find(key)->distribution.internal(value);
    trial.values = told.at("values").get<std::vector<double>>();
    study.trials.push_back(trial);
  }
  const std::unique_ptr<Sampler> sampler = make_sampler(space, asked.at("sampler"), study.directions);
  const auto start = std::chrono::steady_clock::now();
  const std::optional<Params> params = sampler->suggest(study, static_cast<int>(study.trials.size()));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  json proposed;
  for (const auto& [key, value] : params.value()) proposed[key] = space.find(key)->distribution.external(value);
  return {{"params", proposed}, {"seconds", took.count()}};
}

}  // namespace
}  // namespace ablate

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const nlohmann::json asked = nlohmann::json::parse(line);
    std::cout << (asked.contains("space") ? ablate::of_sampler(asked) : ablate::of_process(asked)).dump() << std::endl;
  }
}
