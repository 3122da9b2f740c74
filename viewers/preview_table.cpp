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

std::string sample_name(const RunView& run, const std::string& prefix) {
  const auto at = run.data->texts.find(prefix + "/name");
  return at == run.data->texts.end() || at->second.empty() ? "" : *at->second.back().text;
}

/// Where a run's samples come from, as far as its configuration says.
std::string source_of(const RunView& run, bool gallery) {
  if (!run.config) return run.info.id;
  if (gallery) return run.config->at("data.gallery").dump();
  if (run.config->text("data.dataset") == "folder") return run.config->at("data.path").dump();
  return run.config->text("data.dataset");
}

}  // namespace

std::string PreviewRow::tag(const RunView& run, const std::string& output) const {
  const auto at = prefixes.find(&run);
  return at == prefixes.end() ? std::string() : at->second + "/" + output;
}

PreviewTable preview_table(const std::vector<const RunView*>& runs) {
  PreviewTable table;
  std::map<std::string, PreviewRow> samples;
  std::map<std::string, std::size_t> data;                   // The order in which sources come.
  std::map<std::string, std::pair<std::size_t, int>> order;  // By sample: its data, its number in the first run.
  std::set<Step> steps;
  for (const RunView* run : runs) {
    if (!run->data) continue;
    std::set<std::string> outputs;
    for (const auto& [tag, pictures] : run->data->images) {
      PreviewTag parsed;
      if (pictures.empty() || !parse(tag, parsed)) continue;
      const std::string prefix = prefix_of(parsed.gallery, parsed.number);
      const std::string name = sample_name(*run, prefix);
      const std::string source = name.empty() ? "" : source_of(*run, parsed.gallery);
      const std::string key = name.empty() ? prefix : source + "|" + name;
      PreviewRow& row = samples[key];
      order.try_emplace(key, data.try_emplace(source, data.size()).first->second, parsed.number);
      row.key = key;
      row.gallery = parsed.gallery;
      row.prefixes[run] = prefix;
      row.name = !name.empty() ? name : (parsed.gallery ? "gallery " : "held out ") + std::to_string(parsed.number + 1);
      if (parsed.output == "input" || parsed.output == "target") continue;
      outputs.insert(parsed.output);
      for (std::size_t i = 0; i < pictures.size(); ++i) steps.insert(pictures[i].step);
    }
    for (const std::string& output : outputs) table.columns.push_back({run, output});
    table.one_output = table.one_output && outputs.size() <= 1;
  }
  for (auto& [key, row] : samples) table.rows.push_back(std::move(row));
  std::ranges::stable_sort(table.rows, {},
                           [&](const PreviewRow& row) { return std::pair(row.gallery, order.at(row.key)); });
  table.steps.assign(steps.begin(), steps.end());
  return table;
}

void sort_worst_first(std::vector<PreviewRow>& rows,
                      const std::function<std::optional<double>(const PreviewRow&)>& iou_of) {
  std::map<std::string, double> iou;
  for (const PreviewRow& row : rows) iou[row.key] = iou_of(row).value_or(2);
  std::ranges::stable_sort(rows, {}, [&](const PreviewRow& row) { return iou.at(row.key); });
}

const ImagePoint* picture_at(const RunView& run, const std::string& tag, Step step) {
  if (!run.data) return nullptr;
  const auto at = run.data->images.find(tag);
  if (at == run.data->images.end()) return nullptr;
  return point_at(at->second, step);
}

const ImagePoint* constant_picture(const RunView& run, const std::string& tag) {
  if (!run.data) return nullptr;
  const auto at = run.data->images.find(tag);
  return at == run.data->images.end() || at->second.empty() ? nullptr : &at->second[at->second.size() - 1];
}

}  // namespace ablate
