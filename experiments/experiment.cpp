#include "experiments/experiment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "experiments/catalogue.h"
#include "runs/error.h"
#include "runs/run_store.h"

namespace ablate {
namespace {

using json = nlohmann::json;

const std::vector<std::string> kKeys{"format", "name", "base", "vary", "mode", "seeds", "variants"};

/// Lower case letters, digits, dots and dashes; anything else becomes a dash.
std::string slug(std::string_view words) {
  std::string result;
  for (const char c : words) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.';
    if (plain)
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? "run" : result;
}

std::string last_word(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// "batch", "lr0.001", "residual-none": a value, with its option's last word where the value alone says too little.
std::string word_of(const std::string& key, const json& value, bool alone) {
  const std::string text = value.is_string()         ? value.get<std::string>()
                           : value.is_number_float() ? fmt::format("{:g}", value.get<double>())
                                                     : value.dump();
  const Option* option = find_option(key);
  if (option && option->type == OptionType::choice && alone) return text;
  return last_word(key) + (option && option->type == OptionType::choice ? "-" : "") + text;
}

using Assignments = std::vector<std::pair<std::string, json>>;

/// The assignments of every variant, in order.
std::vector<Assignments> combinations(const Experiment& experiment) {
  std::vector<Assignments> all{{}};
  if (experiment.mode == Experiment::Mode::grid) {
    for (const auto& [key, values] : experiment.vary) {
      std::vector<Assignments> longer;
      for (const Assignments& so_far : all)
        for (const json& value : values) {
          longer.push_back(so_far);
          longer.back().emplace_back(key, value);
        }
      all = std::move(longer);
    }
    return all;
  }
  // One at a time: the base, then every single change of it.
  for (const auto& [key, values] : experiment.vary)
    for (const json& value : values) all.push_back({{key, value}});
  return all;
}

void require_keys(const json& object, const std::vector<std::string>& known, const std::string& where) {
  for (const auto& [key, value] : object.items())
    if (std::ranges::find(known, key) == known.end())
      throw Error(fmt::format("{}: there is no key \"{}\" in an experiment; the keys are {}.", where, key,
                              fmt::join(known.begin() + 1, known.end(), ", ")));
}

}  // namespace

Experiment Experiment::from_json(const json& document, const std::string& where) {
  if (!document.is_object())
    throw Error(where + ": an experiment is an object, {\"name\": …, \"base\": {…}, \"vary\": {…}}.");
  require_keys(document, kKeys, where);
  Experiment experiment;
  try {
    experiment.name = document.value("name", std::string("experiment"));
    experiment.base = document.value("base", json::object());
    RunConfig::from_json(experiment.base);
    const json vary = document.value("vary", json::object());
    for (const auto& [key, values] : vary.items()) {
      const Option* option = find_option(key);
      if (!option) throw Error(fmt::format("\"vary\" names no option {}. Did you mean {}?", key, nearest_option(key)));
      if (!values.is_array() || values.empty())
        throw Error(fmt::format("\"vary\": {} needs a list of values, as in [\"batch\", \"instance\"].", key));
      std::vector<json> checked;
      for (const json& value : values) checked.push_back(checked_value(*option, value));
      experiment.vary.emplace_back(key, std::move(checked));
    }
    const std::string mode = document.value("mode", std::string("grid"));
    if (mode != "grid" && mode != "one-at-a-time")
      throw Error("\"mode\" is \"grid\" or \"one-at-a-time\", not \"" + mode + "\".");
    experiment.mode = mode == "grid" ? Mode::grid : Mode::one_at_a_time;
    const json seeds = document.value("seeds", json::array()), variants = document.value("variants", json::array());
    for (const json& seed : seeds)
      experiment.seeds.push_back(checked_value(*find_option("train.seed"), seed).get<std::int64_t>());
    for (const json& variant : variants) {
      require_keys(variant, {"", "name", "set"}, where);
      experiment.variants.push_back({variant.at("name").get<std::string>(), variant.value("set", json::object())});
    }
    if (!experiment.variants.empty() && !experiment.vary.empty())
      throw Error("give \"vary\" or \"variants\", not both.");
  } catch (const json::exception& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  }
  return experiment;
}

Experiment Experiment::read(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream)
    throw Error(
        fmt::format("{}: can't be opened. Name an experiment file, as in `ablate launch norms.json`.", file.string()));
  try {
    // Ordered: variants are named and numbered in the file's order.
    const auto ordered = nlohmann::ordered_json::parse(stream);
    Experiment experiment = from_json(json(ordered), file.string());
    if (ordered.contains("vary")) {
      std::vector<std::string> order;
      for (const auto& [key, values] : ordered["vary"].items()) order.push_back(key);
      std::ranges::sort(experiment.vary, {},
                        [&](const auto& entry) { return std::ranges::find(order, entry.first) - order.begin(); });
    }
    if (!ordered.contains("name")) experiment.name = file.stem().string();
    return experiment;
  } catch (const json::exception& error) {
    throw Error(fmt::format("{}: is not JSON: {}", file.string(), error.what()));
  }
}

json Experiment::to_json() const {
  json document{{"format", 1}, {"name", name}, {"base", base}};
  for (const auto& [key, values] : vary) document["vary"][key] = values;
  if (!vary.empty()) document["mode"] = mode == Mode::grid ? "grid" : "one-at-a-time";
  if (!seeds.empty()) document["seeds"] = seeds;
  for (const Named& variant : variants) document["variants"].push_back({{"name", variant.name}, {"set", variant.set}});
  return document;
}

std::vector<Variant> Experiment::expand() const {
  const RunConfig base_config = RunConfig::from_json(base);
  std::vector<Variant> made;
  if (!variants.empty()) {
    for (const Named& variant : variants) {
      made.push_back({slug(variant.name), base_config});
      made.back().config.merge(variant.set);
    }
  } else {
    std::vector<std::string> choices;
    for (const auto& [key, values] : vary)
      if (find_option(key)->type == OptionType::choice)
        for (const json& value : values) choices.push_back(value.get<std::string>());
    // "none" as a norm and as a residual need telling apart.
    const bool ambiguous = std::set(choices.begin(), choices.end()).size() != choices.size();
    std::vector<RunConfig> seen;
    for (const Assignments& assignments : combinations(*this)) {
      Variant variant{"", base_config};
      for (const auto& [key, value] : assignments) {
        variant.config.set(key, value);
        variant.name += (variant.name.empty() ? "" : "-") + word_of(key, value, !ambiguous || assignments.size() == 1);
      }
      if (variant.name.empty()) variant.name = vary.empty() ? name : "base";
      variant.name = slug(variant.name);
      if (const RunConfig same = variant.config.canonical(); std::ranges::find(seen, same) == seen.end()) {
        seen.push_back(same);
        made.push_back(std::move(variant));
      }
    }
  }
  if (!seeds.empty()) {
    std::vector<Variant> seeded;
    for (const Variant& variant : made)
      for (const std::int64_t seed : seeds) {
        seeded.push_back(variant);
        seeded.back().config.set("train.seed", seed);
        if (seeds.size() > 1) seeded.back().name += fmt::format("-s{}", seed);
      }
    made = std::move(seeded);
  }
  std::set<std::string> names;
  for (Variant& variant : made) {
    const std::string wanted = variant.name;
    for (int n = 2; !names.insert(variant.name).second; ++n) variant.name = fmt::format("{}-{}", wanted, n);
    try {
      variant.config.check();
    } catch (const Error& error) {
      throw Error(made.size() == 1 ? error.what() : fmt::format("{}: {}", variant.name, error.what()));
    }
  }
  return made;
}

json run_json(const Variant& variant, const std::string& experiment) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return {{"config", variant.config.to_json()},
          {"task", variant.config.text("task")},
          {"experiment", experiment},
          {"variant", variant.name},
          {"seed", variant.config.integer("train.seed")},
          {"parent", nullptr},
          {"provenance",
           {{"ablate", ABLATE_VERSION},
            {"host", host},
            {"created", fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)))}}}};
}

