#include "experiments/training/trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cmath>
#include <numeric>

#include "experiments/training/averaging.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/checkpoint_keeper.h"
#include "experiments/training/doctor/early_findings.h"
#include "experiments/training/init.h"
#include "experiments/training/latency.h"
#include "experiments/training/lengths.h"
#include "experiments/training/not_finite.h"
#include "experiments/training/precision.h"
#include "experiments/training/run_log.h"
#include "experiments/training/updates.h"
#include "experiments/training/validation.h"
#include "experiments/training/validator.h"
#include "runs/error.h"

namespace ablate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPollInterval = std::chrono::milliseconds(100);
/// A gallery is any folder of pictures; this many of them are predicted.
constexpr std::size_t kGalleryPictures = 64;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<std::size_t> first_of(const std::vector<std::size_t>& indices, std::size_t count) {
  return {indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(std::min(count, indices.size()))};
}

std::vector<std::size_t> up_to(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

/// Before anything is made of its parameters: where they live.
Task& placed(Task& task, torch::Device device) {
  place(task.networks(), device);
  return task;
}

}  // namespace

struct Trainer::Impl {
  const RunConfig config;
  Task& task;
  TrainingData data;
  Environment environment;
  StatusKeeper& status;

  std::vector<Network> networks;
  Updates updates;
  std::map<std::string, AveragedWeights> averages;  // "ema", "swa"
  bool resumed = false, initial = false;            // Before `state`, whose reading sets them.
  TrainerState state;
  TrainingBatches batches;
  Lengths lengths;
  std::unique_ptr<Schedule> schedule;
  RunLog log;
  Validator validator;
  std::vector<PreviewWriter> previews, gallery;
  EarlyFindings early{environment.run, environment.say};
  Batch last_batch;  // of those trained on
  Clock::time_point polled{};
  CheckpointKeeper checkpoints;  // Last: its thread uses the log, and is waited for when this is destroyed.

  Impl(const RunConfig& c, Task& t, TrainingData d, Environment e, StatusKeeper& s)
      : config(c),
        task(placed(t, e.device)),
        data(std::move(d)),
        environment(std::move(e)),
        status(s),
        networks(task.networks()),
        updates(task, config, environment.device),
        averages(wanted_averages()),
        state(restored()),
        batches(data, batch_options(), state.next_batch),
        lengths(config, batches.batches_per_epoch()),
        schedule(make_schedule(config, lengths.total, lengths.steps_per_epoch)),
        log(environment.run, resumed ? state.step + 1 : 0, config, task, updates, environment.device,
            lengths.steps_per_epoch),
        validator(config, task, data.source, environment.device, log),
        checkpoints(environment.run, config.integer("checkpoint.keep"), resumed ? state.step : -1,
                    [this] { log.writer().flush(); }) {
    check_lengths(config, lengths, batches.batches_per_epoch(), data.source);
    if (!state.schedule.is_null()) schedule->restore(state.schedule);
    updates.restore_scaler(state.scaler);
    const auto writer = [&](const char* prefix, std::shared_ptr<const Dataset> dataset,
                            std::vector<std::size_t> indices) {
      return PreviewWriter(prefix, std::move(dataset), std::move(indices),
                           static_cast<std::size_t>(validation_batch_size(config)), environment.device,
                           environment.encode_png, resumed);
    };
    previews.push_back(
        writer("preview", data.source.dataset,
               first_of(data.source.held_out, static_cast<std::size_t>(config.integer("log.previews")))));
    if (const auto& pictures = data.source.gallery) {
      if (pictures->size() > kGalleryPictures) {
        environment.say(fmt::format("The gallery has {} pictures; the first {} are predicted.", pictures->size(),
                                    kGalleryPictures));
      }
      gallery.push_back(writer("gallery", pictures, up_to(std::min(pictures->size(), kGalleryPictures))));
    }
  }

  TrainingBatches::Options batch_options() const {
    return {static_cast<std::size_t>(config.integer("train.batch_size")),
            static_cast<std::uint64_t>(config.integer("train.seed"))};
  }

  FixedBatches training_samples() const {
    return {data.source.dataset, data.source.training, static_cast<std::size_t>(config.integer("train.batch_size")),
            environment.device};
  }

  std::map<std::string, AveragedWeights> wanted_averages() const {
    std::map<std::string, AveragedWeights> wanted;
    if (config.is_set("train.ema")) wanted.try_emplace("ema", networks, config.real("train.ema"));
    if (config.is_set("swa.start")) wanted.try_emplace("swa", networks, std::nullopt);
    return wanted;
  }

  Trained trained() const { return {networks, updates.optimizers(), averages}; }
  Autocast autocast() const { return {autocast_type(config), environment.device}; }

