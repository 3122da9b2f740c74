#include <fmt/format.h>

#include <algorithm>

#include "runs/error.h"
#include "sweeps/fields.h"
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
  std::unique_ptr<Pruner> (*make)(Fields& fields, Step total_steps);
};

const FieldMeaning kMinResource{"min_resource", "auto", "The first rung, in steps; auto: for three or four rungs."};
const FieldMeaning kBootstrap{"bootstrap_count", "0", "More than so many come to a rung before any goes on from it."};

const std::vector<PrunerEntry>& pruner_entries() {
  static const std::vector<PrunerEntry> entries{
      {{"none", "Every trial runs to its end.", {}}, make_none_pruner},
      {{"median",
        "Stops a trial that is worse than the median of the complete ones at the same step.",
        {{"percentile", "50", "Worse than so many of a hundred are stopped; counted from the best."},
         {"n_startup_trials", "5", "So many trials are complete before anything is stopped."},
         {"n_warmup_steps", "0", "Nothing is stopped before this step."},
         {"interval_steps", "1", "Of so many steps the first report is judged."},
         {"n_min_trials", "1", "So many complete trials have to have reported at that step."}}},
       make_median_pruner},
      {{"asha",
        "Pauses trials at rungs; only the best quarter goes on at once, others when they have come into it.",
        {kMinResource,
         {"reduction_factor", "4", "One of so many goes on; and the next rung is so many times as far."},
         {"min_early_stopping_rate", "0", "So many of the first rungs are left out."},
         kBootstrap}},
       make_asha_pruner},
      {{"hyperband",
        "Like asha, but some trials are judged early and others late.",
        {kMinResource,
         {"reduction_factor", "3", "One of so many goes on; and the next rung is so many times as far."},
         kBootstrap}},
       make_hyperband_pruner},
      {{"patience",
        "Stops a trial that no longer improves.",
        {{"patience", "5", "When the best of so many reports and one more is worse than the best before."},
         {"min_delta", "0", "What is worse by no more than this is no reason to stop."}}},
       make_patience_pruner},
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
  const std::string name = name_in(pruner, "pruner", R"({"name": "median"})");
  const std::vector<PrunerEntry>& entries = pruner_entries();
  const auto found = std::ranges::find(entries, name, [](const PrunerEntry& entry) { return entry.kind.name; });
  if (found == entries.end()) {
    std::vector<std::string> names;
    for (const PrunerKind& kind : pruner_kinds()) names.push_back(kind.name);
    no_such("pruner", name, names);
  }
  if (directions.size() > 1 && name != "none")
    throw Error(fmt::format(
        "The pruner {} compares one objective, and there are {}. Use the pruner \"none\", or one objective.", name,
        directions.size()));
  Fields fields(pruner, "The pruner " + name);
  fields.any("name");
  auto made = found->make(fields, total_steps);
  fields.refuse_others();
  return made;
}

}  // namespace ablate
