#include "viewers/logged/logged_table.h"

#include <algorithm>
#include <set>

namespace ablate {
namespace {

constexpr std::size_t kMany = 12;

/// Calls `use(tag, points)` for every tag of a run.
template <class Use>
void each_tag(const RunView& run, Logged kind, const Use& use) {
  if (!run.data) return;
  const auto all = [&](const auto& columns) {
    for (const auto& [tag, points] : columns)
      if (!points.empty()) use(tag, points);
  };
  if (kind == Logged::images) all(run.data->images);
  if (kind == Logged::histograms) all(run.data->histograms);
  if (kind == Logged::texts) all(run.data->texts);
}

bool shown_elsewhere(const std::string& tag) {
  constexpr const char* kOurs[] = {"preview/", "gallery/", "weights/", "gradients/"};
  return std::ranges::any_of(kOurs, [&](const char* prefix) { return tag.starts_with(prefix); });
}

}  // namespace

std::vector<std::string> tags_of(const std::vector<const RunView*>& runs, Logged kind) {
  std::set<std::string> tags;
  for (const RunView* run : runs) each_tag(*run, kind, [&](const std::string& tag, const auto&) { tags.insert(tag); });
  return {tags.begin(), tags.end()};
}

std::set<std::string> usual_tags(const std::vector<std::string>& tags) {
  std::vector<std::string> usual = tags;
  std::ranges::stable_partition(usual, [](const std::string& tag) { return !shown_elsewhere(tag); });
  usual.resize(std::min(usual.size(), kMany));
  return {usual.begin(), usual.end()};
}

std::vector<Step> steps_of(const std::vector<const RunView*>& runs, const std::set<std::string>& tags, Logged kind) {
  std::set<Step> steps;
  for (const RunView* run : runs)
    each_tag(*run, kind, [&](const std::string& tag, const auto& points) {
      if (!tags.contains(tag)) return;
      for (std::size_t i = 0; i < points.size(); ++i) steps.insert(points[i].step);
    });
  return {steps.begin(), steps.end()};
}

}  // namespace ablate
