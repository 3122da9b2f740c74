#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "runs/run_store.h"
#include "sweeps/launcher.h"

namespace ablate {

/// A root of its own, and workers and keepers that are the stand-in. Whatever is still waiting at the end is told to
/// finish, so that no test leaves a process behind.
class QueueTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// A queued run that behaves so (stand_in_worker.cpp).
  std::filesystem::path make_run(const std::string& slug, const nlohmann::json& behaviour = nlohmann::json::object());
  /// One that comes after another.
  std::filesystem::path make_run_after(const std::filesystem::path& first, const std::string& slug,
                                       const std::string& from = "",
                                       const nlohmann::json& behaviour = nlohmann::json::object());
  void let_finish(const std::filesystem::path& run);

  RunState state(const std::filesystem::path& run) const;
  std::string error(const std::filesystem::path& run) const;
  /// Why it has not begun.
  std::string waiting(const std::filesystem::path& run) const;
  RunInfo info(const std::filesystem::path& run) const;
  /// The lines the stand-in wrote.
  std::vector<std::string> diary(const std::filesystem::path& run) const;

  /// Looks until it is so; a failure of the test after 20 s.
  void until(const char* what, const std::function<bool()>& so) const;
  void until_state(const std::filesystem::path& run, RunState wanted) const;
  /// Its worker has let go of the run; that is a moment after it wrote its last status.
  void until_gone(const std::filesystem::path& run) const;
  void until_no_keeper() const;

  /// What the keeper of this root sees of its machine (stand_in_worker.cpp).
  void set_machine(const nlohmann::json& machine) const;

  /// 0 while none is alive.
  pid_t keeper() const;
  void kill_keeper() const;

  std::filesystem::path root_;
};

}  // namespace ablate
