#include "workbench/tailer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "experiments/after.h"
#include "runs/bin.h"
#include "runs/error.h"
#include "runs/heartbeats.h"
#include "runs/run_reader.h"
#include "sweeps/launcher.h"
#include "sweeps/wakeups.h"
#include "viewers/colors.h"
#include "viewers/published.h"
#include "workbench/console_tail.h"
#include "workbench/run_names.h"
#include "workbench/sweep_follower.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kBytesAtOnce = 8u << 20;   // Between two looks at what the drawing thread wants.
constexpr std::size_t kKeptHidden = 512u << 20;  // Bytes of scalars of runs that were shown a while ago.
constexpr milliseconds kActivePeriod{500};       // Runs that train, where the system does not tell of their changes.
constexpr milliseconds kShortest{40};            // Between two looks: many runs may write all the time.
constexpr milliseconds kQuietPeriod{2000};       // Everything else.
constexpr milliseconds kHiddenPeriod{10'000};    // Runs that nobody sees a line of.
constexpr milliseconds kPublishPeriod{100};      // While much is being read.

bool is_active(RunState state) { return state == RunState::queued || state == RunState::running; }

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

/// NaN equals itself here: a diverged run is not news at every look.
bool same_status(const RunStatus& a, const RunStatus& b) {
  return a.state == b.state && a.step == b.step && a.total_steps == b.total_steps && a.error == b.error &&
         a.waiting == b.waiting && a.best_metric == b.best_metric && same_bits(a.best_value, b.best_value) &&
         same_bits(a.training_seconds, b.training_seconds) && same_bits(a.ended_seconds, b.ended_seconds) &&
         std::equal(a.metrics.begin(), a.metrics.end(), b.metrics.begin(), b.metrics.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && same_bits(x.second, y.second); });
}

bool same_info(const RunInfo& a, const RunInfo& b) {
  return a.name == b.name && a.experiment == b.experiment && a.meta == b.meta && same_status(a.status, b.status) &&
         a.run == b.run;
}

std::shared_ptr<const RunConfig> config_of(const nlohmann::json& run) {
  try {
    if (run.is_object() && run.contains("config"))
      return std::make_shared<const RunConfig>(RunConfig::from_json(run.at("config")));
  } catch (const std::exception&) {  // Of another version: the run is shown all the same.
  }
  return nullptr;
}

std::string comes_after(const nlohmann::json& run) {
  try {
    if (const auto after = after_of(run)) return after->run;
  } catch (const std::exception&) {  // Its launcher will say what is wrong with it.
  }
  return "";
}

}  // namespace

struct Tailer::Impl {
  struct Followed {
    Followed(const fs::path& folder, const fs::path& cache) : reader(folder, cache) {}
    RunReader reader;
    bool caught_up = false;
    std::size_t bytes = 0;  ///< of its scalars
    Clock::time_point next_look{};
    fs::file_time_type findings_written{}, evaluated{};
  };
  struct Root {
    fs::path path;
    std::string prefix;  ///< of its ids; empty for the first

    std::string id_of(const std::string& id) const {
      return prefix.empty() ? id : id == "." ? prefix : prefix + "/" + id;
    }
  };

  std::vector<Root> roots;
  fs::path cache;
  std::function<void()> changed;

  // The tailer's thread only.
  std::map<std::string, std::shared_ptr<const RunView>> runs;
  std::map<fs::path, int> queue_places;  ///< of the runs that wait in their root's queue, by folder
  std::map<std::string, Followed> followed;
  RunColors colors;
  Heartbeats heartbeats;
  ConsoleReader console_reader;
  SweepFollower sweeps;
  bool sweeps_read = false;
  std::shared_ptr<const ConsoleTail> console;
  Interest wanted;
  bool listed = false;
  bool complete = false;      // As in Snapshot.
  bool more_to_read = false;  // Of a run of interest.
  std::string problem;
  Clock::time_point next_listing{}, next_refresh{}, published{};
  Wakeups wakeups;
  std::map<std::string, std::string> watched;  ///< folders of followed runs that are watched, to their ids
  std::set<std::string> told_of;               ///< ids of runs whose folder has changed since they were looked at
  std::uint64_t version = 0;