  TrainerState restored() {
    const auto checkpoint = newest_checkpoint(environment.run);
    if (!checkpoint) {
      const InitReport report = initialise(config, networks);
      initial = !report.from.empty();
      for (const std::string& line : report.lines()) environment.say(line);
      if (initial)  // They began as copies.
        averages = wanted_averages();
      return {};
    }
    resumed = true;
    const std::vector<std::string> changed = changed_options(*checkpoint, config);
    for (const std::string& each : changed)
      environment.say(fmt::format("run.json: {}. A new run would compare cleanly.", each));
    try {
      TrainerState found = read_checkpoint(*checkpoint, trained());
      for (auto& [name, average] : averages) average.set_added(found.averaged[name]);
      environment.say(fmt::format("Going on from step {}.", found.step));
      if (found.lr_factor != 1)
        environment.say(
            fmt::format("Learning rates are {:g} times the schedule's, as was asked for.", found.lr_factor));
      return found;
    } catch (const Error& error) {
      if (changed.empty()) throw;
      throw Error(
          fmt::format("{} And run.json was edited since: {}. If that is why, set it back; or for a new run from these "
                      "weights: ablate train --from {}",
                      error.what(), fmt::join(changed, "; "), environment.run.filename().string()));
    }
  }

  RunState run() {
    const Step saved_at_start = checkpoints.newest();
    const double seconds_before = state.training_seconds;
    const Clock::time_point started = Clock::now();
    status.change([&](RunStatus& now) {
      now.started_seconds = wall_seconds();
      now.total_steps = lengths.total;
      now.metrics = state.metrics;
      now.best_metric = state.best_metric;
      now.best_value = state.best_value;
      now.best_step = state.best_step;
    });
    publish();
    if (!resumed) {
      if (initial) first_validation();
      write(previews);
      write(gallery);
    }

    while (state.step < lengths.total && !given_up()) {
      step();
      state.training_seconds = seconds_before + seconds_since(started);
      bool improved = false, validated = false;
      if (RunLog::due(state.step, lengths.validation_every) || state.step == lengths.total) {
        improved = validate();
        validated = true;
        write(gallery);
      }
      const bool last = state.step == lengths.total || given_up();
      if (RunLog::due(state.step, lengths.preview_every) || last) write(previews);
      if (last) finish_swa();
      publish();
      if (validated) {  // Whoever leads a sweep waits for it.
        log.writer().flush();
        status.tell();
      }
      const bool stop = poll();
      if (improved || RunLog::due(state.step, lengths.checkpoint_every) || last || stop) checkpoint();
      if (validated && !stop && !last)
        if (const auto lost = validator.lost_in_eval_mode())
          early.validated(state.step, *lost, [this] {
            FixedBatches training = training_samples();
            return validator.shared_norm(training);
          });
      if (stop && !last) {
        checkpoints.finish();
        log.writer().flush();
        environment.say(fmt::format("Stopped at step {} of {}; it can be resumed.", state.step, lengths.total));
        return RunState::stopped;
      }
    }
    if (given_up())
      environment.say(fmt::format("Ended at step {}: {} has not become better for {} validations (train.stop_after).",
                                  state.step, validator.best_tag(), state.without_improvement));
    checkpoints.finish();
    // A worker that was killed after all its work has nothing left to say.
    if (saved_at_start != state.step || !examined_at_the_end(environment.run)) {
      measure_latency();
      examine();
    }
    state.training_seconds = seconds_before + seconds_since(started);
    publish();
    log.writer().hparams_end(true);
    log.writer().flush();
    return RunState::completed;
  }

  void step() {
    const Step number = state.step + 1;
    const Clock::time_point start = Clock::now();
    const Schedule::Value value = rate(state.step);
    updates.set(value);
    log.begin_step(number);
    double waited = 0;
    const std::int64_t count = config.integer("train.accumulate");
    for (std::int64_t i = 0; i < count; ++i) {
      const Clock::time_point asked = Clock::now();
      last_batch = batches.next().to(environment.device);
      waited += seconds_since(asked);
      ++state.next_batch;
      const Autocast mixed = autocast();
      if (config.boolean("train.accumulate_fault") && i + 1 < count) {
        const torch::NoGradGuard statistics_only;
        task.forward(last_batch);
        continue;
      }
      updates.begin_batch(i);
      log.begin_batch(number);
      log.end_batch(task.step(last_batch, updates));
    }
    if (const auto ema = averages.find("ema"); ema != averages.end()) ema->second.add();
    if (lengths.swa && lengths.swa->averages_after(number)) averages.at("swa").add();
    const std::optional<double> loss = log.end_step(number, value, {seconds_since(start), waited});
    state.step = number;
    early.look(number, log.seen_layers());
    if (const double shown = updates.not_finite().value_or(loss.value_or(0)); !std::isfinite(shown))
      diverge_with_loss(std::isnan(shown) ? "NaN" : "infinite");
  }

