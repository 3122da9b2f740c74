#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "runs/run_store.h"

namespace ablate {

/// Keeps status.json true while a run is on: a thread of its own writes it about once a second with a rising heartbeat,
/// however long a step takes. Thread-safe.
class StatusKeeper {
 public:
  /// Goes on from what status.json says (launcher, job, heartbeat, times), as running, written at once. Throws Error
  /// when it can't be written.
  explicit StatusKeeper(std::filesystem::path folder);
  /// Without finish(): what was changed last is not written any more.
  ~StatusKeeper();

  void change(const std::function<void(RunStatus&)>& change);
  /// Has it written now, by that thread, not within a second.
  void tell();
  RunStatus now() const;

  /// Throws Error when the last heartbeat could not be written (folder gone, disk full).
  void check() const;

  /// The last word. Throws Error when it can't be written.
  void finish(RunState state, const std::string& error = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ablate
