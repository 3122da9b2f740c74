#include "sweeps/training_place.h"

#include <fmt/format.h>

#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/slurm_launcher.h"

namespace ablate {
namespace {

/// At once, where nobody said: a person who shares a cluster wants neither one nor hundreds.
constexpr int kTrialsOnACluster = 8;

}  // namespace

int TrainingPlace::trials_at_once() const {
  if (slots > 0) return slots;
  return launcher == "slurm" ? kTrialsOnACluster : default_slots().workers;
}

TrainingPlace TrainingPlace::from_json(nlohmann::json document, const std::string& where) {
  TrainingPlace place;
  std::int64_t slots = 0, priority = 0;
  take(document, "launcher", place.launcher, where);
  take(document, "slots", slots, where);
  take(document, "priority", priority, where);
  place.slots = static_cast<int>(slots);
  place.priority = static_cast<int>(priority);
  if (document.contains("slurm")) place.slurm = SlurmOptions::from_json(document.at("slurm"), where);
  if (place.launcher != "local" && place.launcher != "slurm")
    throw Error(fmt::format("{}: \"{}\" is no launcher; there are local and slurm.", where, place.launcher));
  return place;
}

nlohmann::json TrainingPlace::to_json() const {
  return {{"launcher", launcher}, {"slots", slots}, {"priority", priority}, {"slurm", slurm.to_json()}};
}

std::unique_ptr<Launcher> make_launcher(const std::filesystem::path& root, const TrainingPlace& place) {
  if (place.launcher == "local") return std::make_unique<LocalLauncher>(root, place.slots, place.priority);
  SlurmOptions slurm = place.slurm;
  slurm.slots = place.slots;
  return std::make_unique<SlurmLauncher>(root, slurm);
}

}  // namespace ablate
