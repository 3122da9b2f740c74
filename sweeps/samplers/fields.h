#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ablate::sampler_fields {

/// What a person writes for a sampler, {"name", "seed", …}, read with errors that name the sampler and the field.

/// Throws Error, with the nearest, for a field that is neither of `known` nor "name" or "seed".
void refuse_unknown(const nlohmann::json& fields, std::vector<std::string> known = {});
/// `otherwise` where it is missing. Throws Error for what is no whole number from `low` on.
std::int64_t whole(const nlohmann::json& fields, const std::string& field, std::int64_t otherwise, std::int64_t low);
/// `otherwise` where it is missing. Throws Error for what is not true or false.
bool flag(const nlohmann::json& fields, const std::string& field, bool otherwise);
/// 0 where it is missing. Throws Error for what is no whole number from 0 on.
std::uint64_t seed(const nlohmann::json& fields);

}  // namespace ablate::sampler_fields
