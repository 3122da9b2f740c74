#pragma once

#include "experiments/training/doctor/doctor.h"

namespace ablate {

/// Finds out why a run learns badly, or wastes what it computes:
/// - double-softmax: the loss of perfect outputs is far from zero;
/// - statistics-only-forwards: a training step runs the network on batches that it takes no gradient of;
/// - validation-moves-buffers: the buffers' counters say that they were moved too often, and a training step does not;
/// - dead-units, layers-not-updated: what a training step shows of layers (layer_findings.h), and which of them are as
///   the run began (unmoved_layers.h);
/// - missing-pooling and underfitting (network_size.h), exploding and vanishing gradients (gradients.h), learning rates
///   (learning_rate.h), and of runs that diverged what made them (divergence.h): training from the start with the cure
///   in place gets further in a few steps than the whole run did (attempts.h).
/// Of layers what a step shows decides only which cures are worth an attempt.
void diagnose_learning(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis);

}  // namespace ablate
