#include "sweeps/samplers/axis.h"

#include <cmath>

namespace ablate {

Axis::Axis(Distribution distribution) : distribution_(std::move(distribution)) {
  if (categorical()) return;
  const double beyond = distribution_.step.value_or(0) / 2;
  low_ = distribution_.low - beyond;
  double high = distribution_.high + beyond;
  if (distribution_.log) {
    low_ = std::log(low_);
    high = std::log(high);
  }
  width_ = high - low_;
}

bool Axis::contains(double internal) const {
  if (categorical()) return distribution_.contains(internal);
  return internal >= distribution_.low && internal <= distribution_.high;
}

double Axis::to_unit(double internal) const {
  if (categorical()) return internal;
  return ((distribution_.log ? std::log(internal) : internal) - low_) / width_;
}

double Axis::from_unit(double unit) const {
  if (categorical()) return distribution_.nearest(unit);
  const double value = low_ + unit * width_;
  return distribution_.nearest(distribution_.log ? std::exp(value) : value);
}

std::pair<double, double> Axis::cell(double internal) const {
  const double half = distribution_.step.value_or(0) / 2;
  return {to_unit(internal - half), to_unit(internal + half)};
}

}  // namespace ablate
