#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>

#include "experiments/data/dataset.h"
#include "experiments/run_config.h"

namespace ablate {

/// Of a message of LibTorch's, which goes on with where in its sources.
std::string first_line(const std::string& text);

/// What the exception being handled says, where it is that memory ran out; rethrows any other.
std::string out_of_memory_message();

/// Runs `work` on a thread of its own, with as many threads as the configuration asks for, and throws what it throws.
/// What autograd had left to do in a backward pass that failed is kept by its thread, with all the memory that hangs on
/// it, until that ends.
void on_a_thread(const RunConfig& config, const std::function<void()>& work);

/// "Out of memory with …": the options that a run's memory depends on.
std::string memory_asked_for(const RunConfig& config);

/// Batch sizes that fit, in a sentence: for training, and for measuring where that has larger batches. Found by making
/// steps and measurements of as many samples, half as many, a quarter, …; not any further once `stop` says so.
std::string advice_on_memory(const RunConfig& config, const DataSource& source, const torch::Device& device,
                             const std::function<bool()>& stop);

}  // namespace ablate
