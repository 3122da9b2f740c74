#include "runs/torch_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "runs/error.h"
#include "runs/mapped_file.h"
#include "runs/pickle.h"
#include "runs/zip_file.h"

namespace ablate {
namespace {

constexpr std::array<std::string_view, 6> kUsualKeys{"state_dict", "model",   "model_state_dict",
                                                     "net",        "network", "weights"};
constexpr std::size_t kDeepestDict = 16;
constexpr std::size_t kMostNamed = 8;  ///< in a message
/// Views that are not contiguous are copied, and expanded ones may be far larger than the file.
constexpr std::size_t kMostCopiedBytes = std::size_t{256} << 20, kMostCopiedPerFileByte = 8;
/// The number that files of PyTorch before 1.6 begin with, as any protocol pickles it.
constexpr std::string_view kOldMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::string_view kSaveStateDict = "In Python: torch.save(model.state_dict(), path)";

/// Why a file that is no zip archive is none of ours.
std::string foreign_format(std::string_view text) {
  const std::string_view head = text.substr(0, 64);
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 1 && head[1] <= 5)
    return "a bare pickle, not a file of torch.save. If you trust who made it, in Python: "
           "torch.save(pickle.load(open(path, \"rb\")), new_path)";
  if (first != std::string_view::npos && head[first] == '<')
    return "a web page, not a file of torch.save: perhaps one that asks to log in. Download the file itself";
  if (head.starts_with("version https://git-lfs"))
    return "only Git LFS's note of where the file is. Get the file itself with git lfs pull";
  if (head.size() > 9 && head[8] == '{')
    return "a safetensors file, it seems, not one of torch.save. Give it the ending .safetensors";
  const bool readable = std::ranges::all_of(
      head, [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return fmt::format("{}, not a file that torch.save wrote, and no safetensors. Is it the right file, and whole?",
                     readable ? "a text" : "unknown");
}

/// Finds the dict of tensors, as TorchFile's comment says.
class StateDictFinder {
 public:
  explicit StateDictFinder(const std::string& where) : where_(where) {}

  std::string path;                      ///< of what was found: "checkpoint.model", "" for the outermost
  std::vector<std::string> passed_over;  ///< names of dicts beside it that hold tensors too

  const PickledDict& found_in(const PickledValue& root) {
    const auto* dict = root.as<PickledDict>();
    if (const auto* const object = root.as<PickledOpaque>(); object && object->kind == PickledOpaque::Kind::object)
      throw Error(fmt::format("{}: holds a whole object ({}), which only Python could build. Save its state dict. {}",
                              where_, object->name.substr(0, 100), kSaveStateDict));
    if (dict == nullptr) throw Error(fmt::format("{}: holds no dict of names and tensors. {}", where_, kSaveStateDict));
    if (!holds(*dict, 0)) fail_without_tensors(*dict);
    for (std::size_t depth = 0; depth <= kDeepestDict; ++depth) {
      std::vector<Child> fitting = children(*dict, true);
      if (fitting.empty() && has_tensors(*dict)) return *dict;
      if (fitting.empty()) fitting = children(*dict, false);
      if (fitting.size() != 1) fail_with_several(fitting);
      path += fmt::format("{}{}", path.empty() ? "" : ".", fitting[0].first);
      for (const auto& [name, _] : children(*dict, false))
        if (name != fitting[0].first) passed_over.emplace_back(name);
      dict = fitting[0].second;
    }
    throw Error(fmt::format("{}: its dicts hold each other in a circle. {}", where_, kSaveStateDict));
  }

 private:
  using Child = std::pair<std::string_view, const PickledDict*>;

  static bool is_tensor(const PickledValue& value) {
    const auto* const object = value.as<PickledOpaque>();
    return value.as<PickledTensor>() || (object && object->kind == PickledOpaque::Kind::tensor);
  }

  static bool has_tensors(const PickledDict& dict) {
    return std::ranges::any_of(dict.entries, [](const auto& entry) {
      return entry.first->template as<std::string_view>() != nullptr && is_tensor(*entry.second);
    });
  }

  static bool is_optimizer(const PickledDict& dict) {
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(dict.entries, [&](const auto& entry) {
        const auto* const key = entry.first->template as<std::string_view>();
        return key != nullptr && *key == name;
      });
    };
    return has("state") && has("param_groups");
  }

  /// Whether it or a dict in it has tensors. Each dict is looked at once, whoever shares it, and circles end.
  bool holds(const PickledDict& dict, std::size_t depth) {
    const auto [known, fresh] = holds_.emplace(&dict, false);
    if (!fresh) return known->second;
    if (depth > kDeepestDict || is_optimizer(dict)) return false;
    bool any = has_tensors(dict);
    for (const auto& [key, value] : dict.entries)
      if (const auto* const inner = value->as<PickledDict>(); inner && key->as<std::string_view>())
        any = holds(*inner, depth + 1) || any;
    return holds_[&dict] = any;
  }

  /// Those that hold tensors, each but once, and no more of them than a message can name.
  std::vector<Child> children(const PickledDict& dict, bool usual) const {
    std::vector<Child> found;
    for (const auto& [key, value] : dict.entries) {
      const auto* const name = key->as<std::string_view>();
      const auto* const inner = value->as<PickledDict>();
      if (found.size() > kMostNamed) break;
      if (!name || !inner || (usual && std::ranges::find(kUsualKeys, *name) == kUsualKeys.end())) continue;
      const auto known = holds_.find(inner);
      if (known != holds_.end() && known->second && std::ranges::find(found, inner, &Child::second) == found.end())
        found.emplace_back(*name, inner);
    }
    return found;
  }

  [[noreturn]] void fail_without_tensors(const PickledDict& dict) const {
    for (const auto& [key, value] : dict.entries) {
      const auto* const name = key->as<std::string_view>();
      const auto* const object = value->as<PickledOpaque>();
      if (name && object && std::ranges::find(kUsualKeys, *name) != kUsualKeys.end())
        throw Error(
            fmt::format("{}: \"{}\" is a whole object ({}), which only Python could build, and there are no "
                        "tensors beside it. Save its state dict. {}",
                        where_, *name, object->name.substr(0, 100), kSaveStateDict));
    }
    throw Error(fmt::format("{}: holds no tensors that have names. {}", where_, kSaveStateDict));
  }

  [[noreturn]] void fail_with_several(const std::vector<Child>& fitting) const {
    std::string names;
    for (std::size_t i = 0; i < std::min(fitting.size(), kMostNamed); ++i)
      names += fmt::format("{}\"{}{}{}\"", i == 0 ? "" : ", ", path, path.empty() ? "" : ".", fitting[i].first);
    throw Error(fmt::format("{}: several dicts hold tensors: {}{}. Save the one that is meant to a file of its own",
                            where_, names, fitting.size() > kMostNamed ? ", …" : ""));
  }

  const std::string& where_;
  std::unordered_map<const PickledDict*, bool> holds_;
};

/// The bytes of a storage by its key.
using Records = std::function<std::span<const std::byte>(std::string_view)>;

/// Makes the tensors of a file; members throw a std::string that says what is wrong.
class TensorReader {
 public:
  TensorReader(Records records, std::size_t file_bytes, std::vector<std::shared_ptr<std::byte[]>>& copies)
      : records_(std::move(records)), left_(kMostCopiedBytes + kMostCopiedPerFileByte * file_bytes), copies_(copies) {}

