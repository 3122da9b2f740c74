#include "experiments/training/models/tracking_norm.h"

namespace ablate {

TrackingNorm::TrackingNorm(std::string kind, std::int64_t channels, bool affine, double eps)
    : Layer(std::move(kind)), eps_(eps) {
  if (affine) {
    weight = register_parameter("weight", torch::ones(channels));
    bias = register_parameter("bias", torch::zeros(channels));
  }
  running_mean = register_buffer("running_mean", torch::zeros(channels));
  running_var = register_buffer("running_var", torch::ones(channels));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, torch::kLong));
}

torch::Tensor TrackingNorm::forward(torch::Tensor x) {
  const std::size_t place = static_cast<std::size_t>(calls_in_pass_++);
  if (is_training() || by_batch_ == place) return normalised(x);
  const bool own = place >= places_.size();
  return std::get<0>(torch::native_batch_norm(x, weight, bias, own ? running_mean : places_[place].mean,
                                              own ? running_var : places_[place].variance, false, 0, eps_));
}

void TrackingNorm::begin_pass() {
  calls_in_pass_ = 0;
  calls_.clear();
}

void TrackingNorm::record_calls(bool on) {
  record_calls_ = on;
  begin_pass();
}

void TrackingNorm::record(Call call) {
  if (record_calls_) calls_.push_back(std::move(call));
}

}  // namespace ablate
