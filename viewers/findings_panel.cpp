#include "viewers/findings_panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include "experiments/cure.h"
#include "experiments/range_test.h"
#include "viewers/layers/layer_table.h"
#include "viewers/run_metrics.h"
#include "viewers/run_state.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

class FindingsPanel : public Panel {
 public:
  const char* title() const override { return kFindingsPanel; }
  Place place() const override { return Place::right_bottom; }
  void draw(Workspace& workspace) override;

 private:
  void draw_examination(Workspace& workspace, const RunView& run);
  void draw_finding(Workspace& workspace, const RunView& run, const Finding& finding);
};

void FindingsPanel::draw(Workspace& workspace) {
  if (const RunView* const run = workspace.selected_run(); run && can_be_examined(*run))
    draw_examination(workspace, *run);
  std::string healthy, unfinished;
  bool any = false;
  for (const RunView* run : workspace.shown) {
    for (std::size_t i = 0; i < run->findings.size(); ++i) {
      ImGui::PushID(fmt::format("{}/{}", run->info.id, i).c_str());
      draw_finding(workspace, *run, run->findings[i]);
      ImGui::PopID();
      any = true;
    }
    if (!run->findings.empty() || (run->config && RangeTest::from(*run->config))) continue;
    const RunState state = run->info.status.state;
    if (state == RunState::completed)
      healthy += (healthy.empty() ? "" : ", ") + run->info.name;
    else if (state == RunState::running || state == RunState::queued)
      unfinished += (unfinished.empty() ? "" : ", ") + run->info.name;
  }
  if (!any && healthy.empty()) {
    widgets::empty_panel(
        "Nothing found yet",
        "When a run ends, its norm layers are examined. What is wrong is said here in a sentence, with the "
        "evidence and the switch that cures it.");
    return;
  }
  if (any && !(healthy.empty() && unfinished.empty())) ImGui::Separator();
  if (!healthy.empty()) widgets::quiet_paragraph("no finding:  " + healthy);
  if (!unfinished.empty()) widgets::quiet_paragraph("not finished:  " + unfinished);
}

/// Of the selected run: "● batch-shared  [Examine]", "● batch-shared  [Stop]  testing: masks turned round".
void FindingsPanel::draw_examination(Workspace& workspace, const RunView& run) {
  const auto found = workspace.examinations.find(run.info.id);
  const Examination* const asked = found == workspace.examinations.end() ? nullptr : &found->second;
  const bool under_way = asked && !asked->over;
  ImGui::AlignTextToFramePadding();
  widgets::color_mark(run.color);
  ImGui::SameLine(0, widgets::em(0.2f));
  ImGui::TextUnformatted(run.info.name.c_str());
  widgets::same_line_or_wrap(widgets::em(5));
  if (under_way) {
    if (ImGui::Button("Stop##examining")) workspace.actions->stop_examining(run);
    ImGui::SameLine();
    widgets::quiet_paragraph(asked->test.empty() ? "waits for its turn" : "testing: " + asked->test);
  } else {
    if (ImGui::Button("Examine")) workspace.actions->examine(run);
    widgets::hint(
        "Tests norms, learning and data on copies of its newest checkpoint, in the background. At its end a run's "
        "norms "
        "alone are tested.");
  }
  if (asked && asked->over && !asked->problem.empty()) widgets::wrong_paragraph(asked->problem);
  if (asked && asked->over && asked->problem.empty()) {
    if (asked->findings == 0)
      widgets::quiet_paragraph(asked->untested.empty() ? "examined: nothing found"
                                                       : "examined: nothing found in what could be tested");
    for (const std::string& line : asked->untested) widgets::quiet_paragraph("not tested: " + line);
    for (const std::string& line : asked->notes) widgets::quiet_paragraph(line);
    if (asked->findings > 0 && !asked->notes.empty())
      widgets::quiet_paragraph(
          fmt::format("{} found: ablate doctor {} says what", asked->findings, run.info.folder.string()));
  }
  ImGui::Separator();
}

void FindingsPanel::draw_finding(Workspace& workspace, const RunView& run, const Finding& finding) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float whole_width = ImGui::GetContentRegionAvail().x;
  ImGui::Indent(widgets::em(0.85f));
  widgets::color_mark(run.color);
  ImGui::SameLine(0, widgets::em(0.2f));
  widgets::wrong_text(fmt::format("{}   {}   {:.0f} %", run.info.name, finding.cause, 100 * finding.confidence));
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(finding.sentence.c_str());
  ImGui::PopTextWrapPos();
  if (!finding.evidence.empty()) {
    ImGui::Dummy(ImVec2(0, widgets::em(0.05f)));
    ImGui::PushFont(workspace.mono, ImGui::GetStyle().FontSizeBase * 0.85f);
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, widgets::em(0.1f)));
    for (const std::string& line : finding.evidence) widgets::quiet_paragraph(line);
    ImGui::PopStyleVar();
    ImGui::PopFont();
  }
  const float bottom = ImGui::GetItemRectMax().y;
  ImGui::GetWindowDrawList()->AddRectFilled(corner, ImVec2(corner.x + widgets::em(0.25f), bottom),
                                            widgets::packed(look::kWrong), widgets::em(0.1f));
  ImGui::Unindent(widgets::em(0.85f));
  ImGui::Dummy(ImVec2(0, widgets::em(0.1f)));
  const bool can_be_shown = run.data && has_layer(*run.data, finding.layer);
  if (can_be_shown && ImGui::Button("Show the layer")) {
    workspace.select(run);
    workspace.layer = finding.layer;
    ImGui::SetWindowFocus("Layers");
  }
  if (const auto experiment = cured_experiment(run, finding.cure)) {
    std::string label = "Launch the cure: " + finding.cure;
    const auto width = [&] { return ImGui::CalcTextSize(label.c_str()).x + widgets::em(1); };
    if (width() > whole_width) label = "Launch the cure";
    if (can_be_shown) widgets::same_line_or_wrap(width());
    if (widgets::primary_button((label + "###cure").c_str())) workspace.actions->launch(*experiment, workspace.place);
    widgets::hint("The same run again with this one change: " + finding.cure);
  } else if (!finding.cure.empty()) {
    widgets::quiet_paragraph("cure:  " + finding.cure);
  }
  ImGui::Dummy(ImVec2(0, widgets::em(0.3f)));
}

}  // namespace

std::optional<Experiment> cured_experiment(const RunView& run, const std::string& cure) {
  const std::optional<RunConfig> config = run.config ? cured(*run.config, cure) : std::nullopt;
  if (!config) return std::nullopt;
  Experiment experiment;
  experiment.name = run.info.experiment.empty() ? run.info.name : run.info.experiment;
  experiment.base = config->to_json();
  experiment.variants.push_back({run.info.name + "-cured", nlohmann::json::object()});
  return experiment;
}

std::unique_ptr<Panel> make_findings_panel() { return std::make_unique<FindingsPanel>(); }

}  // namespace ablate