  TensorView view(const PickledTensor& tensor) {
    TensorView view{std::string(tensor.dtype), tensor.shape, {}};
    const std::size_t element = dtype_bytes(view.dtype);
    std::size_t bytes = element, last = tensor.offset;
    const bool nothing = std::ranges::find(tensor.shape, 0) != tensor.shape.end();
    if (nothing) return view;
    bool contiguous = true;
    for (std::size_t i = tensor.shape.size(); i-- > 0;) {
      const auto size = static_cast<std::size_t>(tensor.shape[i]), stride = static_cast<std::size_t>(tensor.strides[i]);
      contiguous = contiguous && (size == 1 || stride == bytes / element);
      std::size_t reach = 0;
      if (__builtin_mul_overflow(bytes, size, &bytes) || __builtin_mul_overflow(size - 1, stride, &reach) ||
          __builtin_add_overflow(last, reach, &last))
        throw std::string("too large a shape");
    }
    const std::span<const std::byte> storage = storage_of(*tensor.storage);
    if (last >= storage.size() / element) throw std::string("its data lies outside its storage (is the file damaged?)");
    const auto from = storage.subspan(tensor.offset * element);
    view.bytes = contiguous ? from.first(bytes) : copied(tensor, element, bytes, from.data());
    return view;
  }

