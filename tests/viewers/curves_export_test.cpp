#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "viewers/curves/export.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CurvesExport : public testing::Test {
 protected:
  CurvesExport() {
    run_.info.name = "one, <two>";
    for (int i = 0; i < 5; ++i) points_.push_back({10 * i, 1.7e9 + i, i == 3 ? NAN : 1.0 / (i + 1)});
    series_.update(points_, XAxis::step, 0);
    plots_ = {{"loss/train", {{&run_, &series_}}, {}, YScale::linear}};
  }
  RunView run_;
  ScalarColumn points_;
  PlotSeries series_;
  std::vector<Plot> plots_;
};

TEST_F(CurvesExport, HasEveryPointInSightAndNoOther) {
  EXPECT_EQ(csv_of(plots_, {{10, 30}}),
            "plot,run,mode,step,wall_time,value,drawn\n"
            "loss/train,\"one, <two>\",eval,10,1700000001,0.5,0.5\n"
            "loss/train,\"one, <two>\",eval,20,1700000002,0.3333333333333333,0.333333333\n"
            "loss/train,\"one, <two>\",eval,30,1700000003,nan,nan\n");
}

TEST_F(CurvesExport, OfBandsHasMeansAndSpreads) {
  PlotSeries other;
  ScalarColumn twice;
  for (int i = 0; i < 5; ++i) twice.push_back({10 * i, 0, 2.0});
  other.update(twice, XAxis::step, 0);
  BandSeries band;
  band.update({&series_, &other}, Spread::min_max);
  plots_[0].bands.push_back({"norm = batch", "eval", {}, 2, &band, false});
  EXPECT_EQ(csv_of(plots_, {{0, 10}}),
            "plot,group,mode,x,mean,low,high,runs\n"
            "loss/train,norm = batch,eval,0,1.5,1,2,2\n"
            "loss/train,norm = batch,eval,10,1.25,0.5,2,2\n");
}

TEST_F(CurvesExport, APictureHasAxesLinesAndALegend) {
  const std::string svg = svg_of(plots_, {{0, 40}}, {{0, 1}});
  EXPECT_THAT(svg, HasSubstr("one, &lt;two&gt;"));
  EXPECT_THAT(svg, HasSubstr("loss/train"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  // From the upper left corner of the axes to what is at a quarter.
  EXPECT_THAT(svg, HasSubstr("M70.0 40.0L272.5 207.5L475.0 263.3M880.0 308.0"));
}

TEST(RoundTicks, AreRoundAndFew) {
  EXPECT_THAT(round_ticks({0, 1}, false, 5),
              ElementsAre(0, 0.2, testing::DoubleEq(0.4), testing::DoubleEq(0.6), 0.8, 1));
  EXPECT_THAT(round_ticks({0.002, 30}, true, 7), ElementsAre(0.01, 0.1, 1, 10));
  EXPECT_TRUE(round_ticks({1, 1}, false, 5).empty());
}

}  // namespace
}  // namespace ablate
