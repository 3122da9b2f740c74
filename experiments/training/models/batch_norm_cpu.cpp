#include "experiments/training/models/batch_norm_cpu.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace ablate {
namespace {

using torch::Tensor;

// Compiled for each kind of processor; the program takes the best that the one it runs on has.
#define ABLATE_FOR_EACH_PROCESSOR __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#define ABLATE_INLINE inline __attribute__((always_inline))
#define ABLATE_INLINE_LAMBDA __attribute__((always_inline))

constexpr std::int64_t kBlockValues = 4096;  // 16 KiB of float32: half of a first-level cache.
constexpr std::int64_t kFewestRows = 16;     // Less is mostly summing up.
constexpr std::int64_t kMostChannels = 16384;
constexpr std::int64_t kRegisterValues = 64;
constexpr std::int64_t kBlocksAThread = 8;  // Less is not worth waking another thread for.

/// Values after which channels repeat: one row of channels, or several that fill registers.
std::int64_t period_of(std::int64_t channels) { return kRegisterValues % channels == 0 ? kRegisterValues : channels; }

/// `values` of the channels, repeated over a period.
std::vector<float> repeated(const std::vector<double>& values) {
  const auto channels = static_cast<std::int64_t>(values.size());
  std::vector<float> all(static_cast<std::size_t>(period_of(channels)));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(values[i % values.size()]);
  return all;
}

/// Calls visit(value, place in its period) for `count` values, whole rows of channels. With `period` known when
/// compiled, what a visit sums up stays in registers.
template <typename Visit>
ABLATE_INLINE void for_each_value(std::int64_t count, std::int64_t period, const Visit& visit) {
  std::int64_t i = 0;
  for (; i + period <= count; i += period)
    for (std::int64_t j = 0; j < period; ++j) visit(i + j, j);
  for (std::int64_t j = 0; i + j < count; ++j) visit(i + j, j);
}

/// Sums over a period, folded onto the channels.
ABLATE_INLINE void fold(const float* sums, std::int64_t period, std::int64_t channels, double* folded) {
  std::fill_n(folded, channels, 0.0);
  for (std::int64_t row = 0; row < period; row += channels)
    for (std::int64_t c = 0; c < channels; ++c) folded[c] += sums[row + c];
}

/// Of a block: the sum of each channel, and the sum of the squares of what is left without the block's own mean.
template <typename T>
ABLATE_INLINE void block_moments(const T* x, std::int64_t count, std::int64_t channels, double* sums, double* squares) {
  const auto with = [&](std::int64_t period, float* partial, float* means) ABLATE_INLINE_LAMBDA {
    std::fill_n(partial, period, 0.F);
    for_each_value(count, period, [&](std::int64_t i, std::int64_t j) ABLATE_INLINE_LAMBDA {
      partial[j] += static_cast<float>(x[i]);
    });
    fold(partial, period, channels, sums);
    const double rows = static_cast<double>(count / channels);
    for (std::int64_t row = 0; row < period; row += channels)
      for (std::int64_t c = 0; c < channels; ++c) means[row + c] = static_cast<float>(sums[c] / rows);
    std::fill_n(partial, period, 0.F);
    for_each_value(count, period, [&](std::int64_t i, std::int64_t j) ABLATE_INLINE_LAMBDA {
      const float apart = static_cast<float>(x[i]) - means[j];
      partial[j] += apart * apart;
    });
    fold(partial, period, channels, squares);
    // Of a mean that was rounded: what is left of it is taken off again.
    for (std::int64_t c = 0; c < channels; ++c) {
      const double rest = sums[c] / rows - static_cast<double>(means[c]);
      squares[c] = std::max(0.0, squares[c] - rows * rest * rest);
    }
  };
  if (period_of(channels) == kRegisterValues) {
    float partial[kRegisterValues], means[kRegisterValues];
    with(kRegisterValues, partial, means);
  } else {
    float partial[kMostChannels], means[kMostChannels];
    with(channels, partial, means);
  }
}

template <typename T>
ABLATE_INLINE void block_gradients(const T* dy, const T* x, std::int64_t count, std::int64_t channels,
                                   const float* means, double* sums, double* products) {
  const auto with = [&](std::int64_t period, float* first, float* second) ABLATE_INLINE_LAMBDA {
    std::fill_n(first, period, 0.F);
    std::fill_n(second, period, 0.F);
    for_each_value(count, period, [&](std::int64_t i, std::int64_t j) ABLATE_INLINE_LAMBDA {
      const float gradient = static_cast<float>(dy[i]);
      first[j] += gradient;
      second[j] += gradient * (static_cast<float>(x[i]) - means[j]);
    });
    fold(first, period, channels, sums);
    fold(second, period, channels, products);
  };
  if (period_of(channels) == kRegisterValues) {
    float first[kRegisterValues], second[kRegisterValues];
    with(kRegisterValues, first, second);
  } else {
    float first[kMostChannels], second[kMostChannels];
    with(channels, first, second);
  }
}

/// y = factor·(x − mean) + bias; the mean is taken off first, where the two are close.
template <typename T>
ABLATE_INLINE void block_scale(const T* x, std::int64_t count, std::int64_t period, const float* means,
                               const float* factors, const float* biases, T* y) {
  for_each_value(count, period, [&](std::int64_t i, std::int64_t j) ABLATE_INLINE_LAMBDA {
    y[i] = static_cast<T>((static_cast<float>(x[i]) - means[j]) * factors[j] + biases[j]);
  });
}

/// dx = p·dy + q·(x − mean) + r
template <typename T>
ABLATE_INLINE void block_input_gradient(const T* dy, const T* x, std::int64_t count, std::int64_t period,
                                        const float* means, const float* p, const float* q, const float* r, T* dx) {
  for_each_value(count, period, [&](std::int64_t i, std::int64_t j) ABLATE_INLINE_LAMBDA {
    dx[i] = static_cast<T>(p[j] * static_cast<float>(dy[i]) + q[j] * (static_cast<float>(x[i]) - means[j]) + r[j]);
  });
}

#define ABLATE_KERNELS(T)                                                                                           \
  ABLATE_FOR_EACH_PROCESSOR void moments(const T* x, std::int64_t count, std::int64_t channels, double* sums,       \
                                         double* squares) {                                                         \
    block_moments(x, count, channels, sums, squares);                                                               \
  }                                                                                                                 \
  ABLATE_FOR_EACH_PROCESSOR void gradients(const T* dy, const T* x, std::int64_t count, std::int64_t channels,      \
                                           const float* means, double* sums, double* products) {                    \
    block_gradients(dy, x, count, channels, means, sums, products);                                                 \
  }                                                                                                                 \
  ABLATE_FOR_EACH_PROCESSOR void scale(const T* x, std::int64_t count, std::int64_t period, const float* means,     \
                                       const float* factors, const float* biases, T* y) {                           \
    block_scale(x, count, period, means, factors, biases, y);                                                       \
  }                                                                                                                 \
  ABLATE_FOR_EACH_PROCESSOR void input_gradient(const T* dy, const T* x, std::int64_t count, std::int64_t period,   \
                                                const float* means, const float* p, const float* q, const float* r, \
                                                T* dx) {                                                            \
    block_input_gradient(dy, x, count, period, means, p, q, r, dx);                                                 \
  }
ABLATE_KERNELS(float)
ABLATE_KERNELS(at::BFloat16)

/// {B, C, H, W}, channels-last, as rows of C values in blocks.
struct Blocks {
  std::int64_t channels, rows, rows_a_block;

