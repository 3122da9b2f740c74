#include "sweeps/samplers/gp_space.h"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <random>

#include "sweeps/samplers/sampler.h"

namespace ablate {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

bool is_categorical(const Distribution& distribution) { return distribution.type == Distribution::Type::categorical; }

/// The reverse of value_at().
double place_of(double value, const Distribution& distribution) {
  if (is_categorical(distribution)) return value;
  if (distribution.low == distribution.high) return .5;
  const double beyond = distribution.step.value_or(0) / 2;
  const double low = distribution.low - beyond, high = distribution.high + beyond;
  return distribution.log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

}  // namespace

GpSpace::GpSpace(SearchSpace space) : space_(std::move(space)) {
  const std::vector<Parameter>& parameters = space_.parameters();
  for (const auto& [key, distribution, when] : parameters) {
    categorical_.push_back(is_categorical(distribution));
    std::vector<Condition>& conditions = conditions_.emplace_back();
    for (const auto& [other, allowed] : when)
      conditions.push_back({std::ranges::find(parameters, other, &Parameter::key) - parameters.begin(), allowed});
  }
}

double GpSpace::value(Index parameter, std::int64_t k) const {
  return place_of(distribution(parameter).value(k), distribution(parameter));
}

std::int64_t GpSpace::nearest(Index parameter, double coordinate) const {
  const Distribution& values = distribution(parameter);
  return std::llround((allowed(parameter, coordinate) - values.low) / values.step.value_or(1));
}

bool GpSpace::exists(Index parameter, const VectorXd& effective) const {
  return std::ranges::all_of(conditions_[static_cast<std::size_t>(parameter)], [&](const Condition& condition) {
    return exists(condition.on, effective) &&
           std::ranges::find(condition.allowed, allowed(condition.on, effective[condition.on])) !=
               condition.allowed.end();
  });
}

double GpSpace::allowed(Index parameter, double coordinate) const {
  return is_categorical(distribution(parameter)) ? coordinate : value_at(distribution(parameter), coordinate);
}

double GpSpace::missing(Index parameter) const { return categorical_[static_cast<std::size_t>(parameter)] ? -1 : .5; }

VectorXd GpSpace::effective(const VectorXd& coordinates) const {
  VectorXd effective = coordinates;
  for (Index i = 0; i < effective.size(); ++i)
    if (!exists(i, effective)) effective[i] = missing(i);
  return effective;
}

std::vector<bool> GpSpace::active(const VectorXd& coordinates) const {
  const VectorXd point = effective(coordinates);
  std::vector<bool> active;
  for (Index i = 0; i < point.size(); ++i) active.push_back(exists(i, point));
  return active;
}

VectorXd GpSpace::point(const Params& params) const {
  VectorXd point(coordinates());
  for (Index i = 0; i < point.size(); ++i) {
    const auto value = params.find(space_.parameters()[static_cast<std::size_t>(i)].key);
    point[i] = value == params.end() ? missing(i) : place_of(value->second, distribution(i));
  }
  return effective(point);
}

Params GpSpace::params(const VectorXd& coordinates) const {
  const VectorXd point = effective(coordinates);
  Params params;
  for (Index i = 0; i < point.size(); ++i)
    if (exists(i, point)) params[space_.parameters()[static_cast<std::size_t>(i)].key] = allowed(i, point[i]);
  return params;
}

VectorXd GpSpace::completed(const VectorXd& point, const VectorXd& otherwise) const {
  VectorXd coordinates = otherwise;
  for (Index i = 0; i < point.size(); ++i)
    if (exists(i, point) && point[i] != missing(i)) coordinates[i] = place_of(allowed(i, point[i]), distribution(i));
  return coordinates;
}

Eigen::MatrixXd GpSpace::cover(Index count, std::uint64_t seed) const {
  std::vector<std::uint64_t> shift(categorical_.size());
  std::ranges::generate(shift, std::mt19937_64(seed));
  boost::random::sobol sequence(shift.size());
  Eigen::MatrixXd points(count, coordinates());
  for (Index row = 0; row < count; ++row) {
    VectorXd point(coordinates());
    for (Index i = 0; i < point.size(); ++i) {
      const double uniform = static_cast<double>((sequence() ^ shift[static_cast<std::size_t>(i)]) >> 11) * 0x1p-53;
      point[i] = place_of(value_at(distribution(i), uniform), distribution(i));
    }
    points.row(row) = point;
  }
  return points;
}

}  // namespace ablate
