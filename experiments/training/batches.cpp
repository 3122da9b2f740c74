#include "experiments/training/batches.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "runs/error.h"

namespace ablate {
namespace {

/// Above this, held-out batches are made again each time instead of kept.
constexpr std::size_t kKeptBytes = 256u << 20;

std::string described(const Sample& sample) {
  std::vector<std::string> planes;
  for (const auto& [name, picture] : sample.planes) {
    planes.push_back(fmt::format("{} {}x{}x{}", name, picture.height, picture.width, picture.channels));
  }
  return fmt::format("{} ({})", sample.name, fmt::join(planes, ", "));
}

bool alike(const Sample& a, const Sample& b) {
  if (a.planes.size() != b.planes.size()) return false;
  return std::equal(a.planes.begin(), a.planes.end(), b.planes.begin(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.height == y.second.height && x.second.width == y.second.width &&
           x.second.channels == y.second.channels;
  });
}

}  // namespace

const torch::Tensor& Batch::at(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found != tensors.end()) return found->second;
  std::vector<std::string> have;
  for (const auto& item : tensors) have.push_back(item.first);
  throw Error(fmt::format("The batch has no \"{}\", which the task needs; it has {}.", name, fmt::join(have, ", ")));
}

Batch Batch::to(torch::Device device) const {
  if (device.is_cpu()) return *this;
  Batch moved;
  moved.names = names;
  for (const auto& [name, tensor] : tensors) moved.tensors[name] = tensor.to(device, true);
  return moved;
}

Batch collate(const std::vector<Sample>& samples) {
  Batch batch;
  if (samples.empty()) throw Error("A batch needs at least one sample.");
  for (const Sample& sample : samples) {
    if (!alike(samples.front(), sample)) {
      throw Error(fmt::format("Samples of one batch differ in planes or size: {} and {}.", described(samples.front()),
                              described(sample)));
    }
    batch.names.push_back(sample.name);
  }
  const auto count = static_cast<std::int64_t>(samples.size());
  for (const auto& [name, first] : samples.front().planes) {
    // Interleaved pixels are the channels-last format already.
    torch::Tensor rows = torch::empty({count, first.height, first.width, first.channels}, torch::kFloat);
    float* out = rows.data_ptr<float>();
    for (const Sample& sample : samples) {
      const auto& pixels = sample.planes.at(name).pixels;
      for (std::size_t i = 0; i < pixels.size(); ++i) out[i] = static_cast<float>(pixels[i]) / 255.0f;
      out += pixels.size();
    }
    batch.tensors[name] = rows.permute({0, 3, 1, 2});
  }
  return batch;
}

Batch collate(const Dataset& dataset, const std::vector<std::size_t>& indices) {
  std::vector<Sample> samples;
  for (const std::size_t index : indices) samples.push_back(dataset.load(index));
  return collate(samples);
}

struct TrainingBatches::Impl {
  TrainingData data;
  Options options;
  std::size_t per_batch;
  std::int64_t per_epoch;
  std::int64_t epoch_of_order = -1;
  std::vector<std::size_t> order;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Batch> ready;
  std::exception_ptr failure;
  bool stop = false;
  std::thread thread;

  Batch make(std::int64_t position) {
    const std::int64_t epoch = position / per_epoch;
    const std::size_t n = data.source.training.size();
    if (epoch != epoch_of_order) {
      if (data.order) {
        order = data.order(n, options.seed, static_cast<std::uint64_t>(epoch));
      } else {
        order.resize(n);
        std::iota(order.begin(), order.end(), std::size_t{0});
      }
      epoch_of_order = epoch;
    }
    std::vector<Sample> samples;
    const std::size_t begin = static_cast<std::size_t>(position % per_epoch) * per_batch;
    for (std::size_t i = begin; i < begin + per_batch; ++i) {
      const std::size_t index = data.source.training[order[i]];
      samples.push_back(data.source.dataset->load(index));
      if (data.augment) data.augment(samples.back(), options.seed, static_cast<std::uint64_t>(epoch), index);
    }
    return collate(samples);
  }

  void run(std::int64_t position) {
    try {
      for (;; ++position) {
        Batch batch = make(position);
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return stop || ready.size() < options.prefetch; });
        if (stop) return;
        ready.push_back(std::move(batch));
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      changed.notify_all();
    }
  }
};

TrainingBatches::TrainingBatches(const TrainingData& data, Options options, std::int64_t first_batch)
    : impl_(std::make_unique<Impl>()) {
  const std::size_t n = data.source.training.size();
  if (n == 0 || options.batch_size == 0)
    throw Error("There is no sample to train on: check data.path and data.held_out.");
  impl_->data = data;
  impl_->options = options;
  impl_->per_batch = std::min(options.batch_size, n);
  impl_->per_epoch = static_cast<std::int64_t>(n / impl_->per_batch);
  impl_->thread = std::thread([impl = impl_.get(), first_batch] { impl->run(first_batch); });
}

TrainingBatches::~TrainingBatches() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->changed.notify_all();
  }
  impl_->thread.join();
}

Batch TrainingBatches::next() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return !impl_->ready.empty() || impl_->failure; });
  if (impl_->ready.empty()) std::rethrow_exception(impl_->failure);
  Batch batch = std::move(impl_->ready.front());
  impl_->ready.pop_front();
  impl_->changed.notify_all();
  return batch;
}

std::int64_t TrainingBatches::batches_per_epoch() const { return impl_->per_epoch; }

FixedBatches::FixedBatches(std::shared_ptr<const Dataset> dataset, std::vector<std::size_t> indices,
                           std::size_t batch_size, torch::Device device)
    : dataset_(std::move(dataset)),
      indices_(std::move(indices)),
      batch_size_(std::max<std::size_t>(1, batch_size)),
      device_(device) {}

std::size_t FixedBatches::count() const { return (indices_.size() + batch_size_ - 1) / batch_size_; }

FixedBatches FixedBatches::first(std::size_t batches) const {
  const std::size_t samples = std::min(batches * batch_size_, indices_.size());
  return {dataset_, {indices_.begin(), indices_.begin() + static_cast<std::ptrdiff_t>(samples)}, batch_size_, device_};
}

Batch FixedBatches::at(std::size_t index) {
  if (const auto kept = kept_.find(index); kept != kept_.end()) return kept->second;
  const std::size_t begin = index * batch_size_, end = std::min(begin + batch_size_, indices_.size());
  // Not in inference mode, which a caller may be in: such tensors could not be used for training later.
  const c10::InferenceMode normal(false);
  const std::vector<std::size_t> picked(indices_.begin() + static_cast<std::ptrdiff_t>(begin),
                                        indices_.begin() + static_cast<std::ptrdiff_t>(end));
  Batch batch = collate(*dataset_, picked).to(device_);
  std::size_t bytes = 0;
  for (const auto& item : batch.tensors) bytes += item.second.nbytes();
  if (kept_bytes_ + bytes <= kKeptBytes) {
    kept_bytes_ += bytes;
    kept_[index] = batch;
  }
  return batch;
}

}  // namespace ablate
