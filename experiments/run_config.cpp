#include "experiments/run_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "experiments/catalogue.h"
#include "experiments/metrics/metric_list.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"

namespace ablate {
namespace {

using json = nlohmann::json;

const Option& known_option(std::string_view key) {
  if (const Option* option = find_option(key)) return *option;
  const std::string within = std::string(key) + ".";
  const auto first =
      std::ranges::find_if(catalogue(), [&](const Option& option) { return option.key.starts_with(within); });
  if (first != catalogue().end())
    throw Error(fmt::format("{0} is a group of options. Name one of it, as in {1}; `ablate options {0}` lists them.",
                            key, first->key));
  throw Error(fmt::format("There is no option {}. Did you mean {}? `ablate options` lists them all.", key,
                          nearest_option(key)));
}

/// The channels of the norms of a U-Net's levels, outermost first: where groups must divide them, each with the name of
/// its block. Bilinear up-sampling leaves it to the block to halve what was joined.
std::vector<std::pair<std::string, std::int64_t>> norm_channels(const RunConfig& config) {
  const std::int64_t channels = config.integer("model.channels"), depth = config.integer("model.depth");
  const bool halved_late = config.text("model.name") == "unet" && config.text("model.up") == "bilinear" &&
                           config.text("model.skip") == "concat";
  std::vector<std::pair<std::string, std::int64_t>> sites;
  for (std::int64_t level = 0; level < depth; ++level) {
    sites.emplace_back(fmt::format("down{}", level + 1), channels << level);
    if (halved_late) sites.emplace_back(fmt::format("up{}", depth - level), (channels << level) * 3 / 2);
  }
  sites.emplace_back("bottom", channels << depth);
  return sites;
}

void check_sizes(const RunConfig& config) {
  const json& size = config.at("data.size");
  const std::int64_t height = size[0], width = size[1], depth = config.integer("model.depth");
  if (config.text("model.pool") == "none") return;
  if (const std::int64_t least = std::int64_t(1) << depth; height < least || width < least)
    throw Error(
        fmt::format("data.size: {}x{} can't be halved {} times (model.depth). Each side needs at least {} pixels.",
                    height, width, depth, least));
  if (config.text("model.norm") == "batch" && (height >> depth) * (width >> depth) == 1 &&
      config.integer("train.batch_size") == 1)
    throw Error(
        fmt::format("train.batch_size: after {} halvings (model.depth) of {}x{} a single pixel is left, of which batch "
                    "norm sees one value. Choose a larger train.batch_size or data.size, or a smaller model.depth.",
                    depth, height, width));
  if (config.text("model.norm") == "instance" && (height >> depth) * (width >> depth) == 1)
    throw Error(
        fmt::format("data.size: after {} halvings (model.depth) of {}x{} a single pixel is left, and instance norm "
                    "has nothing to normalise there. Choose a larger data.size, or a smaller model.depth.",
                    depth, height, width));
}

void check_norm(const RunConfig& config) {
  if (config.text("model.norm") == "instance" && config.matters("model.norm_momentum") &&
      !config.is_set("model.norm_momentum"))
    throw Error("model.norm_momentum: instance norm knows no plain mean of all batches. Set one, as PyTorch's .1.");
  if (config.text("model.norm") != "group") return;
  const std::int64_t groups = config.integer("model.norm_groups");
  for (const auto& [block, channels] : norm_channels(config))
    if (channels % groups != 0)
      throw Error(
          fmt::format("model.norm_groups: {} groups don't divide the {} channels of {}. Choose a divisor of them, or "
                      "other channels than model.channels = {}.",
                      groups, channels, block, config.integer("model.channels")));
}

/// What milesial's U-Net has no choice of.
void check_milesial(const RunConfig& config) {
  if (config.text("model.name") != "unet-milesial") return;
  if (const std::string up = config.text("model.up"); up != "transposed" && up != "bilinear")
    throw Error(fmt::format("model.up: unet-milesial takes transposed or bilinear, not {}.", up));
  for (const char* key : {"model.depth", "model.norm_sharing", "model.residual", "model.skip", "model.pool"})
    if (config.at(key) != find_option(key)->default_value)
      throw Error(fmt::format("{}: unet-milesial has no choice of it. Leave it out, or set model.name=unet.", key));
}

void check_losses(const RunConfig& config) {
  const bool softmax = config.text("model.head") == "softmax";
  if (softmax && config.real("loss.bce") > 0)
    throw Error(
        "loss.bce needs one output channel, but model.head is softmax. Set loss.bce=0 and loss.ce=1, or "
        "model.head=sigmoid.");
  for (const char* key : {"loss.ce", "loss.ce_on_softmax"})
    if (!softmax && config.real(key) > 0)
      throw Error(fmt::format(
          "{} needs two output channels, but model.head is sigmoid. Set {}=0 and loss.bce=1, or model.head=softmax.",
          key, key));
  const auto weighs = [&](const Option& option) {
    return option.key.starts_with("loss.") && config.real(option.key) > 0;
  };
  if (!std::ranges::any_of(catalogue(), weighs))
    throw Error("Every loss has weight 0, so nothing would be learnt. Set one, as in loss.bce=1.");
}

Step in_steps(const json& duration, double steps_per_epoch) {
  if (duration.is_number()) return duration.get<Step>();
  const auto epochs = std::stoll(duration.get<std::string>());  // "3ep", as checked_value let it in
  constexpr double kRounding = 1e-6;                            // 3 · (7 / 3) is 7.
  return static_cast<Step>(std::ceil(static_cast<double>(epochs) * steps_per_epoch - kRounding));
}

/// Whether a time is not before another, as far as that is known without the length of an epoch.
bool not_before(const json& time, const json& end) {
  return !time.is_null() && time.is_string() == end.is_string() && in_steps(time, 1) >= in_steps(end, 1);
}

void check_schedule(const RunConfig& config) {
  if (const std::string name = config.text("schedule.name");
      name.starts_with("cosine") && config.real("schedule.min_lr") > config.real("optimizer.lr"))
    throw Error(fmt::format("schedule.min_lr: {} would rise from {:g} (optimizer.lr) to {:g}. Choose a smaller one.",
                            name, config.real("optimizer.lr"), config.real("schedule.min_lr")));
  const json &warmup = config.at("schedule.warmup_steps"), &steps = config.at("train.steps");
  if (not_before(warmup, steps))
    throw Error(fmt::format("schedule.warmup_steps: a warm-up of {} leaves nothing of the run (train.steps = {}).",
                            config.text("schedule.warmup_steps"), config.text("train.steps")));
}

/// A metric that decides must be measured.
void check_deciding_metrics(const RunConfig& config) {
  const std::vector<std::string> tags = measured_tags(config);
  for (const char* key : {"checkpoint.metric", "schedule.metric"}) {
    if (!config.is_set(key) || !config.matters(key)) continue;
    const std::string tag = config.text(key), name = tag.substr(0, tag.find('/'));
    if (std::ranges::find(tags, tag) != tags.end()) continue;
    if (std::ranges::find(all_metrics(), name, &Metric::name) != all_metrics().end() && name != "iou" &&
        !std::ranges::any_of(tags, [&](const std::string& each) { return each.starts_with(name + "/"); }))
      throw Error(fmt::format("{}: {} is not measured. Add it: validation.metrics={}.", key, name, name));
    throw Error(fmt::format("{}: {} is not measured in this run. Did you mean {}?", key, tag, nearest(tag, tags)));
  }
}

void check_updates(const RunConfig& config) {
  const json& momentum = config.at("optimizer.momentum");
  if (config.text("optimizer.name") == "sgd" && config.boolean("optimizer.nesterov") && momentum.is_number() &&
      momentum == 0)
    throw Error("optimizer.nesterov needs momentum: set optimizer.momentum above 0.");
  if (config.boolean("train.accumulate_fault") && config.integer("train.accumulate") == 1)
    throw Error("train.accumulate_fault is about the batches of a step that are lost: set train.accumulate above 1.");
  const json &start = config.at("swa.start"), &every = config.at("swa.every"), &steps = config.at("train.steps");
  if (not_before(start, steps))
    throw Error(fmt::format("swa.start: a run of {} (train.steps) has ended by {}.", config.text("train.steps"),
                            config.text("swa.start")));
  if (start.is_number() && every.is_number() && steps.is_number() && start.get<Step>() + every.get<Step>() > steps)
    throw Error(
        fmt::format("swa.every: from step {} (swa.start) on, {} steps are more than a run of {} (train.steps) "
                    "has left: nothing would be averaged.",
                    start.get<Step>(), every.get<Step>(), steps.get<Step>()));
}

}  // namespace

RunConfig::RunConfig() {
  for (const Option& option : catalogue()) values_[option.key] = option.default_value;
}

RunConfig RunConfig::from_json(const json& nested) {
  RunConfig config;
  config.merge(nested);
  return config;
}

void RunConfig::set(std::string_view key, const json& value) {
  const Option& option = known_option(key);
  values_[option.key] = checked_value(option, value);
}

void RunConfig::set_from_text(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw Error(fmt::format("\"{}\" is not KEY=VALUE, as in model.norm=instance.", assignment));
  const Option& option = known_option(assignment.substr(0, equals));
  values_[option.key] = value_from_text(option, assignment.substr(equals + 1));
}

void RunConfig::merge(const json& nested) {
  if (!nested.is_object())
    throw Error("A configuration is an object, as in {\"model\": {\"norm\": \"batch\"}}, not " +
                json_text(nested).substr(0, 100) + ".");
  std::set<std::string> given;
  const auto set_once = [&](const std::string& key, const json& value) {
    if (!given.insert(key).second)
      throw Error(fmt::format("{} is given twice, once as \"{}\" and once within its group. Keep one.", key, key));
    set(key, value);
  };
  for (const auto& [key, value] : nested.items()) {
    if (find_option(key) || !value.is_object()) {
      set_once(key, value);
      continue;
    }
    for (const auto& [rest, inner] : value.items()) set_once(key + "." + rest, inner);
  }
}

const json& RunConfig::at(std::string_view key) const {
  const auto found = values_.find(key);
  return found != values_.end() ? found->second : values_.at(known_option(key).key);
}

std::string RunConfig::text(std::string_view key) const {
  const json& value = at(key);
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}
double RunConfig::real(std::string_view key) const { return at(key).get<double>(); }
std::int64_t RunConfig::integer(std::string_view key) const { return at(key).get<std::int64_t>(); }
bool RunConfig::boolean(std::string_view key) const { return at(key).get<bool>(); }
bool RunConfig::is_set(std::string_view key) const { return !at(key).is_null(); }

Step RunConfig::steps(std::string_view key, double steps_per_epoch) const { return in_steps(at(key), steps_per_epoch); }

std::vector<Step> RunConfig::step_list(std::string_view key, double steps_per_epoch) const {
  std::vector<Step> steps;
  for (const json& duration : at(key)) steps.push_back(in_steps(duration, steps_per_epoch));
  return steps;
}

json RunConfig::to_json() const {
  json nested = json::object();
  for (const auto& [key, value] : values_) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos)
      nested[key] = value;
    else
      nested[key.substr(0, dot)][key.substr(dot + 1)] = value;
  }
  return nested;
}

