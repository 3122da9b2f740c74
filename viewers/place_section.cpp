#include "viewers/place_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runs/error.h"
#include "sweeps/slurm_check.h"
#include "viewers/widgets.h"

namespace ablate {
namespace {

constexpr int kMostAtOnce = 1024;
constexpr int kFramesToReveal = 3;  // The panel grows first.
constexpr std::chrono::seconds kTinyJobMayTake{60};

/// A number of which none is a choice too.
template <class Number>
void number_or_none(const char* label, Number& number, int most, const char* none) {
  std::string text = number > 0 ? std::to_string(number) : "";
  ImGui::SetNextItemWidth(widgets::em(3));
  if (!ImGui::InputTextWithHint(label, none, &text, ImGuiInputTextFlags_CharsDecimal)) return;
  number = text.empty() ? 0 : static_cast<Number>(std::clamp(std::atoi(text.c_str()), 0, most));
}

}  // namespace

/// Goes on on a thread of its own, which nobody waits for: a cluster that never answers must not keep the window open.
struct PlaceSection::Check {
  SlurmOptions options;
  std::atomic<bool> over{false};
  std::mutex mutex;  // Guards the following.
  std::vector<ClusterCheck> found;
  std::size_t shown = 0;     ///< of what was found
  int reveal_in_frames = 0;  ///< while what came last is scrolled to
};

void PlaceSection::draw(const std::filesystem::path& root) {
  int which = place_.launcher == "slurm" ? 1 : 0;
  ImGui::SetNextItemWidth(widgets::em(9.6f));
  if (ImGui::Combo("##launcher", &which, "on this machine\0on a Slurm cluster\0"))
    place_.launcher = which == 1 ? "slurm" : "local";
  widgets::hint("Where the runs train");
  ImGui::SameLine();
  number_or_none("at once", place_.slots, kMostAtOnce, "auto");
  widgets::hint(which == 1 ? "How many of them train at once; empty: as many as the cluster lets, of a sweep 8"
                           : "How many runs train at once on each device of this machine; empty: as many as suit it");
  if (which == 1) {
    draw_slurm();
    draw_check(root);
  }
  ImGui::Dummy(ImVec2(0, widgets::em(0.1f)));  // The edge of the last field, where all is scrolled to the end.
}

void PlaceSection::draw_slurm() {
  SlurmOptions& slurm = place_.slurm;
  const float half = ImGui::GetContentRegionAvail().x * 0.5f;
  const auto field = [](const char* label, std::string& text, const char* none, const char* meaning) {
    ImGui::SetNextItemWidth(widgets::em(5));
    ImGui::InputTextWithHint(label, none, &text);
    widgets::hint(meaning);
  };
  field("partition", slurm.partition, "default", "Empty: the cluster's default");
  ImGui::SameLine(half);
  field("account", slurm.account, "default", "The account that pays; empty: your default");
  field("time", slurm.time, "1:00:00",
        "Time limit of each run: minutes, H:MM:SS or D-HH:MM:SS; empty: the partition's. A run that meets it leaves a "
        "checkpoint, and can be resumed");
  ImGui::SameLine(half);
  field("memory", slurm.mem, "16G", "For each run; empty: as the cluster decides");
  field("gres", slurm.gres, "gpu:1", "Generic resources of each run; without a GPU among them it trains without one");
  ImGui::SameLine(half);
  number_or_none("cores", slurm.cpus, 4096, "1");
  widgets::hint("For each run");
  ImGui::Checkbox("requeue", &slurm.requeue);
  widgets::hint("Preempted runs wait again, and go on from their last checkpoint");
  std::string line = slurm.lines.empty() ? "" : fmt::format("{}", fmt::join(slurm.lines, " "));
  ImGui::SetNextItemWidth(half + widgets::em(5));
  if (ImGui::InputTextWithHint("others", "--constraint=a100 --exclusive", &line)) {
    slurm.lines.clear();
    if (!line.empty()) slurm.lines.push_back(line);
  }
  widgets::hint("Any other options of sbatch");
}

/// What `ablate cluster` says.
void PlaceSection::draw_check(const std::filesystem::path& root) {
  if (check_ && check_->options != place_.slurm) check_.reset();  // What it found is about something else.
  const bool looking = check_ && !check_->over;
  ImGui::BeginDisabled(looking);
  if (ImGui::SmallButton(looking ? "looking …###check" : "check the cluster###check")) {
    check_ = std::make_shared<Check>();
    check_->options = place_.slurm;
    std::thread([check = check_, root] {
      const auto tell = [&](const ClusterCheck& found) {
        const std::lock_guard lock(check->mutex);
        check->found.push_back(found);
      };
      try {
        check_cluster(root, check->options, kTinyJobMayTake, tell);
      } catch (const std::exception& error) {
        tell({"check", ClusterCheck::Verdict::bad, error.what()});
      }
      check->over = true;
    }).detach();
  }
  ImGui::EndDisabled();
  widgets::hint("Whether runs with these options would train there, tried with a tiny job");
  if (!check_) return;
  const std::lock_guard lock(check_->mutex);
  if (check_->found.empty()) return;
  ImGui::BeginChild("found", ImVec2(0, 0), ImGuiChildFlags_Borders | ImGuiChildFlags_AutoResizeY);
  for (const ClusterCheck& found : check_->found) {
    const std::string words = fmt::format("{}: {}", found.what, found.words);
    if (found.verdict == ClusterCheck::Verdict::bad)
      widgets::wrong_paragraph(words);
    else if (found.verdict == ClusterCheck::Verdict::unclear)
      ImGui::TextWrapped("%s", words.c_str());
    else
      widgets::quiet_paragraph(words);
  }
  ImGui::EndChild();
  if (std::exchange(check_->shown, check_->found.size()) != check_->found.size())
    check_->reveal_in_frames = kFramesToReveal;
  if (check_->reveal_in_frames > 0) {
    --check_->reveal_in_frames;
    ImGui::SetScrollHereY(1);
  }
}

void PlaceSection::restore(const nlohmann::json& state) {
  try {
    place_ = TrainingPlace::from_json(state, "settings");
  } catch (const Error&) {
    place_ = {};
  }
}

}  // namespace ablate