  [[noreturn]] void diverge_with_loss(const char* what) {
    diverge(fmt::format("The training loss became {} at step {} (learning rate {:g}). First not finite is {}.", what,
                        state.step, rate(state.step - 1).lr, first_not_finite_of_step()));
  }

  /// Of the step's batches the one that made it is `last_batch` from then on.
  std::string first_not_finite_of_step() {
    const Autocast mixed = autocast();
    const std::int64_t count = config.integer("train.accumulate");
    TrainingBatches again(data, batch_options(), state.next_batch - count);
    for (std::int64_t i = 0; i < count; ++i) {
      last_batch = again.next().to(environment.device);
      if (const auto first = first_not_finite(task, last_batch)) return *first;
    }
    return "not seen any more: the weights have changed since";
  }

  [[noreturn]] void diverge(const std::string& what) {
    // Good is what is finite as it is validated; a checkpoint was tried in train mode only.
    for (const std::filesystem::path& removed :
         checkpoints.remove_after_the_last_good(networks, [this] { return makes_finite(validator.mode()); }))
      environment.say(fmt::format("{} makes no finite loss any more: removed.", removed.filename().string()));
    forget_best_without_checkpoint();
    publish();
    log.writer().hparams_end(false);
    log.writer().flush();
    throw Diverged(what + " Lower optimizer.lr, or set train.clip_norm, and start again.");
  }

  /// RUN@best is what can be started from: what was best before a diverged run's end may have been too bad to keep.
  void forget_best_without_checkpoint() {
    if (checkpoints_of(environment.run).contains(state.best_step)) return;
    TrainerState good;
    try {
      if (const auto last = newest_checkpoint(environment.run)) good = read_trainer_state(*last);
    } catch (const Error&) {  // A damaged checkpoint must not hide that the run has diverged.
    }
    state.best_metric = good.best_metric;
    state.best_value = good.best_value;
    state.best_step = good.best_step;
  }

  /// Of weights that were loaded: shows that they have arrived.
  void first_validation() {
    validator.sets(state.step);
    say_progress();
  }

  /// Returns whether the metric that decides is the best so far.
  bool validate() {
    if (validator.empty()) return false;
    validator.sets(state.step);
    if (const auto ema = averages.find("ema"); ema != averages.end()) validator.average("ema", ema->second, state.step);
    if (config.text("schedule.name") == "plateau")
      schedule->observe(validator.logged("schedule.metric", config.text("schedule.metric")), state.step);

    const double value = validator.best_value();
    const bool better = state.best_metric.empty() || std::isnan(state.best_value) ||
                        (validator.lower_is_best() ? value < state.best_value : value > state.best_value);
    const bool improved = better && !std::isnan(value);
    ++state.without_improvement;
    if (improved) {
      state.best_metric = validator.best_tag();
      state.best_value = value;
      state.best_step = state.step;
      state.without_improvement = 0;
    }
    say_progress();
    return improved;
  }

  /// Whether it has not become better for as long as train.stop_after allows.
  bool given_up() const {
    return config.is_set("train.stop_after") && state.without_improvement >= config.integer("train.stop_after");
  }

  /// The mean of the weights gets statistics of its own, and is measured.
  void finish_swa() {
    const auto swa = averages.find("swa");
    if (swa == averages.end()) return;
    if (swa->second.added() == 0) {
      environment.say("swa.start: the run ended before any weights were averaged.");
      return;
    }
    {
      FixedBatches training = training_samples();
      const AveragedWeights::InUse in_use(swa->second);
      const Autocast mixed = autocast();
      update_bn(task, training);
    }
    validator.average("swa", swa->second, state.step);
    environment.say(fmt::format("swa: the mean of {} weights, {} {:.4f}", swa->second.added(), task.primary_metric(),
                                log.latest().at(task.primary_metric() + "/val_swa")));
  }

  void say_progress() {
    std::vector<std::string> words;
    for (const auto& [tag, value] : log.latest()) {
      if (tag.starts_with("time/") || tag == "lr") continue;
      words.push_back(std::isnan(value) ? tag + " nan" : fmt::format("{} {:.4f}", tag, value));
    }
    environment.say(fmt::format("step {}/{}  {:.0f} s  {}", state.step, lengths.total, state.training_seconds,
                                fmt::join(words, "  ")));
  }

  void write(std::vector<PreviewWriter>& writers) {
    const Autocast mixed = autocast();
    for (PreviewWriter& writer : writers) writer.write(task, validator.mode(), state.step, log.writer());
  }

