#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

namespace ablate {

/// Has the worker examine a run, as "FOLDER" or "FOLDER@STEP". What it comes to, as `ablate doctor --json` prints it:
/// {"findings", "tests", "untested", "notes", …}; the worker keeps the findings with the run. `moved`: where the folder
/// that it trained on is now; empty: where it was. `test` is told what is being tested. nullopt where it was stopped.
/// Throws Error that says why it could not be examined.
std::optional<nlohmann::json> examine_run(const std::string& checkpoint, const std::string& moved,
                                          const std::function<void(const std::string&)>& test,
                                          const std::stop_token& stop = {});

}  // namespace ablate
