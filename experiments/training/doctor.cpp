#include "experiments/training/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/training/norm_buffers.h"

namespace ablate {
namespace {

/// Enough for the mean of a statistic to settle, and a bound to what it costs.
constexpr std::size_t kPreciseBatches = 60;
constexpr std::size_t kCheckedBatches = 3;

/// ".846", as people write shares.
std::string share(double value) {
  std::string text = fmt::format("{:.3f}", value);
  const std::size_t zero = text.find("0.");
  if (zero == 0 || (zero == 1 && text[0] == '-')) text.erase(zero, 1);
  return text;
}

std::string count_word(std::size_t n) {
  static const char* const kWords[] = {"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  return n < std::size(kWords) ? kWords[n] : std::to_string(n);
}

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

class Doctor {
 public:
  Doctor(Task& task, FixedBatches& held_out, FixedBatches& training, const TellTest& tell)
      : tell_(tell),
        task_(task),
        held_out_(held_out),
        networks_(task.networks()),
        metric_(task.primary_metric()),
        sign_(task.higher_is_better() ? 1 : -1),
        precise_(task, training, kPreciseBatches) {}

  Diagnosis run(FixedBatches& checked, double tolerance) {
    Diagnosis diagnosis;
    if (precise_.empty()) {
      diagnosis.untested.push_back("running statistics: no norm of this network keeps any");
      return diagnosis;
    }
    examine(diagnosis, checked, tolerance);
    diagnosis.tests = evidence_;
    return diagnosis;
  }

 private:
  void examine(Diagnosis& diagnosis, FixedBatches& checked, double tolerance) {
    {
      OtherBuffers re_estimated;
      for (const auto& module : precise_.modules()) re_estimated.shared(module);
      diagnosis.recalibrated = metric(held_out_, Mode::eval);
    }
    test("eval mode and train mode, on validation and training data");
    eval_ = metric(held_out_, Mode::eval);
    train_ = metric(held_out_, Mode::train);
    const double loss = better(train_, eval_);
    const double eval_on_training = metric(checked, Mode::eval), train_on_training = metric(checked, Mode::train);
    evidence_.push_back(fmt::format("eval {}   train mode {}   on training data {} / {}", share(eval_), share(train_),
                                    share(eval_on_training), share(train_on_training)));
    if (!(loss > tolerance)) {
      evidence_.push_back(fmt::format("re-estimated buffers   {}", share(*diagnosis.recalibrated)));
      return;
    }
    const double lag_cured = better(*diagnosis.recalibrated, eval_) / loss;
    evidence_.push_back(fmt::format("re-estimated buffers   {}   {}", share(*diagnosis.recalibrated),
                                    cured(lag_cured) ? "cured" : "not lag"));
    if (cured(lag_cured)) {
      diagnosis.findings.push_back(lag(*diagnosis.recalibrated, lag_cured));
      return;
    }
    if (several_places().empty()) return;
    test("a copy of each shared norm for every place of use");
    double own = 0;
    {
      OtherBuffers each_its_own;
      for (const auto& module : precise_.modules()) each_its_own.own(module);
      own = metric(held_out_, Mode::eval);
    }
    const double own_cured = better(own, eval_) / loss;
    evidence_.push_back(fmt::format("one copy per place + re-estimated   {}   {}", share(own),
                                    cured(own_cured) ? "cured" : "not cured"));
    if (cured(own_cured)) diagnosis.findings.push_back(shared(own, own_cured));
  }

  void test(const std::string& what) const {
    if (tell_) tell_(what);
  }
  double metric(FixedBatches& batches, Mode mode) { return measure(task_, batches, mode).metrics.at(metric_); }
  double better(double a, double b) const { return sign_ * (a - b); }
  static bool cured(double part) { return part > 0.75; }
  std::string metric_word() const { return metric_ == "iou" ? "IoU" : metric_; }
  std::string place(const NormModule& norm, std::size_t call) const {
    return qualified(networks_, norm.network, norm.place(call));
  }

  std::vector<const PreciseStatistics::Module*> several_places() const {
    std::vector<const PreciseStatistics::Module*> found;
    for (const auto& module : precise_.modules()) {
      if (module.places.size() > 1) found.push_back(&module);
    }
    return found;
  }

  std::string equated(const PreciseStatistics::Module& module) const {
    std::vector<std::string> places;
    for (std::size_t k = 0; k < module.places.size(); ++k) places.push_back(place(module.norm, k));
    return fmt::format("{}", fmt::join(places, " = "));
  }

  Finding shared(double own, double part) {
    const auto modules = several_places();
    std::size_t most = 0;
    std::set<std::string> parents;
    bool one_parent_each = true;
    for (const auto* module : modules) {
      most = std::max(most, module->places.size());
      for (const std::string& path : module->norm.paths) {
        one_parent_each &= parent_of(path) == parent_of(module->norm.paths.front());
      }
      parents.insert(module->norm.network + "/" + parent_of(module->norm.paths.front()));
    }
    one_parent_each &= parents.size() == modules.size();
    const bool all_same =
        std::all_of(modules.begin(), modules.end(), [most](const auto* each) { return each->places.size() == most; });
    const std::string places = (all_same ? "" : "up to ") + count_word(most);
    const std::string who = modules.size() == 1 ? "One norm module is used"
                            : one_parent_each
                                ? fmt::format("Each of the {} blocks uses one norm module", modules.size())
                                : fmt::format("Each of {} norm modules is used", modules.size());

    Finding finding;
    finding.cause = "shared-norm";
    finding.confidence = std::clamp(part, 0.0, 0.99);
    constexpr std::size_t kNamed = 16;  // Of more modules the evidence has the worst.
    std::vector<std::string> named;
    for (const auto* module : modules)
      if (named.size() < kNamed) named.push_back(equated(*module));
    finding.sentence = fmt::format(
        "{} at {} places ({}{}), so one pair of running statistics serves {} different inputs: eval mode loses {} {}, "
        "train mode does not.",
        who, places, fmt::join(named, ", "), modules.size() > kNamed ? ", …" : "", places, share(better(train_, eval_)),
        metric_word());

    // Everything cured but one: what that one costs by itself.
    struct Cost {
      double value;
      const PreciseStatistics::Module* module;
    };
    std::vector<Cost> costs;
    for (const auto* kept : modules) {
      test(fmt::format("what {} costs alone", place(kept->norm, 0)));
      OtherBuffers all_but_one;
      for (const auto& module : precise_.modules()) {
        if (&module == kept) {
          all_but_one.shared(module);
        } else {
          all_but_one.own(module);
        }
      }
      costs.push_back({better(own, metric(held_out_, Mode::eval)), kept});
    }
    std::stable_sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.value > b.value; });
    std::vector<std::string> worst;
    for (const Cost& cost : costs) {
      if (worst.size() == 3 || cost.value <= 0) break;
      const std::string name = one_parent_each ? parent_of(place(cost.module->norm, 0)) : equated(*cost.module);
      worst.push_back(fmt::format("{} ({})", name, share(cost.value)));
    }
    finding.layer = place(costs.front().module->norm, 0);
    finding.evidence = evidence_;
    if (!worst.empty()) finding.evidence.push_back(fmt::format("most to blame: {}", fmt::join(worst, ", ")));
    finding.cure = "model.norm_sharing = none";
    return finding;
  }

