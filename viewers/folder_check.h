#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace ablate {

/// What a glance into a folder of training data, or at a manifest, says, without opening a picture.
struct FolderFacts {
  std::size_t pairs = 0;         ///< images with a mask of the same name
  std::size_t without_mask = 0;  ///< images that have none, or are not there
  std::size_t pictures = 0;      ///< files directly in the folder (a gallery)
  std::string problem;           ///< why it can't be used as training data; empty when it can
};
FolderFacts look_into(const std::string& folder);

/// Looks into a folder on another thread, which may take its time (a folder on a network). Drawing thread.
class FolderCheck {
 public:
  /// The facts about `folder` once they are known, else nullptr. Asking for another folder forgets the one before.
  const FolderFacts* facts(const std::string& folder);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ablate
