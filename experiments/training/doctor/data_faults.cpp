#include "experiments/training/doctor/data_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "experiments/training/doctor/misplaced_masks.h"
#include "experiments/training/doctor/near_copies.h"
#include "experiments/training/doctor/seen_set.h"
#include "experiments/training/validation.h"

namespace ablate {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

/// Of each set, so many samples are looked at.
constexpr std::size_t kMostSamples = 300;
/// They are looked at no larger than this, in pixels.
constexpr std::int64_t kLongestSide = 160;
/// Below it nothing can be said of a set.
constexpr std::int64_t kFewestSamples = 8;
/// In the primary metric: what held-out samples may be worse by; by what modes differ; and from where on what another
/// preparation brings back tells something, less of pictures that are unlike.
constexpr double kGap = 0.1, kModesDiffer = 0.1, kOfPreparation = 0.03, kOfUnlike = 0.01;
/// Standard deviations from which on pictures of two sets are unlike.
constexpr double kUnlike = 1;
/// Two pictures are one from here on: at least, and at most; between them, where the training pictures are less alike.
/// Copies that are lighter, mirrored, compressed or cropped by a twentieth have .93 and more in photographs, of which
/// no two reach .6; drawn pictures reach .84, walls of bricks .78. Between them masks have to overlap by so much, too.
constexpr double kLeastSame = 0.8, kSurelySame = 0.9, kMoreAlike = 0.05, kSameMask = 0.7;
/// Pictures of either set that are compared with each other for that.
constexpr std::int64_t kCompared = 64;
/// A mask of another picture: so many others fit the prediction better. Masks of pictures that are hard to predict lie
/// on their edges so much as others do (logarithm); standard errors below that.
constexpr double kFitBetter = 0.25, kOfHard = 0.85, kSureOfPlace = 2.5;
/// The overlap of a median training sample with its prediction from which on the others tell something.
constexpr double kLearnt = 0.5;
/// Overlaps of a median prediction that nobody gets with other pictures' masks.
constexpr double kSurelyRight = 0.7;
/// A probe that leaves less than this part has taken away what is predicted by; and colour alone gets to this part of
/// what the network does.
constexpr double kLost = 0.5, kColourTells = 0.9;
/// Standard errors that chance does not make; that will do where pictures are unlike; and of what samples gain by a
/// change that something else speaks for too.
constexpr double kSure = 4, kSureOfUnlike = 2.5, kProbablyGained = 1.5;

/// {C, H, W}, no side longer than kLongestSide.
Tensor small(const Tensor& plane) {
  const double part = static_cast<double>(kLongestSide) / static_cast<double>(std::max(plane.size(1), plane.size(2)));
  if (part >= 1) return plane;
  const std::vector<std::int64_t> size{
      std::max<std::int64_t>(1, std::lround(part * static_cast<double>(plane.size(1)))),
      std::max<std::int64_t>(1, std::lround(part * static_cast<double>(plane.size(2))))};
  return F::interpolate(plane.unsqueeze(0), F::InterpolateFuncOptions().size(size).mode(torch::kArea)).squeeze(0);
}

double mean_of(const Tensor& values) { return values.numel() == 0 ? NAN : values.mean().item<double>(); }

/// How many standard errors the mean is above 0.
double certainty(const Tensor& values) {
  if (values.numel() < 2) return 0;
  const double error = values.std().item<double>() / std::sqrt(static_cast<double>(values.numel()));
  return error > 0 ? mean_of(values) / error : 0;
}

class DataFaults {
 public:
  DataFaults(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis)
      : patient_(patient),
        tell_(tell),
        diagnosis_(diagnosis),
        metric_(patient.task),
        training_(fixed(patient.data.source.training)),
        held_out_(fixed(patient.data.source.held_out)) {}

