#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "experiments/experiment.h"

namespace ablate {

/// How many parameters the networks of configurations have, which only the worker knows: it is asked on another thread,
/// once for every network. Drawing thread.
class NetworkSizes {
 public:
  NetworkSizes();
  /// Of which networks the following speaks. To be called when the variants have changed, not in every frame.
  void set_variants(const std::vector<Variant>& variants);
  /// The fewest and the most among them; (0, 0) while that is not known, or where there is no worker to ask.
  std::pair<std::int64_t, std::int64_t> range();

 private:
  struct State;
  std::set<std::string> networks_;  ///< as configurations
  std::shared_ptr<State> state_;
};

}  // namespace ablate
