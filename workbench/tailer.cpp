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
#include "runs/run_list.h"
#include "sweeps/launcher.h"
#include "viewers/colors.h"
#include "viewers/published.h"
#include "workbench/console_tail.h"
#include "workbench/run_follower.h"
#include "workbench/run_names.h"
#include "workbench/sweep_follower.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kKeptHidden = 512u << 20;  // Bytes of scalars of runs that were shown a while ago.
constexpr milliseconds kActivePeriod{500};       // Runs that train, where the system does not tell of their changes.
constexpr milliseconds kShortest{40};            // Between two looks: many runs may write all the time.
constexpr milliseconds kQuietPeriod{2000};       // Everything else.
constexpr milliseconds kLongestQuiet{5000};      // Where there is much of it.
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
         (a.run == b.run || *a.run == *b.run);
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
  explicit Impl(fs::path cache) : logs(std::move(cache)) {}

  struct Root {
    Root(fs::path path_of_it, std::string prefix_of_ids)
        : path(std::move(path_of_it)), prefix(std::move(prefix_of_ids)), list(path), bin(bin_of(path)) {}

    fs::path path;
    std::string prefix;  ///< of its ids; empty for the first
    RunList list, bin;

    std::string id_of(const std::string& id) const {
      return prefix.empty() ? id : id == "." ? prefix : prefix + "/" + id;
    }
  };

  std::vector<Root> roots;
  std::function<void()> changed;

  // The tailer's thread only.
  std::map<std::string, std::shared_ptr<const RunView>> runs;
  std::map<fs::path, int> queue_places;  ///< of the runs that wait in their root's queue, by folder
  RunFollower logs;
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
  std::uint64_t version = 0;

  Published<Snapshot> snapshot{std::make_shared<const Snapshot>()};
  std::mutex mutex;  // Guards the following. Held for moments only: drawing waits for no file.
  Interest interest;
  bool interest_asked = false;  // It is another one than before.
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
  bool follow_one(const RunView& run, Clock::time_point now);
  bool is_hidden(const std::string& id) const;
  bool read_console();
  bool read_sweeps();
  void forget_hidden();
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
    view->config = config_of(*info.run);
    view->after = comes_after(*info.run);
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
  for (Root& root : roots) {
    try {
      for (RunInfo& info : root.list.list()) {
        if (info.id == "." && info.status.state == RunState::failed && root.prefix.empty()) {
          new_problem = info.status.error;
          continue;
        }
        if (std::error_code failure; roots.size() > 1) {
          const fs::path whole = fs::weakly_canonical(info.folder, failure);
          if (!failure && !folders.insert(whole.string()).second) continue;
        }
        info.id = root.id_of(info.id);
        found.push_back(std::move(info));
        root_of.push_back(root.path);
      }
      for (const RunInfo& info : root.bin.list()) removed.insert(root.id_of(info.id));
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
  logs.forget_if([&](const std::string& id) { return !present.contains(id); });
  // A hundredth of the time where others' new runs are seen soon enough even so, and never more than a tenth of it.
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  next_listing = Clock::now() + std::max(10 * took, std::clamp(100 * took, kQuietPeriod, kLongestQuiet));
  return any;
}

/// Of those whose folders have changed, and of all that train every now and then: a worker's death changes no file.
bool Tailer::Impl::refresh_active() {
  bool any = false;
  const bool everyone = Clock::now() >= next_refresh;
  if (everyone) next_refresh = Clock::now() + kActivePeriod;
  std::vector<std::shared_ptr<const RunView>> active;
  for (const auto& [id, view] : runs)
    if (is_active(view->info.status.state) && (everyone || logs.has_changed(id))) active.push_back(view);
  if (!active.empty()) read_queues();
  for (const auto& view : active) {
    std::error_code failure;
    if (!fs::exists(view->info.folder / "run.json", failure)) {
      next_listing = {};
      continue;
    }
    const auto root = std::ranges::find(roots, view->root, &Root::path);
    RunInfo info = root->list.read(view->info.folder);
    info.id = view->info.id;
    info.name = view->info.name;
    any |= take(std::move(info), view->root, view->color);
  }
  return any;
}

bool Tailer::Impl::follow_one(const RunView& run, Clock::time_point now) {
  const milliseconds period = is_hidden(run.info.id)             ? kHiddenPeriod
                              : is_active(run.info.status.state) ? kActivePeriod
                                                                 : kQuietPeriod;
  auto news = logs.look(run, period, now);
  if (!news) return false;
  runs[news->info.id] = std::move(news);
  return true;
}

bool Tailer::Impl::follow() {
  bool any = false, all = true, others = true;
  const auto now = Clock::now();
  std::vector<std::shared_ptr<const RunView>> of_interest, hidden;
  for (const auto& [id, view] : runs) (is_hidden(id) ? hidden : of_interest).push_back(view);
  const std::size_t needed = of_interest.size();
  std::size_t kept = 0;  // Of scalars of runs that nobody sees a line of.
  for (const auto& view : hidden) kept += logs.bytes(view->info.id);
  if (wanted.everything) of_interest.insert(of_interest.end(), hidden.begin(), hidden.end());
  for (std::size_t i = 0; i < of_interest.size(); ++i) {
    const RunView& run = *of_interest[i];
    const std::string& id = run.info.id;
    if (i >= needed && kept >= kKeptHidden) break;
    const std::size_t before = logs.bytes(id);
    any |= follow_one(run, now);
    if (i >= needed) kept += logs.bytes(id) - before;
    (i < needed ? all : others) &= logs.caught_up(id);
    if (any && Clock::now() - published > kPublishPeriod) publish();
    const std::lock_guard lock(mutex);
    if (ending || listing_asked || interest_asked) {
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

void Tailer::Impl::forget_hidden() {
  if (wanted.everything) return;
  std::size_t kept = 0;
  for (const auto& [id, view] : runs)
    if (is_hidden(id)) kept += logs.bytes(id);
  if (kept < kKeptHidden) return;
  for (auto& [id, view] : runs) {
    if (!is_hidden(id) || !view->data) continue;
    auto without = std::make_shared<RunView>(*view);
    without->data.reset();
    view = std::move(without);
  }
  logs.forget_if([this](const std::string& id) { return is_hidden(id); });
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
      if (std::exchange(interest_asked, false)) {
        complete = false;
        wanted = interest;
      }
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
  const bool written = logs.wait(more_to_read ? milliseconds(0)
                                 : active     ? kActivePeriod
                                              : kQuietPeriod / 2,
                                 signal.get());
  std::uint64_t count = 0;
  const bool asked = ::read(signal.get(), &count, sizeof count) > 0;
  if (written && !asked && !more_to_read) std::this_thread::sleep_until(next);
}

void Tailer::Impl::wake() {
  const std::uint64_t one = 1;
  if (::write(signal.get(), &one, sizeof one) < 0) return;  // It is awake already.
}

Tailer::Tailer(fs::path root, std::vector<fs::path> more_paths, fs::path cache, std::function<void()> changed)
    : impl_(std::make_unique<Impl>(std::move(cache))) {
  impl_->changed = std::move(changed);
  impl_->sweeps.add_root(root, "");
  impl_->roots.emplace_back(std::move(root), "");
  for (fs::path& path : more_paths) {
    if (is_journal_file(path)) {
      impl_->sweeps.add_journal(std::move(path));
      continue;
    }
    const fs::path whole = fs::absolute(path).lexically_normal();
    const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
    const std::string prefix = name.empty() ? "log" : name;
    impl_->sweeps.add_root(path, prefix + "/");
    impl_->roots.emplace_back(std::move(path), prefix);
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
    if (interest == impl_->interest) return;
    impl_->interest = std::move(interest);
    impl_->interest_asked = true;
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
