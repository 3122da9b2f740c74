#include "runs/tensor_values.h"

#include <cmath>

#include "runs/event_fields.h"

namespace ablate {
namespace {

namespace t = pb::tensor;

constexpr std::size_t kMostRepeated = 1 << 24;  // A shape may say that one value fills terabytes.

double half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const double fraction = bits & 0x3ff;
  const double size = exponent == 0x1f ? (fraction != 0 ? NAN : INFINITY)
                      : exponent == 0  ? std::ldexp(fraction, -24)
                                       : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

double bfloat16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// How elements of a dtype are stored.
struct Storage {
  std::size_t size = 0;          ///< bytes in tensor_content; 0 for a dtype that is no number
  std::uint32_t list = 0;        ///< the field of the typed list
  std::uint32_t other_list = 0;  ///< where some writers put it instead
};

Storage storage_of(std::uint64_t dtype) {
  switch (dtype) {
    case t::kFloat:
      return {4, t::kFloatVal};
    case t::kDouble:
      return {8, t::kDoubleVal};
    case t::kInt32:
      return {4, t::kIntVal};
    case t::kUint8:
      return {1, t::kIntVal, t::kUint32Val};
    case t::kInt16:
      return {2, t::kIntVal};
    case t::kInt8:
      return {1, t::kIntVal};
    case t::kInt64:
      return {8, t::kInt64Val};
    case t::kBool:
      return {1, t::kBoolVal};
    case t::kBfloat16:
      return {2, t::kHalfVal};
    case t::kUint16:
      return {2, t::kIntVal, t::kUint32Val};
    case t::kHalf:
      return {2, t::kHalfVal};
    case t::kUint32:
      return {4, t::kUint32Val};
    case t::kUint64:
      return {8, t::kUint64Val};
    default:
      return {};
  }
}

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

double from_content(std::uint64_t dtype, const char* at) {
  switch (dtype) {
    case t::kFloat:
      return load<float>(at);
    case t::kDouble:
      return load<double>(at);
    case t::kInt32:
      return load<std::int32_t>(at);
    case t::kUint8:
      return load<std::uint8_t>(at);
    case t::kInt16:
      return load<std::int16_t>(at);
    case t::kInt8:
      return load<std::int8_t>(at);
    case t::kInt64:
      return static_cast<double>(load<std::int64_t>(at));
    case t::kBool:
      return load<std::uint8_t>(at) != 0;
    case t::kBfloat16:
      return bfloat16(load<std::uint16_t>(at));
    case t::kUint16:
      return load<std::uint16_t>(at);
    case t::kHalf:
      return half(load<std::uint16_t>(at));
    case t::kUint32:
      return load<std::uint32_t>(at);
    default:
      return static_cast<double>(load<std::uint64_t>(at));
  }
}

double from_varint(std::uint64_t dtype, std::uint64_t number) {
  switch (dtype) {
    case t::kUint8:
      return static_cast<std::uint8_t>(number);
    case t::kInt8:
      return static_cast<std::int8_t>(number);
    case t::kInt16:
      return static_cast<std::int16_t>(number);
    case t::kUint16:
      return static_cast<std::uint16_t>(number);
    case t::kInt32:
      return static_cast<std::int32_t>(number);
    case t::kUint32:
      return static_cast<std::uint32_t>(number);
    case t::kInt64:
      return static_cast<double>(static_cast<std::int64_t>(number));
    case t::kBool:
      return number != 0;
    case t::kHalf:
      return half(static_cast<std::uint16_t>(number));
    case t::kBfloat16:
      return bfloat16(static_cast<std::uint16_t>(number));
    default:
      return static_cast<double>(number);
  }
}

/// Calls `use(double)` for every element of the typed list `field`; false when it is damaged.
template <class Use>
bool each_in_list(const TensorFields& tensor, std::uint32_t field, Use use) {
  const WireType element = field == t::kFloatVal    ? WireType::fixed32
                           : field == t::kDoubleVal ? WireType::fixed64
                                                    : WireType::varint;
  const auto value_of = [&](std::uint64_t number) -> double {
    if (element == WireType::fixed32) return std::bit_cast<float>(static_cast<std::uint32_t>(number));
    if (element == WireType::fixed64) return std::bit_cast<double>(number);
    return from_varint(tensor.dtype, number);
  };
  for (const TensorFields::Numbers& numbers : tensor.lists) {
    if (numbers.field != field) continue;
    if (numbers.type == element) {
      use(value_of(numbers.number));
    } else if (numbers.type == WireType::bytes) {
      const char* at = numbers.bytes.data();
      const char* const end = at + numbers.bytes.size();
      while (at != end) {
        std::uint64_t number = 0;
        if (element == WireType::varint) {
          if (!read_varint(at, end, number)) return false;
        } else {
          const std::ptrdiff_t size = element == WireType::fixed32 ? 4 : 8;
          if (end - at < size) return false;
          std::memcpy(&number, at, static_cast<std::size_t>(size));
          at += size;
        }
        use(value_of(number));
      }
    }
  }
  return true;
}

/// Calls `use(double)` for every element that is stored; false when the tensor holds no numbers or is damaged.
template <class Use>
bool each_number(const TensorFields& tensor, Use use) {
  const Storage storage = storage_of(tensor.dtype);
  if (storage.size == 0) return false;
  if (!tensor.content.empty()) {
    if (tensor.content.size() % storage.size != 0) return false;
    for (std::size_t i = 0; i < tensor.content.size(); i += storage.size)
      use(from_content(tensor.dtype, tensor.content.data() + i));
    return true;
  }
  std::size_t count = 0;
  const auto counted = [&](double value) {
    ++count;
    use(value);
  };
  if (!each_in_list(tensor, storage.list, counted)) return false;
  return count > 0 || storage.other_list == 0 || each_in_list(tensor, storage.other_list, use);
}

/// How many elements `shape` has, one size of -1 standing for whatever `stored` leaves; nullopt when it fits nothing.
std::optional<std::size_t> elements_of(std::vector<std::int64_t>& shape, std::size_t stored) {
  std::size_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& size : shape) {
    if (size == -1 && open == nullptr) {
      open = &size;
    } else if (size < 0 || __builtin_mul_overflow(known, static_cast<std::size_t>(size), &known)) {
      return std::nullopt;
    }
  }
  if (open == nullptr) return known;
  if (known == 0 || stored % known != 0) return std::nullopt;
  *open = static_cast<std::int64_t>(stored / known);
  return stored;
}

}  // namespace

