#include "experiments/experiment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <set>

#include "experiments/catalogue.h"
#include "runs/atomic_file.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/paths.h"
#include "runs/run_store.h"

namespace ablate {
namespace {

using json = nlohmann::json;

const std::vector<std::string> kKeys{"name", "base", "vary", "mode", "seeds", "variants"};
constexpr int kMostRuns = 10000;

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

/// A value in words: "batch", "0.001", "96x64", the last folder of a path.
std::string value_word(const Option& option, const json& value) {
  if (option.type == OptionType::text && value.is_string()) {
    const std::filesystem::path path = value.get<std::string>();
    return (path.has_filename() ? path : path.parent_path()).filename().string();  // "photos/" too.
  }
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:g}", value.get<double>());
  if (option.type == OptionType::size) return fmt::format("{}x{}", value[0].get<int>(), value[1].get<int>());
  return value.dump();
}

/// "batch", "lr0.001", "residual-none": a value, with its option's last word where the value alone says too little.
std::string word_of(const std::string& key, const json& value, const std::set<std::string>& ambiguous) {
  const Option& option = *find_option(key);
  const std::string word = value_word(option, value);
  const bool speaks = option.type == OptionType::choice || option.type == OptionType::text;
  if (speaks && !value.is_null() && !ambiguous.contains(key)) return word;
  return last_word(key) + (std::isdigit(static_cast<unsigned char>(word[0])) ? "" : "-") + word;
}

/// Keys of which some choice is one of another key's too: "none" as a norm and as a residual.
std::set<std::string> ambiguous_keys(const Experiment& experiment) {
  std::map<std::string, std::set<std::string>> keys_of_word;
  for (const auto& [key, values] : experiment.vary)
    for (const json& value : values)
      if (value.is_string()) keys_of_word[value.get<std::string>()].insert(key);
  std::set<std::string> ambiguous;
  for (const auto& [word, keys] : keys_of_word)
    if (keys.size() > 1) ambiguous.insert(keys.begin(), keys.end());
  return ambiguous;
}

using Assignments = std::vector<std::pair<std::string, json>>;

/// The assignments of every variant, in order.
std::vector<Assignments> combinations(const Experiment& experiment) {
  double count = 1;
  for (const auto& [key, values] : experiment.vary)
    count = experiment.mode == Experiment::Mode::grid ? count * double(values.size()) : count + double(values.size());
  if (count > kMostRuns)
    throw Error(fmt::format("The experiment {} would be {:.0f} runs; {} are the most. Vary fewer options at once.",
                            experiment.name, count, kMostRuns));
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

void require_keys(const json& object, const std::vector<std::string>& known, const std::string& what) {
  for (const auto& [key, value] : object.items())
    if (key != "format" && std::ranges::find(known, key) == known.end())
      throw Error(fmt::format("there is no key \"{}\" in {}; the keys are {}.", key, what, fmt::join(known, ", ")));
}

/// The value of a key of the document, checked to be what an example shows.
json part(const json& document, const char* key, const json& otherwise, const char* example) {
  const auto found = document.find(key);
  if (found == document.end()) return otherwise;
  if (found->type() != otherwise.type())
    throw Error(fmt::format("\"{}\" is {}; it is written {}.", key, json_text(*found).substr(0, 100), example));
  return *found;
}

std::vector<json> values_to_vary(const std::string& key, const json& values) {
  const Option* option = find_option(key);
  if (!option) throw Error(fmt::format("\"vary\" names no option {}. Did you mean {}?", key, nearest_option(key)));
  if (!values.is_array() || values.empty())
    throw Error(fmt::format("\"vary\": {} needs a list of values, as in [\"batch\", \"instance\"].", key));
  std::vector<json> checked;
  for (const json& value : values) checked.push_back(checked_value(*option, value));
  return checked;
}

/// Throws where an "after" names no variant, or several, or leads back to where it began.
void check_order(const std::vector<Experiment::Named>& variants) {
  const auto predecessor = [&](const Experiment::Named& variant) {
    const Experiment::Named* found = nullptr;
    for (const Experiment::Named& each : variants) {
      if (slug(each.name) != slug(variant.after)) continue;
      if (found) throw Error(fmt::format("\"after\": several variants are called {}.", variant.after));
      found = &each;
    }
    if (found) return found;
    std::vector<std::string> names;
    for (const Experiment::Named& each : variants) names.push_back(each.name);
    throw Error(fmt::format("\"{}\" comes after \"{}\", which is no variant; there are {}.", variant.name,
                            variant.after, fmt::join(names, ", ")));
  };
  for (const Experiment::Named& variant : variants) {
    std::string way = variant.name;
    std::size_t length = 0;
    for (const Experiment::Named* each = &variant; !each->after.empty();) {
      each = predecessor(*each);
      way += fmt::format(" after {}", each->name);
      if (each == &variant || ++length > variants.size())
        throw Error(fmt::format("\"after\" leads in a circle: {}. One of them has to come first.", way));
    }
  }
}

Experiment parsed(const json& document) {
  if (!document.is_object()) throw Error("an experiment is an object, {\"name\": …, \"base\": {…}, \"vary\": {…}}.");
  require_keys(document, kKeys, "an experiment");
  Experiment experiment;
  experiment.name = part(document, "name", "experiment", "as a text, \"norms\"");
  experiment.base = part(document, "base", json::object(), "as a configuration, {\"model\": {\"channels\": 8}}");
  RunConfig::from_json(experiment.base);
  const json vary = part(document, "vary", json::object(), "{\"model.norm\": [\"batch\", \"instance\"]}");
  for (const auto& [key, values] : vary.items()) experiment.vary.emplace_back(key, values_to_vary(key, values));
  const std::string mode = part(document, "mode", "grid", "\"grid\" or \"one-at-a-time\"");
  if (mode != "grid" && mode != "one-at-a-time")
    throw Error("\"mode\" is \"grid\" or \"one-at-a-time\", not \"" + mode + "\".");
  experiment.mode = mode == "grid" ? Experiment::Mode::grid : Experiment::Mode::one_at_a_time;
  for (const json& seed : part(document, "seeds", json::array(), "as a list, [0, 1, 2]"))
    experiment.seeds.push_back(checked_value(*find_option("train.seed"), seed).get<std::int64_t>());
  const char* example = "as a list, [{\"name\": \"wide\", \"set\": {\"model.channels\": 32}}]";
  for (const json& variant : part(document, "variants", json::array(), example)) {
    if (!variant.is_object() || !variant.contains("name"))
      throw Error(fmt::format("\"variants\": each has a \"name\"; it is written {}.", example));
    require_keys(variant, {"name", "set", "after", "from"}, "a variant");
    experiment.variants.push_back({part(variant, "name", "", "as a text, \"wide\""),
                                   part(variant, "set", json::object(), "{\"model.channels\": 32}"),
                                   part(variant, "after", "", "as the name of another, \"base\""),
                                   variant.contains("from") ? checked_from(variant["from"]) : ""});
    const Experiment::Named& added = experiment.variants.back();
    if (added.after.empty() && !added.from.empty())
      throw Error(fmt::format("\"{}\" has \"from\", which needs \"after\": whose weights they are.", added.name));
    if (RunConfig::from_json(added.set).is_set("init.from") && !added.from.empty())
      throw Error(fmt::format("\"{}\": \"from\" and init.from say the same: keep one.", added.name));
  }
  check_order(experiment.variants);
  if (!experiment.variants.empty() && !experiment.vary.empty()) throw Error("give \"vary\" or \"variants\", not both.");
  if (!experiment.seeds.empty() && vary.contains("train.seed"))
    throw Error("\"vary\" names train.seed, which \"seeds\" sets. Give one of them.");
  return experiment;
}

}  // namespace

RunConfig with_absolute_paths(RunConfig config) {
  const bool folder = config.text("data.dataset") == "folder";
  for (const char* key : {"data.path", "data.gallery"}) {
    if (!config.is_set(key) || (key == std::string("data.path") && !folder)) continue;
    std::string path = config.text(key);
    if (const char* home = std::getenv("HOME"); home && (path == "~" || path.starts_with("~/")))
      path = home + path.substr(1);
    const auto absolute = plain_path(path);
    std::error_code error;
    const bool manifest = key == std::string("data.path") && std::filesystem::is_regular_file(absolute, error);
    if (!manifest && !std::filesystem::is_directory(absolute, error))
      throw Error(fmt::format("{}: there is no folder {}. Name one that exists.", key, absolute.string()));
    config.set(key, absolute.string());
  }
  if (config.is_set("init.from")) {
    const auto absolute = plain_path(config.text("init.from"));
    if (!std::filesystem::exists(absolute))
      throw Error(fmt::format("init.from: there is no {}. Name a run's or a checkpoint's folder, or a file of weights.",
                              absolute.string()));
    // Of a run the checkpoint that is its newest now: what a run began with does not change.
    config.set("init.from",
               (std::filesystem::exists(absolute / "run.json") ? find_checkpoint(absolute, "") : absolute).string());
  }
  return config;
}

Experiment Experiment::from_json(const json& document, const std::string& where) {
  try {
    return parsed(document);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  }
}

Experiment Experiment::read(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text)
    throw Error(
        fmt::format("{}: is not there. Name an experiment file, as in `ablate launch norms.json`.", file.string()));
  const json document = parse_json(*text, file.string(), RepeatedKeys::error);
  check_format(document, file.string());
  Experiment experiment = from_json(document, file.string());
  if (!experiment.vary.empty()) {
    // Variants are named and numbered in the file's order, which plain JSON objects lose.
    std::vector<std::string> order;
    const auto ordered = nlohmann::ordered_json::parse(*text);
    for (const auto& [key, values] : ordered["vary"].items()) order.push_back(key);
    std::ranges::sort(experiment.vary, {},
                      [&](const auto& entry) { return std::ranges::find(order, entry.first) - order.begin(); });
  }
  if (!document.contains("name")) experiment.name = file.stem().string();
  return experiment;
}

