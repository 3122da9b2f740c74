#pragma once

#include "experiments/training/batches.h"
#include "experiments/training/doctor/diagnosis.h"
#include "experiments/training/task.h"

namespace ablate {

/// A run, as one of its checkpoints has it.
struct Patient {
  const RunConfig& config;
  Task& task;
  const TrainingData& data;
  torch::Device device;
  Step steps = 0;         ///< that were made until the checkpoint; 0: there is none, and the networks are as they begin
  Step forwards = 0;      ///< batches that were trained on until then; 0: not known
  bool over = true;       ///< whether the run has made its steps, or has ended otherwise than by being stopped
  bool averaged = false;  ///< whether the weights are averages of its steps'
  std::string diverged;   ///< why it ended, where a loss was not finite
};

/// All that can be tested of a run: its norms (norms.h), its training (learning.h), its data (data_faults.h). The run's
/// networks are left as they were; torch's random seed is not. Throws Error where a forward pass does.
Diagnosis examine(const Patient& patient, const TellTest& tell);

}  // namespace ablate
