#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiments/data/dataset.h"

namespace ablate {

/// Named tensors {B, C, H, W}, float32, channels last; pictures scaled to [0, 1].
struct Batch {
  std::map<std::string, torch::Tensor> tensors;
  std::vector<std::string> names;                          ///< of the samples
  const torch::Tensor& at(const std::string& name) const;  ///< throws Error naming what the batch has
  Batch to(torch::Device device) const;
  std::int64_t size() const { return static_cast<std::int64_t>(names.size()); }
};

/// The samples as one batch. Throws Error that names the sample whose planes or sizes differ from the first one's.
Batch collate(const std::vector<Sample>& samples);

/// The samples `indices` of `dataset` as one batch, not augmented.
Batch collate(const Dataset& dataset, const std::vector<std::size_t>& indices);

/// What the trainer trains on. The functions are the data library's, handed in so that this library needs none of its
/// dependencies.
struct TrainingData {
  DataSource source;
  /// The order of n samples in an epoch: depends on (n, seed, epoch) alone. Null: as they come.
  std::function<std::vector<std::size_t>(std::size_t n, std::uint64_t seed, std::uint64_t epoch)> order;
  /// Augments a sample in place; depends on (seed, epoch, index) alone. Null: not at all. Called by a thread of its
  /// own.
  std::function<void(Sample& sample, std::uint64_t seed, std::uint64_t epoch, std::uint64_t index)> augment;
};

/// Endless training batches: every epoch a new permutation, the incomplete last batch left out (unless it is the only
/// one); augmented; made ahead by a thread of its own. What comes at a position depends on (seed, position) alone, so
/// that a resumed run goes on with the batch it would have seen.
class TrainingBatches {
 public:
  struct Options {
    std::size_t batch_size = 16;
    std::uint64_t seed = 0;
    std::size_t prefetch = 4;
  };
  /// Throws Error when there is nothing to train on.
  TrainingBatches(const TrainingData& data, Options options, std::int64_t first_batch);
  ~TrainingBatches();
  /// Throws what the thread met while loading.
  Batch next();
  std::int64_t batches_per_epoch() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Some samples in a fixed order, in batches, not augmented; kept on the device when they are few enough to.
class FixedBatches {
 public:
  FixedBatches(std::shared_ptr<const Dataset> dataset, std::vector<std::size_t> indices, std::size_t batch_size,
               torch::Device device);
  std::size_t count() const;  ///< batches
  std::size_t samples() const { return indices_.size(); }
  /// Whether the last batch holds fewer samples than the others.
  bool incomplete() const { return indices_.size() % batch_size_ != 0; }
  Batch at(std::size_t batch);
  std::size_t batch_size() const { return batch_size_; }
  /// The same samples in batches of another size.
  FixedBatches in_batches_of(std::size_t size) const { return {dataset_, indices_, size, device_}; }
  /// Without an incomplete last batch, unless it is the only one.
  FixedBatches whole() const { return count() > 1 && incomplete() ? first(count() - 1) : *this; }
  /// The first `batches` of these.
  FixedBatches first(std::size_t batches) const;

 private:
  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::size_t> indices_;
  std::size_t batch_size_;
  torch::Device device_;
  std::map<std::size_t, Batch> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace ablate
