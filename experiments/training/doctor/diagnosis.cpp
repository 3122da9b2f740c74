#include "experiments/training/doctor/diagnosis.h"

#include <fmt/format.h>

namespace ablate {

std::vector<std::size_t> spread_over(const std::vector<std::size_t>& indices, std::size_t most) {
  if (indices.size() <= most) return indices;
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(indices[i * indices.size() / most]);
  return some;
}

void replace_idle_cures(const RunConfig& config, std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (finding.cause == "shared-norm" && config.text("model.norm_sharing") == "none")
      finding.cure = "give every place a norm of its own";
    if (finding.cause != "norm-lag" || config.real("model.norm_momentum") < 0.1) continue;
    finding.cure = config.text("schedule.name") == "constant"
                       ? "schedule.name = cosine"
                       : "re-estimate the running statistics on the training data once it is trained";
  }
  for (Finding& finding : findings)
    if (finding.cure == "schedule.name = cosine" && config.text("schedule.name") != "constant")
      finding.cure = fmt::format("optimizer.lr = {:.3g}", config.real("optimizer.lr") / 3);
}

std::string share_word(double value) {
  std::string text = fmt::format("{:.3f}", value);
  const std::size_t zero = text.find("0.");
  if (zero == 0 || (zero == 1 && text[0] == '-')) text.erase(zero, 1);
  return text;
}

std::string count_word(std::size_t n) {
  static const char* const kWords[] = {"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  return n < std::size(kWords) ? kWords[n] : std::to_string(n);
}

std::string PrimaryMetric::word() const { return name_ == "iou" ? "IoU" : name_; }

}  // namespace ablate
