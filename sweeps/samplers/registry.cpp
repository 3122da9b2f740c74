#include <algorithm>

#include "sweeps/fields.h"
#include "sweeps/samplers/gp.h"
#include "sweeps/samplers/grid.h"
#include "sweeps/samplers/random.h"
#include "sweeps/samplers/sampler.h"
#include "sweeps/samplers/sobol.h"
#include "sweeps/samplers/tpe.h"

namespace ablate {
namespace {

/// One line a sampler: its name, its meaning, and what makes it.
struct SamplerEntry {
  SamplerKind kind;
  std::unique_ptr<Sampler> (*make)(const SearchSpace& space, Fields& fields, const std::vector<Direction>& directions);
};

const FieldMeaning kSeed{"seed", "0", "Another one draws other values."};

const std::vector<SamplerEntry>& sampler_entries() {
  static const std::vector<SamplerEntry> entries{
      {{"grid", "Every combination once.", {kSeed}}, make_grid_sampler},
      {{"random", "Every trial by itself, uniformly over the ranges.", {kSeed}}, make_random_sampler},
      {{"sobol", "Covers the ranges evenly, however many trials there will be.", {kSeed}}, make_sobol_sampler},
      {{"tpe",
        "Learns where good trials are dense and others are not (tree-structured Parzen estimator).",
        {kSeed,
         {"n_startup_trials", "10", "So many are drawn at random first."},
         {"n_ei_candidates", "24", "So many are drawn for each trial, of which the most promising is taken."},
         {"multivariate", "true", "Parameters are learned together; false: each by itself."},
         {"group", "true", "Together with those that go with them, where some exist for some values only."},
         {"constant_liar", "true", "Trials that still train count as bad ones, so that others search elsewhere."}}},
       make_tpe_sampler},
      {{"gp",
        "Models the objective as a Gaussian process: for few, dear trials.",
        {kSeed, {"startup_trials", "10", "So many are drawn at random first."}}},
       make_gp_sampler},
  };
  return entries;
}

}  // namespace

const std::vector<SamplerKind>& sampler_kinds() {
  static const std::vector<SamplerKind> kinds = [] {
    std::vector<SamplerKind> all;
    for (const SamplerEntry& entry : sampler_entries()) all.push_back(entry.kind);
    return all;
  }();
  return kinds;
}

std::unique_ptr<Sampler> make_sampler(const SearchSpace& space, const nlohmann::json& sampler,
                                      const std::vector<Direction>& directions) {
  const std::string name = name_in(sampler, "sampler", R"({"name": "random", "seed": 0})");
  const std::vector<SamplerEntry>& entries = sampler_entries();
  const auto found = std::ranges::find(entries, name, [](const SamplerEntry& entry) { return entry.kind.name; });
  if (found == entries.end()) {
    std::vector<std::string> names;
    for (const SamplerKind& kind : sampler_kinds()) names.push_back(kind.name);
    no_such("sampler", name, names);
  }
  Fields fields(sampler, "The sampler " + name);
  fields.any("name");
  seed_of(fields);  // Every sampler may be given one, also where nothing is drawn.
  auto made = found->make(space, fields, directions);
  fields.refuse_others();
  return made;
}

}  // namespace ablate
