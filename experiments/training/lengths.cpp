#include "experiments/training/lengths.h"

#include <fmt/format.h>

#include <algorithm>

#include "runs/error.h"

namespace ablate {
namespace {

/// Measuring ends with a batch of what is left over, and in train mode (in which the doctor measures, whatever
/// validation.mode says) batch norm needs more than one value a channel.
void check_last_batch(const RunConfig& config, const char* what, std::size_t samples) {
  const nlohmann::json& size = config.at("data.size");
  const std::int64_t depth = config.text("model.pool") == "none" ? 0 : config.integer("model.depth");
  const std::int64_t bottom = (size[0].get<std::int64_t>() >> depth) * (size[1].get<std::int64_t>() >> depth);
  const std::int64_t batch = validation_batch_size(config);
  if (bottom > 1 || config.text("model.norm") != "batch") return;
  if (static_cast<std::int64_t>(samples) % batch != 1 && batch != 1) return;
  throw Error(
      fmt::format("validation.batch_size: {} {} samples in batches of {} end with one of a single sample, of which "
                  "batch norm in train mode sees one pixel at the bottom ({} halvings of {}x{}). Choose another "
                  "validation.batch_size, or a larger data.size.",
                  samples, what, batch, depth, size[0].get<int>(), size[1].get<int>()));
}

}  // namespace

std::int64_t validation_batch_size(const RunConfig& config) {
  return config.integer(config.is_set("validation.batch_size") ? "validation.batch_size" : "train.batch_size");
}

Lengths::Lengths(const RunConfig& config, std::int64_t batches_per_epoch)
    : steps_per_epoch(static_cast<double>(batches_per_epoch) / static_cast<double>(config.integer("train.accumulate"))),
      total(config.steps("train.steps", steps_per_epoch)),
      validation_every(config.steps("validation.every", steps_per_epoch)),
      checkpoint_every(config.steps("checkpoint.every", steps_per_epoch)),
      preview_every(config.steps("log.preview_every", steps_per_epoch)),
      swa(swa_times(config, steps_per_epoch)) {}

void check_lengths(const RunConfig& config, const Lengths& lengths, std::int64_t batches_per_epoch,
                   const DataSource& source) {
  const Step warmup = config.steps("schedule.warmup_steps", lengths.steps_per_epoch);
  if (warmup > 0 && warmup >= lengths.total)
    throw Error(
        fmt::format("schedule.warmup_steps: {} steps of warm-up leave nothing of a run of {}.", warmup, lengths.total));
  if (lengths.swa && lengths.swa->start + lengths.swa->every > lengths.total)
    throw Error(fmt::format("swa.start: from step {} on, every {} steps, nothing is averaged in a run of {}.",
                            lengths.swa->start, lengths.swa->every, lengths.total));
  if (config.integer("train.accumulate") > batches_per_epoch)
    throw Error(fmt::format("train.accumulate: an epoch has {} batches, fewer than the {} of a step.",
                            batches_per_epoch, config.integer("train.accumulate")));
  check_last_batch(config, "held-out", source.held_out.size());
  if (config.text("validation.on") != "held-out")
    check_last_batch(config, "training", std::min(source.held_out.size(), source.training.size()));
}

}  // namespace ablate
