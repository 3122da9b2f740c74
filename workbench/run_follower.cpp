#include "workbench/run_follower.h"

#include "runs/error.h"

namespace ablate {

namespace fs = std::filesystem;

std::shared_ptr<const RunView> RunFollower::look(const RunView& run, std::chrono::milliseconds period,
                                                 Clock::time_point now) {
  const std::string& id = run.info.id;
  const fs::path& folder = run.info.folder;
  auto place = followed_.find(id);
  if (place == followed_.end()) {
    place = followed_.emplace(id, Followed{RunReader(folder, cache_)}).first;
    wakeups_.watch(folder, Wakeups::growth | Wakeups::arrival | Wakeups::removal);
    watched_[folder.string()] = id;
  }
  Followed& own = place->second;
  if (own.caught_up && now < own.next_look && !changed_.contains(id)) return nullptr;
  changed_.erase(id);
  own.next_look = now + period;
  constexpr std::size_t kBytesAtOnce = 8u << 20;  // Between two looks at what the drawing thread wants.
  const bool any = own.reader.poll(kBytesAtOnce);
  own.caught_up = !own.reader.more();

  std::error_code failure;
  const auto written = fs::last_write_time(folder / "findings.json", failure);
  const bool judged = !failure && written != own.findings_written;
  const auto evaluated = fs::last_write_time(folder / "evaluations", failure);
  const bool measured = !failure && evaluated != own.evaluated;
  if (!any && !judged && !measured && run.data) return nullptr;
  auto news = std::make_shared<RunView>(run);
  news->data = own.reader.data();
  own.bytes = 0;
  for (const auto& [tag, points] : news->data->scalars) own.bytes += points.bytes();
  news->problems = problems_of(news->info, *news->data);
  if (judged) {
    own.findings_written = written;
    try {
      news->findings = read_findings(folder);
    } catch (const Error&) {  // Damaged: as good as none; `ablate doctor` says why.
      news->findings.clear();
    }
  }
  if (measured) {
    own.evaluated = evaluated;
    news->evaluations = read_evaluations(folder);
  }
  return news;
}

bool RunFollower::caught_up(const std::string& id) const {
  const auto run = followed_.find(id);
  return run != followed_.end() && run->second.caught_up;
}

std::size_t RunFollower::bytes(const std::string& id) const {
  const auto run = followed_.find(id);
  return run == followed_.end() ? 0 : run->second.bytes;
}

void RunFollower::forget_if(const std::function<bool(const std::string& id)>& is_over) {
  std::erase_if(followed_, [&](const auto& run) { return is_over(run.first); });
  std::erase_if(watched_, [&](const auto& folder) {
    if (followed_.contains(folder.second)) return false;
    wakeups_.unwatch(folder.first);
    return true;
  });
}

bool RunFollower::wait(std::chrono::milliseconds at_most, int descriptor) {
  const auto folders = wakeups_.wait(at_most, {&descriptor, 1});
  for (const std::string& folder : folders)
    if (const auto at = watched_.find(folder); at != watched_.end()) changed_.insert(at->second);
  return !folders.empty();
}

}  // namespace ablate
