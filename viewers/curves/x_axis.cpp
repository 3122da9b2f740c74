#include "viewers/curves/x_axis.h"

#include <fmt/format.h>

#include <ctime>

#include "runs/text.h"

namespace ablate {
namespace {

double images_of_a_step(const RunView& run) {
  if (run.config)
    return static_cast<double>(run.config->integer("train.batch_size") * run.config->integer("train.accumulate"));
  if (!run.data || !run.data->hparams.is_object()) return 0;
  for (const auto& [name, value] : run.data->hparams.items())
    if (lower_case(name).ends_with("batch_size") && value.is_number()) return value.get<double>();
  return 0;
}

}  // namespace

double x_per_step(const RunView& run, XAxis axis) {
  if (axis == XAxis::images) return images_of_a_step(run);
  if (axis != XAxis::epoch) return 1;
  const RunStatus& status = run.info.status;
  // As float: what both are rounded to changes with every step.
  return status.step > 0 ? static_cast<float>(status.epoch / static_cast<double>(status.step)) : 0;
}

std::string x_words(XAxis axis, double x) {
  char text[64];
  switch (axis) {
    case XAxis::step:
      return fmt::format("step {:g}", x);
    case XAxis::order:
      return fmt::format("point {:g}", x);
    case XAxis::epoch:
      return fmt::format("epoch {:.4g}", x);
    case XAxis::images:
      return fmt::format("{:.0f} images", x);
    case XAxis::relative_time:
      format_relative_time(x, text, sizeof text, nullptr);
      return text;
    case XAxis::wall_time:
      break;
  }
  const auto seconds = static_cast<std::time_t>(x);
  std::tm local{};
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", ::localtime_r(&seconds, &local));
  return text;
}

}  // namespace ablate
