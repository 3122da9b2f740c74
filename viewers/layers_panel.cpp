#include "viewers/layers_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "experiments/range_test.h"
#include "viewers/layers/blame_chart.h"
#include "viewers/layers/channels.h"
#include "viewers/layers/heat_map.h"
#include "viewers/layers/layer_table.h"
#include "viewers/layers/quantity.h"
#include "viewers/layers/ridgeline.h"
#include "viewers/series_plot.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr const char* kBlame = "blame";

/// One run's half of the panel.
class Half {
 public:
  /// `beside`: the other half's run; nullptr where there is none.
  void update(const RunView& run, const LayerQuantity& quantity, const RunView* beside) {
    const Of of{run.data, &quantity, beside ? beside->data : nullptr};
    if (of_ == of) return;
    of_ = of;
    table = layer_table(*run.data, quantity, kMostColumns,
                        beside ? layers_with(*beside->data, quantity) : std::vector<std::string>());
  }
  StepTable table;
  Channels channels;

 private:
  struct Of {
    std::shared_ptr<const RunData> run;
    const LayerQuantity* quantity = nullptr;
    std::shared_ptr<const RunData> beside;
    bool operator==(const Of&) const = default;
  } of_;
};

class LayersPanel : public Panel {
 public:
  const char* title() const override { return "Layers"; }
  Place place() const override { return Place::right_top; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override { return {{"view", view_}, {"beside", beside_}}; }
  void restore(const nlohmann::json& state) override {
    beside_ = state.value("beside", "");
    choose(state.value("view", ""));
  }

 private:
  /// Nothing where there is no such view.
  void choose(const std::string& view);
  /// The gap's for the blame: both are of norm layers.
  const LayerQuantity& quantity() const;
  bool of_norms() const { return quantity().group == std::string_view("norm"); }
  void show_quantity_of(const RunData& data, const std::string& layer);

  void draw_controls(Workspace& workspace, const RunView& run);
  void draw_statistic(const RunView& run, const std::string& layer);
  void draw_tables(Workspace& workspace);
  void draw_blames(Workspace& workspace);
  void draw_channels(const std::string& layer);
  void draw_weights(const std::string& layer);
  void draw_curve(const std::string& layer, float height);
  /// A column for each run, with its name at the top; `body` is given the run's number and the height left.
  template <class Body>
  void side_by_side(float width, const Body& body, float more_of_first = 0);

  std::string view_ = layer_quantities().front().name;
  std::string beside_;  ///< id of the run that is compared with; empty: none
  std::string opened_;  ///< the layer that was drawn last
  Statistic statistic_ = Statistic::mean;
  std::string histogram_;             ///< of an opened layer: "gradient of weight"
  std::vector<const RunView*> runs_;  ///< of this frame
  std::array<Half, 2> halves_;
};

std::string why_empty(const RunView& run, bool of_norms) {
  if (run.config && RangeTest::from(*run.config))
    return "This run is a range test: the panel LR finder shows what it has found.";
  if (!of_norms)
    return run.info.status.state == RunState::foreign
               ? "This log holds none of it: Ablate's own runs look at their layers every log.histograms_every steps."
               : "The first look at its layers comes after a step; with log.histograms_every = 0 there is none.";
  const std::string norm = run.config ? run.config->text("model.norm") : "";
  if (norm == "none") return "This run has no norm layers, so there is nothing that could go stale.";
  if (norm == "batch") return "The first comparison of running and batch statistics comes after a few steps.";
  if (!norm.empty())
    return fmt::format(
        "The {} norm of this run keeps no running statistics: it treats training and use alike, so eval "
        "mode can't differ from train mode because of it.",
        norm);
  return "This log holds no statistics of norm layers.";
}

/// The first finding that could tell.
const std::vector<LayerBlame>* blame_of(const RunView& run) {
  const auto found = std::ranges::find_if(run.findings, [](const Finding& finding) { return !finding.blame.empty(); });
  return found == run.findings.end() ? nullptr : &found->blame;
}

/// The histograms of a layer's parameters, "weights/<layer>.<parameter>", and of their gradients: by what they are
/// called here, "weight" and "gradient of weight".
std::map<std::string, const SharedColumn<HistogramPoint>*> histograms_of(const RunData& data,
                                                                         const std::string& layer) {
  std::map<std::string, const SharedColumn<HistogramPoint>*> found;
  for (const auto& [group, of] : {std::pair("weights", ""), std::pair("gradients", "gradient of ")}) {
    const std::string prefix = fmt::format("{}/{}.", group, layer);
    for (auto at = data.histograms.lower_bound(prefix); at != data.histograms.end(); ++at) {
      if (!at->first.starts_with(prefix)) break;
      const std::string parameter = at->first.substr(prefix.size());
      if (parameter.find('.') == std::string::npos && !at->second.empty()) found[of + parameter] = &at->second;
    }
  }
  return found;
}

void LayersPanel::choose(const std::string& view) {
  const auto all = layer_quantities();
  if (view == kBlame || std::ranges::any_of(all, [&](const LayerQuantity& each) { return view == each.name; }))
    view_ = view;
}

const LayerQuantity& LayersPanel::quantity() const {
  const auto all = layer_quantities();
  const auto found = std::ranges::find_if(all, [&](const LayerQuantity& each) { return view_ == each.name; });
  return found == all.end() ? all.front() : *found;
}

/// A finding may name a layer of another kind than what is seen.
void LayersPanel::show_quantity_of(const RunData& data, const std::string& layer) {
  if (layer == opened_) return;
  opened_ = layer;
  if (layer.empty() || data.scalars.contains(quantity().tag(layer))) return;
  for (const LayerQuantity& each : layer_quantities())
    if (data.scalars.contains(each.tag(layer))) {
      view_ = each.name;
      return;
    }
}

void LayersPanel::draw(Workspace& workspace) {
  const RunView* const run = workspace.selected_run();
  if (!run) {
    widgets::empty_panel(
        "Layers of the selected run",
        "How far the running statistics of each norm layer are from those of the batches that it sees: where they "
        "disagree, eval mode goes wrong. And every layer's weights and gradients.");
    return;
  }
  if (!run->data) {
    widgets::quiet_text(run->info.status.state == RunState::queued ? "this run hasn't started" : "reading …");
    return;
  }
  show_quantity_of(*run->data, workspace.layer);
  draw_controls(workspace, *run);
  runs_ = {run};
  if (const RunView* other = workspace.find(beside_); other && other != run && other->data) runs_.push_back(other);
  for (std::size_t i = 0; i < runs_.size(); ++i)
    halves_[i].update(*runs_[i], quantity(), runs_.size() > 1 ? runs_[1 - i] : nullptr);
  if (!workspace.layer.empty())
    of_norms() ? draw_channels(workspace.layer) : draw_weights(workspace.layer);
  else if (view_ == kBlame)
    draw_blames(workspace);
  else
    draw_tables(workspace);
}

void LayersPanel::draw_controls(Workspace& workspace, const RunView& run) {
  const std::string layer = workspace.layer;
  if (!layer.empty()) {
    if (ImGui::Button("All layers")) workspace.layer.clear();
    ImGui::SameLine();
  }
  if (layer.empty() || !of_norms()) {
    ImGui::SetNextItemWidth(widgets::em(7.5f));
    if (ImGui::BeginCombo("##view", view_.c_str(), ImGuiComboFlags_HeightLarge)) {
      for (const LayerQuantity& each : layer_quantities()) {
        if (!layer.empty() && each.group == std::string_view("norm")) continue;
        if (ImGui::Selectable(each.name, view_ == each.name)) view_ = each.name;
        widgets::hint(each.meaning);
      }
      if (layer.empty()) {
        if (ImGui::Selectable(kBlame, view_ == kBlame)) view_ = kBlame;
        widgets::hint("what eval mode gains when a norm layer alone uses the statistics of its batch");
      }
      ImGui::EndCombo();
    }
  }
  if (!layer.empty()) draw_statistic(run, layer);
  const RunView* const other = workspace.find(beside_);
  const std::string label = other ? other->info.name : "no other run";
  widgets::same_line_or_wrap(widgets::em(10));
  ImGui::SetNextItemWidth(widgets::em(8));
  if (!ImGui::BeginCombo("beside", label.c_str(), ImGuiComboFlags_HeightLarge)) return;
  if (ImGui::Selectable("no other run", !other)) beside_.clear();
  for (const RunView* each : workspace.shown)
    if (each != &run && ImGui::Selectable(fmt::format("{}##{}", each->info.name, each->info.id).c_str(), each == other))
      beside_ = each->info.id;
  ImGui::EndCombo();
}

/// What of an opened layer is seen.
void LayersPanel::draw_statistic(const RunView& run, const std::string& layer) {
  if (of_norms()) {
    int statistic = static_cast<int>(statistic_);
    ImGui::SetNextItemWidth(widgets::em(5.5f));
    if (ImGui::Combo("##statistic", &statistic, "mean\0variance\0")) statistic_ = static_cast<Statistic>(statistic);
    return;
  }
  const auto there = histograms_of(*run.data, layer);
  if (there.empty()) return;
  if (!there.contains(histogram_)) histogram_ = there.rbegin()->first;  // "weight" comes last.
  widgets::same_line_or_wrap(widgets::em(9));
  ImGui::SetNextItemWidth(widgets::em(9));
  if (!ImGui::BeginCombo("##histogram", histogram_.c_str())) return;
  for (const auto& [name, _] : there)
    if (ImGui::Selectable(name.c_str(), name == histogram_)) histogram_ = name;
  ImGui::EndCombo();
}

template <class Body>
void LayersPanel::side_by_side(float width, const Body& body, float more_of_first) {
  const float gap = ImGui::GetStyle().ItemSpacing.x, all = static_cast<float>(runs_.size());
  const float each = std::floor((width - more_of_first - gap * (all - 1)) / all);
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (i > 0) ImGui::SameLine();
    ImGui::PushID(static_cast<int>(i));
    ImGui::BeginChild("half", ImVec2(i == 0 ? each + more_of_first : each, 0), ImGuiChildFlags_None,
                      ImGuiWindowFlags_NoScrollbar);
    widgets::color_mark(runs_[i]->color);
    ImGui::SameLine(0, widgets::em(0.2f));
    widgets::fitted_text(runs_[i]->info.name, ImGui::GetContentRegionAvail().x);
    body(i, ImGui::GetContentRegionAvail().y);
    ImGui::EndChild();
    ImGui::PopID();
  }
}

