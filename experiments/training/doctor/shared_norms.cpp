#include "experiments/training/doctor/shared_norms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace ablate {
namespace {

using Module = PreciseStatistics::Module;

/// Of more modules than these the evidence has the worst.
constexpr std::size_t kNamed = 16;
/// Of the loss: from here on sharing is worth a word.
constexpr double kMostOfTheLoss = 0.5;

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::vector<const Module*> shared_modules(const EvalGap& gap) {
  std::vector<const Module*> found;
  for (const Module& module : gap.modules())
    if (module.places.size() > 1) found.push_back(&module);
  return found;
}

/// "enc1.norm = enc2.norm".
std::string equated(const EvalGap& gap, const Module& module) {
  std::vector<std::string> places;
  for (std::size_t k = 0; k < module.places.size(); ++k) places.push_back(gap.place(module.norm, k));
  return fmt::format("{}", fmt::join(places, " = "));
}

/// Whether shared modules are each of one block.
bool one_parent_each(const std::vector<const Module*>& modules) {
  bool all = true;
  std::set<std::string> parents;
  for (const Module* module : modules) {
    const std::string parent = parent_of(module->norm.paths.front());
    for (const std::string& path : module->norm.paths) all &= parent_of(path) == parent;
    parents.insert(module->norm.network + "/" + parent);
  }
  return all && parents.size() == modules.size();
}

/// Eval mode with buffers of each place's own, in all modules but `kept`.
double each_its_own(EvalGap& gap, const Module* kept = nullptr) {
  OtherBuffers buffers;
  for (const Module& module : gap.modules()) {
    if (&module == kept) {
      buffers.shared(module);
    } else {
      buffers.own(module);
    }
  }
  return gap.eval_now();
}

Finding shared_norm(const EvalGap& gap, double part) {
  const auto modules = shared_modules(gap);
  std::size_t most = 0;
  for (const Module* module : modules) most = std::max(most, module->places.size());
  const bool all_same =
      std::ranges::all_of(modules, [most](const Module* each) { return each->places.size() == most; });
  const std::string places = (all_same ? "" : "up to ") + count_word(most);
  const std::string who = modules.size() == 1 ? "One norm module is used"
                          : one_parent_each(modules)
                              ? fmt::format("Each of the {} blocks uses one norm module", modules.size())
                              : fmt::format("Each of {} norm modules is used", modules.size());
  std::vector<std::string> named;
  for (const Module* module : modules)
    if (named.size() < kNamed) named.push_back(equated(gap, *module));

  Finding finding;
  finding.cause = "shared-norm";
  finding.confidence = std::clamp(part, 0.0, 0.99);
  finding.sentence = fmt::format(
      "{} at {} places ({}{}), so one pair of running statistics serves {} different inputs: {}, train mode does not.",
      who, places, fmt::join(named, ", "), modules.size() > kNamed ? ", …" : "", places, gap.loss_words());
  finding.layer = gap.place(modules.front()->norm, 0);
  finding.evidence = gap.notes();
  finding.cure = "model.norm_sharing = none";
  return finding;
}

/// Modules with the same running statistics, which no two come to by themselves; those as they are made left out.
std::vector<std::vector<const Module*>> twins(const EvalGap& gap) {
  std::vector<std::vector<const Module*>> groups;
  for (const Module& module : gap.modules()) {
    const auto& buffers = *module.norm.module;
    if (buffers.running_mean.eq(0).all().item<bool>()) continue;
    const auto same = std::ranges::find_if(groups, [&](const std::vector<const Module*>& group) {
      const auto& theirs = *group.front()->norm.module;
      return torch::equal(theirs.running_mean, buffers.running_mean) &&
             torch::equal(theirs.running_var, buffers.running_var);
    });
    if (same == groups.end()) {
      groups.push_back({&module});
    } else {
      same->push_back(&module);
    }
  }
  std::erase_if(groups, [](const std::vector<const Module*>& group) { return group.size() == 1; });
  return groups;
}

}  // namespace

bool norms_are_shared(const EvalGap& gap) { return !shared_modules(gap).empty(); }

std::optional<Finding> sharing_explains(EvalGap& gap) {
  gap.tell("a copy of each shared norm for every place of use");
  const double own = each_its_own(gap), part = gap.part_brought_back(own);
  gap.note(fmt::format("one copy per place + re-estimated   {}   {}", share_word(own),
                       EvalGap::is_cured(part) ? "cured" : "not cured"));
  return part > kMostOfTheLoss ? std::optional(shared_norm(gap, part)) : std::nullopt;
}

std::optional<Finding> twins_explain(EvalGap& gap) {
  const auto groups = twins(gap);
  if (groups.empty()) return std::nullopt;
  const auto is_twin = [&](const Module& module) {
    return std::ranges::any_of(groups,
                               [&](const auto& group) { return std::ranges::find(group, &module) != group.end(); });
  };
  const double own = gap.re_estimated(is_twin), part = gap.part_brought_back(own);
  gap.note(fmt::format("{} norms have the statistics of another, bit for bit; re-estimated for each   {}   {}",
                       std::ranges::count_if(gap.modules(), is_twin), share_word(own),
                       EvalGap::is_cured(part) ? "cured" : "not cured"));
  if (!(part > kMostOfTheLoss)) return std::nullopt;
  std::vector<std::string> named;
  for (const auto& group : groups) {
    std::vector<std::string> places;
    for (const Module* module : group) places.push_back(gap.place(module->norm, 0));
    if (named.size() < kNamed) named.push_back(fmt::format("{}", fmt::join(places, " = ")));
  }
  Finding finding;
  finding.cause = "shared-norm";
  finding.confidence = std::clamp(part, 0.0, 0.99);
  finding.sentence = fmt::format(
      "Norms have the very same running statistics, bit for bit ({}{}): they were one module when they were trained, "
      "so "
      "one pair of running statistics serves different inputs: {}, train mode does not.",
      fmt::join(named, ", "), groups.size() > kNamed ? ", …" : "", gap.loss_words());
  finding.layer = gap.place(groups.front().front()->norm, 0);
  finding.evidence = gap.notes();
  finding.cure = "model.norm_sharing = none";
  return finding;
}

void blame_shared_modules(EvalGap& gap, Finding& finding) {
  const double own = each_its_own(gap);
  const auto modules = shared_modules(gap);
  struct Cost {
    double value;
    const Module* module;
  };
  std::vector<Cost> costs;
  for (const Module* kept : modules) {
    gap.tell(fmt::format("what {} costs alone", gap.place(kept->norm, 0)));
    costs.push_back({gap.metric().better(own, each_its_own(gap, kept)), kept});
  }
  std::ranges::stable_sort(costs, std::greater(), &Cost::value);
  std::vector<std::string> worst;
  const bool by_parent = one_parent_each(modules);
  for (const Cost& cost : costs) {
    if (worst.size() == 3 || cost.value <= 0) break;
    const std::string name = by_parent ? parent_of(gap.place(cost.module->norm, 0)) : equated(gap, *cost.module);
    worst.push_back(fmt::format("{} ({})", name, share_word(cost.value)));
  }
  finding.layer = gap.place(costs.front().module->norm, 0);
  if (!worst.empty())
    finding.evidence.push_back(
        fmt::format("left as it is while all others are cured, it costs: {}", fmt::join(worst, ", ")));
}

}  // namespace ablate