  Published<Snapshot> snapshot{std::make_shared<const Snapshot>()};
  std::mutex mutex;  // Guards the following. Held for moments only: drawing waits for no file.
  Interest interest;
  bool listing_asked = false;
  bool ending = false;
  FileDescriptor signal{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};  // Of one of them.
  std::thread thread;

  void work();
  bool list();
  bool refresh_active();
  void read_queues();
  int place_of(const RunInfo& run) const;
  bool take(RunInfo info, const fs::path& root, const Color& color);
  bool follow();
  bool follow_one(const RunView& view, Clock::time_point now);
  bool is_hidden(const std::string& id) const;
  std::size_t hidden_bytes() const;
  bool read_console();
  bool read_sweeps();
  void forget_hidden();
  void forget_folders();
  void publish();
  void wait();
  void wake();
};

/// False where nothing about the run is new.
bool Tailer::Impl::take(RunInfo info, const fs::path& root, const Color& color) {
  heartbeats.resolve(info.id, info.status, Clock::now());
  const int place = place_of(info);
  auto& known = runs[info.id];
  if (known && same_info(known->info, info) && known->queue_place == place && known->color == color) return false;
  auto view = known ? std::make_shared<RunView>(*known) : std::make_shared<RunView>();
  if (!known || known->info.run != info.run) {
    view->config = config_of(info.run);
    view->after = comes_after(info.run);
  }
  view->info = std::move(info);
  view->root = root;
  view->queue_place = place;
  view->color = color;
  known = std::move(view);
  return true;
}

void Tailer::Impl::read_queues() {
  queue_places.clear();
  for (const Root& root : roots)
    for (int place = 0; const fs::path& run : LocalQueue(root.path).waiting()) queue_places[run] = ++place;
}

int Tailer::Impl::place_of(const RunInfo& run) const {
  if (run.status.state != RunState::queued) return 0;
  const auto place = queue_places.find(fs::absolute(run.folder).lexically_normal());
  return place == queue_places.end() ? 0 : place->second;
}

bool Tailer::Impl::list() {
  const auto began = Clock::now();
  std::vector<RunInfo> found;
  std::vector<fs::path> root_of;
  std::set<std::string> folders, removed;
  std::string new_problem;
  read_queues();
  for (const Root& root : roots) {
    try {
      for (RunInfo& info : list_runs(root.path)) {
        std::error_code failure;
        const fs::path whole = fs::weakly_canonical(info.folder, failure);
        if (info.id == "." && info.status.state == RunState::failed && root.prefix.empty()) {
          new_problem = info.status.error;
          continue;
        }
        if (!failure && roots.size() > 1 && !folders.insert(whole.string()).second) continue;
        info.id = root.id_of(info.id);
        found.push_back(std::move(info));
        root_of.push_back(root.path);
      }
      for (const RunInfo& info : removed_runs(root.path)) removed.insert(root.id_of(info.id));
    } catch (const std::exception& error) {
      new_problem = error.what();
    }
  }
  shorten_names(found);
  distinguish_names(found);
  std::vector<std::size_t> order(found.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return found[a].id < found[b].id; });
  std::vector<RunInfo> sorted;
  std::vector<fs::path> sorted_roots;
  for (const std::size_t i : order) {
    sorted.push_back(std::move(found[i]));
    sorted_roots.push_back(root_of[i]);
  }
  const std::vector<Color> given = colors.assign(sorted, removed);

  bool any = !listed || new_problem != problem;
  listed = true;
  problem = new_problem;
  std::set<std::string> present;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    present.insert(sorted[i].id);
    any |= take(std::move(sorted[i]), sorted_roots[i], given[i]);
  }
  any |= std::erase_if(runs, [&](const auto& run) { return !present.contains(run.first); }) > 0;
  std::erase_if(followed, [&](const auto& run) { return !present.contains(run.first); });
  forget_folders();
  // A root of ten thousand runs is not listed all the time.
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  next_listing = Clock::now() + std::max(kQuietPeriod, 10 * took);
  return any;
}

