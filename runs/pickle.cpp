#include "runs/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "runs/error.h"
#include "runs/pickle_meanings.h"

namespace ablate {
namespace {

constexpr std::size_t kMostPushes = 2'000'000;  ///< bounds the values, the stack, every list and the memo

/// Python's stack machine as far as torch.save uses it: the opcodes of protocol 2 to 5, from Lib/pickle.py. Members
/// throw a std::string that says what is wrong.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, std::deque<PickledValue>& values) : bytes_(bytes), values_(values) {}

  PickledValue* run() {
    while (true) {
      const auto opcode = read<std::uint8_t>();
      if (opcode == '.') return pop();
      if (!scalar(opcode) && !text(opcode) && !collection(opcode) && !object(opcode) && !bookkeeping(opcode))
        throw fmt::format("an opcode 0x{:02x} that torch.save does not write", opcode);
    }
  }
  std::size_t offset() const { return offset_; }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - offset_) throw std::string("it is cut");
    const std::string_view taken = bytes_.substr(offset_, count);
    offset_ += count;
    return taken;
  }

  template <typename T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view line() {
    const std::size_t end = bytes_.find('\n', offset_);
    if (end == std::string_view::npos) throw std::string("it is cut");
    const std::string_view taken = take(end - offset_);
    ++offset_;
    return taken;
  }

  bool push(PickledValue* value) {
    if (++pushes_ > kMostPushes) throw fmt::format("more than {} values", kMostPushes);
    stack_.push_back(value);
    return true;
  }

  bool push(decltype(PickledValue::content) content) {
    return push(&values_.emplace_back(PickledValue{std::move(content)}));
  }

  /// Nothing below the last mark can be taken.
  void need(std::size_t count) const {
    if (stack_.size() - (marks_.empty() ? 0 : marks_.back()) < count) throw std::string("a value is missing");
  }

  PickledValue& top() {
    need(1);
    return *stack_.back();
  }

  PickledValue* pop() {
    need(1);
    PickledValue* const value = stack_.back();
    stack_.pop_back();
    return value;
  }

  std::vector<PickledValue*> pop_last(std::size_t count) {
    need(count);
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<PickledValue*> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    return items;
  }

  std::vector<PickledValue*> pop_to_mark() {
    if (marks_.empty()) throw std::string("a mark is missing");
    std::vector<PickledValue*> items = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  /// A whole number of `size` bytes, two's complement; one that has no room in 64 bits is opaque.
  bool push_long(std::string_view digits) {
    if (digits.size() > sizeof(std::int64_t)) return push(PickledOpaque{"int"});
    std::uint64_t number = !digits.empty() && (digits.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    std::memcpy(&number, digits.data(), digits.size());
    return push(std::bit_cast<std::int64_t>(number));
  }

  bool push_global(std::string_view module, std::string_view name) {
    return push(PickledGlobal{fmt::format("{}.{}", module, name)});
  }

  bool scalar(std::uint8_t opcode) {
    switch (opcode) {
      case 'N':
        return push(std::monostate{});
      case 0x88:
        return push(true);
      case 0x89:
        return push(false);
      case 'J':
        return push(std::int64_t{read<std::int32_t>()});
      case 'K':
        return push(std::int64_t{read<std::uint8_t>()});
      case 'M':
        return push(std::int64_t{read<std::uint16_t>()});
      case 0x8a:
        return push_long(take(read<std::uint8_t>()));
      case 0x8b:
        return push_long(take(read<std::uint32_t>()));
      case 'G':
        return push(std::bit_cast<double>(__builtin_bswap64(read<std::uint64_t>())));
      default:
        return false;
    }
  }

  bool text(std::uint8_t opcode) {
    switch (opcode) {
      case 'X':
        return push(take(read<std::uint32_t>()));
      case 0x8c:
        return push(take(read<std::uint8_t>()));
      case 0x8d:
        return push(take(read<std::uint64_t>()));
      // Bytes, and Python 2's strings, are never names.
      case 'B':
      case 'T':
        take(read<std::uint32_t>());
        return push(PickledOpaque{"bytes"});
      case 'C':
      case 'U':
        take(read<std::uint8_t>());
        return push(PickledOpaque{"bytes"});
      case 0x8e:
      case 0x96:
        take(read<std::uint64_t>());
        return push(PickledOpaque{"bytes"});
      default:
        return false;
    }
  }

  bool collection(std::uint8_t opcode) {
    switch (opcode) {
      case ')':
      case ']':
        return push(PickledSequence{});
      case '}':
        return push(PickledDict{});
      case 't':
      case 'l':
        return push(PickledSequence{pop_to_mark()});
      case 0x85:
      case 0x86:
      case 0x87:
        return push(PickledSequence{pop_last(opcode - 0x84u)});
      case 'd':
        return push(PickledDict{}) && fill_new_dict();
      case 'a':
        return append(pop_last(1));
      case 'e':
        return append(pop_to_mark());
      case 's':
        return set_items(pop_last(2));
      case 'u':
        return set_items(pop_to_mark());
      case 0x8f:
        return push(PickledOpaque{"set"});
      case 0x90:
        pop_to_mark();
        return true;
      case 0x91:
        pop_to_mark();
        return push(PickledOpaque{"frozenset"});
      default:
        return false;
    }
  }

  /// The dict that was just pushed takes what lies between it and the mark.
  bool fill_new_dict() {
    PickledValue* const dict = pop();
    const std::vector<PickledValue*> items = pop_to_mark();
    stack_.push_back(dict);
    return set_items(items);
  }

  /// To a list; other objects that are appended to are opaque.
  bool append(const std::vector<PickledValue*>& items) {
    if (auto* const sequence = top().as<PickledSequence>())
      sequence->items.insert(sequence->items.end(), items.begin(), items.end());
    return true;
  }

  bool set_items(const std::vector<PickledValue*>& items) {
    if (items.size() % 2 != 0) throw std::string("a key without a value");
    if (auto* const dict = top().as<PickledDict>())
      for (std::size_t i = 0; i < items.size(); i += 2) dict->entries.emplace_back(items[i], items[i + 1]);
    return true;
  }

  bool object(std::uint8_t opcode) {
    switch (opcode) {
      case 'c': {
        const std::string_view module = line();
        return push_global(module, line());
      }
      case 0x93: {
        const auto* const name = pop()->as<std::string_view>();
        const auto* const module = pop()->as<std::string_view>();
        if (name == nullptr || module == nullptr) throw std::string("a class without a name");
        return push_global(*module, *name);
      }
      case 'R': {
        const std::vector<PickledValue*> call = pop_last(2);
        return push(pickled_result(values_, *call[0], *call[1]));
      }
      case 0x81:
        return push_opaque(*pop_last(2)[0]);
      case 0x92:
        return push_opaque(*pop_last(3)[0]);
      case 'b':
        pop_last(1);
        return need(1), true;  // An attribute such as a state dict's _metadata.
      case 'Q':
        return push(pickled_reference(values_, *pop()));
      default:
        return false;
    }
  }

  bool push_opaque(const PickledValue& type) {
    const auto* const global = type.as<PickledGlobal>();
    return push(PickledOpaque{global == nullptr ? std::string_view() : global->name});
  }

  bool bookkeeping(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80:
        if (const auto protocol = read<std::uint8_t>(); protocol > 5)
          throw fmt::format("pickle protocol {}, where 2 to 5 are known", protocol);
        return true;
      case 0x95:
        read<std::uint64_t>();
        return true;  // A frame's length is for readers of streams.
      case '(':
        if (++pushes_ > kMostPushes) throw fmt::format("more than {} values", kMostPushes);
        marks_.push_back(stack_.size());
        return true;
      case '0':
        pop();
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        return push(&top());
      case 'q':
        return put(read<std::uint8_t>());
      case 'r':
        return put(read<std::uint32_t>());
      case 0x94:
        return put(static_cast<std::uint32_t>(memo_.size()));
      case 'h':
        return get(read<std::uint8_t>());
      case 'j':
        return get(read<std::uint32_t>());
      default:
        return false;
    }
  }

  bool put(std::uint32_t index) {
    memo_[index] = &top();
    if (memo_.size() > kMostPushes) throw fmt::format("more than {} values", kMostPushes);
    return true;
  }

  bool get(std::uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw std::string("a value that it refers to is missing");
    return push(found->second);
  }

  std::string_view bytes_;
  std::size_t offset_ = 0;
  std::deque<PickledValue>& values_;
  std::vector<PickledValue*> stack_;
  std::vector<std::size_t> marks_;  ///< how long the stack was
  std::unordered_map<std::uint32_t, PickledValue*> memo_;
  std::size_t pushes_ = 0;
};

}  // namespace

Pickle::Pickle(std::span<const std::byte> bytes, const std::string& where) {
  PickleMachine machine({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, values_);
  try {
    root_ = machine.run();
    length_ = machine.offset();
  } catch (const std::string& what) {
    throw Error(
        fmt::format("{}: its pickle can't be read at byte {}: {}. Copy or download the file again, or save it "
                    "again with torch.save",
                    where, machine.offset(), what));
  }
}

}  // namespace ablate
