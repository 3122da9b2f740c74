#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ablate {

/// Letters to insert, remove, replace, or swap with the next one (optimal string alignment), without regard to case; of
/// what is very long only the beginning counts.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the least edit_distance; there is at least one.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Of `candidates` those that somebody who typed `word` may have meant, the nearest first, at most `most` of them:
/// they hold it, or few letters differ (edit distance, without regard to case).
std::vector<std::string> near_matches(std::string_view word, const std::vector<std::string>& candidates,
                                      std::size_t most = 5);

}  // namespace ablate
