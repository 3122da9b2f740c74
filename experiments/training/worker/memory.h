#pragma once

#include <optional>

namespace ablate {

/// Bytes of the machine's memory that could be had now; nothing where it is not told (/proc/meminfo).
std::optional<double> free_memory();

/// What does not fit into the memory that is free now is then refused by the system when it is asked for, and can be
/// told; else it is given, and whoever uses it is killed.
void ask_only_for_memory_there_is();

}  // namespace ablate
