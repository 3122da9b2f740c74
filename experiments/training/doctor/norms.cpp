#include "experiments/training/doctor/norms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/training/norm_buffers.h"

namespace ablate {
namespace {

/// Enough for the mean of a statistic to settle, and a bound to what it costs.
constexpr std::size_t kPreciseBatches = 60, kFewPreciseBatches = 20;
constexpr std::size_t kCheckedBatches = 3;
/// Of which statistics hardly vary any more; and of which they vary so that training itself jumps about.
constexpr std::size_t kManyImages = 32, kFewImages = 4;
/// After so many, buffers of the usual momentum have followed.
constexpr std::size_t kStillBatches = 30;
/// What eval mode may lose by a last step alone.
constexpr double kJitter = 0.15, kJitterOfFew = 0.05;
/// So many times they are moved on by a third of that.
constexpr int kLooks = 4;
/// What statistics that lag a little may lose.
constexpr double kLittleLag = 0.05;
/// Of so few batches buffers know little yet.
constexpr Step kEarly = 50;
/// Samples that will do where there is a pass over them for every layer, or a run waits.
constexpr std::size_t kFewSamples = 48;
/// Of the buffers, for a training batch: more than a last validation makes.
constexpr double kTooManyMoves = 1.5;

std::size_t batches_of_few(const FixedBatches& samples) { return 1 + (kFewSamples - 1) / samples.batch_size(); }

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

class NormDoctor {
 public:
  NormDoctor(Task& task, FixedBatches& held_out, FixedBatches& training, Step forwards, bool over, const TellTest& tell,
             std::size_t precise_batches = kPreciseBatches)
      : tell_(tell),
        task_(task),
        held_out_(held_out),
        training_(training),
        as_trained_(held_out.batch_size() == training.batch_size()
                        ? held_out
                        : held_out.in_batches_of(training.batch_size()).whole()),
        larger_(held_out.in_batches_of(kManyImages).whole()),
        networks_(task.networks()),
        metric_(task),
        precise_(task, training, precise_batches),
        forwards_(forwards),
        over_(over) {}

  Diagnosis run(FixedBatches& checked, double tolerance) {
    Diagnosis diagnosis;
    if (precise_.empty()) {
      diagnosis.untested.push_back("running statistics: no norm of this network keeps any");
      return diagnosis;
    }
    examine(diagnosis, checked, tolerance);
    if (!diagnosis.findings.empty()) {
      const std::vector<LayerBlame> blame = blame_layers();
      std::vector<std::string> most;
      for (const LayerBlame& each : blame)
        if (most.size() < 3 && each.gain > 0)
          most.push_back(fmt::format("{} (+{})", each.layer, share_word(each.gain)));
      for (Finding& finding : diagnosis.findings) {
        finding.blame = blame;
        if (most.empty()) continue;
        finding.evidence.push_back(
            fmt::format("eval mode, with batch statistics in one layer alone: {}", fmt::join(most, ", ")));
      }
    }
    diagnosis.tests = evidence_;
    return diagnosis;
  }

  std::optional<Finding> shared_norm() {
    if (several_places().empty()) return std::nullopt;
    eval_ = metric_.of(held_out_, Mode::eval);
    train_ = metric_.of(as_trained_, Mode::train);
    evidence_.push_back(fmt::format("eval {}   train mode {}", share_word(eval_), share_word(train_)));
    if (!(metric_.better(train_, eval_) > kLittleLag)) return std::nullopt;
    auto found = lag_explains(re_estimated()) ? std::nullopt : sharing();
    return found && cured(part_of_loss(own_)) ? std::move(found) : std::nullopt;
  }

