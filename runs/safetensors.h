#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ablate {

/// One tensor of a safetensors file. `dtype` is the format's own word: "F32", "F64", "F16", "BF16", "I64", "U8",
/// "BOOL", …
struct TensorView {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< little endian, row-major, contiguous
};

/// Bytes of one element; 0 for a dtype we don't know.
std::size_t dtype_bytes(const std::string& dtype);

/// Writes `tensors` in name order, 8-byte aligned header, synced and renamed into place.
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// A mapped safetensors file. Throws Error (file, what) for anything that is not one: header too long or not JSON,
/// offsets outside, overlapping or with holes, sizes that disagree with shape and dtype.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& file);
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::shared_ptr<const std::byte> mapping_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace ablate
