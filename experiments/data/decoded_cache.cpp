#include "experiments/data/decoded_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "experiments/data/split.h"
#include "runs/atomic_file.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

// The file: 8 bytes of magic, the length of a JSON header (uint64), the hash of all that follows (uint64), the header,
// and for each sample its RGB image and, where there are masks, its grey mask.
constexpr char kMagic[8] = {'A', 'b', 'l', 'a', 't', 'e', 'P', '1'};
constexpr std::size_t kPrefix = 24;

struct Mapping {
  const char* bytes = nullptr;
  std::size_t size = 0;
  ~Mapping() {
    if (bytes) munmap(const_cast<char*>(bytes), size);
  }
};

std::shared_ptr<const Mapping> map_file(const fs::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  struct stat status {};
  auto mapping = std::make_shared<Mapping>();
  if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
    void* bytes = mmap(nullptr, std::size_t(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes != MAP_FAILED) {
      mapping->bytes = static_cast<const char*>(bytes);
      mapping->size = std::size_t(status.st_size);
    }
  }
  close(descriptor);
  return mapping;
}

class DecodedDataset : public Dataset {
 public:
  DecodedDataset(std::shared_ptr<const Mapping> mapping, std::size_t pixels_at, std::vector<std::string> names,
                 int height, int width, bool masks)
      : mapping_(std::move(mapping)),
        pixels_at_(pixels_at),
        names_(std::move(names)),
        height_(height),
        width_(width),
        masks_(masks) {}

  std::size_t size() const override { return names_.size(); }
  const std::string& name(std::size_t index) const override { return names_.at(index); }

  Sample load(std::size_t index) const override {
    const std::size_t area = std::size_t(height_) * std::size_t(width_);
    const auto* at =
        reinterpret_cast<const std::uint8_t*>(mapping_->bytes) + pixels_at_ + index * area * (masks_ ? 4 : 3);
    Sample sample{names_.at(index), {}};
    sample.planes["image"] = {height_, width_, 3, {at, at + 3 * area}};
    if (masks_) sample.planes["mask"] = {height_, width_, 1, {at + 3 * area, at + 4 * area}};
    return sample;
  }

 private:
  std::shared_ptr<const Mapping> mapping_;
  std::size_t pixels_at_;
  std::vector<std::string> names_;
  int height_, width_;
  bool masks_;
};

/// nullopt when the file is missing or damaged.
std::optional<DecodedPictures> open_cache(const fs::path& file, std::uint64_t key) {
  const auto mapping = map_file(file);
  if (!mapping || mapping->size < kPrefix || std::memcmp(mapping->bytes, kMagic, sizeof kMagic) != 0)
    return std::nullopt;
  std::uint64_t header_bytes = 0, hash = 0;
  std::memcpy(&header_bytes, mapping->bytes + 8, 8);
  std::memcpy(&hash, mapping->bytes + 16, 8);
  if (header_bytes > mapping->size - kPrefix || hash_of({mapping->bytes + kPrefix, mapping->size - kPrefix}) != hash)
    return std::nullopt;
  const json header = json::parse(std::string_view(mapping->bytes + kPrefix, header_bytes), nullptr, false);
  if (header.is_discarded() || header.value("key", std::uint64_t(0)) != key) return std::nullopt;
  const auto names = header.at("names").get<std::vector<std::string>>();
  const int height = header.at("height"), width = header.at("width");
  const bool masks = header.at("masks");
  if (mapping->size - kPrefix - header_bytes !=
      names.size() * std::size_t(height) * std::size_t(width) * (masks ? 4 : 3))
    return std::nullopt;
  auto dataset = std::make_shared<DecodedDataset>(mapping, kPrefix + header_bytes, names, height, width, masks);
  return DecodedPictures{std::move(dataset), header.at("problems").get<std::vector<std::string>>(), key};
}

/// A sample's bytes, or the problem that keeps it out.
struct Decoded {
  std::vector<std::uint8_t> bytes;
  std::string problem;
};

