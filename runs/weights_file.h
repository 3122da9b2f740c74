#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runs/safetensors.h"

namespace ablate {

/// Named weights in a file: safetensors, or what PyTorch's torch.save wrote (told by the content, not the name). Throws
/// Error as SafetensorsFile and TorchFile do.
class WeightsFile {
 public:
  explicit WeightsFile(const std::filesystem::path& file);
  const std::map<std::string, TensorView>& tensors() const { return *tensors_; }
  /// TorchFile's; empty for safetensors.
  const std::string& note() const { return note_; }

 private:
  std::shared_ptr<const void> file_;
  const std::map<std::string, TensorView>* tensors_;
  std::string note_;
};

/// The elements of a tensor as numbers, in its order; empty for a dtype that holds none.
std::vector<double> numbers_of(const TensorView& tensor);

}  // namespace ablate
