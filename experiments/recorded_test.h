#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ablate {

/// Learning rate (> 0, rising) and loss (may be NaN or infinite) of each step of a range test that any program
/// recorded.
using RecordedTest = std::vector<std::pair<double, double>>;

/// Reads two columns, lr and loss: separated by commas, semicolons, tabs or spaces, where the first line may name them
/// (then there may be others too); or JSON: a list of [lr, loss] or of {"lr", "loss"}, an object of two lists (the
/// history of pytorch-lr-finder), or {"points": list} (what `ablate lr-find --json` prints). NaN and infinities as
/// Python or JavaScript writes them. Throws Error that names `where`, the line, and what is wanted.
RecordedTest recorded_test_from(std::string_view text, const std::string& where);

/// Throws Error as above, or when the file can't be read.
RecordedTest read_recorded_test(const std::filesystem::path& file);

}  // namespace ablate
