#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sweeps/training_place.h"

namespace ablate {

/// Where a new experiment's runs train: this machine, or a Slurm cluster and what is asked of it. Drawing thread only.
class PlaceSection {
 public:
  /// `root`: of the runs, which a cluster that is looked over has to see.
  void draw(const std::filesystem::path& root);
  const TrainingPlace& place() const { return place_; }

  nlohmann::json state() const { return place_.to_json(); }
  /// What it can't use is as at first.
  void restore(const nlohmann::json& state);

 private:
  void draw_slurm();
  void draw_check(const std::filesystem::path& root);

  TrainingPlace place_;
  struct Check;
  std::shared_ptr<Check> check_;  ///< of the cluster, the last one asked for; null: none was
};

}  // namespace ablate
