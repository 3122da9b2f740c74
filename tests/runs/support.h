#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "runs/event_encoding.h"
#include "runs/record_file.h"
#include "runs/series.h"

namespace ablate {

/// A folder of its own that goes away with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ablate-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Root may read everything: so tests of what may not be read give that up for a while.
class AsNobody {
 public:
  AsNobody() {
    if (root_ && ::seteuid(65534) != 0) throw std::runtime_error("can't become nobody");
  }
  ~AsNobody() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool root_ = ::geteuid() == 0;
};

inline void write_text(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

inline void append_text(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary | std::ios::app) << text;
}

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Frames of event files, made one by one.

inline std::string framed(std::string_view record) {
  std::string frame(kFrameHead + record.size() + kFrameFoot, '\0');
  record.copy(frame.data() + kFrameHead, record.size());
  close_frame(frame.data(), record.size());
  return frame;
}

inline std::string version_frame() { return framed(encode_version(0)); }
inline std::string start_frame(Step step) { return framed(encode_session_start(0, step)); }

inline std::string scalar_frame(std::string_view tag, Step step, float value) {
  const ScalarSizes sizes(tag, step);
  std::string record(sizes.event, '\0');
  encode_scalar(record.data(), sizes, 0, step, tag, value);
  return framed(record);
}

/// The values of a scalar tag; empty when there is no such tag.
inline std::vector<double> values_of(const RunData& data, const std::string& tag) {
  std::vector<double> values;
  if (const auto found = data.scalars.find(tag); found != data.scalars.end())
    for (std::size_t i = 0; i < found->second.size(); ++i) values.push_back(found->second[i].value);
  return values;
}

}  // namespace ablate
