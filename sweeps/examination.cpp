#include "sweeps/examination.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include "runs/error.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"

namespace ablate {

std::optional<nlohmann::json> examine_run(const std::string& checkpoint, const std::string& moved,
                                          const std::function<void(const std::string&)>& test,
                                          const std::stop_token& stop) {
  std::optional<nlohmann::json> answer;
  std::string words;  // The last that is no answer: why there is none.
  const auto listen = [&](const std::string& line) {
    nlohmann::json said = nlohmann::json::parse(line, nullptr, false);
    if (!said.is_object())
      words = line;
    else if (said.contains("test"))
      test(said["test"].get<std::string>());
    else
      answer = std::move(said);
  };
  std::vector<std::string> command{"doctor", checkpoint};
  if (!moved.empty()) command.insert(command.end(), {"--data", moved});
  const int status = read_lines(worker_program(), command, listen, stop, ErrorsGo::with_output);
  if (stop.stop_requested()) return std::nullopt;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && answer) return answer;
  constexpr std::string_view kName = "ablate-train: ";
  if (words.starts_with(kName)) words.erase(0, kName.size());
  if (words.empty() && WIFSIGNALED(status)) words = fmt::format("it was ended by signal {}", WTERMSIG(status));
  throw Error(fmt::format("{} could not be examined: {}", checkpoint, words));
}

}  // namespace ablate
