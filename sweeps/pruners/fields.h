#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runs/types.h"

namespace ablate {

/// What a person writes for a pruner, {"name", …}. Each field is asked for once; errors name the pruner and the field.
class PrunerFields {
 public:
  explicit PrunerFields(nlohmann::json fields);

  /// `otherwise` where it is missing. Throws Error for what is no whole number from `low` on.
  Step whole(const char* field, Step otherwise, Step low);
  /// `otherwise` where it is missing or "auto". Throws Error for what is no whole number from 1 on.
  Step whole_or_auto(const char* field, Step otherwise);
  /// `otherwise` where it is missing. Throws Error for what is no number within [low, high].
  double number(const char* field, double otherwise, double low, double high);
  /// null where it is missing.
  nlohmann::json any(const char* field);

  /// Throws Error, with the nearest, for a field that nobody asked for.
  void refuse_others() const;

 private:
  std::string where_;
  nlohmann::json left_;
  std::vector<std::string> asked_;
};

}  // namespace ablate
