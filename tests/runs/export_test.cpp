#include "runs/export.h"

#include <gmock/gmock.h>

#include "runs/json_file.h"
#include "runs/near_match.h"

namespace ablate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ExportScalars, PointsInOrderAndOnlyTagsThatMatch) {
  RunData data;
  data.scalars["loss/train"].push_back({5, 1.5, NAN});
  data.scalars["loss/train"].push_back({2, -INFINITY, 0.1f});
  data.scalars["iou/val"].push_back({1, 0, INFINITY});
  EXPECT_EQ(json_text(export_scalars(data)),
            R"({"iou/val":[[1,0.0,"Infinity"]],"loss/train":[[5,1.5,"NaN"],[2,"-Infinity",0.10000000149011612]]})");
  const std::vector<std::string> globs{"*rain", "x"};
  EXPECT_EQ(export_scalars(data, globs).size(), 1u);
  const std::vector<std::string> none{"loss"};
  EXPECT_EQ(json_text(export_scalars(data, none)), "{}");
}

TEST(NearMatches, NearestFirst) {
  const std::vector<std::string> words{"batch", "instance", "group", "none", "batch-shared"};
  EXPECT_THAT(near_matches("bacth", words), ElementsAre("batch"));
  EXPECT_THAT(near_matches("BATCH", words), ElementsAre("batch", "batch-shared"));
  EXPECT_THAT(near_matches("xyzxyz", words), IsEmpty());
}

}  // namespace
}  // namespace ablate
