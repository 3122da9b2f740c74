#include "workbench/run_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

namespace ablate {

void shorten_names(std::vector<RunInfo>& runs) {
  const auto foreign = [](const RunInfo& run) {
    return run.status.state == RunState::foreign && run.meta.name.empty();
  };
  const auto above = [](const std::string& name) {  // "a/b/" for "a/b/c" and for "a/b/c/"
    return name.substr(0, name.rfind('/', name.size() < 2 ? 0 : name.size() - 2) + 1);
  };
  const auto first = std::ranges::find_if(runs, foreign);
  if (first == runs.end()) return;
  std::string common = above(first->name);
  for (const RunInfo& run : runs)
    while (foreign(run) && !run.name.starts_with(common)) common = above(common);
  for (RunInfo& run : runs)
    if (foreign(run)) run.name.erase(0, common.size());
}

void distinguish_names(std::vector<RunInfo>& runs) {
  const auto minute = [](const std::string& made) {
    return fmt::format("{}-{} {}:{}", made.substr(4, 2), made.substr(6, 2), made.substr(9, 2), made.substr(11, 2));
  };
  const auto second = [&](const std::string& made) { return minute(made) + ":" + made.substr(13, 2); };
  std::vector<std::string> names;
  for (const RunInfo& run : runs) names.push_back(run.name);
  const auto counted = [&] {
    std::map<std::string, int> count;
    for (const RunInfo& run : runs) ++count[run.name];
    return count;
  };
  for (const auto& when : std::vector<std::function<std::string(const std::string&)>>{minute, second}) {
    const std::map<std::string, int> count = counted();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const std::string made = runs[i].folder.filename().string();  // 20261121-101500-slug
      if (count.at(runs[i].name) > 1 && made.size() > 15 && made[8] == '-') runs[i].name = names[i] + "  " + when(made);
    }
  }
  const std::map<std::string, int> count = counted();
  std::map<std::string, int> seen;
  for (RunInfo& run : runs)
    if (const std::string name = run.name; count.at(name) > 1) run.name += fmt::format(" #{}", ++seen[name]);
}

}  // namespace ablate
