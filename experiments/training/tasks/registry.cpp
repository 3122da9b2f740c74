#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "experiments/training/task.h"
#include "experiments/training/tasks/segmentation.h"
#include "runs/error.h"

namespace ablate {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Task> (*make)(const RunConfig& config);
};

constexpr std::array kEntries{Entry{"segmentation", make_segmentation}};

}  // namespace

std::unique_ptr<Task> make_task(const std::string& name, const RunConfig& config) {
  for (const Entry& entry : kEntries) {
    if (name == entry.name) return entry.make(config);
  }
  throw Error(fmt::format("task: unknown task \"{}\"; known are {}.", name, fmt::join(task_names(), ", ")));
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
