#include "sweeps/samplers/parzen.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <span>

// Functions that take more numbers at a time where the processor can, with the same results to the bit. They are chosen
// before the thread sanitizer is there.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define ABLATE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define ABLATE_WIDE
#endif

namespace ablate {
namespace {

/// The mass of the standard normal distribution above z.
double tail_above(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

/// … between a and b, where that is less than one part in 10³⁰⁰ or so 0, with a relative error of 1e-11 at most.
double normal_mass(double a, double b) {
  constexpr double kNothing = 8.3;  // 5e-17, less than 1 shows
  if (a < -kNothing && b > kNothing) return 1;
  if (b < 0) return normal_mass(-b, -a);
  if (b - a < 1e-3) {  // the difference of the tails would lose its figures
    const double middle = (a + b) / 2, width = b - a;
    const double density = std::exp(-middle * middle / 2) / std::sqrt(2 * std::numbers::pi);
    return density * width * (1 + (middle * middle - 1) * width * width / 24);
  }
  if (a > 0) return tail_above(a) - tail_above(b);
  return 1 - (a < -kNothing ? 0 : tail_above(-a)) - (b > kNothing ? 0 : tail_above(b));
}

/// The sum of e^x, each to 1e-12, of values up to 700, which are lost; what is below −700 adds what −700 would. Written
/// so that compilers make vector instructions of it: e^x = 2^k · e^r, |r| ≤ ln 2 / 2, and e^r by its Taylor series.
ABLATE_WIDE double sum_of_exponentials(std::span<double> values) {
  static constexpr std::array<double, 13> kInverseFactorials = [] {
    std::array<double, 13> inverse{1};
    for (std::size_t n = 1; n < inverse.size(); ++n) inverse[n] = inverse[n - 1] / static_cast<double>(n);
    return inverse;
  }();
  constexpr double kRounds = 0x1.8p52;  // added, it leaves a whole number in the low bits
  for (double& value : values) {
    const double x = (value - 700 + std::abs(value + 700)) / 2;  // the larger of both, without a branch
    const double shifted = x * std::numbers::log2e + kRounds, k = shifted - kRounds;
    const double r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
    double series = kInverseFactorials.back();
    for (std::size_t n = kInverseFactorials.size() - 1; n-- > 0;) series = series * r + kInverseFactorials[n];
    value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(series) + (std::bit_cast<std::uint64_t>(shifted) << 52));
  }
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Takes from each term the square of how far `unit` is from its centre, in its width.
ABLATE_WIDE void subtract_squares(double unit, const double* centres, const double* inverse_widths,
                                  std::span<double> terms) {
  for (std::size_t k = 0; k < terms.size(); ++k) {
    const double distance = (unit - centres[k]) * inverse_widths[k];
    terms[k] -= distance * distance;
  }
}

/// σ of each trial's kernel, from the gaps to its neighbours.
std::vector<double> spreads(const std::vector<double>& units, const std::vector<int>& order) {
  const std::size_t count = order.size();
  const double narrowest = 1 / std::min(100.0, static_cast<double>(count) + 2);
  std::vector<double> spread(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = [&](std::size_t place) { return units[static_cast<std::size_t>(order[place])]; };
    double gap = 0;
    if (i > 0 || count == 1) gap = at(i) - (i > 0 ? at(i - 1) : 0);
    if (i + 1 < count || count == 1) gap = std::max(gap, (i + 1 < count ? at(i + 1) : 1) - at(i));
    spread[static_cast<std::size_t>(order[i])] = std::clamp(gap, narrowest, 1.0);
  }
  return spread;
}

}  // namespace

ParzenEstimator::ParzenEstimator(std::vector<Observations> observations, std::vector<double> weights)
    : kernels_(weights.size() + 1), weights_(std::move(weights)) {
  const double trials = static_cast<double>(weights_.size());
  weights_.push_back(1);
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& weight : weights_) log_weights_.push_back(std::log(weight /= sum));
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const Axis& axis = *observations[i].axis;
    if (!axis.categorical()) {
      (axis.stepped() ? stepped_ : continuous_).push_back(numbers(std::move(observations[i]), i));
      continue;
    }
    const double choices = static_cast<double>(axis.distribution().choices.size());
    const double each = 1 / (trials + 1), all = 1 + choices * each;
    categories_.push_back(
        {&axis, i, std::move(observations[i].units), 1 / all, std::log((1 + each) / all), std::log(each / all)});
    log_weights_.back() -= std::log(choices);
  }
  find_neighbours();
}

