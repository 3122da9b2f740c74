// Prints a schedule's values, a JSON array of [lr, momentum or null]: schedule_values STEPS KEY=VALUE…
#include <fmt/format.h>

#include <cstdlib>

#include "experiments/schedule.h"

int main(int argc, char** argv) {
  ablate::RunConfig config;
  const ablate::Step steps = std::atol(argv[1]);
  for (int i = 2; i < argc; ++i) config.set_from_text(argv[i]);
  const auto schedule = ablate::make_schedule(config, steps, 10);
  nlohmann::json values = nlohmann::json::array();
  for (ablate::Step step = 0; step < steps; ++step) {
    const auto [lr, momentum] = schedule->at(step);
    values.push_back({lr, momentum ? nlohmann::json(*momentum) : nlohmann::json()});
  }
  fmt::print("{}\n", values.dump());
}
