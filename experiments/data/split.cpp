#include "experiments/data/split.h"

#include <algorithm>

#include "experiments/data/transforms.h"

namespace ablate {

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return Random(hash, seed).next();
}

Split split_by_name(const std::vector<std::string>& names, std::size_t count, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  for (std::size_t i = 0; i < names.size(); ++i) order.emplace_back(hash_of(names[i], seed), i);
  std::ranges::sort(order);
  Split split;
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    (rank < count ? split.held_out : split.training).push_back(order[rank].second);
  std::ranges::sort(split.held_out);
  std::ranges::sort(split.training);
  return split;
}

}  // namespace ablate