ParzenEstimator::Numbers ParzenEstimator::numbers(Observations observations, std::size_t parameter) {
  const Axis& axis = *observations.axis;
  std::vector<double> spread = spreads(observations.units, observations.order);
  Numbers numbers{&axis, parameter, std::move(observations.units), std::move(spread), {}, {}};
  numbers.centres.push_back(.5);
  numbers.inverse_widths.push_back(1);
  double last_part = 0, last_log = 0;  // Most kernels are the narrowest, and far from the ends.
  for (std::size_t k = 0; k < kernels_; ++k) {
    const double centre = numbers.centres[k], scale = 1 / numbers.inverse_widths[k];
    const double mass = normal_mass(-centre * scale, (1 - centre) * scale);
    const double part = axis.stepped() ? mass : mass / scale * std::sqrt(2 * std::numbers::pi) * axis.width();
    if (part != last_part) {
      last_part = part;
      last_log = std::log(part);
    }
    log_weights_[k] -= last_log;
    numbers.inverse_widths[k] = scale / std::numbers::sqrt2;
  }
  if (axis.stepped()) find_twins(numbers, observations.order);
  return numbers;
}

void ParzenEstimator::find_twins(Numbers& numbers, const std::vector<int>& order) const {
  const int prior = static_cast<int>(kernels_) - 1;
  numbers.different = {prior};
  numbers.twins.assign(kernels_, 0);
  for (const int kernel : order) {
    const auto k = static_cast<std::size_t>(kernel), last = static_cast<std::size_t>(numbers.different.back());
    if (numbers.centres[k] != numbers.centres[last] || numbers.inverse_widths[k] != numbers.inverse_widths[last])
      numbers.different.push_back(kernel);
    numbers.twins[k] = static_cast<int>(numbers.different.size()) - 1;
  }
}

std::vector<double> ParzenEstimator::sample(std::mt19937_64& generator) const {
  std::uniform_real_distribution<double> uniform;
  std::normal_distribution<double> normal;
  double left = uniform(generator);
  std::size_t kernel = 0;
  while (kernel + 1 < kernels_ && (left -= weights_[kernel]) >= 0) ++kernel;

  std::vector<double> values(continuous_.size() + stepped_.size() + categories_.size());
  for (const std::vector<Numbers>* all : {&continuous_, &stepped_})
    for (const Numbers& numbers : *all) {
      // A centre lies within the range, which is at least as wide as σ: the third draw on average is inside.
      double unit = -1;
      while (unit < 0 || unit > 1)
        unit = numbers.centres[kernel] + normal(generator) / (numbers.inverse_widths[kernel] * std::numbers::sqrt2);
      values[numbers.parameter] = numbers.axis->from_unit(unit);
    }
  for (const Categories& each : categories_) {
    const bool observed = kernel < each.observed.size() && uniform(generator) < each.observed_share;
    const double count = static_cast<double>(each.axis->distribution().choices.size());
    values[each.parameter] =
        observed ? each.observed[kernel] : std::min(std::floor(uniform(generator) * count), count - 1);
  }
  return values;
}

