#include "sweeps/interrupts.h"

#include <atomic>

namespace ablate {
namespace {

// A signal handler can reach nothing but this.
std::atomic<int> interrupts = 0;
static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace

InterruptCounter::InterruptCounter() {
  interrupts = 0;
  struct sigaction counting {};
  counting.sa_handler = [](int) { ++interrupts; };
  ::sigaction(SIGINT, &counting, &old_interrupt_);
  ::sigaction(SIGTERM, &counting, &old_terminate_);
}

InterruptCounter::~InterruptCounter() {
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
}

int InterruptCounter::count() const { return interrupts; }

}  // namespace ablate