void RunConfig::check() const {
  check_milesial(*this);
  check_norm(*this);
  if (text("data.dataset") == "folder" && !is_set("data.path"))
    throw Error("data.path is not set: name the folder that holds images/ and masks/.");
  if (text("data.dataset") == "synthetic" && integer("data.held_out") >= integer("data.count"))
    throw Error(fmt::format("data.held_out: {} of {} samples held out leave none to train on.",
                            integer("data.held_out"), integer("data.count")));
  check_sizes(*this);
  check_losses(*this);
  check_schedule(*this);
  check_deciding_metrics(*this);
  check_updates(*this);
  if (text("lr_find.procedure") != "none" && real("lr_find.start_lr") >= real("lr_find.end_lr"))
    throw Error(
        fmt::format("lr_find.end_lr: the learning rate has to rise from lr_find.start_lr = {:g}, so {:g} is too low.",
                    real("lr_find.start_lr"), real("lr_find.end_lr")));
}

bool RunConfig::matters(std::string_view key) const {
  const Option& option = known_option(key);
  if (option.when.key.empty()) return true;
  if (option.when.values.empty()) return is_set(option.when.key);
  if (std::ranges::find(option.when.values, text(option.when.key)) == option.when.values.end()) return false;
  // Instance norm without weights and running statistics has nothing to share and nothing to carry on.
  if (option.when.key == "model.norm" && text("model.norm") == "instance") {
    if (key == "model.norm_momentum") return boolean("model.norm_track");
    if (key == "model.norm_sharing") return boolean("model.norm_track") || boolean("model.norm_affine");
  }
  return true;
}

