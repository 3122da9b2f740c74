#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ablate {

struct Split {
  std::vector<std::size_t> training;  ///< indices into the groups, ascending
  std::vector<std::size_t> held_out;
};

/// `groups`: what each sample belongs to (a video, a person; its own name where it stands alone). Holds out whole
/// groups, those whose hash with `seed` is smallest, until there are `count` samples or more. So a sample's side
/// depends on its own group and the seed, and adding samples moves few others.
Split split_by_group(const std::vector<std::string>& groups, std::size_t count, std::uint64_t seed);

/// FNV-1a, the same everywhere.
std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace ablate