  void run() {
    tell_("what is predicted of every sample");
    const std::size_t batches = std::max<std::size_t>(1, 64 / training_.batch_size());
    FixedBatches some_of_training = training_.first(batches);
    const double eval = metric_.of(some_of_training, Mode::eval), train = metric_.of(some_of_training, Mode::train);
    mode_ = metric_.better(train, eval) > kModesDiffer ? Mode::train : Mode::eval;
    SeenSet training = see("training", training_), held_out = see("held-out", held_out_);
    if (training.size() == 0 || !training.targets.defined()) {
      diagnosis_.untested.push_back("the data: the task shows no input, target and prediction of its samples");
      return;
    }
    if (held_out.size() < kFewestSamples || training.size() < 2) {
      diagnosis_.untested.push_back(fmt::format("the data: {} samples to train on and {} held out are too few",
                                                training.size(), held_out.size()));
      return;
    }
    apart_ = distances(colours(training), colours(held_out)).max().item<double>();
    const Tensor by_looks = distances(looks(training), looks(held_out));
    const auto which = by_looks.argmax().item<std::int64_t>();
    difference_ = fmt::format("their colours differ by {:.1f} standard deviations", apart_);
    if (const double by_look = by_looks[which].item<double>(); by_look > apart_) {
      apart_ = by_look;
      difference_ = fmt::format("they differ in {} by {:.1f} standard deviations", kLooks[which], by_look);
    }
    if (training.size() < kFewestSamples) {
      diagnosis_.untested.push_back(
          fmt::format("whether masks are their pictures': {} training samples are too few", training.size()));
      return gap(training, held_out);
    }
    copies(training, held_out);
    const std::size_t before = diagnosis_.findings.size();
    // Of a network that has learnt nothing predictions may be anything, the wrong way round too.
    const bool learnt = training.overlaps.median().item<double>() > kLearnt;
    if (!learnt) diagnosis_.untested.emplace_back("whether masks are the wrong way round: too little has been learnt");
    for (const SeenSet* set : {&training, &held_out}) {
      if (learnt) inverted(*set);
      if (diagnosis_.findings.size() == before) mismatched(*set, set == &held_out && apart_ > kUnlike);
    }
    if (diagnosis_.findings.size() == before) gap(training, held_out);
    if (diagnosis_.findings.size() == before) shortcut(training, held_out);
  }

 private:
  FixedBatches fixed(const std::vector<std::size_t>& indices) const {
    return FixedBatches(patient_.data.source.dataset, spread_over(indices, kMostSamples),
                        static_cast<std::size_t>(patient_.config.integer("train.batch_size")), patient_.device)
        .whole();
  }

  void note(const std::string& line) { diagnosis_.tests.push_back(line); }

  Finding& found(const std::string& cause, double confidence, const std::string& where, const std::string& sentence,
                 const std::string& cure) {
    Finding& finding = diagnosis_.findings.emplace_back();
    finding.cause = cause;
    finding.layer = where;
    finding.confidence = std::clamp(confidence, 0.0, 0.99);
    finding.sentence = sentence;
    finding.cure = cure;
    if (!diagnosis_.tests.empty()) finding.evidence = {diagnosis_.tests.back()};
    return finding;
  }

  SeenSet see(const std::string& word, FixedBatches& samples) {
    SeenSet set;
    set.word = word;
    std::vector<Tensor> inputs, targets, predictions;
    Measuring measuring(patient_.task.networks(), mode_);
    for (std::size_t i = 0; i < samples.count(); ++i) {
      const Batch batch = samples.at(i);
      measuring.begin_pass();
      set.names.insert(set.names.end(), batch.names.begin(), batch.names.end());
      for (const std::vector<Preview>& sample : patient_.task.previews(batch))
        for (const Preview& plane : sample) {
          if (plane.name == "input") inputs.push_back(small(plane.image));
          if (plane.name == "target") targets.push_back((small(plane.image) > 0.5).to(torch::kFloat));
          if (plane.name == "prediction") predictions.push_back((small(plane.image) > 0.5).to(torch::kFloat));
        }
    }
    if (inputs.empty() || targets.size() != inputs.size() || predictions.size() != inputs.size()) return set;
    set.inputs = torch::stack(inputs);
    set.targets = torch::stack(targets);
    set.predictions = torch::stack(predictions);
    set.overlaps = overlap(set.predictions, set.targets);
    return set;
  }

  /// As they are, or mirrored.
  static bool alike_masks(const SeenSet& set, std::size_t i, const SeenSet& other_set, std::size_t k) {
    const Tensor mask = set.targets[static_cast<std::int64_t>(i)].unsqueeze(0),
                 other = other_set.targets[static_cast<std::int64_t>(k)].unsqueeze(0);
    return overlap(mask, torch::cat({other, other.flip(3)})).max().item<double>() > kSameMask;
  }

