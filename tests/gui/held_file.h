#pragma once

#include <filesystem>

namespace ablate {

/// A file on a disk that gives no answer, as on a network that hangs: while this lives, whoever reads from the file
/// waits. One at a time.
class HeldFile {
 public:
  explicit HeldFile(const std::filesystem::path& file);
  /// The disk answers.
  ~HeldFile();
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;

  /// Whether somebody waits.
  bool is_waited_for() const;
};

}  // namespace ablate