void LayersPanel::draw_tables(Workspace& workspace) {
  const StepTable &first = halves_[0].table, &second = halves_[runs_.size() - 1].table;
  const std::size_t most = std::max(first.rows.size(), second.rows.size());
  const HeatScale scale = scale_of(quantity().scale, {&first, &second});
  widgets::quiet_paragraph(quantity().meaning +
                           (first.rows.empty() ? "" : fmt::format(", at most {:.2g}", first.peak)));
  const float scale_width = most > 0 ? heat_scale_width() + ImGui::GetStyle().ItemSpacing.x : 0;
  const float width = ImGui::GetContentRegionAvail().x - scale_width;
  const bool same_rows = first.rows == second.rows;
  const float names = heat_names_width(first, width);
  float height = 0;
  const auto draw_table = [&](std::size_t i, float room) {
    const StepTable& table = halves_[i].table;
    if (table.rows.empty()) {
      widgets::quiet_paragraph(why_empty(*runs_[i], of_norms()));
      return;
    }
    height = std::min(room, widgets::em(1.75f) * static_cast<float>(most) + widgets::em(5));
    const float mine = ImGui::GetContentRegionAvail().x;
    const float named = i == 0 ? names : same_rows ? 0 : heat_names_width(table, mine);
    const auto cell = draw_heat_map("##table", table, ImVec2(mine, height), scale, named);
    if (!cell) return;
    const std::string& layer = table.rows[cell->row];
    if (ImGui::BeginTooltip()) {
      ImGui::TextUnformatted(layer.c_str());
      const float value = table.at(cell->row, cell->column);
      widgets::quiet_text(fmt::format("{}: {} {}", step_words(table, *cell), view_,
                                      std::isnan(value) ? "is not logged" : widgets::short_number(value)));
      widgets::quiet_text(of_norms() ? "press for its channels" : "press for its weights and gradients");
      ImGui::EndTooltip();
    }
    if (ImGui::IsMouseClicked(0)) workspace.layer = layer;
  };
  side_by_side(width, draw_table, same_rows && runs_.size() > 1 ? names : 0);
  if (height <= 0) return;
  ImGui::SameLine();
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetTextLineHeightWithSpacing());
  draw_heat_scale(scale, height);
}

