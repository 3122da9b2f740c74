#pragma once

#include <functional>
#include <string>

#include "experiments/catalogue.h"

namespace ablate {

/// The popup `id`, where it is open: options by name, with a field to find one by its words. What is chosen in this
/// frame, else nullptr. `find_text` is the field's, for as long as the popup lives.
const Option* option_menu(const char* id, std::string& find_text, const std::function<bool(const Option&)>& offered);

}  // namespace ablate