std::vector<std::filesystem::path> create_runs(const std::filesystem::path& root, const Experiment& experiment) {
  const std::vector<Variant> variants = experiment.expand();
  std::vector<std::filesystem::path> folders;
  for (const Variant& variant : variants)
    folders.push_back(create_run(root, variant.name, run_json(variant, experiment.name)));
  return folders;
}

Experiment demo_experiment(const std::string& data_path) {
  Experiment experiment;
  experiment.name = "demo";
  experiment.base = {{"model", {{"channels", 8}}},
                     {"train", {{"steps", 400}, {"batch_size", 16}, {"seed", 1}}},
                     {"data", {{"dataset", "synthetic"}, {"size", {96, 64}}, {"held_out", 48}, {"flip", 0.5}}}};
  if (!data_path.empty()) {
    experiment.base["data"]["dataset"] = "folder";
    experiment.base["data"]["path"] = std::filesystem::absolute(data_path).lexically_normal().string();
  }
  const auto named = [&](const char* name, const char* norm, const char* sharing) {
    experiment.variants.push_back({name, {{"model.norm", norm}, {"model.norm_sharing", sharing}}});
  };
  named("batch-separate", "batch", "none");
  named("batch-shared", "batch", "block");
  named("instance-shared", "instance", "block");
  named("no-norm", "none", "none");
  return experiment;
}

}  // namespace ablate
