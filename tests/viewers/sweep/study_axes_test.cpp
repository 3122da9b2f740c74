#include "viewers/sweep/study_axes.h"

#include <gtest/gtest.h>

#include "tests/viewers/sweep/study_maker.h"

namespace ablate {
namespace {

StudyMaker made() {
  StudyMaker maker;
  maker.distributions = {{"lr", real(1e-5, 1e-1, true)}, {"norm", category({"batch", "none", nullptr, true})}};
  maker.add(TrialState::complete, {0.5}, {{"lr", 1e-3}, {"norm", 1}});
  maker.add(TrialState::complete, {0.7}, {{"lr", 1e-2}});
  return maker;
}

TEST(StudyAxes, AParameterSpansWhatItMayBeEvenlyInTheLogarithm) {
  const StudyAxes axes = axes_of(made().study, nullptr);
  ASSERT_EQ(axes.parameters.size(), 2u);
  const StudyAxis& lr = axes.parameters[0];
  EXPECT_EQ(lr.name, "lr");
  EXPECT_NEAR(lr.position(1e-3), 0.5, 1e-12);
  EXPECT_NEAR(lr.value(0.25), 1e-4, 1e-12);
  EXPECT_EQ(lr.count, 2u);
}

TEST(StudyAxes, ACategoryHasItsWordsAndRoomBesideIt) {
  const StudyAxis norm = axes_of(made().study, nullptr).parameters[1];
  EXPECT_EQ(norm.choices, (std::vector<std::string>{"batch", "none", "null", "true"}));
  EXPECT_DOUBLE_EQ(norm.position(0), 0.125);
  EXPECT_EQ(norm.words(1), "none");
  EXPECT_EQ(norm.count, 1u);
  EXPECT_FALSE(norm.has(1));
}

TEST(StudyAxes, RangesThatGrewMeanwhileAreCoveredAll) {
  StudyMaker maker = made();
  maker.distributions["lr"] = real(1e-7, 1e-3, true);
  maker.add(TrialState::complete, {0.1}, {{"lr", 1e-6}});
  const StudyAxis lr = axes_of(maker.study, nullptr).parameters[0];
  EXPECT_DOUBLE_EQ(lr.low, 1e-7);
  EXPECT_DOUBLE_EQ(lr.high, 1e-1);
}

TEST(StudyAxes, AParameterOfOneValueHasAnAxisAllTheSame) {
  StudyMaker maker;
  maker.distributions = {{"lr", real(1e-3, 1e-3, true)}, {"drop", real(0, 0)}};
  maker.add(TrialState::complete, {1}, {{"lr", 1e-3}, {"drop", 0}});
  const StudyAxes axes = axes_of(maker.study, nullptr);
  for (const StudyAxis& axis : axes.parameters) EXPECT_NEAR(axis.position(axis.of(0)), 0.5, 1e-9) << axis.name;
  EXPECT_NEAR(axes.objectives[0].position(1), 0.5, 1e-9);
}

TEST(StudyAxes, APrunedTrialHasItsLastValueAndAFailedOneNone) {
  StudyMaker maker = made();
  maker.add(TrialState::pruned, {}).intermediate = {{1, 0.2}, {2, 0.3}};
  maker.add(TrialState::fail, {});
  maker.add(TrialState::running, {}).intermediate = {{1, 0.9}};
  const StudyAxis value = axes_of(maker.study, nullptr).objectives[0];
  EXPECT_DOUBLE_EQ(value.of(2), 0.3);
  EXPECT_FALSE(value.has(3));
  EXPECT_FALSE(value.has(4));
}

TEST(StudyAxes, AnObjectiveSpansCompleteTrialsWithoutWhatIsFarOff) {
  StudyMaker maker;
  for (int i = 0; i <= 20; ++i) maker.add(TrialState::complete, {0.5 + 0.01 * i});
  maker.add(TrialState::complete, {-1e6});
  maker.add(TrialState::pruned, {0.1});
  const StudyAxis value = axes_of(maker.study, nullptr).objectives[0];
  EXPECT_DOUBLE_EQ(value.low, 0.5);
  EXPECT_DOUBLE_EQ(value.high, 0.7);
}

TEST(StudyAxes, ObjectivesAreCalledAsTheSweepOrTheStudySays) {
  StudyMaker maker({Direction::maximize, Direction::minimize});
  EXPECT_EQ(axes_of(maker.study, nullptr).objectives[1].name, "value 1");
  maker.study.system_attrs["study:metric_names"] = {"iou", "size"};
  EXPECT_EQ(axes_of(maker.study, nullptr).objectives[1].name, "size");
  Sweep sweep;
  sweep.objectives = {{"iou/val"}, {"loss/val"}};
  EXPECT_EQ(axes_of(maker.study, &sweep).objectives[1].name, "loss/val");
}

}  // namespace
}  // namespace ablate