 private:
  std::span<const std::byte> storage_of(const PickledStorage& storage) const {
    std::size_t bytes = 0;
    const std::size_t element = dtype_bytes(std::string(storage.dtype));
    if (element == 0) throw std::string("a dtype that safetensors has no name for. Save it as another");
    const auto record = records_(storage.key);
    if (__builtin_mul_overflow(element, storage.elements, &bytes) || bytes > record.size())
      throw fmt::format("its storage has {} bytes, and should have {} elements of {} (is the file damaged?)",
                        record.size(), storage.elements, element);
    return record.first(bytes);
  }

  std::span<const std::byte> copied(const PickledTensor& tensor, std::size_t element, std::size_t bytes,
                                    const std::byte* from) {
    if (bytes > left_)
      throw std::string("far larger than the file, as an expanded tensor is. Save it smaller, or with .contiguous()");
    left_ -= bytes;
    const auto copy = std::make_shared_for_overwrite<std::byte[]>(bytes);
    const std::size_t dimensions = tensor.shape.size();
    std::vector<std::int64_t> index(dimensions, 0);
    std::size_t at = 0;  // in elements
    for (std::size_t to = 0; to < bytes; to += element) {
      std::memcpy(copy.get() + to, from + at * element, element);
      for (std::size_t i = dimensions; i-- > 0;) {
        at += static_cast<std::size_t>(tensor.strides[i]);
        if (++index[i] < tensor.shape[i]) break;
        at -= static_cast<std::size_t>(tensor.strides[i]) * static_cast<std::size_t>(tensor.shape[i]);
        index[i] = 0;
      }
    }
    copies_.push_back(copy);
    return {copy.get(), bytes};
  }

  Records records_;
  std::size_t left_;  ///< bytes that may still be copied
  std::vector<std::shared_ptr<std::byte[]>>& copies_;
};

struct Taken {
  std::map<std::string, TensorView> tensors;
  std::string note;  ///< TorchFile::note
};

Taken taken_from(const PickledValue& root, TensorReader reader, const std::string& where) {
  Taken taken;
  StateDictFinder finder(where);
  const PickledDict& found = finder.found_in(root);
  if (!finder.passed_over.empty())
    taken.note = fmt::format("its \"{}\" is taken; \"{}\" beside it is not", finder.path,
                             fmt::join(finder.passed_over, "\", \""));
  for (const auto& [key, value] : found.entries) {
    const auto* const name = key->as<std::string_view>();
    if (name == nullptr) continue;
    try {
      if (const auto* const tensor = value->as<PickledTensor>())
        taken.tensors.insert_or_assign(std::string(*name), reader.view(*tensor));
      else if (const auto* const object = value->as<PickledOpaque>();
               object != nullptr && object->kind == PickledOpaque::Kind::tensor)
        throw fmt::format(
            "sparse, quantised, or of a dtype that safetensors has no name for ({}). Save it as a plain "
            "tensor",
            object->name);
    } catch (const std::string& what) {
      throw Error(fmt::format("{}: \"{}\": {}", where, name->substr(0, 200), what));
    }
  }
  return taken;
}

/// A file of PyTorch before 1.6: five pickles (a number, a version, what the machine was like, the object, the keys of
/// its storages), and then each storage, in the order of the keys: its number of elements, 64 bits, and its bytes.
class OldFile {
 public:
  OldFile(std::span<const std::byte> bytes, const std::string& where) : rest_(bytes), where_(where) {
    next();
    next();
    check_machine(next()->root());
    object_ = next();
    const std::unique_ptr<Pickle> keys = next();
    std::unordered_map<std::string_view, std::size_t> elements;  // Bytes of each, by the key of their storage.
    for (const PickledValue& value : object_->values())
      if (const auto* const storage = value.as<PickledStorage>())
        elements[storage->key] = dtype_bytes(std::string(storage->dtype));
    const auto* const list = keys->root().as<PickledSequence>();
    if (list == nullptr) fail("it has no list of storages");
    for (const PickledValue* const item : list->items) {
      const auto* const key = item->as<std::string_view>();
      const auto known = key == nullptr ? elements.end() : elements.find(*key);
      if (known == elements.end() || known->second == 0) fail("it has a storage of an unknown type");
      std::uint64_t count = 0;
      std::memcpy(&count, take(sizeof count).data(), sizeof count);
      std::size_t size = 0;
      if (__builtin_mul_overflow(count, known->second, &size)) fail("it has a storage of an absurd size");
      storages_[known->first] = take(size);
    }
  }

