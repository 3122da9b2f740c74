#pragma once

#include "experiments/training/doctor/doctor.h"

namespace ablate {

/// Finds out what is wrong with the data, by the network's predictions and by the pictures themselves:
/// - leakage: held-out pictures that are training pictures too, also mirrored, shifted, lighter, or compressed again;
/// - inverted-masks: predictions that are right everywhere but the wrong way round;
/// - mismatched-masks: masks whose borders lie on their picture's edges no better than other pictures' masks do, or
///   better once all are moved or turned;
/// - input-normalisation: held-out pictures that get predicted as well as training pictures once they are prepared
///   otherwise (the training pictures' mean and range, another gamma, red for blue, their negative);
/// - domain-shift: held-out pictures that differ from training pictures (in colours, light, sharpness, or the size of
/// what is in them), are predicted worse, and are not cured so;
/// - overfitting: held-out pictures that don't differ, and are predicted worse;
/// - colour-shortcut: predictions that are lost once colours or light change, where colour alone tells as much.
/// For tasks whose previews have an input, a target and a prediction.
void diagnose_data(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis);

}  // namespace ablate
