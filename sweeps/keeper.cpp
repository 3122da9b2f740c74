#include "sweeps/keeper.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <utility>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_store.h"
#include "sweeps/inheritable_lock.h"
#include "sweeps/launcher.h"
#include "sweeps/turn.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// What a run writes until it is stopped for want of space, and more.
constexpr std::uint64_t kLeastDiskBytes = 64 << 20;

void remove(const QueueEntry& entry) {
  std::error_code ignored;
  fs::remove(entry.file, ignored);
}

int slots_asked_for(const QueueFiles& files) {
  int asked = 0;
  std::ifstream(files.slots) >> asked;
  return asked;
}

}  // namespace

void Keeper::say(const std::string& words) {
  if (words == said_) return;
  said_ = words;
  fmt::print(stderr, "{:%F %T} {}\n", fmt::localtime(std::time(nullptr)), words);
  std::fflush(stderr);
}

void Keeper::adopt() {
  for (QueueEntry& entry : entries(files_, files_.started)) {
    if (InheritableLock::held(entry.file)) {
      say(fmt::format("{} is at work already", entry.run.string()));
      active_.push_back({std::move(entry), std::nullopt});
    } else {
      orphaned(entry);
    }
  }
}

bool Keeper::look_around() {
  let_go_of_ended();
  const bool coming = fill_places();
  return coming || !active_.empty();
}

std::vector<int> Keeper::workers() const {
  std::vector<int> descriptors;
  for (const Active& each : active_)
    if (each.worker) descriptors.push_back(each.worker->gone.get());
  return descriptors;
}

void Keeper::let_go_of_ended() {
  std::erase_if(active_, [this](const Active& each) {
    if (each.worker) {
      const std::optional<int> status = ended(*each.worker);
      if (!status) return false;
      try {
        settle(*each.worker, *status);
      } catch (const std::exception& error) {  // Its folder is gone, or the disk full: it counts as interrupted.
        say(error.what());
      }
      say(fmt::format("{} is over", each.entry.run.string()));
      remove(each.entry);
      return true;
    }
    if (InheritableLock::held(each.entry.file)) return false;
    orphaned(each.entry);
    return true;
  });
}

/// Returns whether something waits that will begin by itself.
bool Keeper::fill_places() {
  const int slots = slots_asked_for(files_);
  const std::vector<Gpu> gpus = machine_.gpus();
  std::map<std::string, int> taken;
  for (const Active& each : active_) ++taken[each.entry.gpu];
  const auto place_for = [&](bool on_processor) { return free_place(gpus, taken, slots, on_processor); };
  if (!place_for(true) && !place_for(false)) return true;

  bool coming = false;
  const std::optional<std::string> nothing_starts = obstacle();
  const bool anew = std::exchange(obstructed_, nothing_starts.has_value()) && !nothing_starts;
  for (const QueueEntry& entry : entries(files_, files_.waiting)) {
    if (!fs::exists(entry.run / "run.json")) {
      say(fmt::format("{} is gone; left out", entry.run.string()));
      remove(entry);
      continue;
    }
    const Wish& wish = wish_of(entry);
    const Turn turn = wish.after ? turn_of(files_.root, *wish.after) : Turn{};
    coming |= turn.kind != Turn::Kind::held_up;
    if (wish.after || nothing_starts || anew)
      tell(entry, turn.kind == Turn::Kind::come ? nothing_starts.value_or("") : turn.words);
    if (turn.kind != Turn::Kind::come || nothing_starts) continue;
    if (const auto place = place_for(wish.on_processor))
      taken[place->gpu] += start(entry, *place);
    else if (gpus.empty() && !anew)
      break;
  }
  return coming;
}

/// Why nothing can be started now, and what to do.
std::optional<std::string> Keeper::obstacle() {
  std::string words;
  try {
    worker_program();
  } catch (const Error& error) {
    words = error.what();
  }
  if (const std::uint64_t free = machine_.free_disk_bytes(files_.folder); words.empty() && free < kLeastDiskBytes)
    words = fmt::format(
        "Only {} MB are free on the disk of {}, and a run begins with {} MB or more: remove what is not "
        "needed there.",
        free >> 20, files_.root.string(), kLeastDiskBytes >> 20);
  if (words.empty()) return std::nullopt;
  say(words);
  return words + " This run begins by itself then.";
}

const Keeper::Wish& Keeper::wish_of(const QueueEntry& entry) {
  const auto [at, is_new] = wishes_.try_emplace(entry.run);
  if (!is_new) return at->second;
  try {
    const nlohmann::json run = read_json_file(entry.run / "run.json").value_or(nlohmann::json());
    const nlohmann::json::json_pointer device("/config/train/device");
    at->second.after = after_of(run);
    at->second.on_processor = run.contains(device) && run[device] == "cpu";
  } catch (const Error&) {  // Damaged: its worker will say so.
  }
  return at->second;
}

void Keeper::tell(const QueueEntry& entry, const std::string& why_it_waits) {
  try {
    std::optional<RunStatus> status = read_status(entry.run);
    if (!status || status->state != RunState::queued || status->waiting == why_it_waits) return;
    status->waiting = why_it_waits;
    write_status(entry.run, *status);
  } catch (const Error& error) {
    say(error.what());
  }
}

/// Returns whether it trains now. If not, its status says why; where nothing can be written, it waits as before.
bool Keeper::start(const QueueEntry& waiting, const Place& place) {
  QueueEntry entry = waiting;
  entry.file = files_.started / waiting.file.filename();
  entry.gpu = place.gpu;
  fs::rename(waiting.file, entry.file);
  try {
    if (!place.gpu.empty()) std::ofstream(entry.file, std::ios::app) << "gpu " << place.gpu << '\n';
    const std::optional<InheritableLock> held = InheritableLock::try_acquire(entry.file);
    if (!held) throw Error(fmt::format("{} is locked by another process; nothing was started.", entry.file.string()));
    active_.push_back({entry, start_worker(entry.run, place.threads, held->descriptor(), place.gpu)});
    say(fmt::format("{} started, process {}", entry.run.string(), active_.back().worker->process));
    wishes_.erase(entry.run);
    return true;
  } catch (const Error& error) {
    say(error.what());
    try {
      settle_unstarted(entry.run, error.what());
      remove(entry);
    } catch (const Error&) {
      fs::rename(entry.file, waiting.file);
    }
  }
  return false;
}

/// Nobody works on it and nobody saw how that ended. One that never began waits again, ahead of the others; for one
/// that had begun, its status and its free lock tell the truth already (interrupted).
void Keeper::orphaned(const QueueEntry& entry) {
  std::optional<RunStatus> status;
  try {
    status = read_status(entry.run);
  } catch (const Error& error) {
    say(error.what());
  }
  if (status && status->state == RunState::queued) {
    say(fmt::format("{} had not begun; it waits again", entry.run.string()));
    fs::rename(entry.file, files_.waiting / entry.file.filename());
  } else {
    say(fmt::format("{} was left behind by its worker", entry.run.string()));
    remove(entry);
  }
}

}  // namespace ablate