  explicit Blocks(const Tensor& x)
      : channels(x.size(1)), rows(x.numel() / channels), rows_a_block(std::max(kFewestRows, kBlockValues / channels)) {
    // Blocks begin where the period does.
    const std::int64_t rows_a_period = period_of(channels) / channels;
    rows_a_block = std::max(rows_a_period, rows_a_block / rows_a_period * rows_a_period);
  }
  std::int64_t count() const { return (rows + rows_a_block - 1) / rows_a_block; }

  /// Calls work(block, first value, number of values), in parallel.
  template <typename Work>
  void for_each(const Work& work) const {
    at::parallel_for(0, count(), kBlocksAThread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b)
        work(b, b * rows_a_block * channels, std::min(rows_a_block, rows - b * rows_a_block) * channels);
    });
  }
};

using PerChannel = std::vector<double>;

/// Two results of each channel for every block.
struct Partial {
  explicit Partial(const Blocks& blocks)
      : channels(static_cast<std::size_t>(blocks.channels)),
        first(static_cast<std::size_t>(blocks.count()) * channels),
        second(first.size()) {}
  double* first_of(std::int64_t block) { return first.data() + static_cast<std::size_t>(block) * channels; }
  double* second_of(std::int64_t block) { return second.data() + static_cast<std::size_t>(block) * channels; }

