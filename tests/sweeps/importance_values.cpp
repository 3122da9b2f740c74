// Prints the importances of a study's parameters: importance_values JOURNAL STUDY [OBJECTIVE]. Output: {key: share, or
// why there is none}.
#include <fmt/format.h>

#include <cstdlib>

#include "sweeps/importance.h"
#include "sweeps/journal.h"

int main(int argc, char** argv) {
  ablate::Journal journal(argv[1]);
  journal.sync();
  nlohmann::ordered_json printed = nlohmann::ordered_json::object();
  const std::size_t objective = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0;
  for (const auto& [key, share, why] : ablate::importances(*journal.replay().find(argv[2]), objective).parameters)
    if (share)
      printed[key] = *share;
    else
      printed[key] = why;
  fmt::print("{}\n", printed.dump());
}
