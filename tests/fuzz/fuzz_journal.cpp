// Any text as an Optuna journal: an Error, or studies of which everything can be shown.
#include "runs/error.h"
#include "runs/json_file.h"
#include "sweeps/journal.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ablate::JournalReplay replay;
  try {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      replay.apply(ablate::parse_python_json(line, "line"));
    }
  } catch (const ablate::Error&) {
  } catch (const nlohmann::json::exception&) {
  }
  for (const ablate::Study* study : replay.studies()) {
    study->best();
    for (const ablate::Trial& trial : study->trials) {
      name_of(trial.state);
      trial.run();
      trial.paused();
      trial.external_params();
      ablate::python_json_text(ablate::journal::create_trial(*study, trial));
    }
  }
  return 0;
}
