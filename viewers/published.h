#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace ablate {

/// The newest of something immutable, from the thread that makes it to those that use it. Its lock is held for the copy
/// of a pointer: what std::atomic<std::shared_ptr> does too, but that of GCC 12 orders too little (ThreadSanitizer).
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : newest_(std::move(first)) {}

  void store(std::shared_ptr<const T> newest) {
    const std::lock_guard lock(mutex_);
    newest_.swap(newest);  // The old one goes away after the lock.
  }
  std::shared_ptr<const T> load() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> newest_;
};

}  // namespace ablate
