#include "runs/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/mapped_file.h"

namespace ablate {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit

constexpr std::array<std::pair<std::string_view, std::size_t>, 16> kDtypes{{{"BOOL", 1},
                                                                            {"U8", 1},
                                                                            {"I8", 1},
                                                                            {"F8_E5M2", 1},
                                                                            {"F8_E4M3", 1},
                                                                            {"I16", 2},
                                                                            {"U16", 2},
                                                                            {"F16", 2},
                                                                            {"BF16", 2},
                                                                            {"I32", 4},
                                                                            {"U32", 4},
                                                                            {"F32", 4},
                                                                            {"F64", 8},
                                                                            {"I64", 8},
                                                                            {"U64", 8},
                                                                            {"C64", 8}}};

/// Product of the sizes times `element`; throws a std::string that says what is wrong.
std::size_t bytes_of(const std::vector<std::int64_t>& shape, std::size_t element) {
  std::size_t bytes = element;
  for (const std::int64_t size : shape) {
    if (size < 0) throw std::string("a negative size");
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(size), &bytes)) throw std::string("too large a shape");
  }
  return bytes;
}

std::uint64_t offset_at(const Json& offsets, std::size_t i) {
  if (!offsets.at(i).is_number_unsigned()) throw std::string("\"data_offsets\" are not two whole numbers");
  return offsets.at(i).get<std::uint64_t>();
}

/// Throws a std::string that says what is wrong.
TensorView tensor_of(const Json& entry, std::span<const std::byte> data) {
  if (!entry.is_object()) throw std::string("not an object");
  TensorView tensor;
  const auto dtype = entry.find("dtype"), shape = entry.find("shape"), offsets = entry.find("data_offsets");
  if (dtype == entry.end() || !dtype->is_string()) throw std::string("no \"dtype\"");
  tensor.dtype = dtype->get<std::string>();
  const std::size_t element = dtype_bytes(tensor.dtype);
  if (element == 0) throw fmt::format("unknown dtype \"{}\"", tensor.dtype);
  if (shape == entry.end() || !shape->is_array()) throw std::string("no \"shape\"");
  for (const Json& size : *shape) {
    if (!size.is_number_unsigned() ||
        size.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      throw std::string("its shape is not a list of sizes");
    tensor.shape.push_back(size.get<std::int64_t>());
  }
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) throw std::string("no \"data_offsets\"");
  const std::uint64_t begin = offset_at(*offsets, 0), end = offset_at(*offsets, 1);
  if (begin > end || end > data.size()) throw std::string("its data lies outside the file (is the file cut?)");
  if (end - begin != bytes_of(tensor.shape, element))
    throw fmt::format("{} bytes, but shape and dtype make {}", end - begin, bytes_of(tensor.shape, element));
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

struct Parsed {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

Parsed parse(std::span<const std::byte> file, const std::string& where) {
  std::uint64_t length = 0;
  if (file.size() < sizeof length) throw Error(fmt::format("{}: too short for a safetensors file", where));
  std::memcpy(&length, file.data(), sizeof length);
  if (length > kLongestHeader || length > file.size() - sizeof length)
    throw Error(fmt::format("{}: no safetensors file, or cut: its header would be {} bytes", where, length));
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + sizeof length, length);
  const auto data = file.subspan(sizeof length + length);
  if (!text.starts_with('{')) throw Error(fmt::format("{}: no safetensors file: its header is not JSON", where));
  // Of two tensors of one name, one would silently be lost.
  const Json header = parse_json(text, where + ", header", RepeatedKeys::error);

  Parsed parsed;
  std::vector<std::pair<std::size_t, std::size_t>> extents;
  for (const auto& [name, entry] : header.items()) {
    try {
      if (name == "__metadata__") {
        if (!entry.is_object()) throw std::string("not an object");
        for (const auto& [key, value] : entry.items()) {
          if (!value.is_string()) throw fmt::format("\"{}\" is not a text", key);
          parsed.metadata[key] = value.get<std::string>();
        }
        continue;
      }
      const TensorView& tensor = parsed.tensors[name] = tensor_of(entry, data);
      const auto begin = static_cast<std::size_t>(tensor.bytes.data() - data.data());
      extents.emplace_back(begin, begin + tensor.bytes.size());
    } catch (const std::string& what) {
      throw Error(fmt::format("{}: \"{}\": {}", where, name, what));
    }
  }
  std::ranges::sort(extents);
  std::size_t covered = 0;
  for (const auto& [begin, end] : extents) {
    if (begin != covered)
      throw Error(fmt::format("{}: tensors {} at byte {} of the data", where,
                              begin < covered ? "overlap" : "leave a hole", std::min(begin, covered)));
    covered = end;
  }
  if (covered != data.size())
    throw Error(fmt::format("{}: {} bytes behind the last tensor", where, data.size() - covered));
  return parsed;
}

}  // namespace

std::size_t dtype_bytes(const std::string& dtype) {
  for (const auto& [name, bytes] : kDtypes)
    if (name == dtype) return bytes;
  return 0;
}

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t end = offset + tensor.bytes.size();
    try {
      const std::size_t element = dtype_bytes(tensor.dtype);
      if (element == 0) throw fmt::format("unknown dtype \"{}\"", tensor.dtype);
      if (bytes_of(tensor.shape, element) != tensor.bytes.size())
        throw std::string("its shape and dtype don't fit its bytes");
      if (name == "__metadata__") throw std::string("that name is taken by the format");
    } catch (const std::string& what) {
      throw Error(fmt::format("{}: \"{}\": {}", file.string(), name, what));
    }
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header);
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  std::vector<std::string_view> pieces{{reinterpret_cast<const char*>(&length), sizeof length}, text};
  for (const auto& [name, tensor] : tensors)
    pieces.emplace_back(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  write_file_atomically(file, pieces);
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file) {
  const MappedFile mapped = map_file(file);
  mapping_ = mapped.bytes;
  Parsed parsed = parse(mapped.span(), file.string());
  tensors_ = std::move(parsed.tensors);
  metadata_ = std::move(parsed.metadata);
}

}  // namespace ablate