 private:
  void examine(Diagnosis& diagnosis, FixedBatches& checked, double tolerance) {
    diagnosis.recalibrated = re_estimated();
    test("eval mode and train mode, on validation and training data");
    eval_ = metric_.of(held_out_, Mode::eval);
    train_ = metric_.of(as_trained_, Mode::train);
    const double loss = metric_.better(train_, eval_);
    const double eval_on_training = metric_.of(checked, Mode::eval),
                 train_on_training = metric_.of(checked, Mode::train);
    evidence_.push_back(fmt::format("eval {}   train mode {}   on training data {} / {}", share_word(eval_),
                                    share_word(train_), share_word(eval_on_training), share_word(train_on_training)));
    if (!(loss > tolerance)) {
      evidence_.push_back(fmt::format("re-estimated buffers   {}", share_word(*diagnosis.recalibrated)));
      return;
    }
    if (lag_explains(*diagnosis.recalibrated)) {
      behind(diagnosis, loss, part_of_loss(*diagnosis.recalibrated));
      return;
    }
    std::optional<Finding> most;  // Of the loss is cured by it, though not all.
    if (!several_places().empty()) {
      auto finding = sharing();
      if (finding && cured(part_of_loss(own_))) {
        blame_modules(*finding);
        diagnosis.findings.push_back(std::move(*finding));
        return;
      }
      most = std::move(finding);
    }
    if (as_trained_.batch_size() >= kManyImages || held_out_.samples() < 2 * as_trained_.batch_size()) {
      if (most) {
        blame_modules(*most);
        diagnosis.findings.push_back(std::move(*most));
        return;
      }
      diagnosis.untested.push_back(fmt::format(
          "why eval mode loses {} {}: neither lag nor sharing explains it, and {}", share_word(loss), metric_.word(),
          as_trained_.batch_size() >= kManyImages ? "batches are large"
                                                  : "there are too few samples for larger batches"));
      return;
    }
    test("train mode with larger batches");
    const double large = metric_.of(larger_, Mode::train);
    const double by_size = metric_.better(train_, large) / loss;
    evidence_.push_back(fmt::format("train mode, batches of {} / of {}   {} / {}   {}", as_trained_.batch_size(),
                                    std::min(kManyImages, held_out_.samples()), share_word(train_), share_word(large),
                                    cured(by_size) ? "as bad as eval mode" : "not the batch's size"));
    if (cured(by_size)) {
      diagnosis.findings.push_back(small_batches(large, by_size));
    } else if (most) {
      blame_modules(*most);
      diagnosis.findings.push_back(std::move(*most));
    } else {
      diagnosis.untested.push_back(
          fmt::format("why eval mode loses {} {}: neither lag nor sharing nor the batch's size explains it",
                      share_word(loss), metric_.word()));
    }
  }

  /// What eval mode gets to with re-estimated buffers.
  double re_estimated() {
    OtherBuffers buffers;
    for (const auto& module : precise_.modules()) buffers.shared(module);
    return metric_.of(held_out_, Mode::eval);
  }

  /// How much a value brings back of what eval mode loses.
  double part_of_loss(double value) const { return metric_.better(value, eval_) / metric_.better(train_, eval_); }

  bool lag_explains(double recalibrated) {
    const bool lags = cured(part_of_loss(recalibrated));
    evidence_.push_back(
        fmt::format("re-estimated buffers   {}   {}", share_word(recalibrated), lags ? "cured" : "not lag"));
    return lags;
  }

  std::optional<Finding> sharing() {
    test("a copy of each shared norm for every place of use");
    {
      OtherBuffers each_its_own;
      for (const auto& module : precise_.modules()) each_its_own.own(module);
      own_ = metric_.of(held_out_, Mode::eval);
    }
    const double part = part_of_loss(own_);
    evidence_.push_back(fmt::format("one copy per place + re-estimated   {}   {}", share_word(own_),
                                    cured(part) ? "cured" : "not cured"));
    return part > 0.5 ? std::optional(shared(part)) : std::nullopt;
  }

