#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"
#include "sweeps/samplers/gp.h"
#include "sweeps/samplers/grid.h"
#include "sweeps/samplers/random.h"
#include "sweeps/samplers/sampler.h"
#include "sweeps/samplers/sobol.h"
#include "sweeps/samplers/tpe.h"

namespace ablate {
namespace {

using Make = std::unique_ptr<Sampler>(const SearchSpace&, const nlohmann::json&, const std::vector<Direction>&);

/// One line a sampler: its name, its meaning, and what makes it.
struct SamplerEntry {
  SamplerKind kind;
  Make* make;
};

const std::vector<SamplerEntry>& sampler_entries() {
  static const std::vector<SamplerEntry> entries{
      {{"grid", "Every combination once."}, make_grid_sampler},
      {{"random", "Every trial by itself, uniformly over the ranges."}, make_random_sampler},
      {{"sobol", "Covers the ranges evenly, however many trials there will be."}, make_sobol_sampler},
      {{"tpe", "Learns where good trials are dense and others are not (tree-structured Parzen estimator)."},
       make_tpe_sampler},
      {{"gp", "Models the objective as a Gaussian process: for few, dear trials."}, make_gp_sampler},
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
  if (!sampler.is_object() || !sampler.contains("name") || !sampler.at("name").is_string())
    throw Error(fmt::format(R"(A sampler is written as {{"name": "random", "seed": 0}}, not {}.)", json_text(sampler)));
  const std::string name = sampler.at("name");
  const std::vector<SamplerEntry>& entries = sampler_entries();
  const auto found = std::ranges::find(entries, name, [](const SamplerEntry& entry) { return entry.kind.name; });
  if (found != entries.end()) return found->make(space, sampler, directions);
  std::vector<std::string> names;
  for (const SamplerKind& kind : sampler_kinds()) names.push_back(kind.name);
  const std::vector<std::string> near = near_matches(name, names, 1);
  throw Error(fmt::format("There is no sampler \"{}\". {}", name,
                          near.empty() ? fmt::format("There are {}.", fmt::join(names, ", "))
                                       : fmt::format("Did you mean \"{}\"?", near.front())));
}

}  // namespace ablate
