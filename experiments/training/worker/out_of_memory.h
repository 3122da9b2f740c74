#pragma once

#include <string>

namespace ablate {

/// Of a message of LibTorch's, which goes on with where in its sources.
std::string first_line(const std::string& text);

/// What the exception being handled says, where it is that memory ran out; rethrows any other.
std::string out_of_memory_message();

}  // namespace ablate
