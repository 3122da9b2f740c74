#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <random>

#include "experiments/data/dataset.h"
#include "experiments/data/picture_files.h"
#include "runs/error.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Pictures : public testing::Test {
 protected:
  Pictures() { fs::create_directories(folder_); }
  ~Pictures() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const cv::Mat& mat) {
    cv::imwrite((folder_ / name).string(), mat);
    return folder_ / name;
  }
  fs::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static std::string bytes_of(const cv::Mat& mat, const char* ending) {
    std::vector<std::uint8_t> bytes;
    cv::imencode(ending, mat, bytes);
    return {bytes.begin(), bytes.end()};
  }

  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("pictures-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

/// Random, so that no decoder's guess is right by chance.
cv::Mat noise(int height, int width, int type = CV_8UC3) {
  cv::Mat mat(height, width, type);
  cv::theRNG().state = 5;
  cv::randu(mat, 0, 255);
  return mat;
}

TEST_F(Pictures, PngKeepsEveryPixelAndOrderOfColours) {
  Picture picture{2, 2, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7}};
  EXPECT_EQ(decode_picture(encode_png(picture)).pixels, picture.pixels);
  EXPECT_EQ(read_picture(write("a.png", encode_png(picture)), 3).pixels, picture.pixels);
  const Picture grey{1, 3, 1, {0, 128, 255}};
  EXPECT_EQ(decode_picture(encode_png(grey)).pixels, grey.pixels);
  EXPECT_EQ(decode_picture(encode_png(grey)).channels, 1);
}

TEST_F(Pictures, AGreyPhotographIsRgbOfThreeEqualChannels) {
  EXPECT_THAT(read_picture(write("grey.png", cv::Mat(2, 1, CV_8UC1, cv::Scalar(70))), 3).pixels,
              ElementsAre(70, 70, 70, 70, 70, 70));
}

TEST_F(Pictures, SixteenBitsBecomeEight) {
  EXPECT_THAT(read_picture(write("deep.png", cv::Mat(1, 1, CV_16UC3, cv::Scalar(0, 0x8000, 0xffff))), 3).pixels,
              ElementsAre(255, 128, 0));
  EXPECT_THAT(read_picture(write("mask.png", cv::Mat(1, 1, CV_16UC1, cv::Scalar(0xffff))), 1).pixels, ElementsAre(255));
}

TEST_F(Pictures, WhatIsTransparentInAPictureIsBlack) {
  const cv::Mat cut_out =
      (cv::Mat_<cv::Vec4b>(1, 3) << cv::Vec4b(30, 20, 10, 255), cv::Vec4b(30, 20, 10, 0), cv::Vec4b(200, 100, 50, 128));
  EXPECT_THAT(read_picture(write("cut.png", cut_out), 3).pixels, ElementsAre(10, 20, 30, 0, 0, 0, 25, 50, 100));
}

TEST_F(Pictures, TheOpacityOfACutOutIsTheMask) {
  const cv::Mat cut_out =
      (cv::Mat_<cv::Vec4b>(1, 3) << cv::Vec4b(1, 2, 3, 255), cv::Vec4b(255, 255, 255, 0), cv::Vec4b(9, 9, 9, 77));
  EXPECT_THAT(read_picture(write("cut.png", cut_out), 1).pixels, ElementsAre(255, 0, 77));
}

TEST_F(Pictures, AnOpaqueMaskWithAnOpacityChannelIsReadByItsColour) {
  const cv::Mat mask = (cv::Mat_<cv::Vec4b>(1, 2) << cv::Vec4b(255, 255, 255, 255), cv::Vec4b(0, 0, 0, 255));
  EXPECT_THAT(read_picture(write("mask.png", mask), 1).pixels, ElementsAre(255, 0));
}

