#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace ablate {

/// A set of samples, as the network sees them.
struct SeenSet {
  std::string word;  ///< "training", "held-out"
  std::vector<std::string> names;
  torch::Tensor inputs, targets, predictions;  ///< {N, C, H, W} on the CPU; targets and predictions 0 or 1, C = 1
  torch::Tensor overlaps;                      ///< {N}: intersection over union
  std::int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
};

/// {N}: intersection over union of masks of 0 and 1, {N, 1, H, W} each; 1 where both are empty.
torch::Tensor overlap(const torch::Tensor& a, const torch::Tensor& b);

/// Without samples whose mask has no border.
SeenSet with_borders(const SeenSet& set);

/// Names of the samples for which {N} is true.
std::vector<std::string> names_where(const SeenSet& set, const torch::Tensor& so);

/// "a, b, c, …": the first three.
std::string some_names(const std::vector<std::string>& names);

/// {N, 1, H, W}: how much lightness changes from pixel to pixel; where a mask has its border (0 or 1).
torch::Tensor edges_of(const torch::Tensor& inputs);
torch::Tensor borders_of(const torch::Tensor& masks);

/// {N}: mean of the edges that lie on the borders (logarithm).
torch::Tensor along(const torch::Tensor& edges, const torch::Tensor& borders);

/// {N}: by how much more the picture's edges lie on its own mask's border than on other masks' (logarithm).
torch::Tensor alignment(const SeenSet& set);

/// By so many pixels to the right and down; what comes in is 0.
torch::Tensor moved(const torch::Tensor& planes, std::int64_t right, std::int64_t down);

/// {N}: by how much more the picture's edges lie on its mask's border than on that border moved a little (logarithm).
torch::Tensor sharpness_of_place(const SeenSet& set);

/// {N}: of the set's other masks, the part that overlaps with the prediction more than its own does.
torch::Tensor part_that_fits_better(const SeenSet& set);

/// {N, 2C}: mean and standard deviation of each channel.
torch::Tensor colours(const SeenSet& set);

/// {N, 5}: what a person would say of pictures.
torch::Tensor looks(const SeenSet& set);
inline constexpr const char* kLooks[] = {"light", "contrast", "colourfulness", "sharpness", "size of what is in them"};

/// Of the means of each column of two sets' numbers, in standard deviations.
torch::Tensor distances(const torch::Tensor& theirs, const torch::Tensor& ours);

/// {N}: overlaps with the masks of held-out samples of what colours alone say: those that training pictures have inside
/// their masks more often than outside.
torch::Tensor told_by_colour(const SeenSet& training, const SeenSet& held_out);

}  // namespace ablate
