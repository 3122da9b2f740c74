#pragma once

#include "experiments/training/doctor/doctor.h"

namespace ablate {

/// Finds out why a run learns badly, or wastes what it computes:
/// - double-softmax: the loss of perfect outputs is far from zero;
/// - missing-pooling: no layer ever works on a smaller picture, and a network that halves them learns at least as well;
/// - statistics-only-forwards: a training step runs the network on batches that it takes no gradient of;
/// - layers-not-updated: a training step has no gradient for some layers;
/// - learning-rate-too-high, learning-rate-too-low, dead-units, exploding-gradients, underfitting: a tenth of the run's
///   steps, made from the start with the cure in place (Rehearsal), get further than the whole run did; of a run that
///   diverged: stay finite;
/// - validation-moves-buffers: the buffers' counters say that they were moved too often, and a training step does not;
/// - vanishing-gradients: 40 steps with a norm and ReLU get further than with a norm alone, and about as far as the
/// run;
/// - not-finite: the run diverged.
/// Of layers what a step shows decides only which cures are worth a rehearsal.
void diagnose_learning(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis);

}  // namespace ablate
