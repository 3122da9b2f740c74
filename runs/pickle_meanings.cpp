#include "runs/pickle_meanings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ablate {
namespace {

constexpr std::size_t kMostDimensions = 64;  // PyTorch's own limit

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kStorageDtypes{{{"FloatStorage", "F32"},
                                                                                        {"DoubleStorage", "F64"},
                                                                                        {"HalfStorage", "F16"},
                                                                                        {"BFloat16Storage", "BF16"},
                                                                                        {"LongStorage", "I64"},
                                                                                        {"IntStorage", "I32"},
                                                                                        {"ShortStorage", "I16"},
                                                                                        {"CharStorage", "I8"},
                                                                                        {"ByteStorage", "U8"},
                                                                                        {"BoolStorage", "BOOL"},
                                                                                        {"ComplexFloatStorage", "C64"},
                                                                                        {"UntypedStorage", "U8"}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTorchDtypes{{{"float32", "F32"},
                                                                                      {"float64", "F64"},
                                                                                      {"float16", "F16"},
                                                                                      {"bfloat16", "BF16"},
                                                                                      {"int64", "I64"},
                                                                                      {"int32", "I32"},
                                                                                      {"int16", "I16"},
                                                                                      {"int8", "I8"},
                                                                                      {"uint8", "U8"},
                                                                                      {"bool", "BOOL"},
                                                                                      {"uint16", "U16"},
                                                                                      {"uint32", "U32"},
                                                                                      {"uint64", "U64"},
                                                                                      {"float8_e5m2", "F8_E5M2"},
                                                                                      {"float8_e4m3fn", "F8_E4M3"},
                                                                                      {"complex64", "C64"}}};

/// Empty for a name that is not in `table`.
template <std::size_t size>
std::string_view dtype_in(const std::array<std::pair<std::string_view, std::string_view>, size>& table,
                          std::string_view name) {
  const auto found = std::ranges::find(table, name, &std::pair<std::string_view, std::string_view>::first);
  return found == table.end() ? std::string_view() : found->second;
}

/// "c" of "a.b.c" when `name` lies directly in one of `modules`; else empty.
std::string_view name_within(std::string_view name, std::initializer_list<std::string_view> modules) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || std::ranges::find(modules, name.substr(0, dot)) == modules.end()) return {};
  return name.substr(dot + 1);
}

PickledValue* stored(std::deque<PickledValue>& values, PickledValue value) {
  return &values.emplace_back(std::move(value));
}

std::uint64_t count_of(const PickledValue& value) {
  const auto* const number = value.as<std::int64_t>();
  if (number == nullptr || *number < 0) throw std::string("a size, stride or offset that is not one");
  return static_cast<std::uint64_t>(*number);
}

std::vector<std::int64_t> counts_of(const PickledValue& value) {
  const auto* const sequence = value.as<PickledSequence>();
  if (sequence == nullptr) throw std::string("a tensor without a shape");
  if (sequence->items.size() > kMostDimensions) throw std::string("a tensor of too many dimensions");
  std::vector<std::int64_t> counts;
  for (const PickledValue* const item : sequence->items) counts.push_back(static_cast<std::int64_t>(count_of(*item)));
  return counts;
}

/// `_rebuild_tensor(storage, offset, size, stride)`, with `_v2` followed by requires_grad, hooks, metadata, and with
/// `_v3` by requires_grad, hooks, dtype, metadata.
PickledValue rebuilt(std::string_view name, const std::vector<PickledValue*>& arguments) {
  const bool third = name.ends_with("_v3");
  const PickledValue unreadable{PickledOpaque{name, PickledOpaque::Kind::tensor}};
  if (arguments.size() < (third ? 7u : 4u)) throw std::string("a tensor without all of its arguments");
  const auto* const storage = arguments[0]->as<PickledStorage>();
  if (storage == nullptr) throw std::string("a tensor without a storage");
  PickledTensor tensor{storage, storage->dtype, count_of(*arguments[1]), counts_of(*arguments[2]),
                       counts_of(*arguments[3])};
  if (tensor.shape.size() != tensor.strides.size()) throw std::string("a tensor with a stride too many or too few");
  if (third) {
    const auto* const dtype = arguments[6]->as<PickledGlobal>();
    if (dtype == nullptr) throw std::string("a tensor without a dtype");
    tensor.dtype = dtype_in(kTorchDtypes, name_within(dtype->name, {"torch"}));
  }
  if (tensor.dtype.empty()) return unreadable;
  // Metadata are the bits that say that the numbers are to be negated or conjugated.
  const std::size_t metadata = third ? 7 : 6;
  if (arguments.size() > metadata && !std::holds_alternative<std::monostate>(arguments[metadata]->content)) {
    const auto* const bits = arguments[metadata]->as<PickledDict>();
    if (bits == nullptr || !bits->entries.empty()) return unreadable;
  }
  return {std::move(tensor)};
}

}  // namespace

