#include "experiments/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "runs/error.h"

namespace ablate {
namespace {

using json = nlohmann::json;

Option boolean(std::string key, json value, std::string meaning) {
  return {std::move(key), OptionType::boolean, std::move(value), {}, {}, {}, "", std::move(meaning), {}};
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
Option duration(std::string key, json value, double low, std::string meaning, Option::When when = {}) {
  return {std::move(key),     OptionType::duration, std::move(value), {}, low, 1e9, "steps, or epochs as \"3ep\"",
          std::move(meaning), std::move(when)};
}

std::vector<Option> all_options() {
  const Option::When synthetic{"data.dataset", {"synthetic"}}, folder{"data.dataset", {"folder"}};
  const Option::When adam{"optimizer.name", {"adam"}}, sgd{"optimizer.name", {"sgd"}};
  return {
      choice("task", "segmentation", {"segmentation"}, "What is learnt: a mask for every picture."),

      choice("data.dataset", "synthetic", {"synthetic", "folder"},
             "Built-in synthetic portraits, or photographs in a folder."),
      text("data.path", nullptr, "The folder: images/NAME.* and masks/NAME.*, paired by name.", folder),
      {"data.size",
       OptionType::size,
       {96, 64},
       {},
       16,
       4096,
       "pixels",
       "Height and width that pictures are trained at.",
       {}},
      integer("data.count", 340, 2, 100000, "How many synthetic portraits there are.", synthetic),
      integer("data.held_out", 48, 1, 1000000, "Samples kept for validation."),
      integer("data.split_seed", 0, 0, 4294967295.0, "Which samples those are."),
      real("data.flip", 0.5, 0, 1, "Probability that a training sample is mirrored."),
      boolean("data.grey", false, "Take the colour out of every picture."),
      {"data.exclude", OptionType::strings, json::array(), {}, {}, {}, "", "Names of samples left out.", {}},
      text("data.gallery", nullptr, "A folder of pictures without masks, predicted at every preview."),

      choice("model.name", "unet", {"unet"}, "The network."),
      integer("model.channels", 16, 1, 256, "Channels of the first level; every level down doubles them."),
      integer("model.depth", 4, 1, 6, "Levels above the bottom."),
      choice("model.activation", "relu",
             {"relu", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "sigmoid", "tanh", "softplus",
              "hardswish", "identity"},
             "What follows every norm."),
      choice("model.norm", "batch", {"batch", "instance", "group", "layer", "none"},
             "What follows every convolution of a block."),
      real("model.norm_momentum", 0.1, 0, 1,
           "Weight of the newest batch in the running statistics; null: plain mean of all batches.",
           {"model.norm", {"batch"}}),
      integer("model.norm_groups", 8, 1, 1024, "Groups that the channels are cut into.", {"model.norm", {"group"}}),
      choice("model.norm_sharing", "none", {"none", "block", "block+residual"},
             "Use one norm module at both places of a block (a mistake, kept to be recognised).",
             {"model.norm", {"batch", "group", "layer"}}),
      choice("model.residual", "none", {"none", "plain", "norm"},
             "Add a block's input to its output; norm: the projection has one too."),
      choice("model.residual_in", "all", {"all", "encoder", "decoder", "no-bottleneck"}, "Which blocks do.",
             {"model.residual", {"plain", "norm"}}),
      choice("model.skip", "concat", {"concat", "add", "multiply", "none"}, "How a level's output reaches the way up."),
      choice("model.pool", "max", {"max", "avg", "max+avg", "stride", "none"},
             "How a level's output is halved; none: forgotten."),
      choice("model.up", "nearest", {"nearest", "transposed", "bilinear", "pixelshuffle"},
             "How sizes are doubled on the way up."),
      choice("model.head", "sigmoid", {"sigmoid", "softmax"}, "One output channel, or two."),

      real("loss.bce", 1, 0, 1e6, "Weight of binary cross entropy with logits (sigmoid head)."),
      real("loss.iou", 0, 0, 1e6, "Weight of -ln of the soft IoU."),
      real("loss.ce", 0, 0, 1e6, "Weight of cross entropy of two channels (softmax head)."),

      choice("optimizer.name", "adam", {"adam", "sgd"}, "The optimiser."),
      real("optimizer.lr", 1e-3, 0, 1e3, "Learning rate."),
      real("optimizer.weight_decay", 0, 0, 1e3, "Added to the gradient, as PyTorch's weight_decay."),
      real("optimizer.momentum", 0.9, 0, 1, "SGD's momentum.", sgd),
      real("optimizer.beta1", 0.9, 0, 0.999999, "Adam's decay of the mean gradient.", adam),
      real("optimizer.beta2", 0.999, 0, 0.999999, "Adam's decay of the mean squared gradient.", adam),
      real("optimizer.eps", 1e-8, 0, 1, "Adam's term that keeps from dividing by zero.", adam),

      choice("schedule.name", "constant", {"constant", "cosine", "onecycle"},
             "How the learning rate changes over the run."),
      duration("schedule.warmup_steps", 0, 0, "Linear rise from 0 before the schedule begins."),
      real("schedule.min_lr", 0, 0, 1e3, "Where cosine ends.", {"schedule.name", {"cosine"}}),
      real("schedule.max_lr", nullptr, 0, 1e3, "Top of one-cycle; null: optimizer.lr.",
           {"schedule.name", {"onecycle"}}),

      duration("train.steps", 400, 1, "Length of the run."),
      integer("train.batch_size", 16, 1, 65536, "Samples a step."),
      integer("train.seed", 0, 0, 4294967295.0, "Seed of weights, order and augmentation."),
      choice("train.device", "auto", {"auto", "cpu", "cuda"}, "Where to train; auto: a GPU if there is one."),
      integer("train.threads", 0, 0, 1024, "Threads of the worker; 0: as the launcher decides."),
      real("train.clip_norm", 0, 0, 1e9, "Longest gradient; 0: not clipped."),

      choice("validation.mode", "both", {"eval", "train", "both"},
             "Norms in eval mode (running statistics), train mode (the batch's own), or both at the same weights."),
      duration("validation.every", 20, 1, "How often."),
      integer("validation.batch_size", nullptr, 1, 65536, "Samples a validation batch; null: train.batch_size."),

      duration("checkpoint.every", 100, 1, "How often weights are saved."),
      integer("checkpoint.keep", 2, 1, 1000000, "How many of the latest are kept, besides the best."),

      integer("log.scalars_every", 1, 1, 1000000, "Steps between logged losses."),
      integer("log.norm_every", 50, 1, 1000000, "Steps between logged norm statistics (gathered at every step)."),
      duration("log.histograms_every", 100, 0, "Between histograms of weights and gradients; 0: none."),
      integer("log.previews", 8, 0, 1000, "Held-out samples shown as pictures."),
      duration("log.preview_every", 40, 1, "Between those pictures."),
  };
}

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

template <class Words>
std::string nearest(std::string_view word, const Words& words) {
  std::string best;
  std::size_t best_distance = std::string::npos;
  for (const std::string& candidate : words)
    if (const std::size_t d = distance(word, candidate); d < best_distance) best_distance = d, best = candidate;
  return best;
}

[[noreturn]] void refuse(const Option& option, const json& value, const std::string& wanted) {
  throw Error(fmt::format("{}: {} is not allowed; it takes {}.", option.key,
                          value.dump(-1, ' ', false, json::error_handler_t::replace), wanted));
}

std::string range_text(const Option& option) {
  return option.low && option.high ? fmt::format(" from {:g} to {:g}", *option.low, *option.high) : "";
}

void check_range(const Option& option, const json& value, double number, const std::string& what) {
  if (!std::isfinite(number) || (option.low && number < *option.low) || (option.high && number > *option.high))
    refuse(option, value, what + range_text(option));
}

bool whole(const json& value) {
  return value.is_number_integer() ||
         (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
}

json checked_duration(const Option& option, const json& value) {
  const std::string wanted = "a whole number of steps, or of epochs written \"3ep\",";
  if (value.is_string()) {
    static const std::regex epochs("([0-9]{1,9})ep");
    std::smatch match;
    const std::string word = value.get<std::string>();
    if (!std::regex_match(word, match, epochs)) refuse(option, value, wanted);
    check_range(option, value, std::stod(match[1]), wanted);
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
  std::vector<std::string> keys;
  for (const Option& option : catalogue()) {
    // "norm" is nearer to "model.norm" than to any other key.
    if (option.key.ends_with("." + std::string(key))) return option.key;
    keys.push_back(option.key);
  }
  return nearest(key, keys);
}

json checked_value(const Option& option, const json& value) {
  if (value.is_null()) {
    if (!option.default_value.is_null() && option.key != "model.norm_momentum") refuse(option, value, "a value");
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
    case OptionType::choice: {
      const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
      if (std::ranges::find(option.choices, word) == option.choices.end())
        refuse(
            option, value,
            fmt::format("one of {}. Did you mean {}?", fmt::join(option.choices, ", "), nearest(word, option.choices)));
      return word;
    }
    case OptionType::text:
      if (!value.is_string() || value.get<std::string>().empty()) refuse(option, value, "a text");
      return value;
    case OptionType::duration:
      return checked_duration(option, value);
    case OptionType::size:
      return checked_size(option, value);
    case OptionType::strings:
      if (!value.is_array() || !std::ranges::all_of(value, [](const json& word) { return word.is_string(); }))
        refuse(option, value, "a list of words");
      return value;
  }
  return value;
}

}  // namespace ablate
