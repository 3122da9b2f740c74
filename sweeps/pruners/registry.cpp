#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"
#include "sweeps/pruners/asha.h"
#include "sweeps/pruners/hyperband.h"
#include "sweeps/pruners/median.h"
#include "sweeps/pruners/none.h"
#include "sweeps/pruners/patience.h"

namespace ablate {
namespace {

/// One line a pruner: its name, its meaning, and what makes it.
struct PrunerEntry {
  PrunerKind kind;
  std::unique_ptr<Pruner> (*make)(PrunerFields& fields, Step total_steps);
};

const std::vector<PrunerEntry>& pruner_entries() {
  static const std::vector<PrunerEntry> entries{
      {{"none", "Every trial runs to its end."}, make_none_pruner},
      {{"median", "Stops a trial that is worse than the median of the complete ones at the same step."},
       make_median_pruner},
      {{"asha", "Pauses trials at rungs; only the best quarter goes on at once, others when they have come into it."},
       make_asha_pruner},
      {{"hyperband", "Like asha, but some trials are judged early and others late."}, make_hyperband_pruner},
      {{"patience", "Stops a trial that no longer improves."}, make_patience_pruner},
  };
  return entries;
}

}  // namespace

const std::vector<PrunerKind>& pruner_kinds() {
  static const std::vector<PrunerKind> kinds = [] {
    std::vector<PrunerKind> all;
    for (const PrunerEntry& entry : pruner_entries()) all.push_back(entry.kind);
    return all;
  }();
  return kinds;
}

std::unique_ptr<Pruner> make_pruner(const nlohmann::json& pruner, Step total_steps,
                                    const std::vector<Direction>& directions) {
  if (!pruner.is_object() || !pruner.contains("name") || !pruner.at("name").is_string())
    throw Error(fmt::format(R"(A pruner is written as {{"name": "median"}}, not {}.)", json_text(pruner)));
  const std::string name = pruner.at("name");
  const auto found =
      std::ranges::find(pruner_entries(), name, [](const PrunerEntry& entry) { return entry.kind.name; });
  if (found == pruner_entries().end()) {
    std::vector<std::string> names;
    for (const PrunerKind& kind : pruner_kinds()) names.push_back(kind.name);
    const std::vector<std::string> near = near_matches(name, names, 1);
    throw Error(fmt::format("There is no pruner \"{}\". {}", name,
                            near.empty() ? fmt::format("There are {}.", fmt::join(names, ", "))
                                         : fmt::format("Did you mean \"{}\"?", near.front())));
  }
  if (directions.size() > 1 && name != "none")
    throw Error(fmt::format(
        "The pruner {} compares one objective, and there are {}. Use the pruner \"none\", or one objective.", name,
        directions.size()));
  PrunerFields fields(pruner);
  auto made = found->make(fields, total_steps);
  fields.refuse_others();
  return made;
}

}  // namespace ablate
