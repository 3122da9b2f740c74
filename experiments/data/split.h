#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ablate {

struct Split {
  std::vector<std::size_t> training;  ///< indices into the names, ascending
  std::vector<std::size_t> held_out;
};

/// Holds out `count` of the names: those whose hash with `seed` is smallest. So a sample's side depends on its own name
/// and the seed, and adding samples moves few others.
Split split_by_name(const std::vector<std::string>& names, std::size_t count, std::uint64_t seed);

/// FNV-1a, the same everywhere.
std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace ablate
