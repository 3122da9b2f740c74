#include "viewers/builder_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "runs/error.h"
#include "sweeps/finder_sweep.h"
#include "sweeps/launcher.h"
#include "viewers/builder_model.h"
#include "viewers/folder_check.h"
#include "viewers/lr_panel.h"
#include "viewers/network_sizes.h"
#include "viewers/option_menu.h"
#include "viewers/own_lr_section.h"
#include "viewers/place_section.h"
#include "viewers/search_section.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr double kMostRuns = 2000;        // More is a slip of the hand.
constexpr int kFramesToSettle = 3;        // A scroll bar comes, and rows of chips wrap anew.
constexpr std::size_t kChipsAtFirst = 4;  // Of a long list, before "more".

/// A row of chips, and what it is called beside them.
struct VaryRow {
  std::string_view key;
  const char* word;
};
constexpr std::array<VaryRow, 6> kVaryRows = {{{"model.norm", "norm"},
                                               {"model.norm_sharing", "sharing"},
                                               {"model.activation", "activation"},
                                               {"model.residual", "residual"},
                                               {"schedule.name", "schedule"},
                                               {"validation.mode", "validation"}}};
/// Keys with a field of their own under Base.
constexpr std::array<std::string_view, 7> kBaseKeys = {
    "data.dataset", "data.path", "data.gallery", "model.channels", "optimizer.lr", "train.steps", "train.batch_size"};

/// "477 k", "30.4 M".
std::string count_words(std::int64_t count) {
  const auto value = static_cast<double>(count);
  if (value < 1e4) return std::to_string(count);
  return value < 1e6 ? fmt::format("{:.0f} k", value / 1e3) : fmt::format("{:.1f} M", value / 1e6);
}

class BuilderPanel : public Panel {
 public:
  const char* title() const override { return "New experiment"; }
  Place place() const override { return Place::left_bottom; }
  void draw(Workspace& workspace) override;
  nlohmann::json state() const override {
    nlohmann::json state = model_.to_json();
    state["more"] = added_;
    state["searching"] = searching_;
    state["search"] = search_.state();
    state["place"] = place_.state();
    return state;
  }
  void restore(const nlohmann::json& state) override {
    model_.from_json(state);
    added_ = state.value("more", added_);
    std::erase_if(added_, [](const std::string& key) { return !find_option(key); });
    searching_ = state.value("searching", false);
    search_.restore(state.value("search", nlohmann::json::object()));
    place_.restore(state.value("place", nlohmann::json::object()));
  }

 private:
  void draw_base(Workspace& workspace);
  void draw_find_lr(Workspace& workspace);
  void draw_data();
  void draw_field(const char* key, const char* label, float width);
  void draw_vary();
  void draw_chips(const Option& option, const char* word);
  void draw_values(const Option& option, const char* word);
  void draw_add();
  void draw_mode(const Workspace& workspace);
  void draw_launch(Workspace& workspace);
  void draw_what_is_made(const Snapshot& snapshot);
  bool bad_folder();
  void launch(Workspace& workspace);
  void expand();
  std::optional<double> estimated_seconds(const Snapshot& snapshot);

  BuilderModel model_;
  std::vector<std::string> added_;  ///< keys that a person added to Vary
  std::set<std::string> unfolded_;  ///< keys all of whose choices are shown
  std::string find_text_;
  bool searching_ = false;    ///< a sweep is being defined, else variants
  int reveal_in_frames_ = 0;  ///< until what has been added at the end is scrolled to
  SearchSection search_;
  OwnLrSection own_lr_;
  PlaceSection place_;
  FolderCheck data_check_, gallery_check_;
  NetworkSizes sizes_;

  std::optional<BuilderModel> expanded_;  ///< what the following were made of
  std::vector<Variant> variants_;
  std::string problem_;
  std::uint64_t estimated_version_ = ~0ull;
  std::optional<double> estimate_;
  float launch_height_ = 0;  ///< of what stands below the choices, in the last frame
};

void BuilderPanel::draw(Workspace& workspace) {
  const float height = std::max(widgets::em(6), ImGui::GetContentRegionAvail().y - launch_height_);
  ImGui::BeginChild("choices", ImVec2(0, height));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, widgets::em(0.36f)));
  if (workspace.proposed_lr) {
    model_.set_text("optimizer.lr", fmt::format("{:.3g}", *std::exchange(workspace.proposed_lr, std::nullopt)));
    own_lr_.clear();
  }
  expand();
  draw_base(workspace);
  if (!searching_) own_lr_.draw(model_, *workspace.snapshot);
  draw_vary();
  draw_mode(workspace);
  workspace.place = place_.place();
  ImGui::PopStyleVar();
  ImGui::EndChild();
  const float top = ImGui::GetCursorPosY();
  draw_launch(workspace);
  launch_height_ = ImGui::GetCursorPosY() - top;
}

