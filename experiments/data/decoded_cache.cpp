#include "experiments/data/decoded_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <thread>

#include "experiments/data/manifest.h"
#include "experiments/data/picture_cache.h"
#include "experiments/data/split.h"
#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// A sample's bytes as the cache keeps them, or the problem that keeps it out.
struct Decoded {
  std::vector<std::uint8_t> bytes;
  bool bright_mask = false;  ///< some of it is more white than black
  std::string problem;
};

Decoded decoded(const PictureFiles& files, int height, int width) {
  const Picture image = read_picture(files.image, 3);
  Decoded result{resized(image, height, width).pixels, false, {}};
  if (files.mask.empty()) return result;
  const Picture mask = read_picture(files.mask, 1);
  if (mask.height != image.height || mask.width != image.width)
    throw Error(fmt::format("{}: is {}x{}, but its picture {} is {}x{} (height x width). Make them the same size.",
                            files.mask.string(), mask.height, mask.width, files.image.filename().string(), image.height,
                            image.width));
  const Picture small = resized(mask, height, width);
  result.bright_mask = std::ranges::any_of(small.pixels, [](int value) { return value > 127; });
  result.bytes.insert(result.bytes.end(), small.pixels.begin(), small.pixels.end());
  return result;
}

Decoded decoded_or_problem(const PictureFiles& files, int height, int width) {
  try {
    return decoded(files, height, width);
  } catch (const Error& error) {
    return {{}, false, fmt::format("{} Left out.", error.what())};
  } catch (const std::exception& error) {  // Out of memory, for one.
    return {{}, false, fmt::format("{}: can't be decoded ({}). Left out.", files.image.string(), error.what())};
  }
}

/// Calls `work(i)` for every i below n, on every core; the first exception ends it and is thrown on.
void on_every_core(std::size_t n, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto loop = [&] {
    try {
      for (std::size_t i = next++; i < n; i = next++) work(i);
    } catch (...) {
      next = n;
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
    for (std::size_t i = 1; i < std::min(cores, n); ++i) helpers.emplace_back(loop);
    loop();
  }
  if (failure) std::rethrow_exception(failure);
}

void make_cache(const fs::path& file, CacheTable table, const FolderScan& scan,
                const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::size_t n = scan.files.size();
  CacheWriter writer(file);
  struct Outcome {
    std::uint32_t checksum = 0;
    bool bright_mask = false;
    std::string problem;
  };
  std::vector<Outcome> outcomes(n);
  std::mutex mutex;
  std::size_t done = 0;
  on_every_core(n, [&](std::size_t i) {
    Decoded sample = decoded_or_problem(scan.files[i], table.height, table.width);
    outcomes[i] = {0, sample.bright_mask, std::move(sample.problem)};
    if (outcomes[i].problem.empty()) outcomes[i].checksum = writer.write(i, sample.bytes);
    const std::scoped_lock lock(mutex);
    ++done;
    if (progress) progress(done, n);
  });
  bool any_bright = false;
  for (std::size_t i = 0; i < n; ++i) {
    any_bright |= outcomes[i].bright_mask;
    if (outcomes[i].problem.empty())
      table.samples.push_back({scan.files[i].name, i, outcomes[i].checksum});
    else
      table.problems.emplace_back(scan.files[i].name, outcomes[i].problem);
  }
  if (table.masks && !table.samples.empty() && !any_bright)
    table.notes.push_back(fmt::format(
        "{}: no mask is bright anywhere, so there is nothing to learn. Masks are white (255) where the person is.",
        is_manifest(scan.folder) ? scan.folder.string() : (scan.folder / "masks").string()));
  writer.finish(table, n);
}

std::uint64_t key_of(const FolderScan& scan, int height, int width) {
  std::string words = fmt::format("{}x{}\n", height, width);
  for (const PictureFiles& files : scan.files) {
    if (files.name != files.image.stem()) words += files.name + "\n";  // As a manifest calls it.
    for (const fs::path& file : {files.image, files.mask}) {
      if (file.empty()) continue;
      std::error_code error;
      words += fmt::format("{} {} {}\n", file.filename().string(), fs::file_size(file, error),
                           fs::last_write_time(file, error).time_since_epoch().count());
    }
  }
  return hash_of(words);
}

/// Another file for another folder or size, the same when pictures changed: so what is stale is replaced.
fs::path cache_file(const FolderScan& scan, const CacheTable& table, const fs::path& cache_folder) {
  const fs::path folder = fs::weakly_canonical(fs::absolute(scan.folder));
  return cache_folder / fmt::format("{}-{}x{}-{:016x}.pictures", table.masks ? "pairs" : "pictures", table.height,
                                    table.width, hash_of(folder.string()));
}

/// Held until the file descriptor goes away. Whoever waited here finds the cache made.
FileDescriptor locked(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  FileDescriptor lock(open((file.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock)
    throw Error(fmt::format("{}: can't be written: {}. Decoded pictures are kept there.", file.parent_path().string(),
                            error ? error.message() : system_error_text(errno)));
  while (flock(lock.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return lock;
}

}  // namespace

DecodedPictures open_decoded(const FolderScan& scan, int height, int width, const fs::path& cache_folder,
                             const std::function<void(std::size_t, std::size_t)>& progress) {
  CacheTable wanted;
  wanted.key = key_of(scan, height, width);
  wanted.height = height;
  wanted.width = width;
  wanted.masks = !scan.files.front().mask.empty();
  const fs::path file = cache_file(scan, wanted, cache_folder);
  auto cache = open_cache(file, wanted.key);
  if (!cache) {
    const FileDescriptor lock = locked(file);
    cache = open_cache(file, wanted.key);
    if (!cache) {
      make_cache(file, wanted, scan, progress);
      cache = open_cache(file, wanted.key);
    }
  }
  if (!cache) throw Error(fmt::format("{}: can't be read back after writing it. Is the disk sound?", file.string()));
  if (cache->dataset->size() == 0)
    throw Error(fmt::format("None of {} pictures can be used. The first: {}", scan.files.size(),
                            cache->table.problems.front().second));
  return {cache->dataset, cache->table.problems, cache->table.notes, wanted.key};
}

}  // namespace ablate
