#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ablate {

/// requests/: files that a controller drops in and the worker takes away.
enum class Request { stop, checkpoint };

/// Leaves the request; one that is pending already is the same one. Throws Error when the folder can't be written to.
void request(const std::filesystem::path& folder, Request request);

/// Takes a pending request away; false when there is none. Cheap enough for every step (one system call).
bool take_request(const std::filesystem::path& folder, Request request);

/// As optimizer.lr in the catalogue.
inline constexpr double kMostLr = 1000;

/// requests/lr: what the learning rate of a run in training shall be from its next step on. Its schedule goes on in
/// proportion. In words, which are also the file's content: "0.1x" (a tenth of what it is) or "1e-4" (that rate).
struct LrRequest {
  enum class Kind { factor, rate } kind = Kind::factor;
  double number = 1;  ///< > 0, finite; a rate at most kMostLr

  /// Throws Error for other words.
  static LrRequest from_words(std::string_view words);
  std::string words() const;
};

/// Leaves it in place of an earlier one that was not taken yet. Throws Error when the folder can't be written to.
void request_lr(const std::filesystem::path& folder, const LrRequest& asked);

/// Takes a pending one away; nullopt when there is none, or none written to its end yet. Throws Error where its words
/// say nothing, having taken it away.
std::optional<LrRequest> take_lr_request(const std::filesystem::path& folder);

}  // namespace ablate
