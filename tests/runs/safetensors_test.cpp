#include "runs/safetensors.h"

#include <gmock/gmock.h>

#include <cstring>

#include "runs/error.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

using testing::HasSubstr;

std::string safetensors(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  return file + header + std::string(data_bytes, 'd');
}

std::string error_of(const std::string& content) {
  const TempFolder folder;
  const auto file = folder / "model.safetensors";
  write_text(file, content);
  try {
    SafetensorsFile read(file);
    return "";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(file.string()));
    return error.what();
  }
}

TEST(Safetensors, WhatWasWrittenIsRead) {
  const TempFolder folder;
  const auto file = folder / "model.safetensors";
  const std::vector<float> weights{1, -2, 0.5f, 3, 4, 5};
  const std::vector<std::int64_t> counter{42};
  write_safetensors(file,
                    {{"norm.weight", {"F32", {2, 3}, std::as_bytes(std::span(weights))}},
                     {"norm.num_batches_tracked", {"I64", {}, std::as_bytes(std::span(counter))}},
                     {"empty", {"F32", {0, 4}, {}}}},
                    {{"format", "pt"}});
  const SafetensorsFile read(file);
  EXPECT_EQ(read.metadata().at("format"), "pt");
  EXPECT_EQ(read.tensors().size(), 3u);
  const TensorView& tensor = read.tensors().at("norm.weight");
  EXPECT_EQ(tensor.dtype, "F32");
  EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(tensor.bytes.data(), weights.data(), tensor.bytes.size()), 0);
  EXPECT_TRUE(read.tensors().at("norm.num_batches_tracked").shape.empty());
  EXPECT_TRUE(read.tensors().at("empty").bytes.empty());
}

TEST(Safetensors, TensorsOutliveACopyOfTheFile) {
  const TempFolder folder;
  const auto file = folder / "model.safetensors";
  const std::vector<float> weights{7};
  write_safetensors(file, {{"w", {"F32", {1}, std::as_bytes(std::span(weights))}}});
  auto first = std::make_unique<SafetensorsFile>(file);
  const SafetensorsFile copy = *first;
  first.reset();
  EXPECT_EQ(std::memcmp(copy.tensors().at("w").bytes.data(), weights.data(), 4), 0);
}

TEST(Safetensors, WriterRefusesWhatDoesntFit) {
  const TempFolder folder;
  const std::vector<float> one{1};
  const auto bytes = std::as_bytes(std::span(one));
  EXPECT_THROW(write_safetensors(folder / "a", {{"w", {"F32", {2}, bytes}}}), Error);
  EXPECT_THROW(write_safetensors(folder / "a", {{"w", {"FLOAT", {1}, bytes}}}), Error);
  EXPECT_THROW(write_safetensors(folder / "a", {{"__metadata__", {"F32", {1}, bytes}}}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Safetensors, NothingButASafetensorsFileIsTaken) {
  const std::string good = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(error_of(safetensors(good, 8)), "");
  EXPECT_EQ(error_of(safetensors("{}  ", 0)), "");
  EXPECT_THAT(error_of(""), HasSubstr("empty"));
  EXPECT_THAT(error_of("short"), HasSubstr("too short"));
  EXPECT_THAT(error_of(std::string("\xff\xff\xff\xff\xff\xff\xff\xff") + "{}"), HasSubstr("header"));
  EXPECT_THAT(error_of(safetensors("not json", 0)), HasSubstr("JSON"));
  EXPECT_THAT(error_of(safetensors("{\"w\":", 0)), HasSubstr("JSON"));
  EXPECT_THAT(error_of(safetensors("[]", 0)), HasSubstr("JSON"));
  EXPECT_THAT(error_of(safetensors(good, 7)), HasSubstr("outside"));
  EXPECT_THAT(error_of(safetensors(good, 9)), HasSubstr("behind"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8)),
              HasSubstr("8 bytes"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", 8)), HasSubstr("F31"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8)),
              HasSubstr("shape"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8)),
              HasSubstr("too large"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8)),
              HasSubstr("outside"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", 8)),
              HasSubstr("offsets"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8)), HasSubstr("hole"));
  EXPECT_THAT(error_of(safetensors(R"({"v":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},
                                       "w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                                   8)),
              HasSubstr("overlap"));
  EXPECT_THAT(error_of(safetensors(R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                                       "w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                   1)),
              HasSubstr("twice"));
  EXPECT_THAT(error_of(safetensors("{\"w\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", 0)),
              HasSubstr("deeper"));
}

TEST(Safetensors, MissingFileIsNamed) {
  EXPECT_THROW(SafetensorsFile("/no/such/file.safetensors"), Error);
  EXPECT_THROW(SafetensorsFile("/tmp"), Error);
}

}  // namespace
}  // namespace ablate