PickledValue* pickled_reference(std::deque<PickledValue>& values, const PickledValue& persistent_id) {
  const auto* const id = persistent_id.as<PickledSequence>();
  if (id != nullptr && id->items.size() > 1)
    if (const auto* const word = id->items[0]->as<std::string_view>(); word != nullptr && *word == "module")
      return id->items[1];
  if (id == nullptr || id->items.size() < 5) throw std::string("a storage without a description");
  const auto* const word = id->items[0]->as<std::string_view>();
  const auto* const type = id->items[1]->as<PickledGlobal>();
  const auto* const key = id->items[2]->as<std::string_view>();
  if (word == nullptr || *word != "storage" || type == nullptr || key == nullptr)
    throw std::string("a storage without a description");
  if (id->items.size() > 5 && id->items[5]->as<std::monostate>() == nullptr)
    throw std::string("a storage that is part of another, as PyTorch before 0.4 had them");
  return stored(values, {PickledStorage{
                            dtype_in(kStorageDtypes, name_within(type->name, {"torch", "torch.cuda", "torch.storage"})),
                            *key, count_of(*id->items[4])}});
}

PickledValue* pickled_result(std::deque<PickledValue>& values, const PickledValue& callable,
                             const PickledValue& arguments) {
  const auto* const global = callable.as<PickledGlobal>();
  const auto* const sequence = arguments.as<PickledSequence>();
  if (global == nullptr || sequence == nullptr) return stored(values, {PickledOpaque{}});
  const std::string_view name = global->name;
  const auto& items = sequence->items;
  if ((name == "collections.OrderedDict" && items.empty()) || name == "collections.defaultdict")
    return stored(values, {PickledDict{}});
  if (name == "torch.Size" && items.size() == 1 && items[0]->as<PickledSequence>() != nullptr) return items[0];

  const std::string_view function = name_within(name, {"torch._utils"});
  if (function == "_rebuild_tensor" || function == "_rebuild_tensor_v2" || function == "_rebuild_tensor_v3")
    return stored(values, rebuilt(name, items));
  if (function == "_rebuild_parameter" || function == "_rebuild_parameter_with_state") {
    if (items.empty()) throw std::string("a parameter without a tensor");
    return items[0];
  }
  if (function.starts_with("_rebuild_")) return stored(values, {PickledOpaque{name, PickledOpaque::Kind::tensor}});
  // (function, class, arguments, state): of a tensor with attributes of its own, or of a subclass.
  if (name == "torch._tensor._rebuild_from_type" || name == "torch._tensor._rebuild_from_type_v2") {
    if (items.size() < 3) throw std::string("a tensor without all of its arguments");
    const auto* const inner = items[0]->as<PickledGlobal>();
    if (inner != nullptr && !name_within(inner->name, {"torch._utils"}).empty())
      return pickled_result(values, *items[0], *items[2]);
    return stored(values, {PickledOpaque{name, PickledOpaque::Kind::tensor}});
  }
  return stored(values, {PickledOpaque{name}});
}

}  // namespace ablate
