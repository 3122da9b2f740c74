#include "experiments/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <sstream>

#include "experiments/metrics/metric_list.h"
#include "runs/error.h"
#include "runs/near_match.h"

namespace ablate {
namespace {

using json = nlohmann::json;

Option boolean(std::string key, json value, std::string meaning, Option::When when = {}) {
  return {std::move(key), OptionType::boolean, std::move(value), {}, {}, {}, "", std::move(meaning), std::move(when)};
}
Option integer(std::string key, json value, double low, double high, std::string meaning, Option::When when = {}) {
  return {std::move(key),     OptionType::integer, std::move(value), {}, low, high, "",
          std::move(meaning), std::move(when)};
}
Option real(std::string key, json value, double low, double high, std::string meaning, Option::When when = {}) {
  return {std::move(key), OptionType::real, std::move(value), {}, low, high, "", std::move(meaning), std::move(when)};
}
Option choice(std::string key, json value, std::vector<std::string> choices, std::string meaning,
              Option::When when = {}) {
  return {std::move(key),     OptionType::choice, std::move(value), std::move(choices), {}, {}, "",
          std::move(meaning), std::move(when)};
}
Option text(std::string key, json value, std::string meaning, Option::When when = {}) {
  return {std::move(key), OptionType::text, std::move(value), {}, {}, {}, "", std::move(meaning), std::move(when)};
}
Option words(std::string key, json value, std::string meaning, std::vector<std::string> choices = {},
             Option::When when = {}) {
  return {std::move(key),     OptionType::strings, std::move(value), std::move(choices), {}, {}, "",
          std::move(meaning), std::move(when)};
}
Option duration(std::string key, json value, double low, std::string meaning, Option::When when = {}) {
  return {std::move(key),     OptionType::duration, std::move(value), {}, low, 1e9, "steps, or epochs as \"3ep\"",
          std::move(meaning), std::move(when)};
}

Option durations(std::string key, json value, double low, std::string meaning, Option::When when = {}) {
  Option option = duration(std::move(key), std::move(value), low, std::move(meaning), std::move(when));
  option.type = OptionType::durations;
  return option;
}

Option in(std::string unit, Option option) {
  option.unit = std::move(unit);
  return option;
}
Option or_null(Option option) {
  option.nullable = true;
  return option;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const Metric& metric : all_metrics()) names.emplace_back(metric.name);
  return names;
}

std::vector<Option> all_options() {
  const Option::When synthetic{"data.dataset", {"synthetic"}}, folder{"data.dataset", {"folder"}};
  const Option::When adam{"optimizer.name", {"adam", "adamw"}}, with_momentum{"optimizer.name", {"sgd", "rmsprop"}};
  const Option::When range_test{"lr_find.procedure", {"fastai", "pytorch-lr-finder"}};
  const auto scheduled = [](std::vector<std::string> names) { return Option::When{"schedule.name", std::move(names)}; };
  return {
      choice("task", "segmentation", {"segmentation"}, "What is learnt: a mask for every picture."),

      choice("data.dataset", "synthetic", {"synthetic", "folder"},
             "Built-in synthetic portraits, or photographs in a folder."),
      or_null(text(
          "data.path", nullptr,
          "The folder: images/NAME.* and masks/NAME.*, paired by name; or a manifest: JSON lines with image, mask, "
          "group, and any other keys.",
          folder)),
      {"data.size",
       OptionType::size,
       {96, 64},
       {},
       16,
       4096,
       "pixels",
       "Height and width that pictures are trained at.",
       {}},
      in("samples", integer("data.count", 340, 2, 100000, "How many synthetic portraits there are.", synthetic)),
      in("samples", integer("data.held_out", 48, 1, 1000000, "Samples kept for validation.")),
      integer("data.split_seed", 0, 0, 4294967295.0,
              "Which samples those are; the same seed always holds out the same ones."),
      real("data.flip", 0.5, 0, 1, "Probability that a training sample is mirrored."),
      boolean("data.grey", false, "Take the colour out of every picture."),
      words("data.exclude", json::array(), "Names of samples (files without ending) left out."),
      or_null(text("data.gallery", nullptr, "A folder of pictures without masks, predicted at every validation.")),

      choice("model.name", "unet", {"unet", "unet-milesial"},
             "The network: U-Net with all options of model.*, or milesial's with its own names of weights."),
      in("channels",
         integer("model.channels", 16, 1, 256, "Channels of the first level; every level down doubles them.")),
      in("levels", integer("model.depth", 4, 1, 6, "Levels above the bottom.")),
      choice("model.activation", "relu",
             {"relu", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "sigmoid", "tanh", "softplus",
              "hardswish", "identity"},
             "The non-linearity after every norm."),
      choice("model.norm", "batch", {"batch", "instance", "group", "layer", "none"},
             "The normalisation after every convolution of a block."),
      or_null(
          real("model.norm_momentum", 0.1, 0, 1,
               "Weight of the newest batch in the running statistics; null: plain mean of all batches (batch norm).",
               {"model.norm", {"batch", "instance"}})),
      boolean("model.norm_affine", false, "Instance norm with a learnt weight and bias a channel.",
              {"model.norm", {"instance"}}),
      boolean("model.norm_track", false, "Instance norm with running statistics, which eval mode uses.",
              {"model.norm", {"instance"}}),
      in("groups",
         integer("model.norm_groups", 8, 1, 1024, "Groups that the channels are cut into.", {"model.norm", {"group"}})),
      choice("model.norm_sharing", "none", {"none", "block", "block+residual"},
             "Use one norm module at both places of a block (a mistake, kept to be recognised).",
             {"model.norm", {"batch", "instance", "group", "layer"}}),
      choice("model.residual", "none", {"none", "plain", "norm"},
             "Add a block's input to its output; norm: the projection has one too."),
      choice("model.residual_in", "all", {"all", "encoder", "decoder", "no-bottleneck"},
             "Which blocks add their input.", {"model.residual", {"plain", "norm"}}),
      choice("model.skip", "concat", {"concat", "add", "multiply", "none"}, "How a level's output reaches the way up."),
      choice("model.pool", "max", {"max", "avg", "max+avg", "stride", "none"},
             "How a level's output is halved; max+avg: the mean of both; none: forgotten."),
      choice("model.up", "nearest", {"nearest", "transposed", "bilinear", "pixelshuffle"},
             "How sizes are doubled on the way up."),
      choice("model.head", "sigmoid", {"sigmoid", "softmax"},
             "sigmoid: one output channel; softmax: two, of which the second is the person."),

      or_null(text("init.from", nullptr,
                   "Weights to start from: a run's or a checkpoint's folder, or a file (safetensors, .pth); null: "
                   "random.")),
      words("init.what", {"*"}, "Patterns of the names that are loaded, as down*.", {}, {"init.from", {}}),
      words("init.exclude", json::array(), "Patterns of names that are not, as head.*.", {}, {"init.from", {}}),
      boolean("init.strict", true, "Refuse weights of which a name or a shape does not fit.", {"init.from", {}}),

      real("loss.bce", 1, 0, 1e6, "Weight of binary cross entropy with logits (sigmoid head)."),
      real("loss.iou", 0, 0, 1e6, "Weight of -ln of the soft IoU."),
      real("loss.ce", 0, 0, 1e6, "Weight of cross entropy of two channels (softmax head)."),
      real("loss.dice", 0, 0, 1e6, "Weight of 1 - soft Dice over the whole batch."),
      real("loss.dice_per_image", 0, 0, 1e6, "Weight of 1 - soft Dice, image by image."),
      real("loss.mse", 0, 0, 1e6, "Weight of the mean squared error of probabilities."),
      real("loss.l1", 0, 0, 1e6, "Weight of the mean absolute error of probabilities."),
      real("loss.laplacian", 0, 0, 1e6, "Weight of the absolute error of five levels of a Laplacian pyramid."),
      real("loss.sobel", 0, 0, 1e6, "Weight of the absolute error of the gradient's length."),
      real("loss.ce_on_softmax", 0, 0, 1e6,
           "Weight of cross entropy of what softmax was applied to already (a mistake, kept to be recognised)."),

      choice("optimizer.name", "adam", {"adam", "adamw", "sgd", "rmsprop", "adagrad"}, "The optimiser."),
      real("optimizer.lr", 1e-3, 0, 1e3, "Learning rate."),
      or_null(real("optimizer.weight_decay", nullptr, 0, 1e3,
                   "As PyTorch's: added to the gradient, in AdamW taken off the weights; null: 0, AdamW's .01.")),
      or_null(real("optimizer.momentum", nullptr, 0, 1, "Momentum; null: .9 for sgd, 0 for rmsprop.", with_momentum)),
      boolean("optimizer.nesterov", false, "Nesterov's momentum.", {"optimizer.name", {"sgd"}}),
      real("optimizer.beta1", 0.9, 0, 0.999999, "Adam's decay of the mean gradient.", adam),
      real("optimizer.beta2", 0.999, 0, 0.999999, "Adam's decay of the mean squared gradient.", adam),
      real("optimizer.alpha", 0.99, 0, 0.999999, "RMSprop's decay of the mean squared gradient.",
           {"optimizer.name", {"rmsprop"}}),
      or_null(real("optimizer.eps", nullptr, 0, 1,
                   "Keeps from dividing by zero; null: PyTorch's, 1e-8, for adagrad 1e-10.",
                   {"optimizer.name", {"adam", "adamw", "rmsprop", "adagrad"}})),

      choice("schedule.name", "constant",
             {"constant", "multistep", "step", "exponential", "polynomial", "cosine", "cosine-restarts", "cyclic",
              "onecycle", "plateau", "yolox-cosine"},
             "How the learning rate changes over the run."),
      duration("schedule.warmup_steps", 0, 0, "Linear rise of the learning rate before the schedule begins; 0: none."),
      durations("schedule.milestones", {"10ep", "20ep"}, 1, "When multistep multiplies by gamma.",
                scheduled({"multistep"})),
      duration("schedule.step_size", "10ep", 1, "How often step multiplies by gamma.", scheduled({"step"})),
      or_null(real("schedule.gamma", nullptr, 0, 1,
                   "Factor of the learning rate; null: .1, for exponential what leaves a hundredth at the end, for "
                   "cyclic's exp_range 1.",
                   scheduled({"multistep", "step", "exponential", "cyclic", "plateau"}))),
      real("schedule.power", 1, 0, 100, "Polynomial's exponent.", scheduled({"polynomial"})),
      real("schedule.min_lr", 0, 0, 1e3, "Learning rate at which it ends; plateau's least.",
           scheduled({"cosine", "cosine-restarts", "plateau"})),
      duration("schedule.period", "10ep", 1, "Length of the first cosine.", scheduled({"cosine-restarts"})),
      integer("schedule.period_mult", 1, 1, 100, "How many times longer each next one is.",
              scheduled({"cosine-restarts"})),
      or_null(real("schedule.max_lr", nullptr, 0, 1e3, "Top; null: optimizer.lr for onecycle, ten times it for cyclic.",
                   scheduled({"onecycle", "cyclic"}))),
      duration("schedule.up_steps", "5ep", 1, "Cyclic's way up.", scheduled({"cyclic"})),
      or_null(duration("schedule.down_steps", nullptr, 1, "Cyclic's way down; null: as up.", scheduled({"cyclic"}))),
      choice("schedule.cycle", "triangular", {"triangular", "triangular2", "exp_range"},
             "How cyclic's height changes: not, halved every cycle, times gamma every step.", scheduled({"cyclic"})),
      text("schedule.metric", "loss/val", "What plateau watches.", scheduled({"plateau"})),
      in("validations", integer("schedule.patience", 10, 0, 1000000, "How many without improvement plateau lets pass.",
                                scheduled({"plateau"}))),

      or_null(duration("swa.start", nullptr, 0, "Average the weights from here on (SWA); null: never.")),
      duration("swa.every", "1ep", 1, "Steps between weights that are averaged.", {"swa.start", {}}),
      or_null(real("swa.lr", nullptr, 0, 1e3,
                   "Learning rate that the schedule goes over to at swa.start; null: it goes on.", {"swa.start", {}})),

      duration("train.steps", 400, 1, "Length of the run."),
      in("samples", integer("train.batch_size", 16, 1, 65536, "Samples of a training step.")),
      integer("train.seed", 0, 0, 4294967295.0, "Seed of weights, order and augmentation."),
      choice("train.device", "auto", {"auto", "cpu", "cuda"}, "Where to train; auto: on a GPU if there is one."),
      in("threads", integer("train.threads", 0, 0, 1024, "Threads of the worker; 0: as the launcher decides.")),
      choice("train.precision", "fp32", {"fp32", "bf16", "fp16"},
             "fp32, or mixed precision (autocast; fp16 with scaled losses): bf16 for GPUs and processors with AMX, "
             "fp16 for GPUs."),
      boolean("train.channels_last", true, "Keep pictures and weights in channels-last format, the faster one."),
      in("batches", integer("train.accumulate", 1, 1, 65536, "Batches whose gradients make one step.")),
      boolean("train.accumulate_fault", false,
              "Of those batches use the last alone; the others move only norm statistics (a mistake, kept to be "
              "recognised)."),
      or_null(real("train.ema", nullptr, 0, 0.9999999,
                   "Decay of a running average of the weights, measured beside them; null: none.")),
      or_null(in("validations", integer("train.stop_after", nullptr, 1, 1000000,
                                        "End the run when checkpoint.metric has not become better for so many; null: "
                                        "never."))),
      real("train.clip_norm", 0, 0, 1e9, "Gradients whose norm is larger are scaled down to it; 0: never."),

      choice("validation.mode", "both", {"eval", "train", "both"},
             "Norms in eval mode (running statistics), train mode (the batch's own), or both at the same weights."),
      choice("validation.on", "held-out", {"held-out", "training", "both"},
             "What is validated on: held-out samples, as many training samples (without augmentation), or both."),
      duration("validation.every", 20, 1, "Steps between validations."),
      words("validation.metrics", json::array(), "What is measured at every validation besides the loss and IoU.",
            metric_names()),
      or_null(in("samples", integer("validation.batch_size", nullptr, 1, 65536,
                                    "Samples a validation batch; null: train.batch_size."))),

      duration("checkpoint.every", 100, 1, "Steps between checkpoints, from which a run can go on."),
      or_null(text("checkpoint.metric", nullptr,
                   "The tag that says which checkpoint is best, as iou/val_train_mode; null: the task's own.")),
      in("checkpoints",
         integer("checkpoint.keep", 2, 1, 1000000, "How many of the latest are kept, besides the best.")),

      in("steps", integer("log.scalars_every", 1, 1, 1000000, "Steps between logged losses.")),
      in("steps", integer("log.norm_every", 50, 0, 1000000,
                          "Steps between logged norm statistics (gathered at every step); 0: none.")),
      duration(
          "log.histograms_every", 100, 0,
          "Steps between histograms of weights and gradients, and looks at what goes through the layers; 0: none."),
      in("samples", integer("log.previews", 8, 0, 1000, "Held-out samples shown as pictures.")),
      duration("log.preview_every", 40, 1, "Steps between those pictures."),

      choice("lr_find.procedure", "none", {"none", "fastai", "pytorch-lr-finder"},
             "Instead of training raise the learning rate at every step, until the loss diverges (range test)."),
      real("lr_find.start_lr", 1e-7, 1e-12, 1e3, "Learning rate of its first step.", range_test),
      real("lr_find.end_lr", 10, 1e-12, 1e6, "Learning rate that it would come to.", range_test),
      in("steps", integer("lr_find.iterations", 100, 20, 1000000, "Its steps, one batch each.", range_test)),
      in("images",
         integer(
             "lr_find.batch_size", 0, 0, 100000,
             "Images of each step; 0: train.batch_size. By as many images, four times the steps with a quarter of the "
             "batch tell more (fall-1000).",
             range_test)),
  };
}

std::vector<std::string> split_at_commas(const std::string& words) {
  std::vector<std::string> parts;
  std::istringstream stream(words);
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

/// A value as a message shows it.
std::string shown(const json& value) {
  std::string words = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (words.size() <= 100) return words;
  std::size_t end = 100;
  while ((static_cast<unsigned char>(words[end]) & 0xc0) == 0x80) --end;  // Not within a character.
  return words.substr(0, end) + "…";
}

[[noreturn]] void refuse(const Option& option, const json& value, const std::string& wanted) {
  throw Error(fmt::format("{}: {} is not allowed; it takes {}{}", option.key, shown(value), wanted,
                          wanted.ends_with('?') ? "" : "."));
}

std::string range_text(const Option& option) {
  const auto number = [](double x) {
    return x == std::trunc(x) && std::abs(x) < 1e12 ? fmt::format("{:.0f}", x) : fmt::format("{:.7g}", x);
  };
  return option.low && option.high ? fmt::format(" from {} to {}", number(*option.low), number(*option.high)) : "";
}

void check_range(const Option& option, const json& value, double number, const std::string& what) {
  if (!std::isfinite(number) || (option.low && number < *option.low) || (option.high && number > *option.high))
    refuse(option, value, what + range_text(option));
}

/// Anything else could not be written into a JSON file and read back the same.
bool is_text(const json& value) {
  if (!value.is_string()) return false;
  try {
    value.dump();
    return true;
  } catch (const json::type_error&) {
    return false;
  }
}

bool whole(const json& value) {
  return value.is_number_integer() ||
         (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
}

json checked_choice(const Option& option, const json& value) {
  const std::string word = value.is_string() ? value.get<std::string>() : shown(value);
  if (std::ranges::find(option.choices, word) == option.choices.end())
    refuse(option, value,
           fmt::format("one of {}. Did you mean {}?", fmt::join(option.choices, ", "), nearest(word, option.choices)));
  return word;
}

json checked_duration(const Option& option, const json& value) {
  const std::string wanted = "a whole number of steps, or of epochs written \"3ep\"";
  if (value.is_string()) {
    const std::string word = value.get<std::string>();
    std::uint32_t epochs = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), epochs);
    if (failure != std::errc() || std::string_view(end) != "ep") refuse(option, value, wanted);
    check_range(option, value, epochs, wanted);
    return value;
  }
  if (!value.is_number() || !whole(value)) refuse(option, value, wanted);
  check_range(option, value, value.get<double>(), wanted);
  return static_cast<std::int64_t>(value.get<double>());
}

json checked_size(const Option& option, const json& value) {
  const std::string wanted = "[height, width], two whole numbers" + range_text(option);
  if (!value.is_array() || value.size() != 2) refuse(option, value, wanted);
  for (const json& side : value) {
    if (!side.is_number() || !whole(side)) refuse(option, value, wanted);
    check_range(option, value, side.get<double>(), "[height, width], each");
  }
  return {static_cast<std::int64_t>(value[0].get<double>()), static_cast<std::int64_t>(value[1].get<double>())};
}

}  // namespace

