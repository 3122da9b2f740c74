#include "viewers/preview_table.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

RunView view_of(const std::map<std::string, std::vector<Step>>& images) {
  auto data = std::make_shared<RunData>();
  for (const auto& [tag, steps] : images)
    for (const Step step : steps) {
      ImagePoint point;
      point.step = step;
      data->images[tag].push_back(point);
    }
  RunView view;
  view.data = data;
  return view;
}

TEST(PreviewTable, HasHeldOutSamplesByNumberThenTheGallery) {
  const RunView a =
      view_of({{"preview/10/prediction", {0}}, {"preview/2/prediction", {0}}, {"gallery/0/prediction", {0}}});
  const PreviewTable table = preview_table({&a});
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].key, "preview/2");
  EXPECT_EQ(table.rows[1].key, "preview/10");
  EXPECT_EQ(table.rows[2].key, "gallery/0");
  EXPECT_TRUE(table.rows[2].gallery);
}

TEST(PreviewTable, HasAColumnForEveryOutputOfEveryRunAndAllSteps) {
  const RunView a = view_of({{"preview/0/input", {0}}, {"preview/0/target", {0}}, {"preview/0/prediction", {0, 40}}});
  const RunView b = view_of({{"preview/0/alpha", {20}}, {"preview/0/foreground", {20}}});
  const PreviewTable table = preview_table({&a, &b});
  ASSERT_EQ(table.columns.size(), 3u);
  EXPECT_EQ(table.columns[0].output, "prediction");
  EXPECT_EQ(table.columns[2].output, "foreground");
  EXPECT_FALSE(table.one_output);
  EXPECT_EQ(table.steps, (std::vector<Step>{0, 20, 40}));
}

TEST(PreviewTable, OtherTagsAndRunsWithoutDataAreNoPreviews) {
  RunView nothing;
  const RunView other = view_of({{"preview/x/prediction", {0}}, {"preview/1", {0}}, {"samples/0/prediction", {0}}});
  EXPECT_TRUE(preview_table({&nothing, &other}).rows.empty());
}

TEST(PreviewTable, ThePictureAtAStepIsTheNewestUntilThen) {
  const RunView a = view_of({{"preview/0/prediction", {0, 40, 80}}});
  EXPECT_EQ(picture_at(a, "preview/0/prediction", 79)->step, 40);
  EXPECT_EQ(picture_at(a, "preview/0/prediction", 80)->step, 80);
  EXPECT_EQ(picture_at(a, "preview/0/prediction", -1), nullptr);
  EXPECT_EQ(picture_at(a, "preview/1/prediction", 80), nullptr);
}

TEST(PreviewTable, RunsShareARowOnlyForTheSameSampleOfTheSameData) {
  const auto named = [](const std::string& path, const std::vector<std::string>& samples) {
    std::map<std::string, std::vector<Step>> images;
    for (std::size_t i = 0; i < samples.size(); ++i) images["preview/" + std::to_string(i) + "/prediction"] = {0};
    RunView run = view_of(images);
    auto data = std::make_shared<RunData>(*run.data);
    for (std::size_t i = 0; i < samples.size(); ++i)
      data->texts["preview/" + std::to_string(i) + "/name"].push_back(
          {0, 0, std::make_shared<const std::string>(samples[i])});
    run.data = data;
    RunConfig config;
    config.set("data.dataset", "folder");
    config.set("data.path", path);
    run.config = std::make_shared<const RunConfig>(config);
    return run;
  };
  const RunView a = named("/one", {"anna", "ben"}), b = named("/one", {"ben", "carl"}), c = named("/two", {"anna"});
  const PreviewTable table = preview_table({&a, &b, &c});
  ASSERT_EQ(table.rows.size(), 4u);
  const auto row = std::ranges::find(table.rows, "ben", &PreviewRow::name);
  EXPECT_EQ(row->tag(a, "prediction"), "preview/1/prediction");
  EXPECT_EQ(row->tag(b, "prediction"), "preview/0/prediction");
  EXPECT_EQ(row->tag(c, "prediction"), "");
}

TEST(PreviewTable, WorstFirstPutsSamplesWithoutIouBehindTheOthersAsTheyWere) {
  std::vector<PreviewRow> rows = {{"gallery/0"}, {"preview/0"}, {"preview/1"}, {"gallery/1"}};
  sort_worst_first(rows, [](const PreviewRow& row) -> std::optional<double> {
    if (row.key.starts_with("gallery/")) return std::nullopt;
    return row.key == "preview/1" ? 0.2 : 0.9;
  });
  std::vector<std::string> order;
  for (const PreviewRow& row : rows) order.push_back(row.key);
  EXPECT_EQ(order, (std::vector<std::string>{"preview/1", "preview/0", "gallery/0", "gallery/1"}));
}

}  // namespace
}  // namespace ablate
