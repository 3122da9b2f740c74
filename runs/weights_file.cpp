#include "runs/weights_file.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "runs/error.h"
#include "runs/torch_file.h"

namespace ablate {
namespace {

/// It begins with the length of its header, eight bytes, and the header's brace. What is neither that nor a file of
/// torch.save is told by TorchFile.
bool looks_like_safetensors(const std::filesystem::path& path) {
  char head[9] = {};
  std::ifstream(path, std::ios::binary).read(head, sizeof head);
  return head[8] == '{';
}

double half_precision(std::uint16_t bits) {
  const double sign = bits & 0x8000 ? -1 : 1;
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * HUGE_VAL;
  return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

double brain_float(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

template <class Element, class Convert>
std::vector<double> converted(std::span<const std::byte> bytes, const Convert& convert) {
  std::vector<double> numbers(bytes.size() / sizeof(Element));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Element element;
    std::memcpy(&element, bytes.data() + i * sizeof(Element), sizeof(Element));
    numbers[i] = convert(element);
  }
  return numbers;
}

template <class Element>
std::vector<double> plain(std::span<const std::byte> bytes) {
  return converted<Element>(bytes, [](Element element) { return static_cast<double>(element); });
}

}  // namespace

WeightsFile::WeightsFile(const std::filesystem::path& path) {
  if (!looks_like_safetensors(path)) {
    auto file = std::make_shared<const TorchFile>(path);
    tensors_ = &file->tensors();
    note_ = file->note();
    file_ = std::move(file);
    return;
  }
  try {
    auto file = std::make_shared<const SafetensorsFile>(path);
    tensors_ = &file->tensors();
    file_ = std::move(file);
  } catch (const Error& error) {
    throw Error(fmt::format("{}. Copy or download it again, or save it anew", error.what()));
  }
}

std::vector<double> numbers_of(const TensorView& tensor) {
  const std::string& type = tensor.dtype;
  if (type == "F32") return plain<float>(tensor.bytes);
  if (type == "F64") return plain<double>(tensor.bytes);
  if (type == "F16") return converted<std::uint16_t>(tensor.bytes, half_precision);
  if (type == "BF16") return converted<std::uint16_t>(tensor.bytes, brain_float);
  if (type == "I64") return plain<std::int64_t>(tensor.bytes);
  if (type == "I32") return plain<std::int32_t>(tensor.bytes);
  if (type == "I16") return plain<std::int16_t>(tensor.bytes);
  if (type == "I8") return plain<std::int8_t>(tensor.bytes);
  if (type == "U8" || type == "BOOL") return plain<std::uint8_t>(tensor.bytes);
  return {};
}

}  // namespace ablate
