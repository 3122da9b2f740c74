#pragma once

#include <filesystem>

namespace ablate {

/// requests/: files that a controller drops in and the worker takes away.
enum class Request { stop, checkpoint };

/// Leaves the request; one that is pending already is the same one. Throws Error when the folder can't be written to.
void request(const std::filesystem::path& folder, Request request);

/// Takes a pending request away; false when there is none. Cheap enough for every step (one system call).
bool take_request(const std::filesystem::path& folder, Request request);

}  // namespace ablate