/// Of those whose folders have changed, and of all that train every now and then: a worker's death changes no file.
bool Tailer::Impl::refresh_active() {
  bool any = false;
  const bool everyone = Clock::now() >= next_refresh;
  if (everyone) next_refresh = Clock::now() + kActivePeriod;
  std::vector<std::shared_ptr<const RunView>> active;
  for (const auto& [id, view] : runs)
    if (is_active(view->info.status.state) && (everyone || told_of.contains(id))) active.push_back(view);
  if (!active.empty()) read_queues();
  for (const auto& view : active) {
    std::error_code failure;
    if (!fs::exists(view->info.folder / "run.json", failure)) {
      next_listing = {};
      continue;
    }
    RunInfo info = read_run(view->root, view->info.folder);
    info.id = view->info.id;
    info.name = view->info.name;
    any |= take(std::move(info), view->root, view->color);
  }
  return any;
}

bool Tailer::Impl::follow_one(const RunView& view, Clock::time_point now) {
  const std::string id = view.info.id;
  const auto [place, added] = followed.try_emplace(id, view.info.folder, cache);
  Followed& run = place->second;
  if (added) {
    wakeups.watch(view.info.folder, Wakeups::growth | Wakeups::arrival | Wakeups::removal);
    watched[view.info.folder.string()] = id;
  }
  if (run.caught_up && now < run.next_look && !told_of.contains(id)) return false;
  told_of.erase(id);
  run.next_look = now + (is_hidden(id)                       ? kHiddenPeriod
                         : is_active(view.info.status.state) ? kActivePeriod
                                                             : kQuietPeriod);
  const bool any = run.reader.poll(kBytesAtOnce);
  run.caught_up = !run.reader.more();

  std::error_code failure;
  const auto written = fs::last_write_time(view.info.folder / "findings.json", failure);
  const bool judged = !failure && written != run.findings_written;
  const auto evaluated = fs::last_write_time(view.info.folder / "evaluations", failure);
  const bool measured = !failure && evaluated != run.evaluated;
  if (!any && !judged && !measured && view.data) return false;
  auto changed_view = std::make_shared<RunView>(view);
  changed_view->data = run.reader.data();
  run.bytes = 0;
  for (const auto& [tag, points] : changed_view->data->scalars) run.bytes += points.bytes();
  changed_view->problems = problems_of(changed_view->info, *changed_view->data);
  if (judged) {
    run.findings_written = written;
    try {
      changed_view->findings = read_findings(view.info.folder);
    } catch (const Error&) {  // Damaged: as good as none; `ablate doctor` says why.
      changed_view->findings.clear();
    }
  }
  if (measured) {
    run.evaluated = evaluated;
    changed_view->evaluations = read_evaluations(view.info.folder);
  }
  runs[id] = std::move(changed_view);
  return true;
}

bool Tailer::Impl::follow() {
  bool any = false, all = true;
  const auto now = Clock::now();
  std::vector<std::shared_ptr<const RunView>> of_interest;
  for (const auto& [id, view] : runs)
    if (!is_hidden(id)) of_interest.push_back(view);
  const std::size_t needed = of_interest.size();
  if (wanted.everything)
    for (const auto& [id, view] : runs)
      if (is_hidden(id)) of_interest.push_back(view);
  bool others = true;
  for (std::size_t i = 0; i < of_interest.size(); ++i) {
    const auto& view = of_interest[i];
    if (i >= needed && hidden_bytes() >= kKeptHidden) break;
    any |= follow_one(*view, now);
    (i < needed ? all : others) &= followed.at(view->info.id).caught_up;
    if (any && Clock::now() - published > kPublishPeriod) publish();
    const std::lock_guard lock(mutex);
    if (ending || listing_asked || !(interest == wanted)) {
      more_to_read = true;
      return any;
    }
  }
  if (complete != all) any = true;
  complete = all;
  more_to_read = !all || !others;
  return any;
}

bool Tailer::Impl::read_console() {
  const auto run = runs.find(wanted.selected);
  auto tail = run == runs.end() ? nullptr : console_reader.read(run->first, run->second->info.folder);
  if (tail == console) return false;
  console = std::move(tail);
  return true;
}

bool Tailer::Impl::read_sweeps() {
  const bool any = sweeps.look();
  return !std::exchange(sweeps_read, true) || any;
}

bool Tailer::Impl::is_hidden(const std::string& id) const {
  return !wanted.shown.contains(id) && id != wanted.selected;
}

