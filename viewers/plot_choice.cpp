#include "viewers/plot_choice.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "viewers/run_metrics.h"

namespace ablate {
namespace {

constexpr std::string_view kEval = "/val_eval", kTrainMode = "/val_train_mode", kVal = "/val";

std::string plot_of(const std::string& tag) {
  for (const std::string_view ending : {kEval, kTrainMode})
    if (tag.ends_with(ending)) return tag.substr(0, tag.size() - ending.size()) + std::string(kVal);
  return tag;
}

int rank(const std::string& plot) {
  static constexpr std::array<std::string_view, 6> kFirst = {"loss/train", "iou/val",   "loss/val",
                                                             "lr",         "iou/train", "iou/val_recalibrated"};
  const auto at = std::find(kFirst.begin(), kFirst.end(), plot);
  if (at != kFirst.end()) return static_cast<int>(at - kFirst.begin());
  if (plot.starts_with("loss")) return 10;
  if (plot.starts_with("norm/") || plot.starts_with("layers/") || plot.starts_with("system/") ||
      plot.starts_with("time/"))
    return 30;
  return 20;
}

}  // namespace

std::vector<std::string> plot_names(const std::vector<const RunView*>& runs) {
  std::set<std::string> names;
  for (const RunView* run : runs)
    if (run->data)
      for (const auto& [tag, points] : run->data->scalars) names.insert(plot_of(tag));
  std::vector<std::string> ordered(names.begin(), names.end());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return ordered;
}

std::set<std::string> default_plots(const std::vector<std::string>& names) {
  std::set<std::string> chosen;
  for (const std::string& name : names)
    if (rank(name) < 4) chosen.insert(name);
  if (chosen.empty())
    for (std::size_t i = 0; i < std::min<std::size_t>(4, names.size()); ++i) chosen.insert(names[i]);
  return chosen;
}

std::vector<PlotLineTag> lines_of(const RunView& run, const std::string& plot) {
  std::vector<PlotLineTag> lines;
  if (plot.ends_with(kVal)) {
    const ModeTags tags = mode_tags(run, plot.substr(0, plot.size() - kVal.size()));
    if (!tags.eval.empty()) lines.push_back({tags.eval, false});
    if (!tags.train.empty()) lines.push_back({tags.train, true});
  } else {
    lines.push_back({plot, false});
  }
  std::erase_if(lines, [&](const PlotLineTag& line) { return !run.data || !run.data->scalars.contains(line.tag); });
  return lines;
}

std::vector<LoggedChart> logged_charts(const std::vector<const RunView*>& runs) {
  std::vector<LoggedChart> charts;
  for (const RunView* run : runs)
    if (run->data)
      for (const LoggedChart& chart : run->data->charts)
        if (std::ranges::find(charts, chart.name, &LoggedChart::name) == charts.end()) charts.push_back(chart);
  return charts;
}

std::vector<PlotLineTag> lines_of(const RunView& run, const LoggedChart& chart) {
  std::vector<PlotLineTag> lines;
  if (!run.data) return lines;
  const auto add = [&](const std::string& tag, bool dashed) {
    if (std::ranges::find(lines, tag, &PlotLineTag::tag) == lines.end()) lines.push_back({tag, dashed});
  };
  const auto& scalars = run.data->scalars;
  for (std::size_t i = 0; i < chart.tags.size(); ++i) {
    if (chart.margins) {
      if (scalars.contains(chart.tags[i])) add(chart.tags[i], i % 3 != 0);
      continue;
    }
    const RE2 expression("^(?:" + chart.tags[i] + ")", RE2::Quiet);
    if (!expression.ok()) continue;
    for (const auto& [tag, points] : scalars)
      if (RE2::PartialMatch(tag, expression)) add(tag, lines.size() % 2 != 0);
  }
  return lines;
}

bool is_share(const std::string& plot) {
  static constexpr std::array<std::string_view, 6> kShares = {"iou", "dice", "acc", "precision", "recall", "f1"};
  return std::any_of(kShares.begin(), kShares.end(), [&](std::string_view word) {
    return plot.starts_with(word) || plot.find('/' + std::string(word)) != std::string::npos;
  });
}

bool may_be_logarithmic(const std::string& plot) { return !is_share(plot) && plot != "lr"; }

bool may_be_smoothed(const std::string& tag) { return !plot_of(tag).ends_with(kVal); }

}  // namespace ablate
