#include "experiments/data/split.h"

#include <algorithm>

#include "experiments/data/transforms.h"

namespace ablate {

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return Random(hash, seed).next();
}

Split split_by_group(const std::vector<std::string>& groups, std::size_t count, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  for (std::size_t i = 0; i < groups.size(); ++i) order.emplace_back(hash_of(groups[i], seed), i);
  std::ranges::sort(order);
  Split split;
  for (const auto& [_, i] : order) {
    const bool same_group = !split.held_out.empty() && groups[split.held_out.back()] == groups[i];
    (split.held_out.size() < count || same_group ? split.held_out : split.training).push_back(i);
  }
  std::ranges::sort(split.held_out);
  std::ranges::sort(split.training);
  return split;
}

}  // namespace ablate