json Experiment::to_json() const {
  json document{{"format", 1}, {"name", name}, {"base", base}};
  for (const auto& [key, values] : vary) document["vary"][key] = values;
  if (!vary.empty()) document["mode"] = mode == Mode::grid ? "grid" : "one-at-a-time";
  if (!seeds.empty()) document["seeds"] = seeds;
  for (const Named& variant : variants) {
    document["variants"].push_back({{"name", variant.name}, {"set", variant.set}});
    if (!variant.after.empty()) document["variants"].back()["after"] = variant.after;
    if (!variant.from.empty()) document["variants"].back()["from"] = variant.from;
  }
  return document;
}

std::vector<Variant> Experiment::expand() const {
  const RunConfig base_config = RunConfig::from_json(base);
  std::vector<Variant> made;
  if (!variants.empty()) {
    for (const Named& variant : variants) {
      made.push_back({slug(variant.name), base_config, variant.after.empty() ? "" : slug(variant.after), variant.from});
      made.back().config.merge(variant.set);
    }
  } else {
    const std::set<std::string> ambiguous = mode == Mode::grid ? ambiguous_keys(*this) : std::set<std::string>{};
    std::set<std::string> seen;
    for (const Assignments& assignments : combinations(*this)) {
      Variant variant{"", base_config};
      for (const auto& [key, value] : assignments) variant.config.set(key, value);
      for (const auto& [key, value] : assignments)
        if (variant.config.matters(key))
          variant.name += (variant.name.empty() ? "" : "-") + word_of(key, value, ambiguous);
      if (variant.name.empty()) variant.name = vary.empty() ? name : "base";
      variant.name = slug(variant.name);
      if (seen.insert(variant.config.canonical().to_json().dump()).second) made.push_back(std::move(variant));
    }
  }
  if (!seeds.empty()) {
    std::vector<Variant> seeded;
    const std::set<std::int64_t> each(seeds.begin(), seeds.end());
    for (const Variant& variant : made)
      for (const std::int64_t seed : each) {
        seeded.push_back(variant);
        seeded.back().config.set("train.seed", seed);
        if (each.size() == 1) continue;
        seeded.back().name += fmt::format("-s{}", seed);
        if (!variant.after.empty()) seeded.back().after += fmt::format("-s{}", seed);
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
    for (const auto& [average, option] : {std::pair("ema", "train.ema"), std::pair("swa", "swa.start")})
      if (variant.from.ends_with(average) &&
          !std::ranges::find(made, variant.after, &Variant::name)->config.is_set(option))
        throw Error(fmt::format("{} begins from the {} of {}, which makes none: set {} there.", variant.name, average,
                                variant.after, option));
  }
  return made;
}

json run_json(const Variant& variant, const std::string& experiment) {
  const RunConfig config = with_absolute_paths(variant.config);
  return {{"config", config.to_json()},
          {"task", variant.config.text("task")},
          {"experiment", experiment},
          {"variant", variant.name},
          {"seed", variant.config.integer("train.seed")},
          {"parent", config.at("init.from")},
          {"provenance",
           {{"ablate", ABLATE_VERSION},
            {"host", host_name()},
            {"created", fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)))}}}};
}