  void copies(const SeenSet& training, const SeenSet& held_out) {
    tell_("held-out pictures among the training pictures");
    const std::vector<Likeness> likest = most_alike(held_out.inputs, training.inputs);
    std::vector<double> alike{-1, -1};
    for (const SeenSet* set : {&training, &held_out})
      for (const Likeness& each : most_alike(set->inputs.slice(0, 0, kCompared), set->inputs, true))
        alike.push_back(each.correlation);
    std::ranges::sort(alike, std::greater());
    const double usual = alike[1];  // One of them may be there twice.
    if (usual > kSurelySame) {
      diagnosis_.untested.push_back(
          fmt::format("whether held-out pictures are training pictures too: they are as alike among themselves "
                      "(correlations up to "
                      "{:.2f})",
                      usual));
      return;
    }
    const double same_from = std::max(kLeastSame, usual + kMoreAlike);
    std::vector<std::string> pairs;
    Tensor same = torch::zeros(held_out.size(), torch::kBool);
    double most = -1;
    for (std::size_t i = 0; i < likest.size(); ++i) {
      most = std::max(most, likest[i].correlation);
      if (likest[i].correlation < same_from) continue;
      if (likest[i].correlation < kSurelySame && !alike_masks(held_out, i, training, likest[i].other)) continue;
      same[static_cast<std::int64_t>(i)] = true;
      pairs.push_back(fmt::format("{} = {}", held_out.names[i], training.names[likest[i].other]));
    }
    note(fmt::format(
        "{} of {} held-out pictures are among {} training pictures (the most alike correlate by {:.2f}, and "
        "within either set by {:.2f})",
        pairs.size(), held_out.size(), training.size(), most, usual));
    if (pairs.empty() || (pairs.size() == 1 && most < kSurelySame)) return;
    const double on_copies = mean_of(held_out.overlaps.index({same})),
                 on_others = mean_of(held_out.overlaps.index({~same}));
    Finding& finding =
        found("leakage", 0.95, "data",
              fmt::format(
                  "{} of {} held-out pictures are training pictures too ({}): they are no measure of what was learnt.",
                  pairs.size(), held_out.size(), some_names(pairs)),
              "keep them on one side: a manifest with groups, or data.exclude");
    if (std::isfinite(on_others))
      finding.evidence.push_back(fmt::format("IoU on these {}, on the other held-out pictures {}",
                                             share_word(on_copies), share_word(on_others)));
    pairs.resize(std::min<std::size_t>(pairs.size(), 16));
    finding.evidence.push_back(fmt::format("{}", fmt::join(pairs, ", ")));
  }

  void inverted(const SeenSet& set) {
    const Tensor other_way = overlap(set.predictions, 1 - set.targets);
    const Tensor everything = 1 - set.targets.mean({1, 2, 3});  // Overlaps a mask that is turned round by so much.
    const Tensor area = set.predictions.mean({1, 2, 3});
    const Tensor so =
        (other_way > 0.6) & (other_way > everything + kGap) & (set.overlaps < 0.4) & (area > 0.03) & (area < 0.97);
    const std::vector<std::string> names = names_where(set, so);
    note(fmt::format("{} of {} {} predictions fit their mask turned round, and not the mask", names.size(), set.size(),
                     set.word));
    if (names.size() < 2) return;
    Finding& finding = found(
        "inverted-masks", 0.95, "data",
        fmt::format(
            "{} of {} {} masks are the wrong way round ({}): what is predicted of them overlaps the mask by {}, and "
            "the mask turned round by {}.",
            names.size(), set.size(), set.word, some_names(names), share_word(mean_of(set.overlaps.index({so}))),
            share_word(mean_of(other_way.index({so})))),
        "turn these masks round (255 − value)");
    finding.evidence.push_back(fmt::format("IoU of the {} set as it is {}, with them turned round {}", set.word,
                                           share_word(mean_of(set.overlaps)),
                                           share_word(mean_of(torch::where(so, other_way, set.overlaps)))));
  }

