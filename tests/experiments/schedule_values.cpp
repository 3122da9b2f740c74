// Prints a schedule's values, a JSON array of [lr, momentum or null]: schedule_values STEPS KEY=VALUE… [@VALUES], ten
// steps an epoch. VALUES is a JSON array of what is observed after each step.
#include <fmt/format.h>

#include <cstdlib>

#include "experiments/schedule.h"

int main(int argc, char** argv) {
  ablate::RunConfig config;
  const ablate::Step steps = std::atol(argv[1]);
  nlohmann::json observed = nlohmann::json::array();
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('@'))
      observed = nlohmann::json::parse(word.substr(1));
    else
      config.set_from_text(word);
  }
  auto schedule = ablate::make_schedule(config, steps, 10);
  nlohmann::json values = nlohmann::json::array();
  for (ablate::Step step = 0; step < steps; ++step) {
    const auto [lr, momentum] = schedule->at(step);
    values.push_back({lr, momentum ? nlohmann::json(*momentum) : nlohmann::json()});
    if (step >= static_cast<ablate::Step>(observed.size())) continue;
    schedule->observe(observed[static_cast<std::size_t>(step)], step + 1);
    // As after a resume in between.
    const nlohmann::json state = schedule->state();
    schedule = ablate::make_schedule(config, steps, 10);
    if (!state.is_null()) schedule->restore(state);
  }
  fmt::print("{}\n", values.dump());
}