void BuilderPanel::draw_base(Workspace& workspace) {
  widgets::section("Base");
  draw_data();
  const float half = ImGui::GetContentRegionAvail().x * 0.42f;
  const float width = widgets::em(4.0f);
  const auto second = [&] { ImGui::SameLine(half); };
  draw_field("model.channels", "channels", width);
  second();
  draw_field("optimizer.lr", "learning rate", width);
  draw_find_lr(workspace);
  draw_field("train.steps", "steps", width);
  second();
  draw_field("train.batch_size", "batch size", width);
}

/// Beside the learning rate: a range test of every variant.
void BuilderPanel::draw_find_lr(Workspace& workspace) {
  widgets::same_line_or_wrap(ImGui::CalcTextSize("find LR").x + widgets::em(0.8f));
  ImGui::BeginDisabled(!problem_.empty() || variants_.empty() || bad_folder());
  if (ImGui::SmallButton("find LR")) ImGui::OpenPopup("procedures");
  ImGui::EndDisabled();
  widgets::hint(
      "A learning-rate range test of every variant and seed: some steps each, while the rate rises. LR finder shows "
      "what they suggest.");
  if (!ImGui::BeginPopup("procedures")) return;
  for (const std::string& procedure : find_option("lr_find.procedure")->choices) {
    if (procedure == "none" || !ImGui::MenuItem(("as " + procedure).c_str())) continue;
    try {
      workspace.actions->launch(finder_sweep(model_.experiment(), procedure, model_.seeds), workspace.place);
      workspace.raised = kLrPanel;
    } catch (const Error& error) {
      workspace.error = error.what();
    }
  }
  ImGui::EndPopup();
}

/// Takes the chosen learning rates in, and starts the runs.
void BuilderPanel::launch(Workspace& workspace) {
  try {
    workspace.actions->launch(own_lr_.experiment(model_, *workspace.snapshot), workspace.place);
  } catch (const Error& error) {
    workspace.error = error.what();
  }
}

void BuilderPanel::draw_data() {
  const float width = std::max(widgets::em(8), ImGui::GetContentRegionAvail().x - widgets::em(4.2f));
  const bool folder = model_.is_chosen("data.dataset", "folder");
  int which = folder ? 1 : 0;
  ImGui::SetNextItemWidth(width);
  if (ImGui::Combo("data##data.dataset", &which, "synthetic portraits\0a folder of photographs\0"))
    model_.choose_only("data.dataset", which ? "folder" : "synthetic");
  if (folder) {
    std::string path = model_.text("data.path");
    ImGui::SetNextItemWidth(width);
    if (ImGui::InputTextWithHint("folder##data.path", "has images/ and masks/", &path))
      model_.set_text("data.path", path);
    if (!path.empty()) {
      const FolderFacts* const facts = data_check_.facts(path);
      if (!facts)
        widgets::quiet_text("looking …");
      else if (!facts->problem.empty())
        widgets::wrong_paragraph(facts->problem);
      else
        widgets::quiet_paragraph(facts->without_mask == 0 ? fmt::format("{} photographs", facts->pairs)
                                                          : fmt::format("{} photographs, {} more without a mask",
                                                                        facts->pairs, facts->without_mask));
    }
  }
  std::string gallery = model_.text("data.gallery");
  ImGui::SetNextItemWidth(width);
  if (ImGui::InputTextWithHint("gallery##data.gallery", "any folder of pictures, no masks needed", &gallery))
    model_.set_text("data.gallery", gallery);
  widgets::hint("Pictures that every run predicts while it trains; leave empty for none");
  if (!gallery.empty()) {
    const FolderFacts* const facts = gallery_check_.facts(gallery);
    if (facts && facts->pictures == 0)
      widgets::wrong_paragraph(gallery + ": no pictures there.");
    else
      widgets::quiet_text(facts ? fmt::format("{} pictures", facts->pictures) : std::string("looking …"));
  }
}

void BuilderPanel::draw_field(const char* key, const char* label, float width) {
  const bool range = searching_ && search_.has_range(key);
  std::string text = range ? "range" : model_.text(key);
  ImGui::SetNextItemWidth(width);
  const std::string id = fmt::format("{}##{}", label, key);
  ImGui::BeginDisabled(range);
  if (ImGui::InputText(id.c_str(), &text)) model_.set_text(key, text);
  ImGui::EndDisabled();
  widgets::hint(range ? "Below is the range that is searched."
                      : find_option(key)->meaning + " Several values, separated by commas, are varied.");
}

