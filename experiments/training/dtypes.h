#pragma once

#include <torch/torch.h>

#include <optional>
#include <string>
#include <string_view>

namespace ablate {

/// Types of tensors under the names that safetensors files give them ("F32", "BF16", "I64", "BOOL", …). Nothing for a
/// name that is not known.
std::optional<torch::ScalarType> type_named(std::string_view name);
/// Throws Error for a type that such a file can't hold here.
std::string name_of(torch::ScalarType type);

}  // namespace ablate
