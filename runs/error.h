#pragma once

#include <stdexcept>
#include <string>

namespace ablate {

/// What every part of Ablate throws. The message is for a person: what went wrong, where (file, key, tag), and what to
/// do next. Caught once, at the boundary of a command, a panel or the worker.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ablate
