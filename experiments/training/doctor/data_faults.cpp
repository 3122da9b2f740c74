#include "experiments/training/doctor/data_faults.h"

#include <fmt/format.h>

#include "experiments/training/doctor/colour_shortcut.h"
#include "experiments/training/doctor/faulty_masks.h"
#include "experiments/training/doctor/held_out_gap.h"
#include "experiments/training/doctor/leakage.h"
#include "experiments/training/doctor/seen_data.h"

namespace ablate {
namespace {

/// The overlap of a median training sample with its prediction from which on the others tell something.
constexpr double kLearnt = 0.5;

}  // namespace

void diagnose_data(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis) {
  SeenData data(patient, tell, diagnosis);
  const SeenSet &training = data.training(), &held_out = data.held_out();
  if (training.size() == 0 || !training.targets.defined())
    return data.untested("the data: the task shows no input, target and prediction of its samples");
  if (held_out.size() < kFewestSamples || training.size() < 2)
    return data.untested(
        fmt::format("the data: {} samples to train on and {} held out are too few", training.size(), held_out.size()));
  if (training.size() < kFewestSamples) {
    data.untested(fmt::format("whether masks are their pictures': {} training samples are too few", training.size()));
    return why_held_out_is_worse(data);
  }
  find_leakage(data);
  const std::size_t before = data.findings();
  // Of a network that has learnt nothing predictions may be anything, the wrong way round too.
  const bool learnt = training.overlaps.median().item<double>() > kLearnt;
  if (!learnt) data.untested("whether masks are the wrong way round: too little has been learnt");
  for (const SeenSet* set : {&training, &held_out}) {
    if (learnt) find_inverted_masks(data, *set);
    if (data.findings() == before) find_mismatched_masks(data, *set);
  }
  if (data.findings() == before) why_held_out_is_worse(data);
  if (data.findings() == before) find_colour_shortcut(data);
}

}  // namespace ablate
