#include "runs/torch_file.h"

#include <gmock/gmock.h>

#include <cstring>
#include <utility>

#include "runs/error.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

template <typename T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

enum class Sizes { in_32_bits, in_64_bits };

/// A zip archive of stored records.
std::string zipped(const std::vector<std::pair<std::string, std::string>>& records, Sizes sizes = Sizes::in_32_bits) {
  const bool wide = sizes == Sizes::in_64_bits;
  std::string file, directory;
  for (const auto& [name, content] : records) {
    const auto bytes = static_cast<std::uint32_t>(content.size()), offset = static_cast<std::uint32_t>(file.size());
    const std::string about = "\0\0\0\0\0\0\0\0\0\0\0\0"s;  // method, time, checksum and, before them, flags
    const auto name_bytes = static_cast<std::uint16_t>(name.size());
    file += "PK\3\4\x14\0"s + about + little(bytes) + little(bytes) + little(name_bytes) + "\0\0"s + name + content;
    const std::string extra = wide ? "\x01\0\x18\0"s + little<std::uint64_t>(bytes) + little<std::uint64_t>(bytes) +
                                         little<std::uint64_t>(offset)
                                   : "";
    const std::uint32_t in_extra = 0xffffffff;
    directory += "PK\1\2\x14\0\x14\0"s + about + little(wide ? in_extra : bytes) + little(wide ? in_extra : bytes) +
                 little(name_bytes) + little(static_cast<std::uint16_t>(extra.size())) + "\0\0\0\0\0\0\0\0\0\0"s +
                 little(wide ? in_extra : offset) + name + extra;
  }
  const auto at = static_cast<std::uint32_t>(file.size());
  const auto count = static_cast<std::uint16_t>(records.size());
  std::string end = "PK\5\6\0\0\0\0"s + little(count) + little(count) +
                    little(static_cast<std::uint32_t>(directory.size())) + little(at) + "\0\0"s;
  if (wide) {
    const std::uint64_t end_at = file.size() + directory.size();
    end = "PK\6\6\x2c\0\0\0\0\0\0\0\x1e\x03\x2d\0\0\0\0\0\0\0\0\0"s + little<std::uint64_t>(count) +
          little<std::uint64_t>(count) + little<std::uint64_t>(directory.size()) + little<std::uint64_t>(at) +
          "PK\6\7\0\0\0\0"s + little(end_at) + "\1\0\0\0"s + "PK\5\6\0\0\0\0"s + std::string(12, '\xff') + "\0\0"s;
  }
  return file + directory + end;
}

std::string text(const std::string& word) { return "X" + little(static_cast<std::uint32_t>(word.size())) + word; }

/// {"w": a transposed 2 x 3 float tensor, "epoch": 3}
std::string small_pickle() {
  return "\x80\x02}("s + text("w") + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
         "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\x06tQK\0K\2K\3\x86K\1K\2\x86\x89NtR"s + text("epoch") +
         "K\3u."s;
}

std::string six_floats() {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  return {reinterpret_cast<const char*>(values.data()), 24};
}

std::string small_file(Sizes sizes = Sizes::in_32_bits) {
  return zipped({{"m/data.pkl", small_pickle()}, {"m/byteorder", "little"}, {"m/data/0", six_floats()}}, sizes);
}

std::string error_of_torch_file(const std::string& content) {
  const TempFolder folder;
  const auto file = folder / "model.pth";
  write_text(file, content);
  try {
    TorchFile read(file);
    return "";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(file.string()));
    return error.what();
  }
}

TEST(TorchFile, TensorsAreContiguousAndOutliveACopyOfTheFile) {
  const TempFolder folder;
  for (const Sizes sizes : {Sizes::in_32_bits, Sizes::in_64_bits}) {
    write_text(folder / "model.pth", small_file(sizes));
    auto first = std::make_unique<TorchFile>(folder / "model.pth");
    const TorchFile copy = *first;
    first.reset();
    ASSERT_EQ(copy.tensors().size(), 1u);
    const TensorView& tensor = copy.tensors().at("w");
    EXPECT_EQ(tensor.dtype, "F32");
    EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{2, 3}));
    const std::vector<float> expected{1, 3, 5, 2, 4, 6};
    ASSERT_EQ(tensor.bytes.size(), 24u);
    EXPECT_EQ(std::memcmp(tensor.bytes.data(), expected.data(), 24), 0);
  }
}

TEST(TorchFile, NothingButAFileOfTorchSaveIsTaken) {
  EXPECT_EQ(error_of_torch_file(small_file()), "");
  EXPECT_THAT(error_of_torch_file(""), HasSubstr("empty"));
  EXPECT_THAT(error_of_torch_file("epoch,loss\n1,0.5\n"), HasSubstr("a text, not"));
  EXPECT_THAT(error_of_torch_file("\x89PNG\r\n\x1a\n"), HasSubstr("unknown, not"));
  EXPECT_THAT(error_of_torch_file("<html>"), HasSubstr("web page"));
  EXPECT_THAT(error_of_torch_file("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(error_of_torch_file("\x02\0\0\0\0\0\0\0{}"s), HasSubstr(".safetensors"));
  EXPECT_THAT(error_of_torch_file("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."), HasSubstr("cut"));
  EXPECT_THAT(error_of_torch_file("\x80\x04\x95\x0d\0\0\0\0\0\0\0}\x94\x8c\1wK\1s."s), HasSubstr("bare pickle"));
  EXPECT_THAT(error_of_torch_file("PK"), HasSubstr("too short"));
  EXPECT_THAT(error_of_torch_file("PK\3\4" + std::string(100'000, 'x')), HasSubstr("missing"));
  EXPECT_THAT(error_of_torch_file(zipped({})), HasSubstr("no data.pkl"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/picture.png", ""}})), HasSubstr("no data.pkl"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/data.pkl", ""}})), HasSubstr("cut"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/data.pkl", small_pickle()}})), HasSubstr("\"m/data/0\" is missing"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/data.pkl", "N."}, {"m/data.pkl", "N."}})), HasSubstr("twice"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/data.pkl", small_pickle()}, {"m/byteorder", "big"}})),
              HasSubstr("\"big\""));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/data.pkl", small_pickle()}, {"m/data/0", six_floats().substr(1)}})),
              HasSubstr("\"w\": its storage has 23 bytes"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/data.pkl", "N."}, {"m/constants.pkl", ""}})), HasSubstr("TorchScript"));
  EXPECT_THAT(error_of_torch_file(zipped({{"m/code/a.py", ""}})), HasSubstr("TorchScript"));
}

TEST(TorchFile, AnyCutIsNoticedAndAnyDamageSurvived) {
  const TempFolder folder;
  const auto accepted = [&](const std::string& content) {
    write_text(folder / "model.pth", content);
    try {
      return TorchFile(folder / "model.pth").tensors().size() == 1;
    } catch (const Error&) {
      return false;
    }
  };
  for (const Sizes sizes : {Sizes::in_32_bits, Sizes::in_64_bits}) {
    const std::string whole = small_file(sizes);
    ASSERT_TRUE(accepted(whole));
    for (std::size_t size = 0; size < whole.size(); size += 3) EXPECT_FALSE(accepted(whole.substr(0, size)));
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (i % 2 == 0 ? 0x80 : 0xff));
      accepted(damaged);
    }
  }
}

TEST(TorchFile, MissingFileIsNamed) {
  EXPECT_THROW(TorchFile("/no/such/file.pth"), Error);
  EXPECT_THROW(TorchFile("/tmp"), Error);
}

}  // namespace
}  // namespace ablate