void BuilderPanel::draw_vary() {
  widgets::section("Vary");
  for (const VaryRow& row : kVaryRows)
    if (const Option* option = find_option(row.key)) draw_chips(*option, row.word);
  for (const std::string& key : std::vector<std::string>(added_)) {
    const Option& option = *find_option(key);
    if (option.type == OptionType::choice || option.type == OptionType::boolean)
      draw_chips(option, key.c_str());
    else
      draw_values(option, key.c_str());
  }
  draw_add();
}

void BuilderPanel::draw_chips(const Option& option, const char* word) {
  ImGui::PushID(option.key.c_str());
  widgets::align_with_chips();
  ImGui::TextUnformatted(word);
  widgets::hint(option.key + ": " + option.meaning);
  ImGui::SameLine(widgets::em(ImGui::CalcTextSize(word).x > widgets::em(4.8f) ? 9.0f : 5.0f));
  ImGui::BeginGroup();
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(widgets::em(0.4f), widgets::em(0.3f)));
  std::vector<nlohmann::json> values;
  if (option.type == OptionType::boolean)
    values = {false, true};
  else
    values.assign(option.choices.begin(), option.choices.end());
  const bool folded = values.size() > kChipsAtFirst + 1 && !unfolded_.contains(option.key);
  bool first = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool chosen = model_.is_chosen(option.key, values[i]);
    if (folded && i >= kChipsAtFirst && !chosen) continue;
    const std::string label =
        option.type == OptionType::boolean ? (values[i].get<bool>() ? "on" : "off") : value_words(values[i]);
    if (!first) widgets::same_line_or_wrap(widgets::chip_width(label.c_str()));
    first = false;
    if (widgets::chip(label.c_str(), chosen)) model_.toggle(option.key, values[i]);
  }
  if (values.size() > kChipsAtFirst + 1) {
    const char* const label = folded ? "more" : "fewer";
    widgets::same_line_or_wrap(widgets::chip_width(label));
    ImGui::PushStyleVar(ImGuiStyleVar_Alpha, 0.75f);
    if (widgets::chip(label, false)) {
      if (folded)
        unfolded_.insert(option.key);
      else
        unfolded_.erase(option.key);
    }
    ImGui::PopStyleVar();
  }
  ImGui::PopStyleVar();
  ImGui::EndGroup();
  ImGui::PopID();
}

void BuilderPanel::draw_values(const Option& option, const char* word) {
  ImGui::PushID(option.key.c_str());
  std::string text = model_.text(option.key);
  const float remove = ImGui::CalcTextSize("remove").x + widgets::em(1.2f);
  const float width = std::max(
      widgets::em(5), ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(word).x - remove - widgets::em(1.2f));
  ImGui::SetNextItemWidth(width);
  if (ImGui::InputTextWithHint(word, "values, separated by commas", &text)) model_.set_text(option.key, text);
  widgets::hint(option.meaning + (option.unit.empty() ? "" : " (" + option.unit + ")"));
  ImGui::SameLine();
  if (ImGui::SmallButton("remove")) {
    model_.clear(option.key);
    std::erase(added_, option.key);
  }
  ImGui::PopID();
}

void BuilderPanel::draw_add() {
  if (widgets::chip("vary another option …", false)) ImGui::OpenPopup("options");
  const Option* const chosen = option_menu("options", find_text_, [&](const Option& option) {
    return option.choices.size() != 1 && std::ranges::find(kVaryRows, option.key, &VaryRow::key) == kVaryRows.end() &&
           std::ranges::find(kBaseKeys, option.key) == kBaseKeys.end() &&
           std::ranges::find(added_, option.key) == added_.end();
  });
  if (chosen) added_.push_back(chosen->key);
}

void BuilderPanel::draw_mode(const Workspace& workspace) {
  ImGui::Dummy(ImVec2(0, widgets::em(0.2f)));
  constexpr int kSearch = 2;
  int mode = searching_ ? kSearch : model_.mode == Experiment::Mode::grid ? 0 : 1;
  ImGui::RadioButton("grid", &mode, 0);
  widgets::hint("Every combination of the chosen values");
  ImGui::SameLine();
  ImGui::RadioButton("one at a time", &mode, 1);
  widgets::hint("The first value of each row, and from there one change a run");
  ImGui::SameLine();
  const bool searched = ImGui::RadioButton("search", &mode, kSearch);
  if (searched) search_.begin(model_);
  widgets::hint("A sweep: trials try the chosen values and ranges of numbers, each learning from those before");
  searching_ = mode == kSearch;
  model_.mode = mode == 1 ? Experiment::Mode::one_at_a_time : Experiment::Mode::grid;
  if (!searching_) {
    widgets::same_line_or_wrap(widgets::em(7));
    ImGui::SetNextItemWidth(widgets::em(2.4f));
    if (ImGui::InputInt("seeds", &model_.seeds, 0)) model_.seeds = std::clamp(model_.seeds, 1, 1000);
    widgets::hint("Each run once for every seed from 0 on");
  }
  const std::string name = searching_ ? search_.automatic_name(model_) : model_.automatic_name();
  ImGui::SetNextItemWidth(widgets::em(12));
  ImGui::InputTextWithHint("name", name.c_str(), &model_.name);
  if (!searching_) return place_.draw(workspace.root);
  search_.draw(model_, *workspace.snapshot);
  place_.draw(workspace.root);
  if (searched) reveal_in_frames_ = kFramesToSettle;
  if (reveal_in_frames_ > 0 && --reveal_in_frames_ == 0) ImGui::SetScrollHereY(1);
}

