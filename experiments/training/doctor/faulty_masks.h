#pragma once

#include "experiments/training/doctor/seen_data.h"

namespace ablate {

/// inverted-masks: predictions of one of the data's sets that are right everywhere but the wrong way round. Tells
/// something where the network has learnt most of the training data.
void find_inverted_masks(SeenData& data, const SeenSet& set);

/// mismatched-masks: masks of one of the data's sets whose borders lie on their picture's edges no better than other
/// pictures' masks do, or better once all are moved or turned; or some masks that predictions don't fit, and which lie
/// on edges no better than a little beside.
void find_mismatched_masks(SeenData& data, const SeenSet& set);

}  // namespace ablate
