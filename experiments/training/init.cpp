#include "experiments/training/init.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <ranges>
#include <set>

#include "experiments/training/dtypes.h"
#include "runs/checkpoints.h"
#include "runs/error.h"
#include "runs/weights_file.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;
using Views = std::map<std::string, TensorView>;

bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& each) { return fnmatch(each.c_str(), name.c_str(), 0) == 0; });
}

template <class Names>
bool any_matches(const std::vector<std::string>& patterns, const Names& names) {
  return std::ranges::any_of(names, [&](const std::string& name) { return any_matches(patterns, name); });
}

/// The words up to a dot that, taken away, make most names of the file ours: DataParallel's "module.", Lightning's
/// "model.", or both.
std::string common_prefix(const Views& views, const std::set<std::string>& ours) {
  const auto known = [&](const std::string& prefix) {
    return std::ranges::count_if(views, [&](const auto& view) {
      return view.first.starts_with(prefix) && ours.contains(view.first.substr(prefix.size()));
    });
  };
  std::string best;
  auto most = known(best);
  std::set<std::string> prefixes;
  for (const auto& [name, _] : views)
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
      prefixes.insert(name.substr(0, dot + 1));
  for (const std::string& prefix : prefixes)
    if (const auto count = known(prefix); count > most) best = prefix, most = count;
  return best;
}

std::string words_of(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// A copy of the view, of its own type.
Tensor tensor_of(const TensorView& view) {
  const std::optional<torch::ScalarType> type = type_named(view.dtype);
  if (!type) return {};
  Tensor tensor = torch::empty(view.shape, *type);
  if (tensor.nbytes()) std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), tensor.nbytes());
  return tensor;
}

class Initialiser {
 public:
  explicit Initialiser(const RunConfig& config)
      : what_(config.at("init.what").get<std::vector<std::string>>()),
        exclude_(config.at("init.exclude").get<std::vector<std::string>>()) {}

  void add(const Network& network, const std::vector<Network>& all, const fs::path& path) {
    files_.emplace_back(path);
    const Views& views = files_.back().tensors();
    const NamedTensors state = state_of(*network.module);
    std::set<std::string> ours;
    for (const auto& [name, _] : state) ours.insert(name);
    const std::string prefix = common_prefix(views, ours);
    if (!prefix.empty()) report.prefix = prefix;
    report.note = files_.back().note();
    for (const auto* patterns : {&what_, &exclude_})
      for (const std::string& pattern : *patterns)
        if (any_matches({pattern}, ours) || any_matches({pattern}, std::views::keys(views))) used_.insert(pattern);
    for (const auto& [name, tensor] : state) {
      const std::string full = qualified(all, network.name, name);
      const auto view = views.find(prefix + name);
      if (!any_matches(what_, name) || any_matches(exclude_, name)) {
        report.left_out.push_back(full);
      } else if (view == views.end()) {
        report.missing.push_back(full);
      } else if (Tensor given = tensor_of(view->second); !given.defined() || given.sizes() != tensor.sizes() ||
                                                         given.is_floating_point() != tensor.is_floating_point()) {
        report.of_another_shape.push_back(fmt::format("{} ({} {} there, {} here)", full, view->second.dtype,
                                                      words_of(view->second.shape), words_of(tensor.sizes().vec())));
      } else if (given.is_floating_point() && !given.isfinite().all().item<bool>()) {
        throw Error(
            fmt::format("init.from: {} in {} is not finite throughout: that network had diverged. Start from "
                        "an earlier checkpoint of it.",
                        view->first, path.string()));
      } else {
        copies_.emplace_back(tensor, std::move(given));
        report.loaded.push_back(full);
      }
    }
    for (const auto& [name, _] : views) {
      const std::string own = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
      if (!ours.contains(own) && any_matches(what_, own) && !any_matches(exclude_, own))
        report.unexpected.push_back(name);
    }
  }

  void copy() {
    const torch::NoGradGuard no_grad;
    for (auto& [into, from] : copies_) into.copy_(from);
  }

  /// To be called after all that there is to add.
  void find_idle_patterns() {
    for (const auto* patterns : {&what_, &exclude_})
      for (const std::string& pattern : *patterns)
        if (!used_.contains(pattern)) report.idle_patterns.push_back(pattern);
  }

  InitReport report;

 private:
  std::vector<std::string> what_, exclude_;
  std::set<std::string> used_;  ///< patterns
  std::vector<WeightsFile> files_;
  std::vector<std::pair<Tensor, Tensor>> copies_;
};

std::string counted(const char* what, const std::vector<std::string>& names, std::size_t most) {
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size()));
  return fmt::format("{} {}: {}{}", names.size(), what, fmt::join(names.begin(), end, ", "),
                     names.size() > most ? ", …" : "");
}

}  // namespace

std::vector<std::string> InitReport::lines(std::size_t most) const {
  if (from.empty()) return {};
  std::vector<std::string> all{fmt::format("init: {} tensors loaded from {}{}", loaded.size(), from,
                                           prefix.empty() ? "" : fmt::format(", without their prefix {}", prefix))};
  if (!note.empty()) all.push_back("init: " + note);
  if (!left_out.empty())
    all.push_back("init: " + counted("left as they are (init.what, init.exclude)", left_out, most));
  if (!missing.empty()) all.push_back("init: " + counted("not in the file", missing, most));
  if (!unexpected.empty()) all.push_back("init: " + counted("in the file alone", unexpected, most));
  if (!idle_patterns.empty())
    all.push_back("init: " + counted("that name nothing (init.what, init.exclude)", idle_patterns, most));
  if (!of_another_shape.empty()) all.push_back("init: " + counted("of another shape or type", of_another_shape, most));
  return all;
}

InitReport initialise(const RunConfig& config, const std::vector<Network>& networks) {
  if (!config.is_set("init.from")) return {};
  fs::path from = config.text("init.from");
  if (fs::exists(from / "run.json")) from = find_checkpoint(from, "");  // In a run.json that others wrote.
  if (!fs::exists(from))
    throw Error(
        fmt::format("init.from: {} is not there any more: a run keeps its newest checkpoints (checkpoint.keep) "
                    "and its best. Make a new run from one that is there.",
                    from.string()));
  Initialiser initialiser(config);
  InitReport& report = initialiser.report;
  report.from = from.string();
  if (fs::is_directory(from)) {
    for (const Network& network : networks) initialiser.add(network, networks, from / (network.name + ".safetensors"));
  } else if (networks.size() == 1) {
    initialiser.add(networks.front(), networks, from);
  } else {
    throw Error(fmt::format("init.from: {} is one file, and this task has {} networks. Name a checkpoint's folder.",
                            from.string(), networks.size()));
  }
  initialiser.find_idle_patterns();
  const bool exact = report.idle_patterns.empty() && report.missing.empty() && report.unexpected.empty() &&
                     report.of_another_shape.empty();
  if (report.loaded.empty() || (config.boolean("init.strict") && !exact)) {
    constexpr std::size_t kNamed = 6;
    std::vector<std::string> lines = report.lines(kNamed);
    lines.erase(lines.begin());
    throw Error(fmt::format("init.from: {} does not fit this network. {}. {}", from.string(), fmt::join(lines, ". "),
                            report.loaded.empty()
                                ? "Nothing would be loaded: is it of another kind of network?"
                                : "Set init.strict=false to load what fits, or leave names out with init.exclude."));
  }
  initialiser.copy();
  return report;
}

}  // namespace ablate
