#include "experiments/training/dtypes.h"

#include <fmt/format.h>

#include "runs/error.h"

namespace ablate {
namespace {

struct Dtype {
  torch::ScalarType type;
  const char* name;
};
constexpr Dtype kDtypes[] = {{torch::kFloat, "F32"},     {torch::kDouble, "F64"}, {torch::kHalf, "F16"},
                             {torch::kBFloat16, "BF16"}, {torch::kLong, "I64"},   {torch::kInt, "I32"},
                             {torch::kShort, "I16"},     {torch::kChar, "I8"},    {torch::kByte, "U8"},
                             {torch::kBool, "BOOL"}};

}  // namespace

std::optional<torch::ScalarType> type_named(std::string_view name) {
  for (const Dtype& dtype : kDtypes)
    if (name == dtype.name) return dtype.type;
  return std::nullopt;
}

std::string name_of(torch::ScalarType type) {
  for (const Dtype& dtype : kDtypes)
    if (type == dtype.type) return dtype.name;
  throw Error(fmt::format("A checkpoint cannot hold a tensor of type {}.", torch::toString(type)));
}

}  // namespace ablate
