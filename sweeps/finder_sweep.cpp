#include "sweeps/finder_sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "experiments/catalogue.h"
#include "experiments/range_test.h"
#include "runs/error.h"

namespace ablate {
namespace {

/// Whether a range test comes out another way for another value.
bool seen_by_range_test(const std::string& key) {
  if (key == "optimizer.lr") return false;
  for (const char* seen : {"task", "train.batch_size", "train.accumulate", "train.accumulate_fault", "train.clip_norm",
                           "train.precision", "train.channels_last"})
    if (key == seen) return true;
  for (const char* group : {"data.", "model.", "loss.", "optimizer.", "init."})
    if (key.starts_with(group)) return key != "data.gallery";
  return false;
}

/// What of a configuration is not as by default.
nlohmann::json set_of(const RunConfig& config) {
  nlohmann::json set = nlohmann::json::object();
  for (const std::string& key : differing_keys({RunConfig(), config})) set[key] = config.at(key);
  return set;
}

std::optional<RunConfig> config_of(const RunInfo& run) {
  if (!run.run->is_object() || !run.run->contains("config")) return std::nullopt;
  try {
    return RunConfig::from_json(run.run->at("config"));
  } catch (const Error&) {  // Another version's.
    return std::nullopt;
  }
}

/// "fastai, 100 steps from 1e-07 to 10": what rates of different tests must have in common.
std::string words_of(const RunConfig& range_test) {
  const RangeTest test = *RangeTest::from(range_test);
  return fmt::format("{}, {} steps{} from {:g} to {:g}", range_test.text("lr_find.procedure"), test.steps,
                     test.batch_size > 0 ? fmt::format(" of {} images", test.batch_size) : "", test.start_lr,
                     test.end_lr);
}

std::string key_of(const Variant& variant) { return range_test_key(with_absolute_paths(variant.config)); }

const std::string& newest_id(const VariantRangeTests& tests) {
  return (*std::ranges::max_element(tests.runs, {}, &RunInfo::id))->id;
}

nlohmann::json suggestions_of(const RunInfo& run) {
  return run.status.range_test.value("suggestions", nlohmann::json::object());
}

/// "seeds 0, 1; 2 can't tell".
std::string seeds_words(const VariantRangeTests& tests, const std::string& rule) {
  std::vector<std::int64_t> tell, silent;
  for (const RunInfo* run : tests.runs)
    (suggestions_of(*run).value(rule, nlohmann::json()).is_number() ? tell : silent)
        .push_back(config_of(*run)->integer("train.seed"));
  return fmt::format("{} {}{}", tell.size() == 1 ? "seed" : "seeds", fmt::join(tell, ", "),
                     silent.empty() ? "" : fmt::format("; {} can't tell", fmt::join(silent, ", ")));
}

}  // namespace

std::string range_test_key(const RunConfig& given) {
  const RunConfig config = RunConfig::from_json(given.to_json()).canonical();  // 1 and 1.0 are one.
  nlohmann::json seen = nlohmann::json::object();
  for (const Option& option : catalogue())
    if (seen_by_range_test(option.key)) seen[option.key] = config.at(option.key);
  return seen.dump();
}

std::string without_seed(const std::string& name, std::int64_t seed) {
  const std::string ending = fmt::format("-s{}", seed);
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
}

std::string range_test_kind(const RunConfig& given) {
  const RunConfig config = RunConfig::from_json(given.to_json());
  std::string kind = range_test_key(config);
  for (const Option& option : catalogue())
    if (option.key.starts_with("lr_find.")) kind += " " + config.at(option.key).dump();
  return kind;
}

Experiment finder_sweep(const Experiment& experiment, const std::string& procedure, int seeds) {
  struct Tested {
    std::string name;
    RunConfig config;
    std::set<std::int64_t> seeds;
  };
  std::vector<Tested> variants;
  std::map<std::string, std::size_t> index;  // by kind
  for (Variant& variant : experiment.expand()) {
    RunConfig& config = variant.config;
    if (!procedure.empty() || !RangeTest::from(config))
      config.set("lr_find.procedure", procedure.empty() ? "fastai" : procedure);
    const std::int64_t seed = config.integer("train.seed");
    const auto [at, is_new] = index.try_emplace(range_test_kind(config), variants.size());
    if (is_new) variants.push_back({without_seed(variant.name, seed), config, {}});
    variants[at->second].seeds.insert(seed);
  }
  Experiment tests;
  tests.name = experiment.name + " lr-find";
  for (Tested& variant : variants) {
    while (std::ssize(variant.seeds) < seeds) variant.seeds.insert(*variant.seeds.rbegin() + 1);
    for (const std::int64_t seed : variant.seeds) {
      variant.config.set("train.seed", seed);
      const bool several = variant.seeds.size() > 1;
      tests.variants.push_back(
          {several ? fmt::format("{}-s{}", variant.name, seed) : variant.name, set_of(variant.config)});
    }
  }
  return tests;
}

double median_rate(std::span<const double> sorted) {
  if (sorted.empty()) return 0;
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[middle] : std::sqrt(sorted[middle - 1] * sorted[middle]);
}

double VariantRangeTests::suggestion(const std::string& rule) const {
  const auto found = rates.find(rule);
  return found == rates.end() ? 0 : median_rate(found->second);
}

std::vector<VariantRangeTests> range_tests_by_variant(std::span<const RunInfo> runs) {
  struct Found {
    std::string name;
    RunConfig newest_config;
    std::map<std::int64_t, const RunInfo*> newest;  // by seed
  };
  std::vector<Found> found;
  std::map<std::string, std::size_t> index;  // by kind
  for (const RunInfo& run : runs) {
    if (run.status.state != RunState::completed || !run.status.range_test.is_object()) continue;
    const auto config = config_of(run);
    if (!config || !RangeTest::from(*config)) continue;
    const std::int64_t seed = config->integer("train.seed");
    const auto [at, is_new] = index.try_emplace(range_test_kind(*config), found.size());
    if (is_new) found.push_back({without_seed(run.name, seed), {}, {}});
    found[at->second].newest_config = *config;
    found[at->second].newest[seed] = &run;
  }
  std::vector<VariantRangeTests> variants;
  for (const Found& each : found) {
    VariantRangeTests variant{each.name, each.newest_config, {}, {}};
    for (const auto& [seed, run] : each.newest) {
      variant.runs.push_back(run);
      const nlohmann::json suggestions = suggestions_of(*run);
      for (const auto& [rule, lr] : suggestions.items())
        if (lr.is_number()) variant.rates[rule].push_back(lr);
      for (const nlohmann::json& doubt : run->status.range_test.value("doubts", nlohmann::json::array()))
        variant.doubts.push_back(fmt::format("{}{}", each.newest.size() > 1 ? fmt::format("seed {}: ", seed) : "",
                                             doubt.get<std::string>()));
    }
    for (auto& [rule, rates] : variant.rates) std::ranges::sort(rates);
    variants.push_back(std::move(variant));
  }
  return variants;
}

bool varies_lr(const Experiment& experiment) {
  std::map<std::string, double> written;  // By what a range test sees.
  return std::ranges::any_of(experiment.expand(), [&](const Variant& variant) {
    const double lr = variant.config.real("optimizer.lr");
    return variant.from.empty() && written.try_emplace(key_of(variant), lr).first->second != lr;
  });
}

OwnRates own_rates(const Experiment& experiment, const std::string& rule, std::span<const RunInfo> runs) {
  const std::vector<VariantRangeTests> tests = range_tests_by_variant(runs);
  std::vector<Variant> variants = experiment.expand();
  std::map<std::string, std::vector<const VariantRangeTests*>> tests_by_key;
  for (const Variant& variant : variants) tests_by_key[key_of(variant)];
  if (varies_lr(experiment))
    throw Error(
        "The experiment varies optimizer.lr: at the rate that range tests suggest its variants would be the same. "
        "Take it out, or launch them as they are written.");
  const VariantRangeTests* newest = nullptr;
  for (const VariantRangeTests& each : tests) {
    const auto found = tests_by_key.find(range_test_key(each.config));
    if (found == tests_by_key.end()) continue;
    found->second.push_back(&each);
    if (!newest || newest_id(each) > newest_id(*newest)) newest = &each;
  }
  OwnRates own{{experiment.name}, {}};
  own.experiment.after = experiment.after;
  if (newest) own.told.push_back(fmt::format("{} by range tests of {}", rule, words_of(newest->config)));
  std::vector<std::string> without;
  for (Variant& variant : variants) {
    if (!variant.from.empty()) {
      own.told.push_back(fmt::format("{}: optimizer.lr {:.3g} as written, since it begins from trained weights",
                                     variant.name, variant.config.real("optimizer.lr")));
      own.experiment.variants.push_back({variant.name, set_of(variant.config), variant.after, variant.from});
      continue;
    }
    const std::vector<const VariantRangeTests*>& made = tests_by_key.at(key_of(variant));
    const auto as_newest = std::ranges::find_if(made, [&](const VariantRangeTests* each) {
      return RangeTest::from(each->config) == RangeTest::from(newest->config);
    });
    if (as_newest == made.end()) {
      without.push_back(fmt::format("{} ({})", variant.name,
                                    made.empty() ? "no range test" : "tested by " + words_of(made.back()->config)));
      continue;
    }
    const double lr = (*as_newest)->suggestion(rule);
    if (lr == 0) {
      const bool knew = std::ranges::any_of((*as_newest)->runs,
                                            [&](const RunInfo* run) { return suggestions_of(*run).contains(rule); });
      without.push_back(fmt::format("{} ({})", variant.name,
                                    knew ? "it can't tell" : "tested before there was that rule: make it again"));
      continue;
    }
    own.told.push_back(fmt::format("{}: optimizer.lr {:.3g} ({})", variant.name, lr, seeds_words(**as_newest, rule)));
    for (const std::string& doubt : (*as_newest)->doubts) own.told.push_back("  " + doubt);
    variant.config.set("optimizer.lr", lr);
    own.experiment.variants.push_back({variant.name, set_of(variant.config), variant.after, variant.from});
  }
  if (!without.empty())
    throw Error(fmt::format(
        "No learning rate by {} for {}{}. Make range tests of the whole experiment first (ablate "
        "lr-find EXPERIMENT.json, or find LR beside the field), or name another rule.",
        rule, fmt::join(without, ", "), newest ? "; the newest tests are of " + words_of(newest->config) : ""));
  return own;
}

}  // namespace ablate
