#include <gtest/gtest.h>

#include "viewers/panel.h"

namespace ablate {
namespace {

std::shared_ptr<Snapshot> snapshot_of(const std::vector<std::string>& ids) {
  auto snapshot = std::make_shared<Snapshot>();
  for (const std::string& id : ids) {
    auto view = std::make_shared<RunView>();
    view->info.id = id;
    snapshot->runs.push_back(view);
  }
  return snapshot;
}

std::shared_ptr<Snapshot> with_finding(const std::vector<std::string>& ids, const std::string& ill) {
  auto snapshot = std::make_shared<Snapshot>();
  const auto healthy = snapshot_of(ids);
  for (const auto& run : healthy->runs) {
    auto view = std::make_shared<RunView>(*run);
    if (view->info.id == ill) view->findings.push_back({"shared-norm", "down1", 0.9, "…", {}, ""});
    snapshot->runs.push_back(view);
  }
  return snapshot;
}

TEST(Workspace, TheFirstShownRunIsSelectedUntilSomethingIsFoundInAnother) {
  Workspace workspace;
  workspace.hidden = {"a"};
  workspace.begin_frame(snapshot_of({"a", "b", "c"}));
  EXPECT_EQ(workspace.selected, "b");
  workspace.begin_frame(with_finding({"a", "b", "c"}, "c"));
  EXPECT_EQ(workspace.selected, "c");
}

TEST(Workspace, WhatAPersonSelectedStays) {
  Workspace workspace;
  workspace.begin_frame(snapshot_of({"a", "b"}));
  workspace.selected = "a";
  workspace.selected_by_hand = true;
  workspace.begin_frame(with_finding({"a", "b"}, "b"));
  EXPECT_EQ(workspace.selected, "a");
}

TEST(Workspace, ARunThatVanishedIsSelectedNoMore) {
  Workspace workspace;
  workspace.begin_frame(snapshot_of({"a", "b"}));
  workspace.selected = "b";
  workspace.selected_by_hand = true;
  workspace.begin_frame(snapshot_of({"a"}));
  EXPECT_EQ(workspace.selected, "a");
  workspace.begin_frame(snapshot_of({}));
  EXPECT_EQ(workspace.selected_run(), nullptr);
}

TEST(Workspace, HiddenRunsAreFoundButNotShown) {
  Workspace workspace;
  workspace.hidden = {"b"};
  workspace.begin_frame(snapshot_of({"a", "b", "c"}));
  EXPECT_EQ(workspace.shown.size(), 2u);
  EXPECT_NE(workspace.find("b"), nullptr);
  EXPECT_EQ(workspace.find("d"), nullptr);
}

}  // namespace
}  // namespace ablate
