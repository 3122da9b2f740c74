#pragma once

#include <functional>
#include <memory>
#include <string>

#include "experiments/data/dataset.h"
#include "experiments/training/validation.h"
#include "runs/run_writer.h"

namespace ablate {

using EncodePng = std::function<std::string(const Picture&)>;

/// The 8-bit picture of {C, H, W} float in [0, 1] on the CPU, C = 1 or 3.
Picture picture_of(const torch::Tensor& image);

/// Writes pictures of a few samples, under `<prefix>/<n>/<name>`; what doesn't change is written once.
class PreviewWriter {
 public:
  /// `constants_written`: an earlier segment of this run has written what doesn't change.
  PreviewWriter(std::string prefix, std::shared_ptr<const Dataset> dataset, std::vector<std::size_t> indices,
                std::size_t batch_size, torch::Device device, EncodePng encode, bool constants_written);
  void write(Task& task, Mode mode, Step step, RunWriter& writer);

 private:
  std::string prefix_;
  FixedBatches batches_;
  EncodePng encode_;
  bool constants_written_;
};

}  // namespace ablate
