// Writes with RunWriter what standard input lists: write_events FOLDER FIRST_STEP
// Input: a JSON array of calls, ["scalar", tag, step, value], ["histogram", tag, step, [values], bins],
// ["image", tag, step, height, width, channels, hex], ["text", tag, step, markdown], ["tensor", tag, step, shape,
// values],
// ["hparams", {…}, [metric tags]], ["hparams_end", success]. Numbers that are not finite are the strings "NaN",
// "Infinity", "-Infinity".
// Or, until it is killed, a scalar a step, and prints each step up to which all is flushed: write_events FOLDER
// FIRST_STEP until_killed
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <iterator>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/run_writer.h"

namespace {

using Json = nlohmann::json;

std::vector<float> floats(const Json& list) {
  std::vector<float> values;
  for (const Json& value : list) values.push_back(static_cast<float>(ablate::number_of(value)));
  return values;
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::strtoul(text.substr(i, 2).c_str(), nullptr, 16));
  return bytes;
}

void call(ablate::RunWriter& writer, const Json& c) {
  const std::string what = c[0];
  if (what == "hparams") return writer.hparams(c[1], c[2]);
  if (what == "hparams_end") return writer.hparams_end(c[1]);
  const std::string tag = c[1];
  const ablate::Step step = c[2];
  if (what == "scalar") writer.scalar(tag, step, ablate::number_of(c[3]));
  if (what == "histogram") writer.histogram(tag, step, ablate::histogram_of(floats(c[3]), c[4]));
  if (what == "image") writer.image(tag, step, c[3], c[4], c[5], from_hex(c[6]));
  if (what == "text") writer.text(tag, step, c[3].get<std::string>());
  if (what == "tensor") writer.tensor(tag, step, c[3].get<std::vector<std::int64_t>>(), floats(c[4]));
}

[[noreturn]] void write_until_killed(const char* folder, ablate::Step step) {
  ablate::RunWriter writer(folder, step, {.flush_seconds = 0.0005});
  for (;; ++step) {
    writer.scalar("loss", step, 0.5 * static_cast<double>(step));
    if (step % 50 == 0) writer.text("note", step, std::string(1000, 'x'));
    if (step % 500 != 0) continue;
    writer.flush();
    fmt::print("{}\n", step);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  try {
    if (argc == 4) write_until_killed(argv[1], std::strtoll(argv[2], nullptr, 10));
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    ablate::RunWriter writer(argv[1], std::strtoll(argv[2], nullptr, 10));
    for (const Json& c : ablate::parse_json(text, "standard input")) call(writer, c);
    writer.flush();
  } catch (const ablate::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
