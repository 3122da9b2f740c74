#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/after.h"
#include "experiments/run_config.h"

namespace ablate {

/// One run to be made.
struct Variant {
  std::string name;  ///< short and unique within the experiment: "batch-shared", "instance", "gelu-s1"; a slug
  RunConfig config;
  std::string after = "";  ///< name of the variant that it waits for; empty: none
  std::string from = "";   ///< which weights of that one it begins from (After::from)
};

/// A base configuration and what is varied: `{"name", "base": {…}, "vary": {key: [values]}, "mode": "grid" |
/// "one-at-a-time", "seeds": [..]}`; or, where no grid says it, named variants: `"variants": [{"name", "set": {…}}]`.
/// One of these may come after another, `"after": "name of another"`, and begin from its weights, `"from": "best"`
/// (checked_from): stages of a training. Of several seeds each comes after the same seed's.
struct Experiment {
  std::string name;
  nlohmann::json base = nlohmann::json::object();
  /// In the file's order.
  std::vector<std::pair<std::string, std::vector<nlohmann::json>>> vary;
  enum class Mode { grid, one_at_a_time } mode = Mode::grid;
  std::vector<std::int64_t> seeds;
  struct Named {
    std::string name;
    nlohmann::json set;
    std::string after = "", from = "";
  };
  std::vector<Named> variants;
  /// A run of the root that comes before all variants that come after none of their own. Not in the file.
  std::optional<After> after;

  /// Throws Error for unknown keys (with the nearest), for an "after" that names none or leads back to itself, naming
  /// `where`.
  static Experiment from_json(const nlohmann::json& json, const std::string& where);
  static Experiment read(const std::filesystem::path& file);
  nlohmann::json to_json() const;

  /// Every run this makes, each checked; at most 10,000. Combinations of `vary` that are the same run
  /// (RunConfig::canonical) are made once.
  std::vector<Variant> expand() const;
};

/// The folders that a configuration names, absolute, since the worker may run, or go on, in another folder; "~" is the
/// home folder, and of a run that init.from names it is the newest checkpoint. Throws Error where there is none.
RunConfig with_absolute_paths(RunConfig config);

/// The run.json of a variant: config, task, experiment, variant, seed, provenance of this program. Folders that the
/// configuration names become absolute; throws Error where one doesn't exist.
nlohmann::json run_json(const Variant& variant, const std::string& experiment);

/// Makes the run folders, all queued, in order. Throws before making any if a variant is not valid.
std::vector<std::filesystem::path> create_runs(const std::filesystem::path& root, const Experiment& experiment);

/// The four runs of `ablate demo`: "batch-separate", "batch-shared", "instance-shared", "no-norm".
/// `data_path` empty: the synthetic portraits.
Experiment demo_experiment(const std::string& data_path);

}  // namespace ablate
