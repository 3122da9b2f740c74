#include "workbench/examiner.h"

#include <algorithm>
#include <utility>

#include "sweeps/examination.h"

namespace ablate {

Examiner::Examiner(std::function<void()> done)
    : done_(std::move(done)), thread_([this](const std::stop_token& ending) { work(ending); }) {}

std::deque<Examiner::Wanted>::iterator Examiner::find(const std::string& run) {
  return std::ranges::find_if(wanted_,
                              [&](const Wanted& wanted) { return wanted.run == run && !wanted.stop.stop_requested(); });
}

void Examiner::examine(const std::string& run, const std::filesystem::path& folder) {
  {
    const std::lock_guard lock(mutex_);
    if (find(run) != wanted_.end()) return;
    wanted_.push_back({run, folder, {}});
    examinations_[run] = {};
  }
  changed_.notify_all();
}

void Examiner::stop(const std::string& run) {
  const std::lock_guard lock(mutex_);
  const auto found = find(run);
  if (found == wanted_.end()) return;
  examinations_.erase(run);
  found->stop.request_stop();
  if (found != wanted_.begin()) wanted_.erase(found);
}

std::optional<std::map<std::string, Examination>> Examiner::examinations() const {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? std::optional(examinations_) : std::nullopt;
}

void Examiner::work(const std::stop_token& ending) {
  const std::stop_callback stop_now(ending, [this] {
    const std::lock_guard lock(mutex_);
    for (Wanted& wanted : wanted_) wanted.stop.request_stop();
  });
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, ending, [this] { return !wanted_.empty(); })) {
    if (ending.stop_requested()) return;
    const Wanted first = wanted_.front();
    lock.unlock();
    Examination end = examined(first);
    lock.lock();
    wanted_.pop_front();
    if (!first.stop.stop_requested()) examinations_[first.run] = std::move(end);
    lock.unlock();
    done_();
    lock.lock();
  }
}

Examination Examiner::examined(const Wanted& wanted) {
  Examination end;
  end.over = true;
  if (wanted.stop.stop_requested()) return end;
  try {
    const auto diagnosis = examine_run(
        wanted.folder.string(), "",
        [&](const std::string& test) {
          const std::lock_guard lock(mutex_);
          if (!wanted.stop.stop_requested()) examinations_[wanted.run].test = test;
        },
        wanted.stop.get_token());
    if (!diagnosis) return end;
    end.findings = diagnosis->at("findings").size();
    end.untested = diagnosis->at("untested").get<std::vector<std::string>>();
    end.notes = diagnosis->at("notes").get<std::vector<std::string>>();
  } catch (const std::exception& error) {
    end.problem = error.what();
  }
  return end;
}

}  // namespace ablate
