// How much of a core it takes to follow runs that all train, and how long after a point was flushed it can be drawn:
// tail_runs ROOT RUNS SECONDS
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "runs/run_writer.h"
#include "workbench/tailer.h"

namespace {

using namespace ablate;
using Clock = std::chrono::system_clock;

double seconds_now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

/// Each run logs ten steps a second; every run is flushed once a second, one after the other.
[[noreturn]] void train(const std::vector<std::filesystem::path>& folders) {
  std::list<RunWriter> writers;
  for (const auto& folder : folders) writers.emplace_back(folder, 0, RunWriter::Options{.flush_seconds = 60});
  for (Step step = 0;; ++step) {
    std::size_t index = 0;
    for (RunWriter& writer : writers) {
      writer.scalar("loss", step, 1.0 / static_cast<double>(1 + step));
      if (index++ % 10 == static_cast<std::size_t>(step % 10)) {
        writer.scalar("flushed", step, 0);
        writer.flush();
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::vector<std::filesystem::path> folders;
  Interest interest;
  for (int run = 0; run < std::atoi(argv[2]); ++run) {
    interest.shown.insert(fmt::format("run{}", run));
    std::filesystem::create_directories(
        folders.emplace_back(std::filesystem::path(argv[1]) / fmt::format("run{}", run)));
  }
  const pid_t trainer = ::fork();
  if (trainer == 0) train(folders);

  std::mutex mutex;
  std::condition_variable news;
  std::uint64_t published = 0;
  Tailer tailer(argv[1], {}, {}, [&] {
    const std::lock_guard lock(mutex);
    ++published;
    news.notify_one();
  });
  tailer.set_interest(interest);
  std::map<std::string, std::size_t> seen;
  std::vector<double> delays;
  double begin = 0, used = 0;
  const double start = seconds_now(), warm = 5, length = std::atof(argv[3]);
  for (std::uint64_t known = 0; seconds_now() < start + warm + length;) {
    {
      std::unique_lock lock(mutex);
      news.wait_for(lock, std::chrono::seconds(1), [&] { return published != known; });
      known = published;
    }
    const double now = seconds_now();
    if (begin == 0 && now > start + warm) begin = now, used = processor_seconds();
    for (const auto& run : tailer.snapshot()->runs) {
      if (!run->data) continue;
      const auto flushed = run->data->scalars.find("flushed");
      if (flushed == run->data->scalars.end() || flushed->second.size() == seen[run->info.id]) continue;
      seen[run->info.id] = flushed->second.size();
      if (begin > 0) delays.push_back(now - flushed->second.back().wall_seconds);
    }
  }
  const double share = (processor_seconds() - used) / (seconds_now() - begin);
  ::kill(trainer, SIGKILL);
  ::waitpid(trainer, nullptr, 0);
  std::ranges::sort(delays);
  fmt::print("{{\"share\": {}, \"delay\": {}, \"most_delays\": {}, \"points\": {}}}\n", share,
             delays.empty() ? -1 : delays[delays.size() / 2], delays.empty() ? -1 : delays[delays.size() * 95 / 100],
             delays.size());
}
