#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "viewers/builder_model.h"
#include "viewers/panel.h"

namespace ablate {

/// What New experiment shows of range tests: whether each variant trains at its own suggestion, and by which tests.
/// Drawing thread only.
class OwnLrSection {
 public:
  /// Nothing until there are range tests.
  void draw(const BuilderModel& builder, const Snapshot& snapshot);
  /// The learning rate as typed.
  void clear() { rule_.clear(); }
  /// With the learning rates that are shown. Throws Error as own_rates.
  Experiment experiment(const BuilderModel& builder, const Snapshot& snapshot) const;

 private:
  void find(const BuilderModel& builder, const Snapshot& snapshot);

  std::string rule_;  ///< of range tests; empty: the learning rate as typed
  std::optional<std::tuple<BuilderModel, std::string, std::uint64_t>>
      found_of_;                ///< with rule_, and the snapshot's version
  std::string told_, problem_;  ///< one of them
};

}  // namespace ablate