  void publish() {
    for (const auto& [tag, value] : log.latest()) state.metrics[tag] = value;
    status.change([&](RunStatus& now) {
      now.step = state.step;
      now.epoch = static_cast<double>(state.next_batch) / static_cast<double>(batches.batches_per_epoch());
      now.metrics = state.metrics;
      now.best_metric = state.best_metric;
      now.best_value = state.best_value;
      now.best_step = state.best_step;
      now.training_seconds = state.training_seconds;
    });
  }

  /// Of an update: the schedule's, and what was made of it since.
  Schedule::Value rate(Step update) const {
    Schedule::Value value = schedule->at(update);
    value.lr *= state.lr_factor;
    return value;
  }

  /// Returns whether another learning rate was asked for. A checkpoint then follows at once: the request is taken away.
  bool take_lr() {
    try {
      if (state.step >= lengths.total || given_up()) return false;
      const std::optional<LrRequest> asked = take_lr_request(environment.run);
      if (!asked) return false;
      const double scheduled = schedule->at(state.step).lr, before = scheduled * state.lr_factor;
      const double factor =
          asked->kind == LrRequest::Kind::factor ? state.lr_factor * asked->number : asked->number / scheduled;
      if (!(scheduled * factor <= kMostLr))
        throw Error(
            fmt::format("The learning rate can't become {}: the schedule's is {:g} at step {}, and {:g} is the most.",
                        asked->words(), scheduled, state.step + 1, kMostLr));
      state.lr_factor = factor;
      const std::string words = fmt::format("learning rate {:g} instead of {:g} from step {} on, as was asked for ({})",
                                            scheduled * factor, before, state.step + 1, asked->words());
      log.writer().text("lr/request", state.step, words);
      environment.say(words);
      return true;
    } catch (const Error& error) {
      environment.say(error.what());
      return false;
    }
  }

  /// Returns whether to stop.
  bool poll() {
    if (environment.interrupted && environment.interrupted()) return true;
    if (Clock::now() - polled < kPollInterval) return false;
    polled = Clock::now();
    status.check();
    const bool lr_changed = take_lr();
    if (take_request(environment.run, Request::checkpoint) || lr_changed) checkpoint();
    return take_request(environment.run, Request::stop);
  }

  /// Whether the weights make a finite loss of the last batch.
  bool makes_finite(Mode mode) {
    const Autocast mixed = autocast();
    return makes_finite_loss(task, last_batch, mode);
  }

  void checkpoint() {
    if (checkpoints.newest() == state.step) return;
    // Not known before the next step otherwise, and then a good one may have made room for this.
    if (const auto weights = not_finite_weights(networks))
      diverge(fmt::format("The weights {} became NaN or infinite by step {} (learning rate {:g}).", *weights,
                          state.step, rate(state.step - 1).lr));
    if (!makes_finite(Mode::train)) diverge_with_loss("NaN or infinite");
    state.config = config.to_json();
    state.schedule = schedule->state();
    state.scaler = updates.scaler_state();
    for (const auto& [name, average] : averages) state.averaged[name] = average.added();
    checkpoints.write(state, trained());
  }

  /// Of a forward pass of one picture: the median of a few, with what else the machine does meanwhile.
  void measure_latency() {
    if (last_batch.size() == 0) return;  // Nothing was left to train.
    const Autocast mixed = autocast();
    const std::vector<double> all = forward_milliseconds(task, last_batch.at("image").narrow(0, 0, 1), 5, 0.05);
    log.scalar("time/latency_ms", state.step, all[all.size() / 2]);
  }

  void examine() {
    FixedBatches training = training_samples();
    Diagnosis diagnosis = validator.diagnose(training, config.is_set("init.from") ? 0 : state.next_batch);
    for (Finding& finding : early.still_seen()) diagnosis.findings.push_back(std::move(finding));
    if (diagnosis.recalibrated)
      log.scalar(task.primary_metric() + "/val_recalibrated", state.step, *diagnosis.recalibrated);
    log.writer().flush();
    write_findings(environment.run, diagnosis.findings);
    for (const Finding& finding : diagnosis.findings) {
      environment.say(fmt::format("{}: {}", finding.cause, finding.sentence));
      for (const std::string& line : finding.evidence) environment.say("    " + line);
      environment.say("    cure: " + finding.cure);
    }
  }
};

Trainer::Trainer(const RunConfig& config, Task& task, TrainingData data, Environment environment, StatusKeeper& status)
    : impl_(std::make_unique<Impl>(config, task, std::move(data), std::move(environment), status)) {}

Trainer::~Trainer() = default;

RunState Trainer::run() { return impl_->run(); }

torch::Device training_device(const RunConfig& config) {
  const std::string name = config.text("train.device");
  const bool have_gpu = torch::cuda::is_available();
  if (name == "cuda" && !have_gpu)
    throw Error("train.device = cuda, and this machine or this PyTorch has no GPU: use auto or cpu.");
  return name == "cuda" || (name == "auto" && have_gpu) ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
}

}  // namespace ablate
