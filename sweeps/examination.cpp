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
  std::string words;  // Why there is no answer: what the worker says itself, else the last that is none.
  bool said = false;
  const auto listen = [&](const std::string& line) {
    constexpr std::string_view kName = "ablate-train: ";
    nlohmann::json document = nlohmann::json::parse(line, nullptr, false);
    if (document.is_object() && document.contains("test"))
      test(document["test"].get<std::string>());
    else if (document.is_object())
      answer = std::move(document);
    else if (!said)
      words = line.substr(line.starts_with(kName) ? kName.size() : 0);
    said |= line.starts_with(kName);
  };
  std::vector<std::string> command{"doctor", checkpoint};
  if (!moved.empty()) command.insert(command.end(), {"--data", moved});
  const int status = read_lines(worker_program(), command, listen, stop, ErrorsGo::with_output);
  if (stop.stop_requested()) return std::nullopt;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && answer) return answer;
  if (!said && WIFSIGNALED(status)) words = fmt::format("it was ended by signal {}. {}", WTERMSIG(status), words);
  throw Error(fmt::format("{} could not be examined: {}", checkpoint, words));
}

}  // namespace ablate
