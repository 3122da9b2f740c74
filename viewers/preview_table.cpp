#include "viewers/preview_table.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>

namespace ablate {
namespace {

struct PreviewTag {
  bool gallery = false;
  int number = 0;
  std::string output;
};

/// "preview/<n>/<output>" or "gallery/<n>/<output>".
bool parse(std::string_view tag, PreviewTag& parsed) {
  if (tag.starts_with("preview/"))
    parsed.gallery = false;
  else if (tag.starts_with("gallery/"))
    parsed.gallery = true;
  else
    return false;
  tag.remove_prefix(8);
  const auto [end, failure] = std::from_chars(tag.data(), tag.data() + tag.size(), parsed.number);
  if (failure != std::errc() || end == tag.data() + tag.size() || *end != '/') return false;
  parsed.output = std::string(end + 1, tag.data() + tag.size());
  return true;
}

std::string prefix_of(bool gallery, int number) { return (gallery ? "gallery/" : "preview/") + std::to_string(number); }

std::string sample_name(const std::vector<const RunView*>& runs, const std::string& prefix) {
  for (const RunView* run : runs) {
    if (!run->data) continue;
    const auto at = run->data->texts.find(prefix + "/name");
    if (at != run->data->texts.end() && !at->second.empty()) return *at->second.back().text;
  }
  return "";
}

}  // namespace

PreviewTable preview_table(const std::vector<const RunView*>& runs) {
  PreviewTable table;
  std::set<std::pair<bool, int>> samples;
  std::set<Step> steps;
  for (const RunView* run : runs) {
    if (!run->data) continue;
    std::set<std::string> outputs;
    for (const auto& [tag, pictures] : run->data->images) {
      PreviewTag parsed;
      if (pictures.empty() || !parse(tag, parsed)) continue;
      samples.insert({parsed.gallery, parsed.number});
      if (parsed.output == "input" || parsed.output == "target") continue;
      outputs.insert(parsed.output);
      for (std::size_t i = 0; i < pictures.size(); ++i) steps.insert(pictures[i].step);
    }
    for (const std::string& output : outputs) table.columns.push_back({run, output});
    table.one_output = table.one_output && outputs.size() <= 1;
  }
  for (const auto& [gallery, number] : samples) {
    PreviewRow row{prefix_of(gallery, number), "", gallery};
    row.name = sample_name(runs, row.prefix);
    if (row.name.empty()) row.name = (gallery ? "gallery " : "held out ") + std::to_string(number + 1);
    table.rows.push_back(std::move(row));
  }
  table.steps.assign(steps.begin(), steps.end());
  return table;
}

void sort_worst_first(std::vector<PreviewRow>& rows,
                      const std::function<std::optional<double>(const PreviewRow&)>& iou_of) {
  std::map<std::string, double> iou;
  for (const PreviewRow& row : rows) iou[row.prefix] = iou_of(row).value_or(2);
  std::ranges::stable_sort(rows, {}, [&](const PreviewRow& row) { return iou.at(row.prefix); });
}

const ImagePoint* picture_at(const RunView& run, const std::string& tag, Step step) {
  if (!run.data) return nullptr;
  const auto at = run.data->images.find(tag);
  if (at == run.data->images.end()) return nullptr;
  const ImagePoint* newest = nullptr;
  for (std::size_t i = 0; i < at->second.size(); ++i) {
    const ImagePoint& picture = at->second[i];
    if (picture.step <= step && (!newest || picture.step >= newest->step)) newest = &picture;
  }
  return newest;
}

const ImagePoint* constant_picture(const RunView& run, const std::string& tag) {
  if (!run.data) return nullptr;
  const auto at = run.data->images.find(tag);
  return at == run.data->images.end() || at->second.empty() ? nullptr : &at->second[at->second.size() - 1];
}

}  // namespace ablate