  /// `unlike`: whether these pictures are from another world, whose edges tell nothing.
  void mismatched(const SeenSet& whole, bool unlike) {
    const SeenSet set = with_borders(whole);
    if (set.size() < 2 * kFewestSamples) {
      diagnosis_.untested.push_back(
          fmt::format("whether {} masks are their pictures': only {} have a border", set.word, set.size()));
      return;
    }
    const Tensor aligned = alignment(set);
    const double sure = certainty(aligned), usual = set.overlaps.median().item<double>();
    note(fmt::format(
        "borders of {} masks lie on their pictures' edges {:.2f} times as much as other masks' ({:.1f} standard "
        "errors)",
        set.word, std::exp(mean_of(aligned)), sure));
    // What is predicted so well does belong to its picture.
    if (unlike) {
      diagnosis_.untested.push_back(fmt::format("whether {} masks are their pictures': {}", set.word, difference_));
      return;
    }
    if (const auto off = misplacement(set)) {
      note(
          fmt::format("moved back, borders of {} masks lie on edges {:.2f} times as much as they do ({:.1f} standard "
                      "errors)",
                      set.word, std::exp(off->gain), off->certainty));
      found("mismatched-masks", 0.93, "data",
            fmt::format("The {} masks do not lie where their pictures' edges are: they are {}. Moved back, their "
                        "borders lie on edges {:.2f} times as much.",
                        set.word, off->how, std::exp(off->gain)),
            off->cure);
      return;
    }
    if (sure < kSure / 2 && usual < kSurelyRight) {
      found("mismatched-masks", 0.9, "data",
            fmt::format(
                "The {} masks belong to other pictures: their borders lie on their own picture's edges no more than "
                "on any other's ({:.2f} times as much), and predictions overlap them by {}.",
                set.word, std::exp(mean_of(aligned)), share_word(usual)),
            "pair pictures and masks by name");
      return;
    }
    if (usual < 0.5) {
      diagnosis_.untested.push_back(
          fmt::format("whether some {} masks are other pictures': too little is predicted right", set.word));
      return;
    }
    const Tensor so = (part_that_fits_better(set) > kFitBetter) & (set.overlaps < 0.8 * usual);
    const std::vector<std::string> names = names_where(set, so);
    if (names.size() < std::max<std::size_t>(4, set.names.size() / 30)) return;
    const Tensor sharp = sharpness_of_place(set), others = sharp.index({~so});
    const double of_these = mean_of(sharp.index({so})), of_others = mean_of(others),
                 error = others.std().item<double>() / std::sqrt(static_cast<double>(names.size()));
    note(fmt::format(
        "of {} {} samples many other masks fit the prediction better than their own; those masks' borders lie on edges "
        "{:.2f} times as much as a little beside, the rest's {:.2f} times (standard error {:.2f})",
        names.size(), set.word, std::exp(of_these), std::exp(of_others), error));
    if (!(of_these + kSureOfPlace * error < kOfHard * of_others)) return;
    found("mismatched-masks", 0.85, "data",
          fmt::format(
              "At least {} of {} {} masks do not belong to their pictures ({}): many other pictures' masks fit what is "
              "predicted there better, and these lie on the picture's edges hardly more than a little beside ({:.2f} "
              "times "
              "as much; the other masks of this set {:.2f} times).",
              names.size(), set.size(), set.word, some_names(names), std::exp(of_these), std::exp(of_others)),
          "look at these samples, and leave them out: data.exclude");
  }

  /// {N}: the primary metric of each held-out sample whose input is changed first.
  Tensor each_with_inputs(const std::function<Tensor(const Tensor&)>& change) {
    std::vector<Tensor> values;
    Measuring measuring(patient_.task.networks(), mode_);
    for (std::size_t i = 0; i < held_out_.count(); ++i) {
      Batch batch = held_out_.at(i);
      Tensor& image = batch.tensors.at("image");
      image = change(image).contiguous(image.suggest_memory_format());
      measuring.begin_pass();
      values.push_back(patient_.task.evaluate(batch).metrics.at(metric_.name()).to(torch::kCPU));
    }
    return torch::cat(values);
  }
  double with_inputs(const std::function<Tensor(const Tensor&)>& change) { return mean_of(each_with_inputs(change)); }