  std::size_t channels;
  PerChannel first, second;
};

PerChannel values_of(const Tensor& tensor) {
  const Tensor doubles = tensor.detach().to(torch::kDouble).contiguous();
  return {doubles.const_data_ptr<double>(), doubles.const_data_ptr<double>() + doubles.numel()};
}

Tensor tensor_of(const PerChannel& values) {
  return torch::tensor(at::ArrayRef<double>(values), torch::kDouble).to(torch::kFloat);
}

template <typename T>
std::tuple<Tensor, Tensor, Tensor> normalise(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  const Blocks blocks(x);
  const auto channels = static_cast<std::size_t>(blocks.channels);
  const T* const values = x.const_data_ptr<T>();
  Partial partial(blocks);
  blocks.for_each([&](std::int64_t b, std::int64_t from, std::int64_t count) {
    moments(values + from, count, blocks.channels, partial.first_of(b), partial.second_of(b));
  });
  const auto rows = static_cast<double>(blocks.rows);
  PerChannel mean(channels, 0), squares(channels, 0);
  for (std::int64_t b = 0; b < blocks.count(); ++b)
    for (std::size_t c = 0; c < channels; ++c) mean[c] += partial.first_of(b)[c] / rows;
  for (std::int64_t b = 0; b < blocks.count(); ++b) {
    const auto own_rows = static_cast<double>(std::min(blocks.rows_a_block, blocks.rows - b * blocks.rows_a_block));
    for (std::size_t c = 0; c < channels; ++c) {
      const double apart = partial.first_of(b)[c] / own_rows - mean[c];
      squares[c] += partial.second_of(b)[c] + own_rows * apart * apart;
    }
  }

  PerChannel invstd(channels), factor(channels);
  const PerChannel w = values_of(weight);
  for (std::size_t c = 0; c < channels; ++c) {
    invstd[c] = 1 / std::sqrt(squares[c] / rows + eps);
    factor[c] = w[c] * invstd[c];
  }
  const std::vector<float> means = repeated(mean), factors = repeated(factor), biases = repeated(values_of(bias));
  Tensor y = torch::empty_like(x);
  T* const out = y.mutable_data_ptr<T>();
  blocks.for_each([&](std::int64_t, std::int64_t from, std::int64_t count) {
    scale(values + from, count, std::ssize(means), means.data(), factors.data(), biases.data(), out + from);
  });
  return {y, tensor_of(mean), tensor_of(invstd)};
}

