#include "experiments/training/worker/out_of_memory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <future>
#include <new>

#include "experiments/training/allocator.h"
#include "experiments/training/batches.h"
#include "experiments/training/lengths.h"
#include "experiments/training/precision.h"
#include "experiments/training/updates.h"
#include "experiments/training/validation.h"
#include "experiments/training/worker/setup.h"

namespace ablate {
namespace {

/// A network as a run makes it, and batches for it: what is tried.
class Trial {
 public:
  Trial(const RunConfig& config, const DataSource& source, const torch::Device& device)
      : config_(config), source_(source), device_(device) {}

  void step(std::int64_t samples) const {
    const std::unique_ptr<Task> task = made();
    Updates updates(*task, config_, device_);
    const Autocast mixed(autocast_type(config_), device_);
    task->step(batch(samples), updates);
  }

  void measurement(std::int64_t samples) const {
    const std::unique_ptr<Task> task = made();
    const Autocast mixed(autocast_type(config_), device_);
    Measuring measuring(task->networks(), Mode::eval);
    measuring.begin_pass();
    task->evaluate(batch(samples));
  }

 private:
  std::unique_ptr<Task> made() const {
    std::unique_ptr<Task> task = make_task(config_.text("task"), config_);
    for (const Network& network : task->networks()) network.module->to(device_);
    return task;
  }

  Batch batch(std::int64_t samples) const {
    std::vector<std::size_t> indices;
    for (std::int64_t i = 0; i < samples; ++i)
      indices.push_back(source_.training[static_cast<std::size_t>(i) % source_.training.size()]);
    return collate(*source_.dataset, indices).to(device_);
  }

  const RunConfig& config_;
  const DataSource& source_;
  torch::Device device_;
};

struct LookedLongEnough {};

bool fits(const RunConfig& config, const std::function<void()>& work, const std::function<bool()>& stop) {
  if (stop()) throw LookedLongEnough();
  give_back_memory();  // For what is not malloc's: the code that oneDNN makes.
  try {
    on_a_thread(config, work);
    return true;
  } catch (...) {
    out_of_memory_message();
    return false;
  }
}

/// `asked` where so many samples fit, else half of it, a quarter, …; 0 where not even one does. From the smallest on:
/// what has failed leaves less memory than there was.
std::int64_t most_that_fit(std::int64_t asked, const std::function<bool(std::int64_t samples)>& fit) {
  std::int64_t halvings = 0, most = 0;
  while (asked >> (halvings + 1) > 0) ++halvings;
  for (; halvings >= 0; --halvings) {
    const std::int64_t samples = asked >> halvings;
    // With half as many more: a run needs memory besides.
    if (!fit(samples == asked ? asked : samples + samples / 2)) break;
    most = samples;
  }
  return most;
}

}  // namespace

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string out_of_memory_message() {
  try {
    throw;
  } catch (const std::bad_alloc& error) {
    return error.what();
  } catch (const c10::OutOfMemoryError& error) {
    return first_line(error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string text = first_line(error.what_without_backtrace());
    if (text.find("can't allocate memory") == std::string::npos) throw;
    return text;
  } catch (const std::exception& error) {
    // What oneDNN says when it finds no memory for its buffers.
    const std::string text = error.what();
    if (!text.starts_with("could not create a primitive")) throw;
    return text;
  }
}

void on_a_thread(const RunConfig& config, const std::function<void()>& work) {
  std::async(std::launch::async, [&] {
    set_threads(config);
    work();
  }).get();
}

std::string memory_asked_for(const RunConfig& config) {
  const std::int64_t validation = validation_batch_size(config);
  return fmt::format(
      "Out of memory with train.batch_size = {},{} model.channels = {} and data.size = {}",
      config.integer("train.batch_size"),
      config.is_set("validation.batch_size") ? fmt::format(" validation.batch_size = {},", validation) : "",
      config.integer("model.channels"), config.at("data.size").dump());
}

std::string advice_on_memory(const RunConfig& config, const DataSource& source, const torch::Device& device,
                             const std::function<bool()>& stop) {
  const Trial trial(config, source, device);
  const auto step_fits = [&](std::int64_t samples) {
    return fits(
        config, [&] { trial.step(samples); }, stop);
  };
  const auto measurement_fits = [&](std::int64_t samples) {
    return fits(
        config, [&] { trial.measurement(samples); }, stop);
  };
  const std::int64_t asked = config.integer("train.batch_size"), validation = validation_batch_size(config);
  std::int64_t trains = 0, measures = 0;
  try {
    trains = most_that_fit(asked, step_fits);
    // Of no more samples it needs less than a step.
    const bool follows = !config.is_set("validation.batch_size") || validation <= trains;
    measures = follows ? validation : most_that_fit(validation, measurement_fits);
  } catch (const LookedLongEnough&) {
    return "It was stopped while it looked for batch sizes that fit: try half.";
  }
  if (trains == asked && measures == validation) trains /= 2;  // Each by itself, but not one after the other.
  if (trains == 0 || measures == 0)
    return "Not even a step with one sample fits: make data.size or model.channels smaller.";
  std::vector<std::string> advice;
  if (trains < asked)
    advice.push_back(fmt::format("A step with train.batch_size={} fits; train.accumulate={} makes up for it.", trains,
                                 (asked * config.integer("train.accumulate") + trains - 1) / trains));
  if (measures < validation) advice.push_back(fmt::format("Measuring with validation.batch_size={} fits.", measures));
  return fmt::format("{}", fmt::join(advice, " "));
}

}  // namespace ablate
