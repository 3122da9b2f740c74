#include "workbench/cli/checkpoints.h"

#include <fmt/format.h>

#include "runs/checkpoints.h"
#include "runs/paths.h"

namespace ablate {
NamedCheckpoint named_checkpoint(const Invocation& invocation, const std::string& word) {
  const std::size_t at = word.rfind('@');
  const bool has_step = at != std::string::npos && !std::filesystem::exists(word);
  NamedCheckpoint named{find_run(invocation.root(), has_step ? word.substr(0, at) : word),
                        has_step ? word.substr(at + 1) : ""};
  if (has_step && named.step.empty())
    throw Error(fmt::format("{} names no checkpoint: @400, @best, @ema or @400.ema do.", word));
  if (named.run.status.state == RunState::foreign)
    throw Error(fmt::format("{} was not made by Ablate (no run.json in {}): there is no network of it here.",
                            named.run.id, named.run.folder.string()));
  return named;
}

std::string checkpoint_word(const Invocation& invocation, const std::string& word) {
  return named_checkpoint(invocation, word).word();
}

std::filesystem::path weights_of(const Invocation& invocation, const std::string& word) {
  if (std::filesystem::is_regular_file(word) || std::filesystem::exists(std::filesystem::path(word) / "trainer.json"))
    return plain_path(word);
  const std::string ending = std::filesystem::path(word).extension().string();
  if (ending == ".pth" || ending == ".pt" || ending == ".safetensors")
    throw Error(fmt::format("{}: there is no such file.", word));
  const NamedCheckpoint named = named_checkpoint(invocation, word);
  const auto [checkpoint_word, average] = checkpoint_word_of(named.step);
  const std::filesystem::path checkpoint = plain_path(find_checkpoint(named.run.folder, checkpoint_word));
  return average.empty() ? checkpoint : average_file(checkpoint, average);
}

}  // namespace ablate
