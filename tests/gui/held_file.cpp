#include "held_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "runs/error.h"

namespace {

struct Identity {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const Identity&) const = default;
};

std::mutex mutex;
std::condition_variable answered;
std::optional<Identity> held;
int waiting = 0;

}  // namespace

// The linker puts these where pread is called.
extern "C" ssize_t __real_pread(int descriptor, void* buffer, size_t size, off_t offset);
extern "C" ssize_t __wrap_pread(int descriptor, void* buffer, size_t size, off_t offset) {
  struct stat status {};
  if (std::unique_lock lock(mutex); held && ::fstat(descriptor, &status) == 0) {
    const Identity file{status.st_dev, status.st_ino};
    for (; held == file; --waiting) {
      ++waiting;
      answered.wait(lock);
    }
  }
  return __real_pread(descriptor, buffer, size, offset);
}

namespace ablate {

HeldFile::HeldFile(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw Error(file.string() + " isn't there");
  const std::lock_guard lock(mutex);
  held = Identity{status.st_dev, status.st_ino};
}

HeldFile::~HeldFile() {
  const std::lock_guard lock(mutex);
  held.reset();
  answered.notify_all();
}

bool HeldFile::is_waited_for() const {
  const std::lock_guard lock(mutex);
  return waiting > 0;
}

}  // namespace ablate
