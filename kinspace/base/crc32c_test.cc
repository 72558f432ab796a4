#include "kinspace/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

std::string some_bytes(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(mix64(i)));
  return bytes;
}

TEST(Crc32c, HasThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  // RFC 3720, section B.4.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending.push_back(c);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eU);
}

TEST(Crc32c, HasTheMaskedValuesOfTensorFlow) {
  EXPECT_EQ(masked_crc32c("123456789"), 0xc78ab0e5U);
  EXPECT_EQ(masked_crc32c(""), 0xa282ead8U);
  // The length field of an event of 24 bytes.
  EXPECT_EQ(masked_crc32c(std::string("\x18\0\0\0\0\0\0\0", 8)), 0x224b7fa3U);
}

TEST(Crc32c, IsTheSameByTablesAndInPieces) {
  const std::string bytes = some_bytes(300);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string_view part = std::string_view(bytes).substr(0, length);
    const std::uint32_t whole = crc32c(part);
    ASSERT_EQ(internal::crc32c_by_tables(part, 0), whole) << length;
    for (const std::size_t cut : {std::size_t{0}, length / 3, length / 2, length}) {
      ASSERT_EQ(crc32c(part.substr(cut), crc32c(part.substr(0, cut))), whole) << length << " cut at " << cut;
      ASSERT_EQ(internal::crc32c_by_tables(part.substr(cut), crc32c(part.substr(0, cut))), whole);
    }
  }
}

TEST(Crc32c, DoesNotDependOnTheAlignment) {
  const std::string bytes = some_bytes(64);
  for (std::size_t shift = 1; shift < 8; ++shift) {
    const std::string moved = std::string(shift, 'x') + bytes;
    EXPECT_EQ(crc32c(std::string_view(moved).substr(shift)), crc32c(bytes)) << shift;
  }
}

TEST(Crc32c, ChangesWithEveryBit) {
  const std::string bytes = some_bytes(40);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(crc32c(flipped), whole) << bit;
  }
}

TEST(Crc32c, UnmaskIsTheInverseOfMask) {
  for (const std::uint32_t crc : {0U, 1U, 0x7fffU, 0x8000U, 0x5d7d1528U, 0xffffffffU, 0xe3069283U}) {
    EXPECT_EQ(unmask_crc32c(mask_crc32c(crc)), crc);
  }
}

}  // namespace
}  // namespace kin
