#include "workbench/examiner.h"

#include <algorithm>
#include <utility>

#include "sweeps/examination.h"

namespace ablate {

Examiner::Examiner(std::function<void()> done)
    : done_(std::move(done)), thread_([this](const std::stop_token& ending) { work(ending); }) {}

void Examiner::examine(const std::string& run, const std::filesystem::path& folder) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(wanted_, run, &Wanted::run) != wanted_.end()) return;
    wanted_.push_back({run, folder});
    examinations_[run] = {};
  }
  changed_.notify_all();
}

void Examiner::stop(const std::string& run) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(wanted_, run, &Wanted::run);
  if (found == wanted_.end()) return;
  examinations_.erase(run);
  if (found == wanted_.begin())
    now_.request_stop();
  else
    wanted_.erase(found);
}

std::optional<std::map<std::string, Examination>> Examiner::examinations() const {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? std::optional(examinations_) : std::nullopt;
}

void Examiner::work(const std::stop_token& ending) {
  const std::stop_callback stop_now(ending, [this] {
    const std::lock_guard lock(mutex_);
    now_.request_stop();
  });
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, ending, [this] { return !wanted_.empty(); })) {
    if (ending.stop_requested()) return;
    const Wanted first = wanted_.front();
    now_ = {};
    const std::stop_token stop = now_.get_token();
    lock.unlock();
    Examination end = examined(first, stop);
    lock.lock();
    wanted_.pop_front();
    if (!stop.stop_requested()) examinations_[first.run] = std::move(end);
    lock.unlock();
    done_();
    lock.lock();
  }
}

Examination Examiner::examined(const Wanted& wanted, const std::stop_token& stop) {
  Examination end;
  end.over = true;
  try {
    const auto diagnosis = examine_run(
        wanted.folder.string(), "",
        [&](const std::string& test) {
          const std::lock_guard lock(mutex_);
          if (!stop.stop_requested()) examinations_[wanted.run].test = test;
        },
        stop);
    if (!diagnosis) return end;
    end.findings = diagnosis->at("findings").size();
    for (const char* kind : {"untested", "notes"})
      for (const nlohmann::json& line : diagnosis->at(kind)) end.untested.push_back(line.get<std::string>());
  } catch (const std::exception& error) {
    end.problem = error.what();
  }
  return end;
}

}  // namespace ablate