TEST_F(Pictures, AMaskMayBeDrawnInAnyColourOnBlackOrInLabels) {
  const cv::Mat red = (cv::Mat_<cv::Vec3b>(1, 2) << cv::Vec3b(0, 0, 255), cv::Vec3b(0, 0, 0));
  EXPECT_THAT(read_picture(write("red.png", red), 1).pixels, ElementsAre(255, 0));
  const cv::Mat labels = (cv::Mat_<std::uint8_t>(1, 3) << 0, 1, 1);
  EXPECT_THAT(read_picture(write("labels.png", labels), 1).pixels, ElementsAre(0, 255, 255));
  const cv::Mat empty = cv::Mat::zeros(1, 2, CV_8UC1);
  EXPECT_THAT(read_picture(write("empty.png", empty), 1).pixels, ElementsAre(0, 0));
}

TEST_F(Pictures, APhotographIsTurnedAsItsCameraWasHeld) {
  cv::Mat wide(20, 40, CV_8UC3, cv::Scalar::all(0));
  wide(cv::Rect(0, 0, 20, 20)).setTo(cv::Scalar::all(255));  // Bright on the left.
  std::string bytes = bytes_of(wide, ".jpg");
  // An Exif segment whose one entry says orientation 6: the top of the scene is at the right of the file's rows.
  using namespace std::string_literals;
  const std::string exif = "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"s;
  const std::size_t length = exif.size() + 2;
  bytes.insert(2, "\xff\xe1"s + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + exif);
  const Picture tall = read_picture(write("turned.jpg", bytes), 3);
  EXPECT_EQ(tall.height, 40);
  EXPECT_EQ(tall.width, 20);
  EXPECT_GT(tall.pixels[(5 * 20 + 10) * 3], 200) << "bright at the top";
  EXPECT_LT(tall.pixels[(35 * 20 + 10) * 3], 50);
}

TEST_F(Pictures, AJpegThatIsCutOffIsRefusedThoughTheDecoderWouldFillIt) {
  const std::string whole = bytes_of(noise(64, 64), ".jpg");
  read_picture(write("whole.jpg", whole), 3);
  EXPECT_FALSE(is_cut_off_jpeg(whole));
  EXPECT_FALSE(is_cut_off_jpeg(whole + "camera's own appendix"));
  for (const std::size_t size : {whole.size() - 1, whole.size() - 2, whole.size() / 2, std::size_t(30)})
    EXPECT_THAT([&] { read_picture(write("cut.jpg", whole.substr(0, size)), 3); },
                ThrowsMessage<Error>(AllOf(HasSubstr("cut.jpg"), HasSubstr("cut off"))))
        << size;
  // The end marker of a thumbnail within is not the end of the photograph.
  using namespace std::string_literals;
  const std::string thumbnail = "Exif\0\0 a thumbnail \xff\xd9 ends here"s;
  std::string with_thumbnail = whole;
  with_thumbnail.insert(2, "\xff\xe1"s + '\0' + static_cast<char>(thumbnail.size() + 2) + thumbnail);
  EXPECT_FALSE(is_cut_off_jpeg(with_thumbnail));
  EXPECT_TRUE(is_cut_off_jpeg(with_thumbnail.substr(0, with_thumbnail.size() / 2)));
}

TEST_F(Pictures, OtherFilesThatAreDamagedAreRefused) {
  for (const char* ending : {".png", ".webp", ".tiff", ".bmp"}) {
    const std::string whole = bytes_of(noise(64, 64), ending);
    EXPECT_EQ(read_picture(write(std::string("whole") + ending, whole), 3).height, 64) << ending;
    const fs::path cut = write(std::string("cut") + ending, whole.substr(0, whole.size() / 2));
    EXPECT_THAT([&] { read_picture(cut, 3); }, ThrowsMessage<Error>(HasSubstr(cut.string()))) << ending;
  }
  for (const char* bytes : {"", "nonsense", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "II*"})
    EXPECT_THROW(read_picture(write("odd.png", std::string(bytes)), 3), Error) << bytes;
  EXPECT_THROW(decode_picture("nonsense"), Error);
  EXPECT_THROW(decode_picture(""), Error);
}

