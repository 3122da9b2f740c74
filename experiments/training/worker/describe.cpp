#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "experiments/training/accepted.h"
#include "experiments/training/networks.h"
#include "experiments/training/worker/commands.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {

std::string describe(const std::string& text) {
  nlohmann::json result{{"valid", false}};
  try {
    const nlohmann::json json = parse_json(text, "standard input");
    if (!json.is_object()) throw Error("Standard input is not a JSON object: give a run.json, or a configuration.");
    const RunConfig config = RunConfig::from_json(json.contains("config") ? json["config"] : json);
    config.check();
    const std::unique_ptr<Task> task = make_task(config.text("task"), config);
    std::int64_t total = 0;
    result["layers"] = nlohmann::json::array();
    for (const Network& network : task->networks()) {
      std::int64_t parameters = 0;
      for (const auto& [_, parameter] : unique_parameters(*network.module)) parameters += parameter.numel();
      total += parameters;
      result["networks"][network.name] = parameters;
      for (nlohmann::json layer : layers_of(*network.module)) {
        layer["name"] = qualified(task->networks(), network.name, layer["name"]);
        result["layers"].push_back(std::move(layer));
      }
    }
    result["parameters"] = total;
    result["valid"] = true;
  } catch (const c10::Error& error) {
    result["error"] = error.what_without_backtrace();
  } catch (const std::exception& error) {
    result["error"] = error.what();
  }
  return json_text(result);
}

std::string accepted() { return json_text(nlohmann::json(accepted_choices())); }

}  // namespace ablate
