#pragma once

#include <deque>

#include "runs/pickle.h"

namespace ablate {

/// What `callable(*arguments)` would be: OrderedDict, defaultdict, torch.Size, the functions of torch._utils that
/// rebuild tensors and parameters, and those that keep a subclass or attributes with one; an opaque value for anything
/// else. New values are put into `values`. Throws a std::string that says what is wrong.
PickledValue* pickled_result(std::deque<PickledValue>& values, const PickledValue& callable,
                             const PickledValue& arguments);

/// What a persistent id stands for: ("storage", class, key, location, number of elements) for a storage, ("module",
/// class, its source) for a class; throws like `pickled_result`.
PickledValue* pickled_reference(std::deque<PickledValue>& values, const PickledValue& persistent_id);

}  // namespace ablate