const std::vector<Option>& catalogue() {
  static const std::vector<Option> options = all_options();
  return options;
}

const Option* find_option(std::string_view key) {
  const auto found = std::ranges::find(catalogue(), key, &Option::key);
  return found == catalogue().end() ? nullptr : &*found;
}

std::string nearest_option(std::string_view key) {
  const bool whole_key = key.find('.') != std::string_view::npos;
  const auto away = [&](const Option& option) {
    // "nrom" means "model.norm": a single word is compared with last words.
    const std::string_view other = option.key;
    return edit_distance(key, whole_key ? other : other.substr(other.rfind('.') + 1));
  };
  return std::ranges::min_element(catalogue(), {}, away)->key;
}

json value_from_text(const Option& option, std::string_view words) {
  if (words.empty() && option.nullable) return nullptr;
  if (words.empty() && option.type != OptionType::strings) throw Error(option.key + ": a value is missing.");
  json value = json::parse(words, nullptr, false);
  if (option.type == OptionType::real && words.starts_with('.'))  // As many write it, and JSON doesn't.
    value = json::parse("0" + std::string(words), nullptr, false);
  // A folder may be called 2024.
  const bool as_typed = option.type == OptionType::text && !value.is_string() && !value.is_null();
  if (value.is_discarded() || as_typed) value = std::string(words);
  if (option.type == OptionType::strings && value.is_string()) value = split_at_commas(value.get<std::string>());
  if (option.type == OptionType::durations && !value.is_array()) {
    json each = json::array();
    for (const std::string& word : split_at_commas(std::string(words))) {
      const json number = json::parse(word, nullptr, false);
      each.push_back(number.is_discarded() ? json(word) : number);
    }
    value = each;
  }
  if (const std::size_t cross = words.find('x'); option.type == OptionType::size && cross != std::string_view::npos) {
    const json sides =
        json::parse(fmt::format("[{},{}]", words.substr(0, cross), words.substr(cross + 1)), nullptr, false);
    if (!sides.is_discarded()) value = sides;
  }
  return checked_value(option, value);
}

