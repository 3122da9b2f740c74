#include <algorithm>

#include "viewers/panel.h"

namespace ablate {

void Workspace::begin_frame(std::shared_ptr<const Snapshot> now) {
  snapshot = std::move(now);
  shown.clear();
  for (const auto& run : snapshot->runs)
    if (is_shown(*run)) shown.push_back(run.get());
  const RunView* const now_selected = find(selected);
  if (!now_selected) selected_by_hand = false;
  if (selected_by_hand || snapshot->runs.empty()) return;
  if (now_selected && (is_shown(*now_selected) || shown.empty()) && !now_selected->findings.empty()) return;
  const auto found =
      std::find_if(shown.begin(), shown.end(), [](const RunView* run) { return !run->findings.empty(); });
  if (found != shown.end())
    selected = (*found)->info.id;
  else if (!now_selected || !is_shown(*now_selected))
    selected = shown.empty() ? snapshot->runs.back()->info.id : shown.front()->info.id;
}

void Workspace::show(const RunView& run, bool so) {
  if (so)
    hidden.erase(run.info.id);
  else
    hidden.insert(run.info.id);
}

void Workspace::select(const RunView& run) {
  selected = run.info.id;
  selected_by_hand = true;
  layer.clear();
}

const RunView* Workspace::find(const std::string& id) const {
  const auto at = std::lower_bound(snapshot->runs.begin(), snapshot->runs.end(), id,
                                   [](const auto& run, const std::string& wanted) { return run->info.id < wanted; });
  return at != snapshot->runs.end() && (*at)->info.id == id ? at->get() : nullptr;
}

}  // namespace ablate
