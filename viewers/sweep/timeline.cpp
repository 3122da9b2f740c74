#include "viewers/sweep/timeline.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ablate {
namespace {

// Seconds without a logged point, at least, that are taken for a pause; of a trial that is known to have paused.
constexpr double kPause = 10, kKnownPause = 1;

/// Whether somebody works on it, or may: of another program's trials nothing else is known.
bool trains(const Trial& trial, const RunView* run) {
  if (trial.state != TrialState::running || trial.paused()) return false;
  return !run || run->info.status.state == RunState::running || run->info.status.state == RunState::queued;
}

struct Piece {
  double from, to;
};

/// Of a run that nobody trains and that had no time to say when it ended: the last that is known of it.
double last_sign_of(const RunView& run, double from) {
  double last = 0;
  if (run.data)
    for (const auto& [tag, points] : run.data->scalars)
      if (!points.empty()) last = std::max(last, points.back().wall_seconds);
  return last > 0 ? last : std::max(from, run.info.status.started_seconds) + run.info.status.training_seconds;
}

/// When a run logged, with the pauses between: what lasted much longer than from one point to the next.
std::vector<Piece> logged_pieces(const RunData& data, double least_pause) {
  const ScalarColumn* longest = nullptr;
  for (const auto& [tag, points] : data.scalars)
    if (!longest || points.size() > longest->size()) longest = &points;
  std::vector<Piece> pieces;
  if (!longest || longest->size() < 3) return pieces;
  std::vector<double> gaps;
  for (std::size_t i = 1; i < longest->size(); ++i)
    gaps.push_back((*longest)[i].wall_seconds - (*longest)[i - 1].wall_seconds);
  std::vector<double> sorted = gaps;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  const double pause = std::max(least_pause, 20 * sorted[sorted.size() / 2]);
  pieces.push_back({(*longest)[0].wall_seconds, (*longest)[0].wall_seconds});
  for (std::size_t i = 1; i < longest->size(); ++i) {
    const double wall = (*longest)[i].wall_seconds;
    if (gaps[i - 1] > pause) pieces.push_back({wall, wall});
    pieces.back().to = std::max(pieces.back().to, wall);
  }
  return pieces;
}

std::vector<Piece> pieces_of(const Trial& trial, const RunView* run, double now) {
  const RunStatus* const status = run ? &run->info.status : nullptr;
  const bool paused_once = trial.user_attrs.contains("paused_at");
  double end = trial.ended_seconds > 0 ? trial.ended_seconds : now;
  // A trial may end long after its run, or not at all: it waited for more budget, or its sweep was stopped.
  if (status && status->ended_seconds > trial.started_seconds)
    end = std::min(end, status->ended_seconds);
  else if (run && !finished(trial.state) && !trains(trial, run))
    end = std::min(end, last_sign_of(*run, trial.started_seconds));
  if (run && run->data) {
    std::vector<Piece> pieces = logged_pieces(*run->data, paused_once ? kKnownPause : kPause);
    if (pieces.size() > 1) {
      pieces.front().from = std::min(pieces.front().from, trial.started_seconds);
      pieces.back().to = std::max(pieces.back().to, end);
      return pieces;
    }
  }
  // A later start than the trial's, and less training than lies between: it paused, though not known when.
  if (status && paused_once && status->started_seconds > trial.started_seconds + kKnownPause) {
    const double last = std::max(end - status->started_seconds, 0.0);
    const double before = std::max(status->training_seconds - last, 0.0);
    if (before > kKnownPause)  // Else it is the worker's own start that took so long.
      return {{trial.started_seconds, std::min(trial.started_seconds + before, status->started_seconds)},
              {status->started_seconds, status->started_seconds + last}};
  }
  return {{trial.started_seconds, std::max(end, trial.started_seconds)}};
}

std::string host_of(const Trial& trial, const RunView* run) {
  if (const auto said = trial.user_attrs.find("host"); said != trial.user_attrs.end() && said->is_string())
    return said->get<std::string>();
  return run ? run->info.status.host : "";
}

}  // namespace

Timeline timeline_of(const Study& study, const std::vector<const RunView*>& runs, double now) {
  Timeline timeline;
  std::map<std::string, std::vector<Timeline::Bar>> by_host;
  for (const Trial& trial : study.trials) {
    if (trial.started_seconds <= 0 || trial.state == TrialState::waiting) continue;
    const RunView* const run = runs[static_cast<std::size_t>(trial.number)];
    const std::vector<Piece> pieces = pieces_of(trial, run, now);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool last = i + 1 == pieces.size();
      by_host[host_of(trial, run)].push_back(
          {trial.number, 0, pieces[i].from, pieces[i].to, i > 0, !last, last && trains(trial, run)});
    }
  }
  for (auto& [name, bars] : by_host) {
    std::ranges::stable_sort(bars, {}, &Timeline::Bar::from);
    std::vector<double> free_from;  // By lane.
    for (Timeline::Bar& bar : bars) {
      const auto lane = std::ranges::find_if(free_from, [&](double from) { return from <= bar.from + 1e-3; });
      bar.lane = timeline.lanes + static_cast<int>(lane - free_from.begin());
      if (lane == free_from.end())
        free_from.push_back(bar.to);
      else
        *lane = bar.to;
    }
    timeline.hosts.push_back({name, timeline.lanes, static_cast<int>(free_from.size())});
    timeline.lanes += static_cast<int>(free_from.size());
    timeline.bars.insert(timeline.bars.end(), bars.begin(), bars.end());
  }
  std::ranges::stable_sort(timeline.bars, {}, &Timeline::Bar::from);
  if (timeline.bars.empty()) return timeline;
  timeline.from = timeline.bars.front().from;
  for (const Timeline::Bar& bar : timeline.bars) timeline.to = std::max(timeline.to, bar.to);
  return timeline;
}

}  // namespace ablate
