#include "runs/run_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "runs/byte_buffer.h"
#include "runs/error.h"
#include "runs/event_encoding.h"
#include "runs/event_file.h"
#include "runs/record_file.h"

namespace ablate {
namespace {

/// The thread is woken early once so much waits for it; more would only make its writes longer.
constexpr std::size_t kWorthWriting = 1 << 20;

double wall_seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void check_tag(std::string_view tag) {
  if (!is_utf8(tag))
    throw Error(fmt::format("tag \"{}\" is not UTF-8, so no reader could read its events. Rename it.", tag));
}

}  // namespace

// Lock order: `mutex` only. Callers put frames at the end of `pending`; the thread swaps `pending` for an empty buffer
// and writes that without the lock.
struct RunWriter::Impl {
  Impl(const std::filesystem::path& folder, Step first_step, Options chosen)
      : options(chosen), worth_writing(std::min(kWorthWriting, chosen.queue_bytes / 2)), file(folder) {
    pending.reserve(64 << 10);
    append_event(encode_version(wall_seconds_now()));
    append_event(encode_session_start(wall_seconds_now(), first_step));
    thread = std::thread([this] { write_until_stopped(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    work.notify_one();
    thread.join();
  }

  /// Waits until a frame of a record of `size` bytes fits, and has `encode` write the record into it.
  template <class Encode>
  void append(std::size_t size, Encode encode) {
    const std::size_t frame = kFrameHead + size + kFrameFoot;
    std::unique_lock lock(mutex);
    if (!fits(frame) || !failure.empty()) wait_for_room(lock, frame);
    const bool was_little = pending.size() < worth_writing;
    char* at = pending.grow(frame);
    encode(at + kFrameHead);
    close_frame(at, size);
    const bool wake = was_little && pending.size() >= worth_writing;
    lock.unlock();
    if (wake) work.notify_one();
  }

  void append_event(const std::string& event) {
    append(event.size(), [&](char* at) { std::memcpy(at, event.data(), event.size()); });
  }

  /// One record that is longer than the whole queue still goes through, alone.
  bool fits(std::size_t frame) const {
    const std::size_t queued = pending.size() + writing;
    return queued == 0 || queued + frame <= options.queue_bytes;
  }

  void wait_for_room(std::unique_lock<std::mutex>& lock, std::size_t frame) {
    while (failure.empty() && !fits(frame)) {
      urgent = true;
      work.notify_one();
      done.wait(lock);
    }
    if (!failure.empty()) throw Error(failure);
  }

  void flush() {
    std::unique_lock lock(mutex);
    const std::uint64_t wanted = ++flushes_wanted;
    work.notify_one();
    done.wait(lock, [&] { return !failure.empty() || flushes_done >= wanted; });
    if (!failure.empty()) throw Error(failure);
  }

  void write_until_stopped() {
    ByteBuffer mine;
    std::unique_lock lock(mutex);
    for (bool stopping = false; !stopping;) {
      work.wait_for(lock, std::chrono::duration<double>(options.flush_seconds),
                    [&] { return stop || urgent || flushes_wanted > flushes_done || pending.size() >= worth_writing; });
      stopping = stop;
      urgent = false;
      const std::uint64_t flushes = flushes_wanted;
      if (pending.size() == 0 && flushes == flushes_done) continue;
      std::swap(mine, pending);
      writing = mine.size();
      lock.unlock();
      std::string what;
      try {
        if (mine.size() > 0) file.append(mine.view());
        if (flushes > flushes_done) file.sync();
      } catch (const Error& error) {
        what = error.what();
      }
      lock.lock();
      mine.clear();
      writing = 0;
      flushes_done = flushes;
      if (!what.empty()) {
        failure = what;
        pending.clear();
      }
      done.notify_all();
      if (!failure.empty()) return;
    }
  }

  const Options options;
  const std::size_t worth_writing;
  EventFile file;  ///< the thread's alone after the constructor

  std::mutex mutex;
  std::condition_variable work;  ///< for the thread
  std::condition_variable done;  ///< for callers
  ByteBuffer pending;            ///< frames handed over and not yet taken
  std::size_t writing = 0;       ///< bytes that the thread has taken and not yet written
  bool urgent = false;           ///< a caller waits for room
  bool stop = false;
  std::uint64_t flushes_wanted = 0;
  std::uint64_t flushes_done = 0;  ///< written by the thread only
  std::string failure;             ///< set once, for good

  std::thread thread;
};

RunWriter::RunWriter(const std::filesystem::path& folder, Step first_step, Options options)
    : impl_(std::make_unique<Impl>(folder, first_step, options)) {}
RunWriter::RunWriter(const std::filesystem::path& folder, Step first_step) : RunWriter(folder, first_step, Options{}) {}
RunWriter::~RunWriter() = default;

void RunWriter::scalar(std::string_view tag, Step step, double value) {
  check_tag(tag);
  const double wall_seconds = wall_seconds_now();
  const ScalarSizes sizes(tag, step);
  impl_->append(sizes.event,
                [&](char* at) { encode_scalar(at, sizes, wall_seconds, step, tag, static_cast<float>(value)); });
}

void RunWriter::histogram(std::string_view tag, Step step, const Histogram& histogram) {
  check_tag(tag);
  if (histogram.bucket_limits.size() != histogram.bucket_counts.size())
    throw Error(fmt::format("histogram \"{}\": {} bucket limits, but {} counts", tag, histogram.bucket_limits.size(),
                            histogram.bucket_counts.size()));
  impl_->append_event(encode_histogram(wall_seconds_now(), step, tag, histogram));
}

void RunWriter::image(std::string_view tag, Step step, int height, int width, int channels, std::string_view encoded) {
  check_tag(tag);
  impl_->append_event(encode_image(wall_seconds_now(), step, tag, {height, width, channels}, encoded));
}

void RunWriter::text(std::string_view tag, Step step, std::string_view markdown) {
  check_tag(tag);
  impl_->append_event(encode_text(wall_seconds_now(), step, tag, markdown));
}

void RunWriter::tensor(std::string_view tag, Step step, std::span<const std::int64_t> shape,
                       std::span<const float> values, std::string_view plugin) {
  check_tag(tag);
  const auto elements = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  if (elements < 0 || static_cast<std::size_t>(elements) != values.size())
    throw Error(fmt::format("tensor \"{}\": its shape [{}] holds {} values, but {} were given", tag,
                            fmt::join(shape, ", "), elements, values.size()));
  impl_->append_event(encode_tensor(wall_seconds_now(), step, tag, shape, values, plugin));
}

void RunWriter::hparams(const nlohmann::json& values, const std::vector<std::string>& metric_tags) {
  const double now = wall_seconds_now();
  impl_->append_event(encode_hparams_experiment(now, values, metric_tags));
  impl_->append_event(encode_hparams_session(now, values));
}

void RunWriter::hparams_end(bool success) {
  impl_->append_event(encode_hparams_session_end(wall_seconds_now(), success));
}

void RunWriter::flush() { impl_->flush(); }

const std::filesystem::path& RunWriter::file() const { return impl_->file.path(); }

}  // namespace ablate
