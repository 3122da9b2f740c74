#include "sweeps/samplers/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"

namespace ablate::sampler_fields {

using nlohmann::json;

void refuse_unknown(const json& fields, std::vector<std::string> known) {
  known.insert(known.begin(), {"name", "seed"});
  for (const auto& [field, value] : fields.items()) {
    if (std::ranges::find(known, field) != known.end()) continue;
    const std::vector<std::string> near = near_matches(field, known, 1);
    throw Error(fmt::format("The sampler {} knows no \"{}\". {}", fields.value("name", ""), field,
                            near.empty() ? fmt::format("It takes {}.", fmt::join(known, ", "))
                                         : fmt::format("Did you mean \"{}\"?", near.front())));
  }
}

std::int64_t whole(const json& fields, const std::string& field, std::int64_t otherwise, std::int64_t low) {
  const auto found = fields.find(field);
  if (found == fields.end()) return otherwise;
  if (!found->is_number_integer() || found->get<std::int64_t>() < low)
    throw Error(
        fmt::format("The sampler's \"{}\" is a whole number from {} on, not {}.", field, low, json_text(*found)));
  return found->get<std::int64_t>();
}

bool flag(const json& fields, const std::string& field, bool otherwise) {
  const auto found = fields.find(field);
  if (found == fields.end()) return otherwise;
  if (!found->is_boolean())
    throw Error(fmt::format("The sampler's \"{}\" is true or false, not {}.", field, json_text(*found)));
  return found->get<bool>();
}

std::uint64_t seed(const json& fields) { return static_cast<std::uint64_t>(whole(fields, "seed", 0, 0)); }

}  // namespace ablate::sampler_fields