std::optional<double> scalar_of(const TensorFields& tensor) {
  double value = 0;
  std::size_t count = 0;
  const bool whole = each_number(tensor, [&](double number) {
    value = number;
    ++count;
  });
  if (!whole || count != 1) return std::nullopt;
  for (const std::int64_t size : tensor.shape)
    if (size != 1 && size != -1) return std::nullopt;
  return value;
}

std::optional<FloatTensor> floats_of(const TensorFields& tensor) {
  FloatTensor result;
  if (!each_number(tensor, [&](double number) { result.values.push_back(static_cast<float>(number)); }))
    return std::nullopt;
  result.shape = tensor.shape;
  const auto elements = elements_of(result.shape, result.values.size());
  if (!elements) return std::nullopt;
  if (*elements == result.values.size()) return result;
  // One value in a typed list stands for all of them.
  if (result.values.size() != 1 || !tensor.content.empty() || *elements > kMostRepeated) return std::nullopt;
  const float value = result.values[0];  // not a reference: assign() would read it while it overwrites it
  result.values.assign(*elements, value);
  return result;
}

std::optional<std::vector<std::string_view>> strings_of(const TensorFields& tensor) {
  if (tensor.dtype != t::kString) return std::nullopt;
  std::vector<std::string_view> strings;
  for (const TensorFields::Numbers& list : tensor.lists)
    if (list.field == t::kStringVal && list.type == WireType::bytes) strings.push_back(list.bytes);
  return strings;
}

std::optional<Histogram> histogram_of_tensor(const TensorFields& tensor) {
  const auto rows = floats_of(tensor);
  if (!rows || rows->shape.size() != 2 || rows->shape[1] != 3) return std::nullopt;
  Histogram histogram;
  for (std::size_t i = 0; i + 2 < rows->values.size(); i += 3) {
    const double left = rows->values[i], right = rows->values[i + 1], count = rows->values[i + 2];
    if (i == 0) histogram.min = left;
    histogram.max = right;
    const double middle = (left + right) / 2;
    histogram.count += count;
    histogram.sum += count * middle;
    histogram.sum_squares += count * middle * middle;
    histogram.bucket_limits.push_back(right);
    histogram.bucket_counts.push_back(count);
  }
  return histogram;
}

}  // namespace ablate
