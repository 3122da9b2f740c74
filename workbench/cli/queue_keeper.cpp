// ablate queue-keeper ROOT: what LocalQueue starts in the background; not for people, so no help lists it.
#include <memory>

#include "sweeps/launcher.h"
#include "workbench/cli/command.h"

namespace ablate {

void add_queue_keeper(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("queue-keeper", "Starts the runs that wait")->group("");
  const auto root = std::make_shared<std::string>();
  command.add_option("ROOT", *root, "The folder of runs")->required();
  command.callback([&invocation, root] {
    invocation.action = [root] {
      LocalQueue(*root).keep();
      return 0;
    };
  });
}

}  // namespace ablate
