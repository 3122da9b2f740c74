#include "viewers/smoothing.h"

#include <cmath>

namespace ablate {

double Smoother::next(double value) {
  if (!std::isfinite(value)) return value;
  mean_ = weight_ * mean_ + (1 - weight_) * value;
  forgotten_ *= weight_;
  return mean_ / (1 - forgotten_);
}

}  // namespace ablate