  const Pickle& object() const { return *object_; }
  /// Throws a std::string where there is none.
  std::span<const std::byte> storage(std::string_view key) const {
    const auto found = storages_.find(key);
    if (found == storages_.end()) throw std::string("its storage is missing");
    return found->second;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(fmt::format("{}: {}. Copy or download it again, or save it anew with torch.save", where_, what));
  }

  std::span<const std::byte> take(std::size_t count) {
    if (count > rest_.size()) fail("it is cut: the end of its storages is missing");
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::unique_ptr<Pickle> next() {
    auto pickle = std::make_unique<Pickle>(rest_, where_);
    take(pickle->length());
    return pickle;
  }

  void check_machine(const PickledValue& about) const {
    const auto* const dict = about.as<PickledDict>();
    if (dict == nullptr) fail("it does not say what machine it is of");
    for (const auto& [key, value] : dict->entries)
      if (const auto* const name = key->as<std::string_view>(); name != nullptr && *name == "little_endian")
        if (const auto* const little = value->as<bool>(); little == nullptr || !*little)
          fail("its byte order is \"big\", and only \"little\" is read");
  }

  std::span<const std::byte> rest_;
  const std::string& where_;
  std::unique_ptr<Pickle> object_;
  std::unordered_map<std::string_view, std::span<const std::byte>> storages_;
};

/// The folder of the archive, with its slash, in which all of its records lie.
std::string archive_folder(const ZipFile& archive, const std::string& where) {
  const std::string& first = archive.names().empty() ? std::string() : archive.names().front();
  const std::string folder = first.substr(0, first.find('/') == std::string::npos ? 0 : first.find('/') + 1);
  const bool code =
      std::ranges::any_of(archive.names(), [&](const std::string& name) { return name.starts_with(folder + "code/"); });
  if (code || archive.contains(folder + "constants.pkl"))
    throw Error(
        fmt::format("{}: a TorchScript program, not a file of torch.save. In Python: "
                    "torch.save(torch.jit.load(path).state_dict(), new_path)",
                    where));
  if (!archive.contains(folder + "data.pkl"))
    throw Error(
        fmt::format("{}: a zip archive, but not one of torch.save: it has no data.pkl. {}", where, kSaveStateDict));
  if (archive.contains(folder + "byteorder")) {
    const auto order = archive.record(folder + "byteorder");
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    if (text != "little")
      throw Error(fmt::format("{}: its byte order is \"{}\", and only \"little\" is read. Save it on another machine",
                              where, text.substr(0, 20)));
  }
  return folder;
}

}  // namespace

TorchFile::TorchFile(const std::filesystem::path& file) {
  const std::string where = file.string();
  const MappedFile mapped = map_file(file);
  mapping_ = mapped.bytes;

  const auto bytes = mapped.span();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto keep = [&](Taken taken) {
    tensors_ = std::move(taken.tensors);
    note_ = std::move(taken.note);
  };
  if (text.substr(0, 64).find(kOldMagic) != std::string_view::npos) {
    const OldFile old(bytes, where);
    const auto record = [&](std::string_view key) { return old.storage(key); };
    keep(taken_from(old.object().root(), {record, mapped.size, copies_}, where));
    return;
  }
  if (!text.starts_with("PK")) throw Error(fmt::format("{}: {}", where, foreign_format(text)));
  const ZipFile archive(bytes, where);
  const std::string folder = archive_folder(archive, where);
  const Pickle pickle(archive.record(folder + "data.pkl"), where);
  const auto record = [&](std::string_view key) { return archive.record(fmt::format("{}data/{}", folder, key)); };
  keep(taken_from(pickle.root(), {record, mapped.size, copies_}, where));
}

}  // namespace ablate
