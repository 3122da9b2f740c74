#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace ablate {

/// A run's hyper-parameters from the content of the HParams plugin's session_start_info: an object of numbers, texts,
/// true and false (null, lists and structures are left out). nullopt for the plugin's other messages, and for what is
/// none.
std::optional<nlohmann::json> decode_hparams(std::string_view plugin_content);

}  // namespace ablate