void BuilderPanel::expand() {
  if (expanded_ == model_) return;
  expanded_ = model_;
  estimated_version_ = ~0ull;
  variants_.clear();
  sizes_.set_variants({});
  problem_ = model_.problem();
  if (!problem_.empty()) return;
  if (model_.combinations() > kMostRuns) {
    problem_ =
        fmt::format("That would be {:.0f} combinations. Choose fewer values, or one at a time.", model_.combinations());
    return;
  }
  try {
    variants_ = model_.experiment().expand();
    sizes_.set_variants(variants_);
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

/// Of all runs, from the seconds a step took in finished ones of the same size on this machine; nullopt where there are
/// none.
std::optional<double> BuilderPanel::estimated_seconds(const Snapshot& snapshot) {
  if (estimated_version_ == snapshot.version) return estimate_;
  estimated_version_ = snapshot.version;
  estimate_.reset();
  constexpr std::array<const char*, 5> kSame = {"model.name", "model.channels", "model.depth", "data.size",
                                                "train.batch_size"};
  double seconds = 0;
  for (const Variant& variant : variants_) {
    double slowest = 0;
    for (const auto& run : snapshot.runs) {
      if (!run->config || run->info.status.state != RunState::completed || run->info.status.step <= 0) continue;
      if (std::any_of(kSame.begin(), kSame.end(),
                      [&](const char* key) { return run->config->at(key) != variant.config.at(key); }))
        continue;
      slowest = std::max(slowest, run->info.status.training_seconds / static_cast<double>(run->info.status.step));
    }
    if (slowest == 0) return estimate_;
    seconds += slowest * static_cast<double>(variant.config.steps("train.steps", 20));
  }
  return estimate_ = seconds;
}

bool BuilderPanel::bad_folder() {
  const FolderFacts* const facts =
      model_.is_chosen("data.dataset", "folder") ? data_check_.facts(model_.text("data.path")) : nullptr;
  return facts && !facts->problem.empty();
}

void BuilderPanel::draw_what_is_made(const Snapshot& snapshot) {
  if (!problem_.empty()) return widgets::wrong_paragraph(problem_);
  const std::size_t count = variants_.size();
  std::string words = fmt::format("{} run{}", count, count == 1 ? "" : "s");
  if (!variants_.empty() && place_.place().launcher == "local")
    if (const auto seconds = estimated_seconds(snapshot); seconds && *seconds > 0)
      words += "   about " + widgets::duration(*seconds / place_.place().trials_at_once());
  if (const auto [fewest, most] = sizes_.range(); most > 0)
    words += "   " + (count_words(fewest) == count_words(most) ? "" : count_words(fewest) + " to ") +
             count_words(most) + " parameters";
  widgets::quiet_text(words);
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 60); ++i) names += (i ? ", " : "") + variants_[i].name;
  const float room = ImGui::GetContentRegionAvail().x;
  std::string cut = names;
  while (cut.size() > 3 && ImGui::CalcTextSize((cut + " …").c_str()).x > room) cut.pop_back();
  if (count > 1) {  // One is called as the experiment is.
    widgets::quiet_text(cut == names ? names : cut + " …");
    widgets::hint(names);
  }
}

void BuilderPanel::draw_launch(Workspace& workspace) {
  expand();
  ImGui::Separator();
  if (searching_) return search_.draw_start(workspace, model_, !bad_folder());
  draw_what_is_made(*workspace.snapshot);
  ImGui::BeginDisabled(!problem_.empty() || variants_.empty() || bad_folder());
  const std::string label = fmt::format("Launch {} run{}###launch", variants_.size(), variants_.size() == 1 ? "" : "s");
  ImGui::PushFont(workspace.bold, 0);
  if (widgets::primary_button(label.c_str(), -1)) launch(workspace);
  ImGui::PopFont();
  ImGui::EndDisabled();
}

}  // namespace

std::unique_ptr<Panel> make_builder_panel() { return std::make_unique<BuilderPanel>(); }

}  // namespace ablate
