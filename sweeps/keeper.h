#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/after.h"
#include "sweeps/machine.h"
#include "sweeps/queue_files.h"
#include "sweeps/worker.h"

namespace ablate {

/// What the keeper process of a queue has in hand. All functions are called with the queue's lock held, by one thread;
/// they throw where nothing can be written (disk full), and may be called again.
class Keeper {
 public:
  Keeper(const QueueFiles& files, Machine& machine) : files_(files), machine_(machine) {}

  /// What an earlier keeper left.
  void adopt();

  /// Lets go of what has ended and starts what can. Returns whether something is left that trains, or will begin
  /// without anybody's doing.
  bool look_around();

  /// Pidfds of its own workers.
  std::vector<int> workers() const;

  /// Into the keeper's log; the same words once in a row.
  void say(const std::string& words);

 private:
  /// A run that trains: our own child, or one that an earlier keeper left behind, known by the lock on its entry.
  struct Active {
    QueueEntry entry;
    std::optional<Worker> worker;
  };
  /// What run.json says of a run that waits.
  struct Wish {
    std::optional<After> after;
    bool on_processor = false;
  };

  void let_go_of_ended();
  bool fill_places();
  std::optional<std::string> obstacle();
  const Wish& wish_of(const QueueEntry& entry);
  void tell(const QueueEntry& entry, const std::string& why_it_waits);
  bool start(const QueueEntry& waiting, const Place& place);
  void orphaned(const QueueEntry& entry);

  const QueueFiles& files_;
  Machine& machine_;
  std::vector<Active> active_;
  std::map<std::filesystem::path, Wish> wishes_;  // by run
  bool obstructed_ = false;                       // and those that wait were told so
  std::string said_;
};

}  // namespace ablate
