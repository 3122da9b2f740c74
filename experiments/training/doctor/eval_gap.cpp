#include "experiments/training/doctor/eval_gap.h"

#include <fmt/format.h>

namespace ablate {

EvalGap::EvalGap(Task& task, FixedBatches& held_out, FixedBatches& training, std::size_t precise_batches,
                 const TellTest& tell)
    : tell_(tell),
      task_(task),
      held_out_(held_out),
      training_(training),
      as_trained_(held_out.batch_size() == training.batch_size()
                      ? held_out
                      : held_out.in_batches_of(training.batch_size()).whole()),
      networks_(task.networks()),
      metric_(task),
      precise_(task, training, precise_batches) {}

void EvalGap::measure() {
  eval_ = eval_now();
  train_ = metric_.of(as_trained_, Mode::train);
}

std::string EvalGap::loss_words() const {
  return fmt::format("eval mode loses {} {}", share_word(loss()), metric_.word());
}

double EvalGap::re_estimated(const std::function<bool(const PreciseStatistics::Module&)>& which) {
  OtherBuffers buffers;
  for (const auto& module : modules())
    if (!which || which(module)) buffers.shared(module);
  return eval_now();
}

double EvalGap::re_estimated_on(FixedBatches& samples) {
  OtherBuffers buffers;
  for (const auto& module : modules()) buffers.shared(module);
  return metric_.of(samples, Mode::eval);
}

std::string EvalGap::place(const NormModule& norm, std::size_t call) const {
  return qualified(networks_, norm.network, norm.place(call));
}

void EvalGap::tell(const std::string& test) const {
  if (tell_) tell_(test);
}

}  // namespace ablate