std::vector<double> ParzenEstimator::log_masses(const Numbers& numbers, double value) const {
  const auto [low, high] = numbers.axis->cell(value);
  std::vector<double> masses;
  for (const int kernel : numbers.different) {
    const auto k = static_cast<std::size_t>(kernel);
    const double scale = numbers.inverse_widths[k] * std::numbers::sqrt2;
    const double a = (low - numbers.centres[k]) * scale, b = (high - numbers.centres[k]) * scale;
    constexpr double kFar = 12;  // 1e-33: nothing beside the prior
    masses.push_back(a > kFar || b < -kFar ? -1e9 : std::log(normal_mass(a, b)));
  }
  return masses;
}

void ParzenEstimator::find_neighbours() {
  constexpr std::size_t kTogether = 32;
  for (std::size_t begin = 0; begin + 1 < kernels_; begin += kTogether) {
    Neighbours& each =
        neighbours_.emplace_back(Neighbours{begin, std::min(begin + kTogether, kernels_ - 1), 0, 1, 0, 0});
    const auto extremes = [&](const std::vector<double>& values) {
      return std::ranges::minmax(std::span(values).subspan(each.begin, each.end - each.begin));
    };
    each.log_weight = extremes(log_weights_).max;
    if (continuous_.empty()) continue;
    const auto [low, high] = extremes(continuous_[0].centres);
    each.low = low;
    each.high = high;
    each.inverse_width = extremes(continuous_[0].inverse_widths).min;
  }
}

void ParzenEstimator::log_terms(const std::vector<double>& candidate, const std::vector<double>& units,
                                const std::vector<std::vector<double>>& masses, std::size_t begin, std::size_t end,
                                double* terms) const {
  const std::size_t count = end - begin;
  std::copy_n(log_weights_.data() + begin, count, terms);
  for (std::size_t i = 0; i < continuous_.size(); ++i)
    subtract_squares(units[i], continuous_[i].centres.data() + begin, continuous_[i].inverse_widths.data() + begin,
                     std::span(terms, count));
  for (std::size_t i = 0; i < stepped_.size(); ++i)
    for (std::size_t k = 0; k < count; ++k)
      terms[k] += masses[i][static_cast<std::size_t>(stepped_[i].twins[begin + k])];
  for (const Categories& each : categories_) {
    const double value = candidate[each.parameter];
    const double* const observed = each.observed.data() + begin;
    for (std::size_t k = 0; k < std::min(count, each.observed.size() - begin); ++k)
      terms[k] += observed[k] == value ? each.log_hit : each.log_miss;
  }
}

std::vector<double> ParzenEstimator::log_densities(const std::vector<std::vector<double>>& candidates) const {
  // The prior is nowhere small, so that kernels far below it add nothing; of hundreds of parameters others are far
  // above.
  constexpr double kNothing = -40, kMost = 600;
  std::vector<double> densities, units(continuous_.size()), terms(kernels_);
  std::vector<std::vector<double>> masses(stepped_.size());
  for (const std::vector<double>& candidate : candidates) {
    for (std::size_t i = 0; i < units.size(); ++i)
      units[i] = continuous_[i].axis->to_unit(candidate[continuous_[i].parameter]);
    for (std::size_t i = 0; i < masses.size(); ++i)
      masses[i] = log_masses(stepped_[i], candidate[stepped_[i].parameter]);
    double reference = 0, sum = 1;  // the density is sum · e^reference, which the prior begins
    log_terms(candidate, units, masses, kernels_ - 1, kernels_, &reference);
    for (const Neighbours& each : neighbours_) {
      if (!units.empty()) {
        const double gap = std::max({0.0, each.low - units[0], units[0] - each.high}) * each.inverse_width;
        if (each.log_weight - gap * gap - reference < kNothing) continue;
      }
      const std::span some(terms.data(), each.end - each.begin);
      log_terms(candidate, units, masses, each.begin, each.end, some.data());
      if (each.log_weight - reference > kMost) {
        const double higher = std::max(reference, std::ranges::max(some));
        sum *= std::exp(reference - higher);
        reference = higher;
      }
      for (double& term : some) term -= reference;
      sum += sum_of_exponentials(some);
    }
    densities.push_back(reference + std::log(sum));
  }
  return densities;
}

}  // namespace ablate
