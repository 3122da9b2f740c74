#include "workbench/sweep_follower.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include "runs/run_store.h"
#include "sweeps/journal.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

/// Size and time of writing: what tells that a file is another one than before.
using Stamp = std::pair<std::uintmax_t, fs::file_time_type>;

Stamp stamp_of(const fs::path& file) {
  std::error_code failure;
  const std::uintmax_t size = fs::file_size(file, failure);
  return failure ? Stamp{} : Stamp{size, fs::last_write_time(file, failure)};
}

fs::path whole(const fs::path& path) {
  std::error_code failure;
  const fs::path canonical = fs::weakly_canonical(path, failure);
  return failure ? path : canonical;
}

bool same_state(const SweepState& a, const SweepState& b) {
  return a.now == b.now && a.host == b.host && a.process == b.process && a.slots == b.slots && a.trials == b.trials &&
         a.problem == b.problem;
}

}  // namespace

bool is_journal_file(const fs::path& file) {
  std::error_code failure;
  if (!fs::is_regular_file(file, failure) || is_event_file_name(file.filename().string())) return false;
  std::ifstream stream(file);
  std::string line(4096, '\0');
  stream.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(stream.gcount()));
  line.erase(std::min(line.find('\n'), line.size()));
  return line.starts_with('{') ? line.find("\"op_code\"") != std::string::npos
                               : line.empty() && file.extension() == ".journal";
}

/// One sweep's folder, or one journal.
struct SweepFollower::Followed {
  fs::path folder;     ///< empty for another program's journal
  fs::path file;       ///< the journal
  std::string prefix;  ///< of run ids
  std::string name;    ///< of the folder or file
  std::unique_ptr<Journal> journal;
  Stamp asked, happened;  ///< sweep.json and the journal, as they were read
  std::shared_ptr<const Sweep> sweep;
  std::string sweep_problem, journal_problem;
  bool read = false;
  std::vector<std::shared_ptr<const SweepView>> views;

  bool look();
  bool read_sweep_file();
  bool read_journal();
  void make_views(const SweepState& state);
};

bool SweepFollower::Followed::read_sweep_file() {
  if (folder.empty()) return false;
  const Stamp now = stamp_of(folder / "sweep.json");
  if (read && now == asked) return false;
  asked = now;
  try {
    sweep = std::make_shared<const Sweep>(read_sweep(folder));
    sweep_problem.clear();
  } catch (const std::exception& error) {
    sweep_problem = error.what();
  }
  return true;
}

bool SweepFollower::Followed::read_journal() {
  const Stamp now = stamp_of(file);
  if (read && now == happened) return false;
  happened = now;
  const std::string before = journal_problem;
  bool any = false;
  try {
    std::error_code failure;
    if (!fs::exists(file, failure)) {  // A window makes no journal.
      journal_problem = file.string() + " is not there: nothing is known of its trials.";
    } else {
      any = !journal;
      if (journal)
        any = journal->sync();
      else
        journal = std::make_unique<Journal>(file);
      journal_problem.clear();
    }
  } catch (const std::exception& error) {
    journal_problem = error.what();
  }
  return any || before != journal_problem || !read;
}

void SweepFollower::Followed::make_views(const SweepState& state) {
  std::map<std::string, std::shared_ptr<const Study>> studies;
  for (const auto& view : views)
    if (view->study) studies[view->study->name] = view->study;
  if (journal) {
    const std::vector<const Study*> all = journal->replay().studies();
    // A sweep that went on with another program's journal may have that one's name for its only study.
    for (const Study* study : all)
      if (folder.empty() || !sweep || study->name == sweep->name || all.size() == 1)
        studies[study->name] = std::make_shared<const Study>(*study);
  }
  const std::string problem = !sweep_problem.empty() ? sweep_problem : journal_problem;
  views.clear();
  const auto add = [&](const std::string& called, std::shared_ptr<const Study> study) {
    views.push_back(std::make_shared<const SweepView>(
        SweepView{called, whole(folder.empty() ? file : folder), sweep, std::move(study), prefix, state, problem}));
  };
  if (!folder.empty() || studies.empty()) {
    const auto its = studies.find(sweep ? sweep->name : name);
    add(name, its != studies.end() ? its->second : studies.empty() ? nullptr : studies.begin()->second);
    return;
  }
  for (const auto& [called, study] : studies) add(called, study);
}

bool SweepFollower::Followed::look() {
  bool any = read_sweep_file();
  SweepState state;
  if (!folder.empty()) {
    try {
      state = sweep_state(folder);
    } catch (const std::exception& error) {
      state.problem = error.what();
    }
  }
  any |= read_journal();
  if (const Study* study = journal && sweep ? journal->replay().find(sweep->name) : nullptr)
    state = with_study(std::move(state), folder, *study);
  read = true;
  if (!any && !views.empty() && same_state(views.front()->state, state)) return false;
  make_views(state);
  return true;
}

SweepFollower::SweepFollower() = default;
SweepFollower::~SweepFollower() = default;

void SweepFollower::add_root(fs::path root, std::string run_prefix) {
  roots_.push_back({std::move(root), std::move(run_prefix)});
}

void SweepFollower::add_journal(fs::path file) { journals_.push_back(std::move(file)); }

bool SweepFollower::look() {
  std::vector<std::unique_ptr<Followed>> now;
  const auto keep = [&](const fs::path& folder, const fs::path& file, const std::string& prefix) {
    const auto is_it = [&](const auto& each) { return each && whole(each->file) == whole(file); };
    if (std::ranges::any_of(now, is_it)) return;
    const auto known = std::ranges::find_if(followed_, is_it);
    if (known != followed_.end()) return now.push_back(std::move(*known));
    now.push_back(std::make_unique<Followed>());
    now.back()->folder = folder;
    now.back()->file = file;
    now.back()->prefix = prefix;
    now.back()->name = (folder.empty() ? file : folder).filename().string();
  };
  for (const Root& root : roots_) {
    try {
      for (const fs::path& folder : list_sweeps(root.path)) keep(folder, journal_file(folder), root.run_prefix);
    } catch (const std::exception&) {  // The list of runs says why the root can't be read.
    }
  }
  for (const fs::path& file : journals_) keep({}, file, "");
  bool any =
      now.size() != followed_.size() || std::ranges::any_of(followed_, [](const auto& gone) { return bool(gone); });
  followed_ = std::move(now);
  for (const auto& each : followed_) any |= each->look();
  if (!any) return false;
  views_.clear();
  for (const auto& each : followed_) views_.insert(views_.end(), each->views.begin(), each->views.end());
  std::ranges::stable_sort(views_, {}, [](const auto& view) { return view->name; });
  // Two of one name are told apart by where they lie.
  for (std::size_t i = 1; i < views_.size(); ++i)
    if (views_[i]->name == views_[i - 1]->name) {
      auto other = std::make_shared<SweepView>(*views_[i]);
      other->name += "  " + other->place.string();
      views_[i] = std::move(other);
    }
  return true;
}

bool SweepFollower::active() const {
  return std::ranges::any_of(views_, [](const auto& view) { return view->state.led(); });
}

}  // namespace ablate
