#include "viewers/mask_picture.h"

#include <gtest/gtest.h>

namespace ablate {
namespace {

Picture grey(std::vector<std::uint8_t> pixels) { return {1, static_cast<int>(pixels.size()), 1, std::move(pixels)}; }

std::vector<int> pixel(const Picture& rgba, std::size_t i) {
  return {rgba.pixels[4 * i], rgba.pixels[4 * i + 1], rgba.pixels[4 * i + 2], rgba.pixels[4 * i + 3]};
}

TEST(MaskPicture, IouCountsPixelsAtOrAboveTheThreshold) {
  const Picture prediction = grey({0, 127, 128, 255}), target = grey({0, 255, 255, 255});
  EXPECT_DOUBLE_EQ(iou_at(prediction, target, 128), 2.0 / 3);
  EXPECT_DOUBLE_EQ(iou_at(prediction, target, 127), 1);
}

TEST(MaskPicture, IouOfNothingAndNothingIsOneOfNothingAndSomethingZero) {
  EXPECT_EQ(iou_at(grey({0, 0}), grey({0, 0}), 128), 1);
  EXPECT_EQ(iou_at(grey({0, 255}), grey({0, 0}), 128), 0);
}

TEST(MaskPicture, ThresholdMakesBlackAndWhite) {
  const Picture picture = colored_mask(grey({100, 200}), nullptr, nullptr, MaskView::threshold, 128, {1, 1, 1});
  EXPECT_EQ(pixel(picture, 0), (std::vector<int>{0, 0, 0, 255}));
  EXPECT_EQ(pixel(picture, 1), (std::vector<int>{255, 255, 255, 255}));
}

TEST(MaskPicture, ErrorsTellTooMuchFromMissing) {
  const Picture target = grey({0, 255, 255, 0});
  const Picture picture = colored_mask(grey({255, 0, 255, 0}), nullptr, &target, MaskView::errors, 128, {1, 1, 1});
  EXPECT_GT(pixel(picture, 0)[0], pixel(picture, 0)[2]);  // Too much: red.
  EXPECT_GT(pixel(picture, 1)[2], pixel(picture, 1)[0]);  // Missing: blue.
  EXPECT_EQ(pixel(picture, 2)[0], pixel(picture, 2)[2]);  // Right: grey.
}

TEST(MaskPicture, OverlayTintsTheInputWhereTheMaskIs) {
  const Picture input{1, 2, 3, {100, 100, 100, 100, 100, 100}};
  const Picture picture = colored_mask(grey({0, 255}), &input, nullptr, MaskView::overlay, 128, {0, 1, 0});
  EXPECT_EQ(pixel(picture, 0)[0], pixel(picture, 0)[1]);
  EXPECT_GT(pixel(picture, 1)[1], pixel(picture, 1)[0]);
}

TEST(MaskPicture, WithoutInputOrTargetTheMaskIsShownAsItIs) {
  for (const MaskView view : {MaskView::overlay, MaskView::errors, MaskView::soft})
    EXPECT_EQ(pixel(colored_mask(grey({77}), nullptr, nullptr, view, 128, {1, 0, 0}), 0),
              (std::vector<int>{77, 77, 77, 255}));
}

TEST(MaskPicture, APictureThatCannotBeReadIsAProblemNotAnException) {
  auto data = std::make_shared<RunData>();
  data->files = {"/nowhere/events.out.tfevents.1"};
  PictureWish wish;
  wish.data = data;
  wish.image.length = 10;
  EXPECT_FALSE(MaskPictureMaker().make(wish).problem.empty());
}

}  // namespace
}  // namespace ablate