json checked_value(const Option& option, const json& value) {
  if (value.is_null()) {
    if (!option.nullable) refuse(option, value, "a value");
    return value;
  }
  switch (option.type) {
    case OptionType::boolean:
      if (!value.is_boolean()) refuse(option, value, "true or false");
      return value;
    case OptionType::integer:
      if (!value.is_number() || !whole(value)) refuse(option, value, "a whole number" + range_text(option));
      check_range(option, value, value.get<double>(), "a whole number");
      return static_cast<std::int64_t>(value.get<double>());
    case OptionType::real:
      if (!value.is_number()) refuse(option, value, "a number" + range_text(option));
      check_range(option, value, value.get<double>(), "a number");
      return value.get<double>();
    case OptionType::choice:
      return checked_choice(option, value);
    case OptionType::text:
      if (!is_text(value) || value.get<std::string>().empty()) refuse(option, value, "a text in UTF-8");
      return value;
    case OptionType::duration:
      return checked_duration(option, value);
    case OptionType::durations: {
      if (!value.is_array()) refuse(option, value, "a list, as in [200, 300] or [\"10ep\", \"20ep\"]");
      json checked = json::array();
      for (const json& each : value) checked.push_back(checked_duration(option, each));
      return checked;
    }
    case OptionType::size:
      return checked_size(option, value);
    case OptionType::strings:
      if (!value.is_array() || !std::ranges::all_of(value, is_text))
        refuse(option, value, "a list of words in UTF-8, as in [\"a\", \"b\"]");
      if (!option.choices.empty())
        for (const json& word : value) checked_choice(option, word);
      return value;
  }
  return value;
}

}  // namespace ablate