void LayersPanel::draw_blames(Workspace& workspace) {
  widgets::quiet_paragraph("what eval mode gains when one norm layer alone uses the statistics of its batch");
  double most = 0;
  for (const RunView* run : runs_)
    if (const auto* blame = blame_of(*run)) most = std::max(most, blame->front().gain);
  side_by_side(ImGui::GetContentRegionAvail().x, [&](std::size_t i, float) {
    const RunView& run = *runs_[i];
    if (const auto* blame = blame_of(run)) {
      ImGui::BeginChild("bars");
      if (const auto pressed = draw_blame(*blame, most, run.color)) workspace.layer = *pressed;
      ImGui::EndChild();
    } else if (halves_[i].table.rows.empty()) {
      widgets::quiet_paragraph(why_empty(run, true));
    } else {
      const bool over = run.info.status.state == RunState::completed;
      widgets::quiet_paragraph(over && run.findings.empty()
                                   ? "No layer is to blame: nothing was found at the end of this run."
                                   : fmt::format("{} Examine, under Findings, does it.",
                                                 over ? "Layers were not examined one by one."
                                                      : "Not examined yet: that is done at the end."));
    }
  });
}

void LayersPanel::draw_channels(const std::string& layer) {
  const auto choose_in_both = [&](std::size_t channel) {
    for (std::size_t i = 0; i < runs_.size(); ++i) halves_[i].channels.choose(*runs_[i], channel);
  };
  for (std::size_t i = 0; i < runs_.size(); ++i) halves_[i].channels.update(*runs_[i], layer, statistic_);
  choose_in_both(halves_[0].channels.channel());
  const StepTable &first = halves_[0].channels.table(), &second = halves_[runs_.size() - 1].channels.table();
  const HeatScale scale = scale_of(LayerQuantity::Scale::around_zero, {&first, &second});
  ChannelSpan span;
  for (std::size_t i = 0; i < runs_.size(); ++i) span.widen(halves_[i].channels.span());
  widgets::quiet_paragraph(fmt::format(
      "{}: {}, by channel", layer,
      statistic_ == Statistic::mean ? "(running − batch mean) / batch sigma" : "ln(running / batch variance)"));
  const float width = ImGui::GetContentRegionAvail().x - heat_scale_width() - ImGui::GetStyle().ItemSpacing.x;
  float height = 0;
  std::optional<std::size_t> pressed;
  side_by_side(width, [&](std::size_t i, float room) {
    height = room;
    if (const auto channel = halves_[i].channels.draw(*runs_[i], scale, span, room)) pressed = channel;
  });
  if (pressed) choose_in_both(*pressed);
  ImGui::SameLine();
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetTextLineHeightWithSpacing());
  draw_heat_scale(scale, std::round(0.55f * height));
}

