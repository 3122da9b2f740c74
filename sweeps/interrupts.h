#pragma once

#include <csignal>

namespace ablate {

/// Counts Ctrl-C (SIGINT) and SIGTERM instead of dying of them, for as long as it exists. One at a time in a process;
/// `count` may be asked by any thread.
class InterruptCounter {
 public:
  InterruptCounter();
  ~InterruptCounter();
  InterruptCounter(const InterruptCounter&) = delete;
  InterruptCounter& operator=(const InterruptCounter&) = delete;
  int count() const;

 private:
  struct sigaction old_interrupt_ {
  }, old_terminate_{};
};

}  // namespace ablate