  /// Whether what is predicted hangs on colours or light alone.
  void shortcut(const SeenSet& training, const SeenSet& held_out) {
    if (training.inputs.size(1) != 3 || !held_out_.at(0).tensors.contains("image")) return;
    const bool grey = (held_out.inputs - held_out.inputs.mean(1, true)).abs().max().item<double>() < 0.02;
    tell_("what is left in grey, of other hues, and in the dark");
    const double as_it_is = metric_.of(held_out_, mode_);
    const double told = mean_of(told_by_colour(training, held_out)), overlapping = mean_of(held_out.overlaps);
    const double everything = mean_of(overlap(torch::ones_like(held_out.targets), held_out.targets));
    std::string worst, line;
    double least = INFINITY;
    const auto probe = [&](const std::string& what, const std::function<Tensor(const Tensor&)>& change) {
      const double left = with_inputs(change);
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", what, share_word(left));
      if (left >= least) return;
      least = left;
      worst = what;
    };
    if (!grey) {
      probe("in grey", [](const Tensor& x) { return x.mean(1, true).expand_as(x); });
      probe("of the next hue", [](const Tensor& x) { return x.roll({1}, {1}); });
      probe("of the one after", [](const Tensor& x) { return x.roll({2}, {1}); });
    }
    const bool by_colour = least < kLost * as_it_is;
    const auto of_colour = std::pair(least, worst);
    least = INFINITY;
    probe("half as light", [](const Tensor& x) { return x * 0.5; });
    if (by_colour) std::tie(least, worst) = of_colour;
    note(fmt::format("held-out pictures as they are: {} {}; {}; colours alone overlap their masks by {}",
                     metric_.word(), share_word(as_it_is), line, share_word(told)));
    if (patient_.task.higher_is_better() && least < kLost * as_it_is && told > kColourTells * overlapping &&
        told > everything + kGap && overlapping > 0.5)
      found("colour-shortcut", 0.5, "data",  // Which may be what there is to go by: no fault comes behind it.
            fmt::format("Predictions hang on {}: held-out pictures get {} {}, and {} {}; which colours lie inside "
                        "the training masks tells almost as much ({} IoU). Pictures of other {} will fail.",
                        by_colour ? "colour" : "light", share_word(as_it_is), metric_.word(), share_word(least), worst,
                        share_word(told), by_colour ? "colours" : "light"),
            by_colour ? "data.grey = true" : "train on pictures in many kinds of light");
  }

  /// Whether red is to blue in held-out pictures as blue is to red in training pictures, by their colours.
  bool look_exchanged(const Tensor& theirs, const Tensor& ours) {
    const auto red_less_blue = [](const Tensor& rows) { return rows.select(1, 0) - rows.select(1, 2); };
    const Tensor a = red_less_blue(theirs), b = red_less_blue(ours);
    const double spread = std::max(((a.var() + b.var()) / 2).sqrt().item<double>(), 1e-6);
    const double as_they_are = std::abs(mean_of(a) - mean_of(b)) / spread,
                 exchanged = std::abs(mean_of(a) + mean_of(b)) / spread;
    note(
        fmt::format("red less blue differs between training and held-out pictures by {:.1f} standard deviations, with "
                    "held-out pictures' exchanged by {:.1f}",
                    as_they_are, exchanged));
    return as_they_are > kUnlike && exchanged < as_they_are / 2;
  }

  /// What held-out pictures get once they are prepared otherwise, where that brings back enough of what is lost. Only
  /// what most of them gain by: what each gains is surer than the mean of so few.
  struct Prepared {
    std::string how, line;
    double value = 0, gain = 0;
  };
  Prepared other_preparation(const SeenSet& training, const SeenSet& held_out, double lost, double least,
                             double usually_sure, bool exchanged) {
    const Tensor theirs = colours(training), ours = colours(held_out);
    const std::int64_t channels = training.inputs.size(1);
    const Tensor as_it_is = each_with_inputs([](const Tensor& x) { return x; });
    Prepared best;
    const auto attempt = [&](const std::string& how, const std::function<Tensor(const Tensor&)>& change, double part,
                             double sure) {
      const Tensor values = each_with_inputs(change);
      const double value = mean_of(values), gain = metric_.better(value, mean_of(as_it_is));
      note(fmt::format("held-out pictures {}: {} {}", how, metric_.word(), share_word(value)));
      if (gain > std::max({best.gain, part * lost, least}) && std::abs(certainty(values - as_it_is)) > sure)
        best = {how, diagnosis_.tests.back(), value, gain};
    };
    const auto shaped = [&](const Tensor& row) { return row.reshape({1, -1, 1, 1}).to(patient_.device); };
    const Tensor to_mean = theirs.mean(0).slice(0, 0, channels), from_mean = ours.mean(0).slice(0, 0, channels);
    const Tensor factor = theirs.mean(0).slice(0, channels) / ours.mean(0).slice(0, channels).clamp_min(1e-3);
    attempt(
        "brought to the training pictures' mean and range",
        [&](const Tensor& x) { return (x - shaped(from_mean)) * shaped(factor) + shaped(to_mean); }, 0.5, usually_sure);
    attempt(
        "turned to their negative", [](const Tensor& x) { return 1 - x; }, 0.5, usually_sure);
    attempt(
        "made darker in the middle (gamma 2.2)", [](const Tensor& x) { return x.clamp_min(0).pow(2.2); }, 0.5,
        usually_sure);
    attempt(
        "made lighter in the middle (gamma 1 / 2.2)", [](const Tensor& x) { return x.clamp_min(0).pow(1 / 2.2); }, 0.5,
        usually_sure);
    // Which channel is which is no matter of how alike two sets are: less will do, and where their colours say it too
    // almost anything.
    if (channels == 3)
      attempt(
          "given with red and blue exchanged", [](const Tensor& x) { return x.flip(1); }, 0.25,
          exchanged ? kProbablyGained : usually_sure);
    return best;
  }