template <typename T>
std::tuple<Tensor, Tensor, Tensor> differentiate(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                                 const Tensor& mean, const Tensor& invstd) {
  const Blocks blocks(x);
  const auto channels = static_cast<std::size_t>(blocks.channels);
  const T *const gradient = dy.const_data_ptr<T>(), *const values = x.const_data_ptr<T>();
  const std::vector<float> means = repeated(values_of(mean));
  Partial partial(blocks);
  blocks.for_each([&](std::int64_t b, std::int64_t from, std::int64_t count) {
    gradients(gradient + from, values + from, count, blocks.channels, means.data(), partial.first_of(b),
              partial.second_of(b));
  });
  PerChannel sums(channels, 0), products(channels, 0), p(channels), q(channels), r(channels);
  for (std::int64_t b = 0; b < blocks.count(); ++b)
    for (std::size_t c = 0; c < channels; ++c) {
      sums[c] += partial.first_of(b)[c];
      products[c] += partial.second_of(b)[c];
    }
  const PerChannel w = values_of(weight), inverse = values_of(invstd);
  const auto rows = static_cast<double>(blocks.rows);
  for (std::size_t c = 0; c < channels; ++c) {
    p[c] = w[c] * inverse[c];
    q[c] = -p[c] * products[c] * inverse[c] * inverse[c] / rows;
    r[c] = -p[c] * sums[c] / rows;
    products[c] *= inverse[c];
  }
  const std::vector<float> ps = repeated(p), qs = repeated(q), rs = repeated(r);
  Tensor dx = torch::empty_like(x);
  T* const out = dx.mutable_data_ptr<T>();
  blocks.for_each([&](std::int64_t, std::int64_t from, std::int64_t count) {
    input_gradient(gradient + from, values + from, count, std::ssize(ps), means.data(), ps.data(), qs.data(), rs.data(),
                   out + from);
  });
  return {dx, tensor_of(products), tensor_of(sums)};
}

std::tuple<Tensor, Tensor, Tensor> normalise(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return x.scalar_type() == torch::kFloat ? normalise<float>(x, weight, bias, eps)
                                          : normalise<at::BFloat16>(x, weight, bias, eps);
}

class BatchNormFunction : public torch::autograd::Function<BatchNormFunction> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const Tensor& x,
                                                const Tensor& weight, const Tensor& bias, double eps) {
    auto [y, mean, invstd] = normalise(x, weight, bias, eps);
    context->save_for_backward({x, weight, mean, invstd});
    context->saved_data["eps"] = eps;
    context->mark_non_differentiable({mean, invstd});
    return {y, mean, invstd};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients_of_outputs) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &invstd = saved[3];
    const Tensor dy = gradients_of_outputs[0].contiguous(torch::MemoryFormat::ChannelsLast);
    const auto [dx, dweight, dbias] =
        at::GradMode::is_enabled()
            ? at::native_batch_norm_backward(dy, x, weight, {}, {}, mean, invstd, true,
                                             context->saved_data["eps"].toDouble(), {true, true, true})
        : x.scalar_type() == torch::kFloat ? differentiate<float>(dy, x, weight, mean, invstd)
                                           : differentiate<at::BFloat16>(dy, x, weight, mean, invstd);
    return {dx, dweight, dbias, {}};
  }
};

}  // namespace

bool batch_norm_cpu_takes(const Tensor& x) {
  return x.is_cpu() && x.dim() == 4 && (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kBFloat16) &&
         x.size(1) <= kMostChannels && x.numel() > 0 && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_cpu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                                  const Tensor& running_mean, const Tensor& running_var,
                                                  double momentum, double eps) {
  Tensor y, mean, invstd;
  if (at::GradMode::is_enabled()) {
    const auto results = BatchNormFunction::apply(x, weight, bias, eps);
    y = results[0], mean = results[1], invstd = results[2];
  } else {
    std::tie(y, mean, invstd) = normalise(x, weight, bias, eps);
  }
  if (running_mean.defined()) {
    const torch::NoGradGuard no_grad;
    const auto rows = static_cast<double>(x.numel() / x.size(1));
    const Tensor unbiased = invstd.to(torch::kDouble).pow(-2).sub(eps).mul(rows / (rows - 1)).to(torch::kFloat);
    running_mean.mul_(1 - momentum).add_(mean, momentum);
    running_var.mul_(1 - momentum).add_(unbiased, momentum);
  }
  return {y, mean, invstd};
}

}  // namespace ablate
