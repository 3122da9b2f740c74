#include "viewers/network_sizes.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "sweeps/launcher.h"
#include "sweeps/process.h"

namespace ablate {
namespace {

/// What the number of parameters depends on, as a configuration.
std::string network_of(const RunConfig& config) {
  return nlohmann::json{{"model", config.to_json().at("model")}}.dump();
}

}  // namespace

struct NetworkSizes::State {
  std::mutex mutex;  // Guards all of it.
  std::map<std::string, std::int64_t> known;
  bool asking = false;
};

NetworkSizes::NetworkSizes() : state_(std::make_shared<State>()) {}

void NetworkSizes::set_variants(const std::vector<Variant>& variants) {
  networks_.clear();
  for (const Variant& variant : variants) networks_.insert(network_of(variant.config));
}

std::pair<std::int64_t, std::int64_t> NetworkSizes::range() {
  std::vector<std::string> unknown;
  std::int64_t fewest = 0, most = 0;
  const std::lock_guard lock(state_->mutex);
  for (const std::string& network : networks_) {
    const auto at = state_->known.find(network);
    if (at == state_->known.end()) {
      unknown.push_back(network);
      continue;
    }
    if (at->second == 0) continue;  // Nobody could tell.
    if (most == 0 || at->second < fewest) fewest = at->second;
    most = std::max(most, at->second);
  }
  if (unknown.empty()) return {fewest, most};
  if (std::exchange(state_->asking, true)) return {0, 0};
  // Not waited for: the window may close meanwhile.
  std::thread([state = state_, unknown] {
    std::map<std::string, std::int64_t> sizes;
    for (const std::string& network : unknown) sizes[network] = 0;  // So that a worker that fails is asked once.
    try {
      std::vector<std::string> words{"describe"};
      words.insert(words.end(), unknown.begin(), unknown.end());
      std::size_t next = 0;
      read_lines(worker_program(), words, [&](const std::string& line) {
        if (next < unknown.size())
          sizes[unknown[next++]] = nlohmann::json::parse(line).value("parameters", std::int64_t(0));
      });
    } catch (const std::exception&) {  // Launching will say what is wrong with the worker.
    }
    const std::lock_guard done(state->mutex);
    state->known.merge(sizes);
    state->asking = false;
  }).detach();
  return {0, 0};
}

}  // namespace ablate
