#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "experiments/training/task.h"
#include "experiments/training/tasks/segmentation.h"
#include "runs/error.h"

namespace ablate {
namespace {

struct TaskKind {
  const char* name;
  std::unique_ptr<Task> (*make)(const RunConfig& config);
};

constexpr std::array kTasks{TaskKind{"segmentation", make_segmentation}};

}  // namespace

std::unique_ptr<Task> make_task(const std::string& name, const RunConfig& config) {
  for (const TaskKind& entry : kTasks) {
    if (name == entry.name) return entry.make(config);
  }
  throw Error(fmt::format("task: unknown task \"{}\"; known are {}.", name, fmt::join(task_names(), ", ")));
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const TaskKind& entry : kTasks) names.emplace_back(entry.name);
  return names;
}

}  // namespace ablate
