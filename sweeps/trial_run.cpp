#include "sweeps/trial_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runs/error.h"

namespace ablate {
namespace {

/// A keeper sees its worker's end at once; this is for a slow machine.
constexpr std::chrono::seconds kSurelyDead{2};

}  // namespace

TrialRun::TrialRun(std::filesystem::path folder, const std::vector<Sweep::Objective>& objectives, Launcher& launcher)
    : folder_(std::move(folder)), objectives_(objectives), launcher_(launcher), reader_(folder_) {}

void TrialRun::poll_status(bool just_written) {
  const bool known = exists_ && just_written;
  exists_ = known || std::filesystem::exists(folder_ / "run.json");
  if (!exists_) return;
  status_ = known ? read_status(folder_).value_or(status_) : read_resolved_status(folder_);
  const auto now = Heartbeats::Clock::now();
  heartbeats_.resolve("", status_, now);
  if (status_.state != RunState::interrupted)
    dead_since_.reset();
  else if (!dead_since_)
    dead_since_ = now;
}

void TrialRun::poll(bool just_written) {
  poll_status(just_written);  // First: what a run logged before it ended is read after that was seen.
  if (!exists_ || !reader_.poll()) return;
  const std::shared_ptr<const RunData> data = reader_.data();
  const auto series = data->scalars.find(objectives_.front().metric);
  if (series == data->scalars.end()) return;
  for (std::size_t i = 0; i < series->second.size(); ++i) reported_[series->second[i].step] = series->second[i].value;
}

bool TrialRun::trains() const {
  return exists_ &&
         (status_.state == RunState::queued || status_.state == RunState::running || awaits_word_of_cluster(status_));
}

bool TrialRun::surely_dead() const {
  return dead_since_ && !awaits_word_of_cluster(status_) &&
         std::chrono::steady_clock::now() - *dead_since_ >= kSurelyDead;
}

std::vector<double> TrialRun::values() const {
  std::vector<double> values;
  const std::shared_ptr<const RunData> data = reader_.data();
  for (const Sweep::Objective& objective : objectives_) {
    const auto series = data->scalars.find(objective.metric);
    std::optional<double> taken;
    for (std::size_t i = 0; series != data->scalars.end() && i < series->second.size(); ++i) {
      const double value = series->second[i].value;
      if (objective.take == Sweep::Objective::Take::last || !taken || std::isnan(*taken))
        taken = value;
      else if (!std::isnan(value))
        taken = objective.direction == Direction::maximize ? std::max(*taken, value) : std::min(*taken, value);
    }
    if (!taken) throw Error(fmt::format("{} was never logged", objective.metric));
    if (std::isnan(*taken)) throw Error(fmt::format("{} is NaN", objective.metric));
    values.push_back(*taken);
  }
  return values;
}

void TrialRun::forget_log() {
  reader_ = RunReader(folder_);
  reported_.clear();
}

void TrialRun::submit(const std::vector<TrialRun*>& runs, Launcher& launcher) {
  std::vector<std::filesystem::path> folders;
  for (TrialRun* run : runs) {
    run->submitted_ = false;
    folders.push_back(run->folder_);
  }
  launcher.submit(folders);
  for (TrialRun* run : runs) {
    run->submitted_ = true;
    run->asked_to_stop_ = false;
    run->poll();
  }
}

void TrialRun::stop() {
  if (asked_to_stop_) return;
  launcher_.stop(folder_);
  asked_to_stop_ = true;
  poll_status();  // One that waited is stopped by now.
}

}  // namespace ablate