std::vector<std::filesystem::path> create_runs(const std::filesystem::path& root, const Experiment& experiment) {
  std::vector<Variant> variants = experiment.expand();
  std::vector<json> runs;
  for (Variant& variant : variants) {
    const bool stage =
        !variant.from.empty() || (variant.after.empty() && experiment.after && !experiment.after->from.empty());
    if (stage) variant.config.set("init.from", nullptr);  // Known when its time has come.
    runs.push_back(run_json(variant, experiment.name));
  }
  std::map<std::string, std::filesystem::path> folders;
  // Not in order: the folder of what a run comes after is named in its run.json.
  const std::function<void(std::size_t)> make = [&](std::size_t i) {
    const Variant& variant = variants[i];
    if (folders.contains(variant.name)) return;
    std::optional<After> after = experiment.after;
    if (!variant.after.empty()) {
      make(static_cast<std::size_t>(std::ranges::find(variants, variant.after, &Variant::name) - variants.begin()));
      after = {folders.at(variant.after).filename().string(), variant.from};
    }
    if (after) runs[i]["after"] = to_json(*after);
    folders[variant.name] = create_run(root, variant.name, std::move(runs[i]));
  };
  std::vector<std::filesystem::path> in_order;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    make(i);
    in_order.push_back(folders.at(variants[i].name));
  }
  return in_order;
}

Experiment demo_experiment(const std::string& data_path) {
  Experiment experiment;
  experiment.name = "demo";
  experiment.base = {{"model", {{"channels", 8}}},
                     {"train", {{"steps", 400}, {"batch_size", 16}, {"seed", 1}}},
                     {"data", {{"dataset", "synthetic"}, {"size", {96, 64}}, {"held_out", 48}, {"flip", 0.5}}}};
  if (!data_path.empty()) {
    experiment.base["data"]["dataset"] = "folder";
    experiment.base["data"]["path"] = plain_path(data_path).string();
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