  Finding lag(double recalibrated, double part) {
    // How far each place's buffers are from what they should be, in standard deviations.
    std::vector<std::pair<double, std::string>> gaps;
    const c10::InferenceMode inference;
    for (const auto& module : precise_.modules()) {
      for (std::size_t k = 0; k < module.places.size(); ++k) {
        const auto& [mean, variance] = module.places[k];
        const torch::Tensor sigma = (variance.clamp_min(0) + module.norm.module->eps()).sqrt();
        gaps.emplace_back(((module.norm.module->running_mean - mean).abs() / sigma).mean().item<double>(),
                          place(module.norm, k));
      }
    }
    std::sort(gaps.rbegin(), gaps.rend());
    std::vector<std::string> worst;
    for (const auto& [gap, name] : gaps) {
      if (worst.size() < 3) worst.push_back(fmt::format("{} ({:.1f} sigma)", name, gap));
    }
    Finding finding;
    finding.cause = "norm-lag";
    finding.layer = gaps.front().second;
    finding.confidence = std::clamp(part, 0.0, 0.99);
    finding.sentence = fmt::format(
        "The running statistics of {} norm layers lag behind the network (most in {}, by {:.1f} σ): eval mode loses {} "
        "{}, and gets "
        "to {} once they are re-estimated on the training data.",
        gaps.size(), gaps.front().second, gaps.front().first, share(better(train_, eval_)), metric_word(),
        share(recalibrated));
    finding.evidence = evidence_;
    finding.evidence.push_back(fmt::format("furthest behind: {}", fmt::join(worst, ", ")));
    finding.cure = "a larger model.norm_momentum, or more steps";
    return finding;
  }

  const TellTest& tell_;
  Task& task_;
  FixedBatches& held_out_;
  std::vector<Network> networks_;
  std::string metric_;
  double sign_;
  PreciseStatistics precise_;
  double eval_ = 0, train_ = 0;
  std::vector<std::string> evidence_;
};

}  // namespace

Diagnosis diagnose(Task& task, FixedBatches& held_out, FixedBatches& training, const TellTest& tell, double tolerance) {
  Diagnosis nothing;
  nothing.untested.push_back("anything: there are no samples to train on, or none to validate on");
  if (held_out.count() == 0 || training.count() == 0) return nothing;
  if (tell) tell("running statistics, estimated anew on training data");
  const std::size_t whole = training.count() - (training.incomplete() ? 1 : 0);
  FixedBatches checked = training.first(std::clamp<std::size_t>(whole, 1, kCheckedBatches));
  return Doctor(task, held_out, training, tell).run(checked, tolerance);
}

}  // namespace ablate