  /// One layer at a time with the statistics of its batch, the others with their buffers.
  std::vector<LayerBlame> blame_layers() {
    FixedBatches few = as_trained_.first(batches_of_few(as_trained_));
    const double eval = metric_.of(few, Mode::eval);
    std::vector<LayerBlame> blame;
    for (const auto& module : precise_.modules())
      for (std::size_t k = 0; k < module.places.size(); ++k) {
        test(fmt::format("batch statistics in {} alone", place(module.norm, k)));
        OtherBuffers one;
        one.batch(module, k);
        blame.push_back({place(module.norm, k), metric_.better(metric_.of(few, Mode::eval), eval)});
      }
    std::ranges::stable_sort(blame, std::greater(), &LayerBlame::gain);
    return blame;
  }

  /// Buffers that fit no more once they are re-estimated: because they follow slowly, or because the weights move fast.
  void behind(Diagnosis& diagnosis, double loss, double lag_cured) {
    test("buffers that are moved on while the weights stand still");
    double followed = 0, lowest = INFINITY, highest = -INFINITY;
    {
      StillMoved buffers(task_);
      buffers.move(training_, kStillBatches);
      followed = metric_.of(held_out_, Mode::eval);
      for (int i = 0; i < kLooks; ++i) {
        buffers.move(training_, kStillBatches / 3);
        const double now = metric_.of(held_out_, Mode::eval);
        lowest = std::min(lowest, now);
        highest = std::max(highest, now);
      }
    }
    const double follow_cured = metric_.better(followed, eval_) / loss;
    evidence_.push_back(fmt::format("{} more batches, weights standing still   {}   {}", kStillBatches,
                                    share_word(followed), cured(follow_cured) ? "cured" : "not cured"));
    Finding late = lag(*diagnosis.recalibrated, lag_cured);
    if (!cured(follow_cured) || late.cause != "norm-lag") {
      if (late.cause != "norm-lag" || loss > kLittleLag) diagnosis.findings.push_back(late);
      return;
    }
    const bool few = as_trained_.batch_size() <= kFewImages;
    if (!(loss > (few ? kJitterOfFew : kJitter))) return;
    evidence_.push_back(fmt::format("and with every {} batches more   {} to {}", kStillBatches / 3, share_word(lowest),
                                    share_word(highest)));
    late.evidence.push_back(evidence_.back());
    late.confidence *= 0.8;
    if (few) {
      Finding noisy = small_batches(train_, lag_cured);
      noisy.sentence = fmt::format(
          "With batches of {} {} weights and running statistics jump about: eval mode loses {} {}, is between {} and "
          "{} as "
          "the statistics alone are moved on, with no further step of the weights, and now at {}. Larger batches cure "
          "it, or a "
          "norm "
          "that looks at one image (group, instance, layer).",
          count_word(as_trained_.batch_size()), as_trained_.batch_size() == 1 ? "image" : "images", share_word(loss),
          metric_.word(), share_word(lowest), share_word(highest), share_word(eval_));
      diagnosis.findings.push_back(noisy);
      diagnosis.findings.push_back(late);
      return;
    }
    if (!over_) {
      diagnosis.untested.push_back(
          fmt::format("whether running statistics catch up once the learning rate falls: the run is not over (eval "
                      "mode loses {} {} now)",
                      share_word(loss), metric_.word()));
      return;
    }
    Finding fast = late;
    fast.cause = "learning-rate-too-high";
    fast.confidence *= forwards_ > 0 && forwards_ < kEarly ? 0.9 : 1.1;
    fast.sentence = fmt::format(
        "The weights move faster than the running statistics of {} norm layers can follow: eval mode loses {} {}, and "
        "gets to {} once the statistics alone have been moved on by {} batches, with no further step of the weights.",
        precise_.modules().size(), share_word(metric_.better(train_, eval_)), metric_.word(), share_word(followed),
        kStillBatches);
    fast.cure = "schedule.name = cosine";
    diagnosis.findings.push_back(fast);
    diagnosis.findings.push_back(late);
    std::ranges::stable_sort(diagnosis.findings, std::greater(), &Finding::confidence);
  }

  void test(const std::string& what) const {
    if (tell_) tell_(what);
  }
  static bool cured(double part) { return part > 0.75; }
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

