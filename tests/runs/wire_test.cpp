#include "runs/wire.h"

#include <gtest/gtest.h>

#include "runs/crc32c.h"
#include "tests/runs/support.h"

namespace ablate {
namespace {

TEST(Crc32c, KnownValues) {
  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising += c;
  EXPECT_EQ(crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
}

TEST(Crc32c, TableAndInstructionAgree) {
  std::string bytes;
  for (int length = 0; length < 100; ++length) {
    EXPECT_EQ(crc32c(bytes), crc32c_by_table(bytes)) << length;
    bytes += static_cast<char>(length * 37);
  }
}

TEST(Varint, SizesAndRoundTrips) {
  for (int bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t value : {std::uint64_t{1} << bits, (std::uint64_t{1} << bits) - 1}) {
      char buffer[10];
      const char* const end = put_varint(buffer, value);
      EXPECT_EQ(static_cast<std::size_t>(end - buffer), varint_size(value));
      const char* at = buffer;
      std::uint64_t back = 0;
      EXPECT_TRUE(read_varint(at, end, back));
      EXPECT_EQ(back, value);
      EXPECT_EQ(at, end);
    }
  }
}

TEST(Utf8, TakesWhatProtobufTakes) {
  for (const std::string_view good : {"", "abc", "aä€😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "12345678ä12345678"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\xff", "\xc0\x80", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                     "\xf0\x80\x80\x80", "\xe0\x80\x80", "\x80", "12345678\xc3", "\xf5\x80\x80\x80"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(WireReader, DamagedMessagesFail) {
  for (const std::string_view bad :
       {std::string_view("\x08", 1), std::string_view("\x0a\x05hi", 4), std::string_view("\x09\0\0", 3),
        std::string_view("\x0d\0\0", 3), std::string_view("\x0c", 1), std::string_view("\x0f\0", 2),
        std::string_view("\0\0", 2), std::string_view("\x0b\x08\x01", 3), std::string_view("\x0b\x14", 2),
        std::string_view("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12)}) {
    WireReader fields(bad);
    while (fields.next()) {
    }
    EXPECT_TRUE(fields.failed()) << testing::PrintToString(std::string(bad));
  }
}

TEST(WireReader, GroupsNestOnlySoDeep) {
  const std::string message(1000, '\x0b');
  WireReader deep(message);
  EXPECT_FALSE(deep.next());
  EXPECT_TRUE(deep.failed());
}

TEST(SharedColumn, CopiesKeepWhatTheyHadAcrossAppendsAndDrops) {
  SharedColumn<int> column;
  std::vector<SharedColumn<int>> copies;
  for (int i = 0; i < 1000; ++i) {
    copies.push_back(column);
    column.push_back(i);
  }
  column.retain([](int value) { return value < 300; });
  for (int i = 0; i < 10; ++i) column.push_back(-i);
  for (std::size_t n = 0; n < copies.size(); ++n) {
    ASSERT_EQ(copies[n].size(), n);
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(copies[n][i], static_cast<int>(i));
  }
  ASSERT_EQ(column.size(), 310u);
  EXPECT_EQ(column[299], 299);
  EXPECT_EQ(column[300], 0);
  EXPECT_EQ(column.back(), -9);
}

TEST(SharedColumn, RetainKeepsTheOthersInOrder) {
  for (const int size : {0, 1, 255, 256, 257, 600}) {
    SharedColumn<int> column;
    for (int i = 0; i < size; ++i) column.push_back(i);
    SharedColumn<int> odd = column, none = column, all = column;
    odd.retain([](int value) { return value % 2 == 1; });
    none.retain([](int) { return false; });
    all.retain([](int) { return true; });
    EXPECT_EQ(odd.size(), static_cast<std::size_t>(size / 2));
    for (std::size_t i = 0; i < odd.size(); ++i) ASSERT_EQ(odd[i], static_cast<int>(2 * i + 1));
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(all.size(), static_cast<std::size_t>(size));
    none.push_back(5);
    EXPECT_EQ(none.back(), 5);
    EXPECT_EQ(column.size(), static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < column.size(); ++i) ASSERT_EQ(column[i], static_cast<int>(i));
  }
}

}  // namespace
}  // namespace ablate
