#include "runs/near_match.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "runs/text.h"

namespace ablate {
namespace {

constexpr std::size_t kLettersCompared = 200;

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  const std::string a = lower_case(one.substr(0, kLettersCompared)), b = lower_case(other.substr(0, kLettersCompared));
  std::vector<std::size_t> before, above, row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j - 1] + (a[i - 1] != b[j - 1]), above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  return *std::ranges::min_element(candidates, {},
                                   [&](const std::string& candidate) { return edit_distance(word, candidate); });
}

std::vector<std::string> near_matches(std::string_view word, const std::vector<std::string>& candidates,
                                      std::size_t most) {
  const std::string wanted = lower_case(word.substr(0, kLettersCompared));
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : candidates) {
    const std::string text = lower_case(candidate).substr(0, kLettersCompared);
    const bool holds = !wanted.empty() && text.find(wanted) != std::string::npos;
    const std::size_t distance = edit_distance(wanted, text);
    if (holds || distance <= 1 + wanted.size() / 3) ranked.emplace_back(holds ? 0 : distance, candidate);
  }
  std::ranges::stable_sort(ranked, {}, &std::pair<std::size_t, std::string>::first);
  std::vector<std::string> nearest;
  for (auto& [distance, candidate] : ranked)
    if (nearest.size() < most && std::ranges::find(nearest, candidate) == nearest.end())
      nearest.push_back(std::move(candidate));
  return nearest;
}

}  // namespace ablate
