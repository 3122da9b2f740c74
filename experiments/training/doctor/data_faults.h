#pragma once

#include "experiments/training/doctor/doctor.h"

namespace ablate {

/// Finds out what is wrong with the data, by the network's predictions and by the pictures themselves: leakage
/// (leakage.h), inverted-masks and mismatched-masks (faulty_masks.h), input-normalisation, domain-shift and overfitting
/// (held_out_gap.h), colour-shortcut (colour_shortcut.h). For tasks whose previews have an input, a target and a
/// prediction.
void diagnose_data(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis);

}  // namespace ablate