RunConfig RunConfig::canonical() const {
  RunConfig config = *this;
  for (const Option& option : catalogue())
    if (!matters(option.key)) config.values_[option.key] = option.default_value;
  return config;
}

std::vector<std::string> measured_tags(const RunConfig& config) {
  std::vector<std::string> metrics = config.at("validation.metrics").get<std::vector<std::string>>();
  metrics.emplace_back("iou");
  const std::string on = config.text("validation.on"), mode = config.text("validation.mode");
  std::vector<std::string> tags{"loss/train", "iou/train"}, terms;
  for (const Option& option : catalogue())
    if (option.key.starts_with("loss.") && config.real(option.key) > 0) terms.push_back(option.key.substr(5));
  if (terms.size() == 1) terms.clear();  // It is the whole.
  for (const std::string& term : terms) tags.push_back("loss/train/" + term);
  for (const auto& [set, unless] : {std::pair("val", "training"), std::pair("train_set", "held-out")}) {
    if (on == unless) continue;
    tags.push_back(fmt::format("loss/{}", set));
    for (const std::string& term : terms) tags.push_back(fmt::format("loss/{}/{}", set, term));
    for (const std::string& metric : metrics) {
      tags.push_back(fmt::format("{}/{}", metric, set));
      if (mode != "train") tags.push_back(fmt::format("{}/{}_eval", metric, set));
      if (mode != "eval") tags.push_back(fmt::format("{}/{}_train_mode", metric, set));
    }
  }
  if (config.is_set("train.ema")) {
    tags.emplace_back("loss/val_ema");
    for (const std::string& metric : metrics) tags.push_back(metric + "/val_ema");
  }
  return tags;
}

std::vector<std::string> differing_keys(const std::vector<RunConfig>& configs) {
  std::vector<std::string> keys;
  for (const Option& option : catalogue())
    if (std::ranges::any_of(
            configs, [&](const RunConfig& config) { return config.at(option.key) != configs.front().at(option.key); }))
      keys.push_back(option.key);
  return keys;
}

}  // namespace ablate
