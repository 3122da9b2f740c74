#include "experiments/training/trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cmath>
#include <future>
#include <limits>
#include <numeric>

#include "experiments/schedule.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/doctor.h"
#include "experiments/training/run_log.h"
#include "experiments/training/updates.h"
#include "experiments/training/validation.h"
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

std::size_t batch_size_of(const RunConfig& config) {
  return static_cast<std::size_t>(config.integer("train.batch_size"));
}

std::size_t validation_batch_size(const RunConfig& config) {
  return config.is_set("validation.batch_size") ? static_cast<std::size_t>(config.integer("validation.batch_size"))
                                                : batch_size_of(config);
}

/// Before anything is made of its parameters: where they live.
Task& placed(Task& task, torch::Device device) {
  for (const Network& network : task.networks()) {
    network.module->to(device);
    network.module->train(network.trainable);
    if (network.trainable) continue;
    for (torch::Tensor& parameter : network.module->parameters()) parameter.requires_grad_(false);
  }
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
  bool resumed = false;  // Before `state`, whose reading sets it.
  TrainerState state;
  TrainingBatches batches;
  Step total_steps, validation_every, checkpoint_every, preview_every;
  std::unique_ptr<Schedule> schedule;
  RunLog log;
  FixedBatches held_out;
  std::vector<PreviewWriter> previews, gallery;
  Mode configured_mode;
  bool both_modes;
  std::string best_tag;
  Clock::time_point polled{};
  Step saved_step = -1;
  std::future<void> saving;  // Last: it uses the members above, and waits when it is destroyed.

  Impl(const RunConfig& c, Task& t, TrainingData d, Environment e, StatusKeeper& s)
      : config(c),
        task(placed(t, e.device)),
        data(std::move(d)),
        environment(std::move(e)),
        status(s),
        networks(task.networks()),
        updates(task, config),
        state(restored()),
        batches(data, {batch_size_of(config), static_cast<std::uint64_t>(config.integer("train.seed"))},
                state.next_batch),
        total_steps(config.steps("train.steps", batches.batches_per_epoch())),
        validation_every(config.steps("validation.every", batches.batches_per_epoch())),
        checkpoint_every(config.steps("checkpoint.every", batches.batches_per_epoch())),
        preview_every(config.steps("log.preview_every", batches.batches_per_epoch())),
        schedule(make_schedule(config, total_steps, batches.batches_per_epoch())),
        log(environment.run, resumed ? state.step + 1 : 0, config, task, updates, environment.device,
            batches.batches_per_epoch()),
        held_out(data.source.dataset, data.source.held_out, validation_batch_size(config), environment.device),
        configured_mode(config.text("validation.mode") == "train" ? Mode::train : Mode::eval),
        both_modes(config.text("validation.mode") == "both"),
        best_tag(task.primary_metric() + "/val") {
    const auto writer = [&](const char* prefix, std::shared_ptr<const Dataset> dataset,
                            std::vector<std::size_t> indices) {
      return PreviewWriter(prefix, std::move(dataset), std::move(indices), validation_batch_size(config),
                           environment.device, environment.encode_png, resumed);
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

  TrainerState restored() {
    const auto checkpoint = newest_checkpoint(environment.run);
    if (!checkpoint) return {};
    resumed = true;
    TrainerState found = read_checkpoint(*checkpoint, networks, updates.optimizers());
    environment.say(fmt::format("Going on from step {}.", found.step));
    return found;
  }

  RunState run() {
    const Step saved_at_start = saved_step = resumed ? state.step : -1;
    const double seconds_before = state.training_seconds;
    const Clock::time_point started = Clock::now();
    status.change([&](RunStatus& now) {
      now.started_seconds = wall_seconds();
      now.total_steps = total_steps;
      now.metrics = state.metrics;
      now.best_metric = state.best_metric;
      now.best_value = state.best_value;
      now.best_step = state.best_step;
    });
    publish();
    if (!resumed) {
      write(previews);
      write(gallery);
    }

    while (state.step < total_steps) {
      step();
      state.training_seconds = seconds_before + seconds_since(started);
      const bool last = state.step == total_steps;
      bool improved = false;
      if (RunLog::due(state.step, validation_every) || last) {
        improved = validate();
        write(gallery);
      }
      if (RunLog::due(state.step, preview_every) || last) write(previews);
      publish();
      const bool stop = poll();
      if (improved || RunLog::due(state.step, checkpoint_every) || last || stop) checkpoint();
      if (stop && !last) {
        finish_saving();
        log.writer().flush();
        environment.say(fmt::format("Stopped at step {} of {}; it can be resumed.", state.step, total_steps));
        return RunState::stopped;
      }
    }
    finish_saving();
    // A worker that was killed after all its work has nothing left to say.
    const bool examined = saved_at_start == total_steps && std::filesystem::exists(environment.run / "findings.json");
    if (!examined) examine();
    state.training_seconds = seconds_before + seconds_since(started);
    publish();
    log.writer().hparams_end(true);
    log.writer().flush();
    return RunState::completed;
  }

  void step() {
    const Step number = state.step + 1;
    const Clock::time_point start = Clock::now();
    const Schedule::Value value = schedule->at(state.step);
    updates.set(value);
    const Batch batch = batches.next().to(environment.device);
    log.begin_step(number);
    const SampleMetrics metrics = task.step(batch, updates);
    const std::optional<double> loss = log.end_step(number, metrics, value, seconds_since(start));
    state.step = number;
    ++state.next_batch;
    if (loss && !std::isfinite(*loss)) {
      publish();
      log.writer().hparams_end(false);
      log.writer().flush();
      throw Diverged(
          fmt::format("The training loss became {} at step {} (learning rate {:g}): lower optimizer.lr, or set "
                      "train.clip_norm, and start again.",
                      std::isnan(*loss) ? "NaN" : "infinite", number, value.lr));
    }
  }

  /// Returns whether the primary metric is the best so far.
  bool validate() {
    if (held_out.count() == 0) return false;
    const Measured configured = measure(task, held_out, configured_mode);
    log.validated(state.step, configured_mode, true, configured);
    if (both_modes) {
      const Mode other = configured_mode == Mode::eval ? Mode::train : Mode::eval;
      log.validated(state.step, other, false, measure(task, held_out, other));
    }
    const double value = configured.metrics.at(task.primary_metric());
    const bool better = state.best_metric.empty() || std::isnan(state.best_value) ||
                        (task.higher_is_better() ? value > state.best_value : value < state.best_value);
    const bool improved = better && !std::isnan(value);
    if (improved) {
      state.best_metric = best_tag;
      state.best_value = value;
      state.best_step = state.step;
    }
    say_progress();
    return improved;
  }

  void say_progress() {
    std::vector<std::string> words;
    for (const auto& [tag, value] : log.latest()) {
      if (tag.starts_with("time/") || tag == "lr") continue;
      words.push_back(fmt::format("{} {:.4f}", tag, value));
    }
    environment.say(fmt::format("step {}/{}  {:.0f} s  {}", state.step, total_steps, state.training_seconds,
                                fmt::join(words, "  ")));
  }

  void write(std::vector<PreviewWriter>& writers) {
    for (PreviewWriter& writer : writers) writer.write(task, configured_mode, state.step, log.writer());
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

  /// Returns whether to stop.
  bool poll() {
    if (environment.interrupted && environment.interrupted()) return true;
    if (Clock::now() - polled < kPollInterval) return false;
    polled = Clock::now();
    status.check();
    if (take_request(environment.run, Request::checkpoint)) checkpoint();
    return take_request(environment.run, Request::stop);
  }

  /// Copies what a checkpoint holds and writes it beside the training; waits for the one before.
  void checkpoint() {
    if (saved_step == state.step) return;
    finish_saving();
    saving = std::async(std::launch::async, [this, snapshot = take_snapshot(state, networks, updates.optimizers()),
                                             keep = config.integer("checkpoint.keep"), best = state.best_step] {
      // What is in a checkpoint has been logged: after a resume nothing before it is missing.
      log.writer().flush();
      write_checkpoint(environment.run, snapshot);
      prune_checkpoints(environment.run, keep, best);
    });
    saved_step = state.step;
  }

  /// Throws what went wrong with the last checkpoint.
  void finish_saving() {
    if (saving.valid()) saving.get();
  }

  void examine() {
    FixedBatches training(data.source.dataset, data.source.training, batch_size_of(config), environment.device);
    const Diagnosis diagnosis = diagnose(task, held_out, training);
    if (diagnosis.recalibrated) log.recalibrated(state.step, *diagnosis.recalibrated);
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
