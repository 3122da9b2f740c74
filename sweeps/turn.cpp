#include "sweeps/turn.h"

#include <fmt/format.h>

#include <set>
#include <string>

#include "runs/run_store.h"

namespace ablate {

namespace {

/// `seen`: runs that wait for this one.
Turn turn_of(const std::filesystem::path& root, const After& after, std::set<std::string>& seen) {
  if (after.run.empty())
    return {Turn::Kind::held_up,
            "Its run.json has an \"after\" without the run to wait for: correct it, or stop this run."};
  const RunInfo run = read_run(root, root / after.run);
  const auto held_up = [&](const std::string& how) {
    return Turn{Turn::Kind::held_up, fmt::format("Waits for {}, which {}", after.run, how)};
  };
  if (run.run->is_null()) return held_up("is not there any more. Stop this run to take it out of the queue.");
  if (awaits_word_of_cluster(run.status)) return {Turn::Kind::coming};
  switch (run.status.state) {
    case RunState::completed:
      return {};
    case RunState::queued:
      if (const auto before = after_of(*run.run)) {
        if (!seen.insert(after.run).second)
          return held_up("comes after itself. Correct the \"after\" in its run.json, or stop this run.");
        if (turn_of(root, *before, seen).kind == Turn::Kind::held_up)
          return held_up(fmt::format("waits for {} in vain.", before->run));
      }
      return {Turn::Kind::coming};
    case RunState::running:
      return {Turn::Kind::coming};
    case RunState::diverged:
    case RunState::pruned:
      return held_up(fmt::format("is {} and will not be completed. Stop this run to take it out of the queue.",
                                 name_of(run.status.state)));
    default:
      return held_up(fmt::format("is {}. This run begins when that one is completed: ablate resume {}",
                                 name_of(run.status.state), after.run));
  }
}

}  // namespace

Turn turn_of(const std::filesystem::path& root, const After& after) {
  std::set<std::string> seen;
  return turn_of(root, after, seen);
}

}  // namespace ablate
