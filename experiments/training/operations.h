#pragma once

#include <ATen/record_function.h>

#include <functional>
#include <string_view>

namespace ablate {

/// While alive, `look` is told of every tensor operation of this thread before it runs ("aten::convolution"), with its
/// inputs. One at a time.
class Operations {
 public:
  using Look = std::function<void(std::string_view name, c10::ArrayRef<const c10::IValue> inputs)>;
  explicit Operations(Look look);
  ~Operations();
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

 private:
  at::CallbackHandle handle_;
};

}  // namespace ablate
