#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ablate {

struct PickledValue;

/// A list or a tuple.
struct PickledSequence {
  std::vector<PickledValue*> items;
};

/// A dict or an OrderedDict, in its order. Of a key that occurs twice the last one holds.
struct PickledDict {
  std::vector<std::pair<PickledValue*, PickledValue*>> entries;
};

/// A class or function by its full name; never looked up, never called.
struct PickledGlobal {
  std::string name;
};

/// What a tensor's numbers lie in: the record `data/<key>`.
struct PickledStorage {
  std::string_view dtype;  ///< as safetensors names it; empty: one that it has no name for
  std::string_view key;
  std::uint64_t elements = 0;
};

/// A tensor as a view of a storage. Sizes, strides and offset are not negative, and not yet compared with the storage.
struct PickledTensor {
  const PickledStorage* storage = nullptr;
  std::string_view dtype;    ///< as safetensors names it
  std::uint64_t offset = 0;  ///< in elements, like the strides
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
};

/// Any object that has no meaning here.
struct PickledOpaque {
  enum class Kind {
    object,
    tensor,  ///< one that can't be read: sparse, quantised, of a rare dtype, …
  };
  std::string_view name;  ///< of its class, or of the function that makes it; may be empty
  Kind kind = Kind::object;
};

/// One value; monostate is None.
struct PickledValue {
  std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PickledSequence, PickledDict,
               PickledGlobal, PickledStorage, PickledTensor, PickledOpaque>
      content;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&content);
  }
  template <typename T>
  T* as() {
    return std::get_if<T>(&content);
  }
};

/// What a pickle of torch.save (protocol 2 to 5) holds. It is data only: nothing is imported, made or called; of all
/// names only those of `pickle_meanings.h` mean anything, and every other object is a PickledOpaque.
class Pickle {
 public:
  /// `bytes` must outlive this: strings are views of them. `where` begins every message. Throws Error for anything that
  /// is not a whole pickle, and for more than two million values.
  Pickle(std::span<const std::byte> bytes, const std::string& where);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  /// Values may be shared, and hold each other in a circle.
  const PickledValue& root() const { return *root_; }
  /// All there are.
  const std::deque<PickledValue>& values() const { return values_; }
  /// How many of the bytes it took; others may follow.
  std::size_t length() const { return length_; }

 private:
  std::deque<PickledValue> values_;
  const PickledValue* root_ = nullptr;
  std::size_t length_ = 0;
};

}  // namespace ablate