  /// By the largest of eleven differences: more than what so few samples have by chance.
  bool surely_unlike(const SeenSet& training, const SeenSet& held_out) const {
    return apart_ > std::max(kUnlike, kSure * std::sqrt(1.0 / static_cast<double>(training.size()) +
                                                        1.0 / static_cast<double>(held_out.size())));
  }

  /// Held-out samples are predicted worse than training samples: why.
  void gap(const SeenSet& training, const SeenSet& held_out) {
    tell_("why held-out samples are predicted worse");
    const double on_training = metric_.of(training_, mode_), on_held_out = metric_.of(held_out_, mode_);
    const double errors =
        (training.overlaps.var() / training.size() + held_out.overlaps.var() / held_out.size()).sqrt().item<double>();
    const double sure = (mean_of(training.overlaps) - mean_of(held_out.overlaps)) / std::max(errors, 1e-6);
    note(fmt::format("{} on training samples {}, on held-out ones {} ({:.1f} standard errors); {}", metric_.word(),
                     share_word(on_training), share_word(on_held_out), sure, difference_));
    const std::string gap_line = diagnosis_.tests.back();
    const double lost = metric_.better(on_training, on_held_out);
    const bool unlike = surely_unlike(training, held_out);
    const double needed = unlike ? kSureOfUnlike : kSure;
    const bool exchanged = training.inputs.size(1) == 3 && look_exchanged(colours(training), colours(held_out));
    const double least = apart_ > kUnlike || exchanged ? kOfUnlike : kOfPreparation;
    if (!(lost > least)) return;
    if (!held_out_.at(0).tensors.contains("image")) {
      diagnosis_.untested.emplace_back("why held-out samples are predicted worse: the task has no \"image\"");
      return;
    }
    if (const auto prepared = other_preparation(training, held_out, lost, least, needed, exchanged);
        prepared.gain > 0) {
      Finding& finding = found(
          "input-normalisation", std::max(0.6, prepared.gain / lost), "data",
          fmt::format("Held-out pictures are prepared differently from training pictures ({}): {} "
                      "gets from {} to {} once they are {}.",
                      difference_, metric_.word(), share_word(on_held_out), share_word(prepared.value), prepared.how),
          "prepare both alike: the same range, order of channels and normalisation");
      finding.evidence = {gap_line, prepared.line};
      return;
    }
    if (!(lost > kGap) || !(sure >= needed)) return;
    if (unlike) {
      Finding& finding = found(
          "domain-shift", 0.7, "data",
          fmt::format("Held-out pictures are from another world: {}, and {} is {} instead of {} on training pictures.",
                      difference_, metric_.word(), share_word(on_held_out), share_word(on_training)),
          "train on pictures such as these too, or augment towards them");
      finding.evidence.insert(finding.evidence.begin(), gap_line);
      return;
    }
    Finding& finding = found(
        "overfitting", 0.7, "data",
        fmt::format(
            "The network knows its training pictures by heart: {} {} on them, {} on held-out ones that look alike "
            "({:.1f} standard errors).",
            metric_.word(), share_word(on_training), share_word(on_held_out), sure),
        patient_.config.real("data.flip") == 0 ? "data.flip = 0.5" : "more pictures, fewer steps, or train.stop_after");
    finding.evidence.insert(finding.evidence.begin(), gap_line);
  }

  const Patient& patient_;
  const TellTest& tell_;
  Diagnosis& diagnosis_;
  PrimaryMetric metric_;
  double apart_ = 0;        ///< the largest difference between training and held-out pictures, in standard deviations
  std::string difference_;  ///< which that is
  FixedBatches training_, held_out_;
  Mode mode_ = Mode::eval;
};

}  // namespace

void diagnose_data(const Patient& patient, const TellTest& tell, Diagnosis& diagnosis) {
  DataFaults(patient, tell, diagnosis).run();
}

}  // namespace ablate