void LayersPanel::draw_weights(const std::string& layer) {
  widgets::quiet_paragraph(histogram_.empty() ? layer : fmt::format("{}: the {} at every look", layer, histogram_));
  const float room = ImGui::GetContentRegionAvail().y, upper = std::round(0.62f * room);
  ImGui::BeginChild("histograms", ImVec2(0, upper), ImGuiChildFlags_None, ImGuiWindowFlags_NoScrollbar);
  side_by_side(ImGui::GetContentRegionAvail().x, [&](std::size_t i, float height) {
    const auto there = histograms_of(*runs_[i]->data, layer);
    if (const auto its = there.find(histogram_); its != there.end())
      draw_ridgeline("##ridgeline", *its->second, ImVec2(ImGui::GetContentRegionAvail().x, height), runs_[i]->color);
    else
      widgets::quiet_paragraph("no histogram of it");
  });
  ImGui::EndChild();
  draw_curve(layer, ImGui::GetContentRegionAvail().y);
}

/// The chosen quantity of one layer over time, of both runs.
void LayersPanel::draw_curve(const std::string& layer, float height) {
  struct Curve {
    std::vector<double> step, value;
  };
  std::vector<Curve> curves(runs_.size());
  double low = INFINITY, high = -INFINITY, last = 1;
  bool measured = false;
  const bool decades = quantity().scale == LayerQuantity::Scale::decades;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const auto at = runs_[i]->data->scalars.find(quantity().tag(layer));
    if (at == runs_[i]->data->scalars.end()) continue;
    for (std::size_t k = 0; k < at->second.size(); ++k) {
      const double value = at->second[k].value;
      measured = true;
      if (decades && value <= 0) continue;  // NaN is kept.
      curves[i].step.push_back(static_cast<double>(at->second[k].step));
      curves[i].value.push_back(value);
      last = std::max(last, curves[i].step.back());
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    }
  }
  if (!(low <= high)) {
    widgets::quiet_paragraph(measured ? fmt::format("The {} of this layer is 0 or not finite at every look.", view_)
                                      : fmt::format("The {} of this layer was never measured.", view_));
    return;
  }
  const auto flags = ImPlotFlags_NoLegend | ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoInputs;
  if (!ImPlot::BeginPlot(fmt::format("{}###curve", view_).c_str(), ImVec2(-1, height), flags)) return;
  ImPlot::SetupAxes("step", nullptr, ImPlotAxisFlags_NoHighlight, ImPlotAxisFlags_NoHighlight);
  if (decades) {
    ImPlot::SetupAxisScale(ImAxis_Y1, ImPlotScale_Log10);
    low /= 1.3, high *= 1.3;
    setup_log_ticks(low, high, height);
  } else {
    const double margin = high > low ? 0.08 * (high - low) : 0.1;
    low -= margin, high += margin;
  }
  ImPlot::SetupAxesLimits(0, last, low, high, ImPlotCond_Always);
  ImPlot::SetupFinish();
  const int columns = std::max(16, static_cast<int>(ImPlot::GetPlotSize().x));
  for (std::size_t i = 0; i < runs_.size(); ++i)
    draw_line(visible_line(curves[i].step, curves[i].value, 0, last, columns), runs_[i]->color, 1, 2, LineStyle::solid);
  ImPlot::EndPlot();
}

}  // namespace

std::unique_ptr<Panel> make_layers_panel() { return std::make_unique<LayersPanel>(); }

}  // namespace ablate
