#include "viewers/lr_tests.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "sweeps/finder_sweep.h"

namespace ablate {
namespace {

bool over(const RunView& run) { return run.info.status.state == RunState::completed; }

/// With its slopes.
void finish(LrTest& test, bool is_over) {
  const std::vector<RangePoint>& points = test.curve.points();
  for (std::size_t i = 0; i + 1 < points.size(); ++i)
    test.slope.push_back((points[i + 1].smoothed - points[i].smoothed) / std::log10(points[i + 1].lr / points[i].lr));
  test.over = is_over;
}

LrTest made_of(const RunView& run) {
  LrTest made;
  made.id = run.info.id;
  made.name = run.info.name;
  made.seed = run.config->integer("train.seed");
  made.test = *RangeTest::from(*run.config);
  made.curve = curve_of(made.test, *run.data);
  finish(made, over(run));
  if (made.over) made.found = suggest_lr(made.curve.points(), made.test.steps);
  return made;
}

LrTest made_of(const std::string& file, const RecordedTest& recorded, RangeSmoothing smoothing) {
  LrTest made;
  made.id = file;
  made.name = std::filesystem::path(file).filename().string();
  made.curve = curve_of(recorded, smoothing);
  made.test = {smoothing, recorded.front().first, recorded.back().first, std::ssize(recorded)};
  finish(made, true);
  made.found = suggest_lr(recorded, made.curve);
  return made;
}

}  // namespace

std::vector<double> LrVariant::rates(const std::string& rule) const {
  std::vector<double> rates;
  for (const LrTest* test : tests)
    for (const LrSuggestion& each : test->found.rules)
      if (each.rule == rule && each.lr) rates.push_back(*each.lr);
  std::ranges::sort(rates);
  return rates;
}

double LrVariant::median(const std::string& rule) const { return median_rate(rates(rule)); }

LrVariant::Band LrVariant::band() const {
  Band band;
  if (tests.size() < 2) return band;
  std::size_t shortest = tests.front()->curve.points().size();
  for (const LrTest* test : tests) shortest = std::min(shortest, test->curve.points().size());
  for (std::size_t i = 0; i < shortest; ++i) {
    const double lr = tests.front()->curve.points()[i].lr;
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (const LrTest* test : tests) {
      const RangePoint& point = test->curve.points()[i];
      if (point.lr != lr) return band;
      low = std::min(low, point.smoothed);
      high = std::max(high, point.smoothed);
      sum += point.smoothed;
    }
    band.lr.push_back(lr);
    band.low.push_back(low);
    band.high.push_back(high);
    band.mean.push_back(sum / static_cast<double>(tests.size()));
  }
  return band;
}

void LrTests::update_recorded(const Workspace& workspace, RangeSmoothing smoothing) {
  if (smoothing != smoothing_) recorded_.clear();
  smoothing_ = smoothing;
  for (const auto& [file, recorded] : workspace.recorded) {
    const auto [at, is_new] = recorded_.try_emplace(file);
    LrTest& test = at->second;
    if (is_new) test = made_of(file, recorded, smoothing);
    const std::vector<Color>& palette = run_palette();
    test.color = palette[palette.size() - 1 - variants_.size() % palette.size()];  // From where runs get theirs last.
    variants_.push_back({test.name, test.color, {&test}});
  }
}

void LrTests::update(const Workspace& workspace, RangeSmoothing recorded) {
  std::map<std::string, Kept> kept;
  variants_.clear();
  std::map<std::string, std::size_t> index;  // of variants, by key
  for (const RunView* run : workspace.shown) {
    if (!run->config || !run->data || !RangeTest::from(*run->config)) continue;
    Kept each;
    if (const auto known = kept_.find(run->info.id); known != kept_.end()) each = std::move(known->second);
    if (each.version != run->data->version || each.over != over(*run)) {
      each.test = made_of(*run);
      each.version = run->data->version;
      each.over = over(*run);
    }
    if (each.test.curve.points().empty()) continue;
    each.test.color = run->color;
    each.test.name = run->info.name;
    const LrTest& test = kept.emplace(run->info.id, std::move(each)).first->second.test;
    const auto [at, is_new] = index.try_emplace(range_test_kind(*run->config), variants_.size());
    if (is_new) variants_.emplace_back();
    // Several runs of one name are told apart by the time; a variant is all of them.
    const auto variant = run->info.run->find("variant");
    const bool named = variant != run->info.run->end() && variant->is_string();
    const std::string name = named ? variant->get<std::string>() : run->info.name;
    variants_[at->second].name = without_seed(name, run->config->integer("train.seed"));
    std::vector<const LrTest*>& tests = variants_[at->second].tests;
    std::erase_if(tests,
                  [&](const LrTest* other) { return other->seed == test.seed; });  // Of one seed the newest counts.
    tests.push_back(&test);
    variants_[at->second].color = tests.front()->color;
  }
  kept_ = std::move(kept);  // The nodes stay where they are.
  update_recorded(workspace, recorded);
}

}  // namespace ablate