TEST_F(Pictures, TheirSizeIsKnownBeforeTheyAreDecoded) {
  for (const char* ending : {".png", ".jpg"}) {
    const std::string whole = bytes_of(noise(20, 30), ending);
    EXPECT_EQ(pixels_of(whole), 600u) << ending;
    EXPECT_EQ(pixels_of(whole.substr(0, 20)), std::nullopt) << ending;
  }
  EXPECT_EQ(pixels_of(bytes_of(noise(20, 30), ".bmp")), std::nullopt);
}

TEST_F(Pictures, OneThatClaimsMorePixelsThanALogHoldsIsNotDecoded) {
  std::string claims = bytes_of(noise(20, 30), ".png");
  claims[16 + 1] = claims[20 + 1] = 1;  // 65536 and more, each way.
  EXPECT_THAT([&] { decode_picture(claims); }, ThrowsMessage<Error>(HasSubstr("too large")));
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// Two frames, and one that is interlaced; both as Pillow writes them.
const std::string kTwoFrames = from_hex(
    "47494638376103000500810000ff000000ff000000fffaf00a2c000000000300050000080d000104103040204183050706040021f904010000"
    "04002c000000000100010081ff000000ff000000fffaf00a080400050404003b");
const std::string kInterlaced = from_hex(
    "47494638376110001100810000ff000000ff000000fffaf00a2c000000001000110040083e0001081c48b020000108132a5c282080c3871023"
    "4a9c08d1a0c58b180532dc987080c78f20430ec868902347912853aaf448b220c59730239adcb8526440003b");

TEST_F(Pictures, OfAGifTheFirstFrameIsShown) {
  const Picture frame = decode_picture(kTwoFrames);
  ASSERT_EQ(frame.height, 5);
  ASSERT_EQ(frame.width, 3);
  const std::uint8_t colors[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {250, 240, 10}};
  for (std::size_t i = 0; i < 15; ++i)
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(frame.pixels[3 * i + c], colors[i % 4][c]);
  const Picture interlaced = decode_picture(kInterlaced);
  ASSERT_EQ(interlaced.height, 17);
  for (std::size_t row = 0; row < 17; ++row)
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(interlaced.pixels[16 * 3 * row + c], colors[row * 7 / 3 % 4][c]);
}

TEST_F(Pictures, ACutOrChangedGifIsAnErrorOrAPicture) {
  for (std::size_t size = 4; size < kInterlaced.size() - 2; ++size)
    EXPECT_THROW(decode_picture(kInterlaced.substr(0, size)), Error) << size;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = kTwoFrames;
    for (int k = 0; k < 3; ++k) changed[4 + random() % (changed.size() - 4)] = static_cast<char>(random());
    try {
      const Picture picture = decode_picture(changed);
      EXPECT_EQ(picture.pixels.size(), static_cast<std::size_t>(picture.height * picture.width * 3));
    } catch (const Error&) {
    }
  }
}

TEST_F(Pictures, AFileThatIsNotThereOrAFolderIsNamed) {
  EXPECT_THAT([] { read_picture("/nowhere/at/all.png", 3); }, ThrowsMessage<Error>(HasSubstr("/nowhere/at/all.png")));
  EXPECT_THAT([&] { read_picture(folder_, 3); }, ThrowsMessage<Error>(HasSubstr(folder_.string())));
}

TEST_F(Pictures, ShrinkingAveragesSoThatMasksKeepSoftEdges) {
  const Picture stripes{2, 4, 1, {0, 255, 255, 255, 0, 255, 255, 255}};
  EXPECT_THAT(resized(stripes, 1, 2).pixels, ElementsAre(128, 255));
  EXPECT_THAT(resized(stripes, 2, 4).pixels, stripes.pixels);
  EXPECT_EQ(resized(stripes, 7, 9).pixels.size(), 63u);
}

}  // namespace
}  // namespace ablate
