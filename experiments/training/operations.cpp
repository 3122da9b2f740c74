#include "experiments/training/operations.h"

namespace ablate {
namespace {

/// PyTorch takes a plain function, which finds here what to call.
Operations::Look& current_look() {
  static thread_local Operations::Look look;
  return look;
}

std::unique_ptr<at::ObserverContext> before(const at::RecordFunction& function) {
  current_look()(function.name(), function.inputs());
  return nullptr;
}

}  // namespace

Operations::Operations(Look look) {
  current_look() = std::move(look);
  handle_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(before).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

Operations::~Operations() {
  at::removeCallback(handle_);
  current_look() = {};
}

}  // namespace ablate