/// What is kept of scalars of runs that nobody sees a line of.
std::size_t Tailer::Impl::hidden_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, run] : followed)
    if (is_hidden(id)) bytes += run.bytes;
  return bytes;
}

void Tailer::Impl::forget_hidden() {
  if (wanted.everything || hidden_bytes() < kKeptHidden) return;
  std::erase_if(followed, [&](const auto& entry) {
    if (!is_hidden(entry.first)) return false;
    if (const auto run = runs.find(entry.first); run != runs.end()) {
      auto view = std::make_shared<RunView>(*run->second);
      view->data.reset();
      run->second = std::move(view);
    }
    return true;
  });
  forget_folders();
}

void Tailer::Impl::forget_folders() {
  std::erase_if(watched, [&](const auto& entry) {
    if (followed.contains(entry.second)) return false;
    wakeups.unwatch(entry.first);
    return true;
  });
}

void Tailer::Impl::publish() {
  auto next = std::make_shared<Snapshot>();
  next->runs.reserve(runs.size());
  for (const auto& [id, view] : runs) next->runs.push_back(view);
  next->sweeps = sweeps.sweeps();
  next->sweeps_read = sweeps_read;
  next->console = console;
  next->loading = !listed;
  next->complete = complete;
  next->problem = problem;
  next->version = ++version;
  snapshot.store(std::move(next));
  published = Clock::now();
  changed();
}

void Tailer::Impl::work() {
  while (true) {
    bool list_now = false;
    {
      const std::lock_guard lock(mutex);
      if (ending) return;
      if (!(wanted == interest)) complete = false;
      wanted = interest;
      list_now = std::exchange(listing_asked, false);
    }
    bool any = false;
    if (list_now || Clock::now() >= next_listing)
      any = list();
    else
      any = refresh_active();
    if (any) publish();
    any = follow();
    any |= read_console();
    any |= read_sweeps();
    forget_hidden();
    if (any) publish();
    wait();
  }
}

/// Until there is something to do, or may be.
void Tailer::Impl::wait() {
  const auto next = Clock::now() + kShortest;
  const bool active = sweeps.active() || std::ranges::any_of(runs, [](const auto& run) {
                        return is_active(run.second->info.status.state);
                      });
  const int descriptor = signal.get();
  const auto changed_folders = wakeups.wait(more_to_read ? milliseconds(0)
                                            : active     ? kActivePeriod
                                                         : kQuietPeriod / 2,
                                            {&descriptor, 1});
  std::uint64_t count = 0;
  const bool asked = ::read(descriptor, &count, sizeof count) > 0;
  for (const std::string& folder : changed_folders)
    if (const auto at = watched.find(folder); at != watched.end()) told_of.insert(at->second);
  if (!changed_folders.empty() && !asked && !more_to_read) std::this_thread::sleep_until(next);
}

void Tailer::Impl::wake() {
  const std::uint64_t one = 1;
  if (::write(signal.get(), &one, sizeof one) < 0) return;  // It is awake already.
}

Tailer::Tailer(fs::path root, std::vector<fs::path> more_paths, fs::path cache, std::function<void()> changed)
    : impl_(std::make_unique<Impl>()) {
  impl_->cache = std::move(cache);
  impl_->changed = std::move(changed);
  impl_->sweeps.add_root(root, "");
  impl_->roots.push_back({std::move(root), ""});
  for (fs::path& path : more_paths) {
    if (is_journal_file(path)) {
      impl_->sweeps.add_journal(std::move(path));
      continue;
    }
    const fs::path whole = fs::absolute(path).lexically_normal();
    const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
    const std::string prefix = name.empty() ? "log" : name;
    impl_->sweeps.add_root(path, prefix + "/");
    impl_->roots.push_back({std::move(path), prefix});
  }
  impl_->thread = std::thread([this] { impl_->work(); });
}

Tailer::~Tailer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->wake();
  impl_->thread.join();
}

std::shared_ptr<const Snapshot> Tailer::snapshot() const { return impl_->snapshot.load(); }

void Tailer::set_interest(Interest interest) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->interest = std::move(interest);
  }
  impl_->wake();
}

void Tailer::look_now() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->listing_asked = true;
  }
  impl_->wake();
}

}  // namespace ablate
