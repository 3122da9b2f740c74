#include <fmt/format.h>

#include <algorithm>

#include "sweeps/importance.h"
#include "viewers/sweep/drawing.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr int kFewBest = 4;  // With fewer that count as good, shares change with every trial.

class ImportanceChart : public SweepChart {
 public:
  const char *name() const override { return "importance"; }
  std::string empty(const SweepScene &scene) const override {
    return scene.objective_axis().count > 0 && !scene.axes.parameters.empty()
               ? ""
               : "How much it takes of each parameter to come among the best "
                 "will be here once trials have ended.";
  }
  void draw(SweepScene &scene) override;

 private:
  static void draw_bar(const SweepScene &scene, const Importance &importance, float names);

  Importances importances_;
  std::uint64_t version_ = 0;
  std::size_t objective_ = 0;
};

void ImportanceChart::draw(SweepScene &scene) {
  if (version_ != scene.version || objective_ != scene.objective) {
    version_ = scene.version;
    objective_ = scene.objective;
    importances_ = importances(scene.study, objective_);
    for (const StudyAxis &axis : scene.axes.parameters)
      if (std::ranges::find(importances_.parameters, axis.name, &Importance::key) == importances_.parameters.end())
        importances_.parameters.push_back({axis.name, {}, "No complete trial has it."});
  }
  std::string words = fmt::format(
      "what it takes to come among the best {} of "
      "{} complete trials (PED-ANOVA)",
      importances_.best, importances_.trials);
  if (importances_.best < kFewBest) words += "; so few say little yet";
  widgets::quiet_paragraph(words);
  ImGui::Dummy(ImVec2(0, widgets::em(0.2f)));
  float names = 0;
  for (const Importance &each : importances_.parameters)
    names = std::max(names, ImGui::CalcTextSize(each.key.c_str()).x);
  names = std::min(names, 0.4f * ImGui::GetContentRegionAvail().x);
  if (ImGui::BeginChild("bars"))
    for (const Importance &each : importances_.parameters) draw_bar(scene, each, names);
  ImGui::EndChild();
}

void ImportanceChart::draw_bar(const SweepScene &scene, const Importance &importance, float names) {
  const float start = ImGui::GetCursorPosX();
  widgets::fitted_text(importance.key, names);
  const auto axis = std::ranges::find(scene.axes.parameters, importance.key, &StudyAxis::name);
  if (axis != scene.axes.parameters.end() && axis->count < scene.study.trials.size())
    widgets::hint(fmt::format("{} of {} trials have it", axis->count, scene.study.trials.size()));
  ImGui::SameLine(start + names + widgets::em(0.8f));
  if (!importance.share) {
    widgets::quiet_text("can't tell. " + importance.why);
    return;
  }
  const std::string share = fmt::format("{:.0f} %", 100 * *importance.share);
  const float room = ImGui::GetContentRegionAvail().x - widgets::em(3.5f);
  const float width = std::max(2.0f, room * static_cast<float>(*importance.share));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float line = ImGui::GetTextLineHeight(), height = widgets::em(0.8f);
  const float top = corner.y + (line - height) / 2 + 1;
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(corner.x, top), ImVec2(corner.x + width, top + height),
                                            widgets::packed(kTrialColor, 0.85f), widgets::em(0.12f));
  ImGui::Dummy(ImVec2(width, line));
  ImGui::SameLine(0, widgets::em(0.4f));
  widgets::quiet_text(share);
}

}  // namespace

std::unique_ptr<SweepChart> make_importance_chart() { return std::make_unique<ImportanceChart>(); }

}  // namespace ablate
