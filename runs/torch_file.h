#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runs/safetensors.h"

namespace ablate {

/// The named tensors of a file that torch.save wrote (.pth, .pt: the zip archive of PyTorch 1.6 and later, or the
/// pickles and storages one after the other of those before). The file is mapped, and nothing in it is run: its pickle
/// is read as data (`pickle.h`), so that a hostile file can do nothing.
///
/// Which dict is taken: from the outermost one on, the value of a usual key ("state_dict", "model", "model_state_dict",
/// "net", "network", "weights") when it holds tensors; else the dict at hand when it has tensors itself; else the only
/// dict in it that holds some. The state dicts of optimisers are passed over. Of that dict every tensor and parameter
/// with a name is taken under exactly that name; numbers, texts and objects beside them are skipped.
///
/// Throws Error (file, what, what to do) for anything else: foreign formats, TorchScript, whole modules,
/// several dicts that fit, tensors that are sparse, quantised or of a dtype that safetensors has no name for, and
/// damage: no length, offset or size is believed before it is compared with the file.
class TorchFile {
 public:
  explicit TorchFile(const std::filesystem::path& file);
  /// As SafetensorsFile has them: row-major and contiguous, whatever the strides in the file. At any alignment.
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  /// Which dict was taken, where others beside it hold tensors too (averages, another network); else empty.
  const std::string& note() const { return note_; }

 private:
  std::shared_ptr<const std::byte> mapping_;
  std::vector<std::shared_ptr<std::byte[]>> copies_;  ///< of what is not contiguous in the file
  std::map<std::string, TensorView> tensors_;
  std::string note_;
};

}  // namespace ablate