Decoded decode(const PictureFiles& files, int height, int width) {
  try {
    const Picture image = read_picture(files.image, 3);
    Decoded decoded{resized(image, height, width).pixels, {}};
    if (files.mask.empty()) return decoded;
    const Picture mask = read_picture(files.mask, 1);
    if (mask.height != image.height || mask.width != image.width)
      return {{},
              fmt::format("{}: is {}x{}, but its picture {} is {}x{}; left out. Make them the same size.",
                          files.mask.string(), mask.height, mask.width, files.image.filename().string(), image.height,
                          image.width)};
    const Picture small = resized(mask, height, width);
    decoded.bytes.insert(decoded.bytes.end(), small.pixels.begin(), small.pixels.end());
    return decoded;
  } catch (const Error& error) {
    return {{}, fmt::format("{} Left out.", error.what())};
  }
}

std::vector<Decoded> decode_all(const std::vector<PictureFiles>& files, int height, int width,
                                const std::function<void(std::size_t, std::size_t)>& progress) {
  std::vector<Decoded> decoded(files.size());
  std::atomic<std::size_t> next = 0, done = 0;
  std::mutex progress_mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      decoded[i] = decode(files[i], height, width);
      const std::size_t finished = ++done;
      if (progress) {
        const std::scoped_lock lock(progress_mutex);
        progress(finished, files.size());
      }
    }
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  return decoded;
}

void write_cache(const fs::path& file, std::uint64_t key, const FolderScan& scan, const std::vector<Decoded>& decoded,
                 int height, int width) {
  json header{{"format", 1},
              {"key", key},
              {"height", height},
              {"width", width},
              {"masks", !scan.files.front().mask.empty()},
              {"names", json::array()},
              {"problems", json::array()}};
  std::string pixels;
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    if (decoded[i].problem.empty()) {
      header["names"].push_back(scan.files[i].name);
      pixels.append(decoded[i].bytes.begin(), decoded[i].bytes.end());
    } else {
      header["problems"].push_back(decoded[i].problem);
    }
  }
  const std::string rest = header.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::uint64_t header_bytes = rest.size(), hash = hash_of(rest + pixels);
  std::string prefix(kMagic, sizeof kMagic);
  prefix.append(reinterpret_cast<const char*>(&header_bytes), 8);
  prefix.append(reinterpret_cast<const char*>(&hash), 8);
  write_file_atomically(file, std::array<std::string_view, 3>{prefix, rest, pixels});
}

std::uint64_t key_of(const FolderScan& scan, int height, int width) {
  std::string words = fmt::format("{}x{}\n", height, width);
  for (const PictureFiles& files : scan.files)
    for (const fs::path& file : {files.image, files.mask}) {
      if (file.empty()) continue;
      std::error_code error;
      words += fmt::format("{} {} {}\n", fs::absolute(file).string(), fs::file_size(file, error),
                           fs::last_write_time(file, error).time_since_epoch().count());
    }
  return hash_of(words);
}

}  // namespace

DecodedPictures open_decoded(const FolderScan& scan, int height, int width, const fs::path& cache_folder,
                             const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::uint64_t key = key_of(scan, height, width);
  const fs::path file = cache_folder / fmt::format("{:016x}.pictures", key);
  auto cache = open_cache(file, key);
  if (!cache) {
    std::error_code error;
    fs::create_directories(cache_folder, error);
    const int lock = open((file.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0)
      throw Error(fmt::format("{}: can't be written ({}). Decoded pictures go there; choose another runs root.",
                              cache_folder.string(), std::strerror(errno)));
    flock(lock, LOCK_EX);  // Whoever waited here finds the cache made.
    try {
      cache = open_cache(file, key);
      if (!cache) {
        write_cache(file, key, scan, decode_all(scan.files, height, width, progress), height, width);
        cache = open_cache(file, key);
      }
    } catch (...) {
      close(lock);
      throw;
    }
    close(lock);
  }
  if (!cache) throw Error(fmt::format("{}: can't be read back after writing it. Is the disk sound?", file.string()));
  if (cache->dataset->size() == 0)
    throw Error(
        fmt::format("None of {} pictures can be used. The first: {}", scan.files.size(), cache->problems.front()));
  return *cache;
}

}  // namespace ablate
