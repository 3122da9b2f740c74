#pragma once

#include <deque>

#include "runs/pickle.h"

namespace ablate {

/// What `callable(*arguments)` would be: OrderedDict, defaultdict, torch.Size, the functions of torch._utils that
/// rebuild tensors and parameters, and those that keep a subclass or attributes with one; an opaque value for anything
/// else. New values are put into `values`. Throws a std::string that says what is wrong.
PickledValue* pickled_result(std::deque<PickledValue>& values, const PickledValue& callable,
                             const PickledValue& arguments);

/// The storage that ("storage", class, key, location, number of elements) stands for; throws like `pickled_result`.
PickledStorage pickled_storage(const PickledValue& persistent_id);

}  // namespace ablate
