#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "experiments/experiment.h"

namespace ablate {

/// How many parameters the networks of configurations have, which only the worker knows: it is asked on another thread,
/// once for every network. Drawing thread.
class NetworkSizes {
 public:
  NetworkSizes();
  /// The fewest and the most among `variants`; (0, 0) while that is not known, or where there is no worker to ask.
  std::pair<std::int64_t, std::int64_t> range(const std::vector<Variant>& variants);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ablate