  /// Whether shared modules are each of one block.
  bool one_parent_each() const {
    bool all = true;
    std::set<std::string> parents;
    const auto modules = several_places();
    for (const auto* module : modules) {
      const std::string parent = parent_of(module->norm.paths.front());
      for (const std::string& path : module->norm.paths) all &= parent_of(path) == parent;
      parents.insert(module->norm.network + "/" + parent);
    }
    return all && parents.size() == modules.size();
  }

  Finding shared(double part) const {
    const auto modules = several_places();
    std::size_t most = 0;
    for (const auto* module : modules) most = std::max(most, module->places.size());
    const bool all_same =
        std::all_of(modules.begin(), modules.end(), [most](const auto* each) { return each->places.size() == most; });
    const std::string places = (all_same ? "" : "up to ") + count_word(most);
    const std::string who = modules.size() == 1 ? "One norm module is used"
                            : one_parent_each()
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
        who, places, fmt::join(named, ", "), modules.size() > kNamed ? ", …" : "", places,
        share_word(metric_.better(train_, eval_)), metric_.word());
    finding.layer = place(modules.front()->norm, 0);
    finding.evidence = evidence_;
    finding.cure = "model.norm_sharing = none";
    return finding;
  }

  /// Everything cured but one: what that one costs by itself.
  void blame_modules(Finding& finding) {
    const auto modules = several_places();
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
      costs.push_back({metric_.better(own_, metric_.of(held_out_, Mode::eval)), kept});
    }
    std::stable_sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.value > b.value; });
    std::vector<std::string> worst;
    const bool by_parent = one_parent_each();
    for (const Cost& cost : costs) {
      if (worst.size() == 3 || cost.value <= 0) break;
      const std::string name = by_parent ? parent_of(place(cost.module->norm, 0)) : equated(*cost.module);
      worst.push_back(fmt::format("{} ({})", name, share_word(cost.value)));
    }
    finding.layer = place(costs.front().module->norm, 0);
    if (!worst.empty())
      finding.evidence.push_back(
          fmt::format("left as it is while all others are cured, it costs: {}", fmt::join(worst, ", ")));
  }

  Finding small_batches(double large, double part) {
    const std::size_t size = as_trained_.batch_size();
    Finding finding;
    finding.cause = "small-batch-norm";
    finding.layer = place(precise_.modules().front().norm, 0);
    finding.confidence = std::clamp(part, 0.0, 0.99);
    finding.sentence = fmt::format(
        "With batches of {} {} the network has learnt to live with statistics of so few: in train mode it gets to {} "
        "{} with them and to {} with those of {} images, so no running statistics fit and eval mode loses {}. Larger "
        "batches cure it, or a norm that looks at one image (group, instance, layer).",
        count_word(size), size == 1 ? "image" : "images", share_word(train_), metric_.word(), share_word(large),
        std::min(kManyImages, held_out_.samples()), share_word(metric_.better(train_, eval_)));
    finding.evidence = evidence_;
    finding.cure = fmt::format("train.batch_size = {}", std::max<std::size_t>(16, 4 * size));
    return finding;
  }

  /// Those whose buffers are as they are made.
  std::vector<const PreciseStatistics::Module*> fresh() const {
    std::vector<const PreciseStatistics::Module*> found;
    for (const auto& module : precise_.modules())
      if (module.norm.module->running_mean.eq(0).all().item<bool>() &&
          module.norm.module->running_var.eq(1).all().item<bool>())
        found.push_back(&module);
    return found;
  }

  /// What eval mode gets to with re-estimated buffers where they are as they were made, and there alone.
  double with_fresh_re_estimated() {
    OtherBuffers buffers;
    for (const auto* module : fresh()) buffers.shared(*module);
    return metric_.of(held_out_, Mode::eval);
  }

  /// How often the buffers were moved, for each call in a pass of one batch.
  std::optional<double> moves_per_batch() const {
    const auto& module = precise_.modules().front();
    if (forwards_ == 0 || !module.norm.module->num_batches_tracked.defined()) return std::nullopt;
    const auto as_made = fresh();
    if (module.norm.module->num_batches_tracked.item<double>() == 0 &&
        std::ranges::find(as_made, &module) == as_made.end())
      return std::nullopt;  // It does not count.
    return module.norm.module->num_batches_tracked.item<double>() /
           static_cast<double>(forwards_ * std::ssize(module.places));
  }

  /// Buffers that fit no more once they are re-estimated: why.
  Finding lag(double recalibrated, double part) {
    const std::optional<double> moves = moves_per_batch();
    if (moves)
      evidence_.push_back(fmt::format("buffers were moved {:.3g} times a training batch and place of use", *moves));
    Finding finding = slow(recalibrated, part);
    const double filled_in = fresh().empty() ? eval_ : with_fresh_re_estimated();
    if (cured(part_of_loss(filled_in))) {
      finding.cause = "missing-buffers";
      const auto never = fresh();
      finding.sentence = fmt::format(
          "The running statistics of {} of {} norm layers are as they were made ({}): they are missing from what the "
          "weights were loaded from, or were not saved. Eval mode loses {} {}, and gets to {} once they are estimated "
          "on "
          "the training data.",
          never.size(), precise_.modules().size(), moves == 0.0 ? "their counter is 0" : "mean 0 and variance 1",
          share_word(metric_.better(train_, eval_)), metric_.word(), share_word(filled_in));
      finding.layer = place(never.front()->norm, 0);
      finding.cure = "save and load buffers (running_mean, running_var) with the weights, or re-estimate them";
    } else if (moves > kTooManyMoves) {
      finding.cause = "statistics-only-forwards";
      finding.sentence = fmt::format(
          "The running statistics were moved {:.1f} times for every batch that was trained on: something else runs the "
          "network in train mode (a validation, say). Eval mode loses {} {}, and gets to {} once they are re-estimated "
          "on the training data.",
          *moves, share_word(metric_.better(train_, eval_)), metric_.word(), share_word(recalibrated));
      finding.cure = "put the network into eval mode wherever it is not trained";
    }
    return finding;
  }

  Finding slow(double recalibrated, double part) {
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
        gaps.size(), gaps.front().second, gaps.front().first, share_word(metric_.better(train_, eval_)), metric_.word(),
        share_word(recalibrated));
    finding.evidence = evidence_;
    finding.evidence.push_back(fmt::format("furthest behind: {}", fmt::join(worst, ", ")));
    finding.cure = "model.norm_momentum = 0.1";
    return finding;
  }

  const TellTest& tell_;
  Task& task_;
  FixedBatches &held_out_, &training_;
  FixedBatches as_trained_, larger_;  ///< held-out samples in batches of other sizes
  std::vector<Network> networks_;
  PrimaryMetric metric_;
  PreciseStatistics precise_;
  Step forwards_;
  bool over_;
  double eval_ = 0, train_ = 0, own_ = 0;  ///< own_: eval mode with buffers of each place's own
  std::vector<std::string> evidence_;
};

}  // namespace

Diagnosis diagnose_norms(Task& task, FixedBatches& held_out, FixedBatches& training, Step forwards, bool over,
                         const TellTest& tell, double tolerance) {
  Diagnosis nothing;
  nothing.untested.push_back("anything: there are no samples to train on, or none to validate on");
  if (held_out.count() == 0 || training.count() == 0) return nothing;
  if (tell) tell("running statistics, estimated anew on training data");
  const std::size_t whole = training.count() - (training.incomplete() ? 1 : 0);
  FixedBatches checked = training.first(std::clamp<std::size_t>(whole, 1, kCheckedBatches));
  return NormDoctor(task, held_out, training, forwards, over, tell).run(checked, tolerance);
}

std::optional<Finding> find_shared_norm(Task& task, FixedBatches& held_out, FixedBatches& training) {
  if (held_out.count() == 0 || training.count() == 0) return std::nullopt;
  FixedBatches few = held_out.first(batches_of_few(held_out));
  return NormDoctor(task, few, training, 0, false, {}, kFewPreciseBatches).shared_norm();
}

}  // namespace ablate
