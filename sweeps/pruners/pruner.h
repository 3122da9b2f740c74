#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sweeps/fields.h"
#include "sweeps/study.h"

namespace ablate {

enum class Verdict {
  go_on,
  pause,  ///< stop with a checkpoint and wait, RUNNING with "paused_at" in the journal; promote() may let it go on
  prune,  ///< stop for good, PRUNED
};

/// Decides which trials are worth more steps. Remembers nothing: all it knows is in the study, so a sweep that was
/// killed goes on as it would have, and Optuna's scripts may report trials of their own. One thread at a time.
class Pruner {
 public:
  virtual ~Pruner() = default;
  /// `trial`, one of the study's, has just reported its last intermediate value.
  virtual Verdict judge(const Study& study, const Trial& trial) const = 0;
  /// The number of the paused trial that should go on now, the best of them; nullopt for none.
  virtual std::optional<int> promote(const Study& study) const {
    (void)study;
    return std::nullopt;
  }
};

struct PrunerKind {
  std::string name;                  ///< "none", "median", "asha", "hyperband", "patience"
  std::string meaning;               ///< one sentence
  std::vector<FieldMeaning> fields;  ///< but for another pruner's
};
const std::vector<PrunerKind>& pruner_kinds();

/// By {"name", …}: what else each takes is said in its header. Steps are those at which values are reported (updates of
/// the network). `total_steps`: the length of a whole run. Throws Error for an unknown name or field (with the
/// nearest), a value that can't be, or several objectives with any but none.
std::unique_ptr<Pruner> make_pruner(const nlohmann::json& pruner, Step total_steps,
                                    const std::vector<Direction>& directions);

}  // namespace ablate
