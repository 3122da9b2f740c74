#pragma once

#include <map>
#include <string>
#include <vector>

namespace ablate {

/// By key of the configuration ("model.norm"): every choice that this worker's registries accept. "loss" lists the
/// losses that have a weight loss.<name>. A test proves the catalogue equal to it.
std::map<std::string, std::vector<std::string>> accepted_choices();

}  // namespace ablate
