#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sweeps/launchers.h"
#include "sweeps/slurm_options.h"

namespace ablate {

/// Where runs shall train, as a person chooses it on the command line or in the window.
struct TrainingPlace {
  std::string launcher = "local";  ///< this machine; or "slurm", a cluster
  int slots = 0;                   ///< how many at once; 0: as the machine can, on a cluster all
  int priority = 0;                ///< in this machine's queue
  SlurmOptions slurm;              ///< of a cluster

  /// How many trials of a sweep train at once there.
  int trials_at_once() const;

  /// As kept; throws Error naming `where`.
  static TrainingPlace from_json(nlohmann::json json, const std::string& where);
  nlohmann::json to_json() const;
  bool operator==(const TrainingPlace&) const = default;
};

/// Throws Error where an option of Slurm is more than a line.
std::unique_ptr<Launcher> make_launcher(const std::filesystem::path& root, const TrainingPlace& place);

}  // namespace ablate
