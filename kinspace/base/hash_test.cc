#include "kinspace/base/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kin {
namespace {

TEST(Mix64, HasThePublishedValuesOfSplitMix64) {
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(mix64(1), 0x910a2dec89025cc1ULL);
  EXPECT_EQ(mix64(2), 0x975835de1c9756ceULL);
}

TEST(Mix64, GivesTheBucketsOfTheEvaluationProtocol) {
  std::vector<std::uint64_t> buckets;
  for (std::uint64_t user = 1; user <= 10; ++user) buckets.push_back(mix64(user) % 10);
  EXPECT_EQ(buckets, (std::vector<std::uint64_t>{5, 0, 3, 8, 8, 2, 7, 2, 8, 6}));
}

TEST(Fnv1a64, HasThePublishedValues) {
  EXPECT_EQ(fnv1a64(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1a64("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171f73967e8ULL);
  EXPECT_NE(fnv1a64(std::string_view("a\0", 2)), fnv1a64("a"));
}

TEST(Checksum, HasThePublishedValueOfXxh3ForNothing) {
  EXPECT_EQ(checksum_hex(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Checksum().hex(), checksum_hex(""));
}

TEST(Checksum, DoesNotDependOnHowTheBytesArrive) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes.push_back(static_cast<char>(mix64(static_cast<std::uint64_t>(i))));
  for (const std::size_t piece : {1UL, 7UL, 64UL, 256UL, 1000UL, 5000UL}) {
    Checksum checksum;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      checksum.update(bytes.data() + at, std::min(piece, bytes.size() - at));
    }
    EXPECT_EQ(checksum.hex(), checksum_hex(bytes)) << piece;
  }
}

TEST(Checksum, MayGoOnAfterItWasRead) {
  Checksum checksum;
  checksum.update("abc", 3);
  EXPECT_EQ(checksum.hex(), checksum_hex("abc"));
  checksum.update("def", 3);
  EXPECT_EQ(checksum.hex(), checksum_hex("abcdef"));
}

TEST(Checksum, ChangesWithEveryBit) {
  const std::string bytes(300, 'x');
  const std::string whole = checksum_hex(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(checksum_hex(flipped), whole) << bit;
  }
}

}  // namespace
}  // namespace kin
