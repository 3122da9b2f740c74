#include "runs/run_status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>

#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

constexpr std::array<std::pair<RunState, std::string_view>, 9> kNames{{
    {RunState::queued, "queued"},
    {RunState::running, "running"},
    {RunState::completed, "completed"},
    {RunState::stopped, "stopped"},
    {RunState::failed, "failed"},
    {RunState::diverged, "diverged"},
    {RunState::pruned, "pruned"},
    {RunState::interrupted, "interrupted"},
    {RunState::foreign, "foreign"},
}};

RunState state_of(const std::string& name, const std::string& where) {
  for (const auto& [state, state_name] : kNames)
    if (state_name == name) return state;
  throw Error(fmt::format("{}: \"status\" is \"{}\", which is no state of a run that this Ablate knows.", where, name));
}

}  // namespace

std::string_view name_of(RunState state) {
  for (const auto& [candidate, name] : kNames)
    if (candidate == state) return name;
  return "unknown";
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

RunStatus status_from_json(nlohmann::json json, const std::string& where) {
  RunStatus status;
  std::string state = "queued";
  take(json, "status", state, where);
  status.state = state_of(state, where);
  take(json, "step", status.step, where);
  take(json, "total_steps", status.total_steps, where);
  take(json, "epoch", status.epoch, where);
  if (const auto metrics = json.find("metrics"); metrics != json.end()) {
    if (!metrics->is_object()) throw Error(fmt::format("{}: \"metrics\" is not an object", where));
    for (const auto& [tag, value] : metrics->items()) {
      try {
        status.metrics[tag] = number_of(value);
      } catch (const Error& error) {
        throw Error(fmt::format("{}: metric \"{}\": {}", where, tag, error.what()));
      }
    }
    json.erase(metrics);
  }
  take(json, "best_metric", status.best_metric, where);
  take(json, "best_value", status.best_value, where);
  take(json, "best_step", status.best_step, where);
  take(json, "error", status.error, where);
  take(json, "waiting", status.waiting, where);
  take(json, "heartbeat", status.heartbeat, where);
  take(json, "started_seconds", status.started_seconds, where);
  take(json, "ended_seconds", status.ended_seconds, where);
  take(json, "training_seconds", status.training_seconds, where);
  take(json, "launcher", status.launcher, where);
  take(json, "job", status.job, where);
  take(json, "host", status.host, where);
  if (const auto sizes = json.find("log_bytes"); sizes != json.end() && sizes->is_object()) {
    for (const auto& [name, bytes] : sizes->items())
      if (bytes.is_number_unsigned()) status.log_bytes[name] = bytes;
    json.erase(sizes);
  }
  if (const auto found = json.find("range_test"); found != json.end()) {
    status.range_test = std::move(*found);
    json.erase(found);
  }
  json.erase("format");
  status.other = std::move(json);
  return status;
}

nlohmann::json to_json(const RunStatus& status) {
  nlohmann::json json = status.other.is_object() ? status.other : nlohmann::json::object();
  json["status"] = name_of(status.state);
  json["step"] = status.step;
  json["total_steps"] = status.total_steps;
  json["epoch"] = status.epoch;
  json["metrics"] = status.metrics;
  json["best_metric"] = status.best_metric;
  json["best_value"] = status.best_value;
  json["best_step"] = status.best_step;
  json["error"] = status.error;
  json["heartbeat"] = status.heartbeat;
  json["started_seconds"] = status.started_seconds;
  json["ended_seconds"] = status.ended_seconds;
  json["training_seconds"] = status.training_seconds;
  json["launcher"] = status.launcher;
  json["job"] = status.job;
  json["host"] = status.host;
  if (!status.waiting.empty()) json["waiting"] = status.waiting;
  if (!status.log_bytes.empty()) json["log_bytes"] = status.log_bytes;
  if (!status.range_test.is_null()) json["range_test"] = status.range_test;
  return json;
}

std::optional<RunStatus> read_status(const std::filesystem::path& folder) {
  const auto file = folder / "status.json";
  auto json = read_json_file(file);
  if (!json) return std::nullopt;
  return status_from_json(std::move(*json), file.string());
}

void write_status(const std::filesystem::path& folder, const RunStatus& status) {
  nlohmann::json json = to_json(status);
  json["host"] = host_name();
  write_json_file(folder / "status.json", std::move(json));
}

}  // namespace ablate
