#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ablate {

/// An object that a person writes, read field by field; null is as good as missing, which is nullopt. Throws Error that
/// begins with `where`, whose fields they are ("The pruner median"), and names the field.
class Fields {
 public:
  /// Throws for what is no object.
  Fields(nlohmann::ordered_json object, std::string where);

  const std::string& where() const { return where_; }

  /// null where it is missing.
  const nlohmann::ordered_json& any(const char* field);
  std::optional<std::string> text(const char* field);
  /// One of `words`.
  std::optional<std::string> word(const char* field, const std::vector<std::string>& words);
  std::optional<bool> flag(const char* field);
  /// A whole number within [low, high].
  std::optional<std::int64_t> whole(const char* field, std::int64_t low,
                                    std::int64_t high = std::numeric_limits<std::int64_t>::max());
  /// A number within [low, high].
  std::optional<double> number(const char* field, double low = -std::numeric_limits<double>::infinity(),
                               double high = std::numeric_limits<double>::infinity());
  std::optional<double> above_zero(const char* field);

  /// Throws, with the nearest, for a field that nobody has asked for.
  void refuse_others() const;

 private:
  [[noreturn]] void refuse(const char* field, const std::string& wanted) const;

  nlohmann::ordered_json object_;
  std::string where_;
  std::vector<std::string> asked_;
};

/// A field of a sampler or a pruner, as people are told of it.
struct FieldMeaning {
  std::string name;
  std::string otherwise;  ///< what it is where it is missing
  std::string meaning;    ///< one sentence
};

/// The "name" of what is written as `example`, a sampler or another `kind`. Throws Error for what isn't.
std::string name_in(const nlohmann::json& object, const char* kind, const char* example);
/// Throws Error: there is no such sampler, or whatever `kind` is; the nearest of `names`, or all.
[[noreturn]] void no_such(const char* kind, const std::string& name, const std::vector<std::string>& names);

}  // namespace ablate
