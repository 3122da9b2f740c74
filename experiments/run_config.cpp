#include "experiments/run_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/catalogue.h"
#include "runs/error.h"

namespace ablate {
namespace {

using json = nlohmann::json;

const Option& known_option(std::string_view key) {
  if (const Option* option = find_option(key)) return *option;
  throw Error(fmt::format("There is no option {}. Did you mean {}? `ablate options` lists them all.", key,
                          nearest_option(key)));
}

bool matters(const Option& option, const RunConfig& config) {
  if (option.when.key.empty()) return true;
  return std::ranges::find(option.when.values, config.text(option.when.key)) != option.when.values.end();
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
  const std::string_view words = assignment.substr(equals + 1);
  json value = json::parse(words, nullptr, false);
  if (value.is_discarded()) value = std::string(words);
  const Option& option = known_option(assignment.substr(0, equals));
  // A folder may be called 2024.
  if (option.type == OptionType::text && !value.is_string() && !value.is_null()) value = std::string(words);
  values_[option.key] = checked_value(option, value);
}

void RunConfig::merge(const json& nested) {
  if (!nested.is_object())
    throw Error("A configuration is an object, as in {\"model\": {\"norm\": \"batch\"}}, not " + nested.dump() + ".");
  for (const auto& [key, value] : nested.items()) {
    if (find_option(key) || !value.is_object()) {
      set(key, value);
      continue;
    }
    for (const auto& [rest, inner] : value.items()) set(key + "." + rest, inner);
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

Step RunConfig::steps(std::string_view key, Step steps_per_epoch) const {
  const json& value = at(key);
  if (value.is_number()) return value.get<Step>();
  return std::stoll(value.get<std::string>()) * steps_per_epoch;  // "3ep", as checked_value let it in
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
  const std::int64_t channels = integer("model.channels"), depth = integer("model.depth");
  if (text("model.norm") == "group") {
    const std::int64_t groups = integer("model.norm_groups");
    for (std::int64_t level = 0; level <= depth; ++level)
      if ((channels << level) % groups != 0)
        throw Error(fmt::format(
            "model.norm_groups: {} groups don't divide the {} channels of level {}. Choose a divisor of model.channels "
            "= {}, or other channels.",
            groups, channels << level, level + 1, channels));
  }
  if (text("data.dataset") == "folder" && !is_set("data.path"))
    throw Error("data.path is not set: name the folder that holds images/ and masks/, as in -s data.path=portraits.");
  if (text("data.dataset") == "synthetic" && integer("data.held_out") >= integer("data.count"))
    throw Error(fmt::format("data.held_out: {} of {} samples held out leave none to train on.",
                            integer("data.held_out"), integer("data.count")));
  const json& size = at("data.size");
  if (const std::int64_t least = std::int64_t(1) << depth;
      text("model.pool") != "none" && (size[0] < least || size[1] < least))
    throw Error(
        fmt::format("data.size: {}x{} can't be halved {} times (model.depth). Each side needs at least {} pixels.",
                    size[0].get<int>(), size[1].get<int>(), depth, least));
  const bool softmax = text("model.head") == "softmax";
  if (softmax && real("loss.bce") > 0)
    throw Error(
        "loss.bce needs one output channel, but model.head is softmax. Set loss.bce=0 and loss.ce=1, or "
        "model.head=sigmoid.");
  if (!softmax && real("loss.ce") > 0)
    throw Error(
        "loss.ce needs two output channels, but model.head is sigmoid. Set loss.ce=0 and loss.bce=1, or "
        "model.head=softmax.");
  if (real("loss.bce") + real("loss.ce") + real("loss.iou") == 0)
    throw Error("Every loss has weight 0, so nothing would be learnt. Set one, as in loss.bce=1.");
}

RunConfig RunConfig::canonical() const {
  RunConfig config = *this;
  for (const Option& option : catalogue())
    if (!matters(option, config)) config.values_[option.key] = option.default_value;
  return config;
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
