#include "kinspace/data/key_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

TEST(KeyIndex, NumbersKeysInTheOrderInWhichTheyCome) {
  KeyIndex index(true);
  EXPECT_EQ(index.find(std::int64_t{5}), -1);
  EXPECT_EQ(index.insert(std::int64_t{5}), 0U);
  EXPECT_EQ(index.insert(std::int64_t{-1}), 1U);
  EXPECT_EQ(index.insert(std::int64_t{5}), 0U);
  EXPECT_EQ(index.insert(std::numeric_limits<std::int64_t>::min()), 2U);
  EXPECT_EQ(index.insert(std::int64_t{0}), 3U);
  EXPECT_EQ(index.size(), 4);
  EXPECT_EQ(index.find(std::int64_t{-1}), 1);
  EXPECT_EQ(index.find(std::int64_t{6}), -1);
  EXPECT_EQ(index.text(1), "-1");
}

TEST(KeyIndex, ManyKeysAtOnceAreAsOneAfterTheOther) {
  RandomStream random(9, Purpose::kInit, 0, 0);
  KeyIndex one(true), many(true), one_text(false), many_text(false);
  for (const std::size_t count : {0, 1, 31, 32, 33, 1000, 5000}) {
    std::vector<std::int64_t> keys(count);
    std::vector<std::string> texts(count);
    for (std::size_t i = 0; i < count; ++i) {
      keys[i] = static_cast<std::int64_t>(random.below(3000)) - 100;
      texts[i] = std::string(random.below(40), 'x') + std::to_string(keys[i]);
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<std::int64_t> found(count), want(count), numbers(count), text_numbers(count);
    for (std::size_t i = 0; i < count; ++i) want[i] = one.find(keys[i]);
    many.find(keys, found);
    EXPECT_EQ(found, want) << "before they are all there";
    many.insert(keys, numbers);
    many_text.insert(views, text_numbers);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(numbers[i], one.insert(keys[i]));
      ASSERT_EQ(text_numbers[i], one_text.insert(views[i]));
    }
    many.find(keys, found);
    EXPECT_EQ(found, numbers);
    many_text.find(views, found);
    EXPECT_EQ(found, text_numbers);
  }
  EXPECT_EQ(many.size(), one.size());
  EXPECT_EQ(many_text.size(), one_text.size());
}

TEST(KeyIndex, TakesStringsOfAnyBytes) {
  KeyIndex index(false);
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(index.insert(std::string_view("a")), 0U);
  EXPECT_EQ(index.insert(std::string_view(with_nul)), 1U);
  EXPECT_EQ(index.insert(std::string_view("")), 2U);
  EXPECT_EQ(index.insert(std::string_view(std::string(100000, 'x'))), 3U);
  EXPECT_EQ(index.insert(std::string_view(with_nul)), 1U);
  EXPECT_EQ(index.find(std::string_view("")), 2);
  EXPECT_EQ(index.find(std::string_view("b")), -1);
  EXPECT_EQ(index.text_bytes(), 1U + 3U + 100000U);
}

TEST(KeyIndex, SortingNumbersKeysByValue) {
  KeyIndex index(true);
  for (const std::int64_t key : {30, -5, 7, 0}) index.insert(key);
  EXPECT_EQ(index.sort(), (std::vector<std::uint32_t>{3, 0, 2, 1}));
  EXPECT_EQ(index.find(std::int64_t{-5}), 0);
  EXPECT_EQ(index.find(std::int64_t{30}), 3);
  EXPECT_EQ(index.keys().integer(2), 7);
  EXPECT_EQ(index.insert(std::int64_t{8}), 4U);
}

TEST(KeyIndex, SortingNumbersStringsByTheirBytes) {
  KeyIndex index(false);
  for (const std::string_view key : {"b", "a", "é", "B", ""}) index.insert(key);
  EXPECT_EQ(index.sort(), (std::vector<std::uint32_t>{3, 2, 4, 1, 0}));
  EXPECT_EQ(index.find(std::string_view("é")), 4);
  EXPECT_EQ(index.keys().string(1), "B");
}

TEST(KeyIndex, AgreesWithAMapOverManyKeys) {
  RandomStream random(3, Purpose::kInit, 0, 0);
  KeyIndex integers(true);
  KeyIndex strings(false);
  std::map<std::int64_t, std::uint32_t> want;
  for (int i = 0; i < 100000; ++i) {
    // Runs of neighbours, multiples of a power of two and scattered values: what ids look like.
    const std::uint64_t draw = random.below(20000);
    const std::int64_t key =
        random.below(2) == 0 ? static_cast<std::int64_t>(draw) : static_cast<std::int64_t>(draw << 32);
    const auto [found, added] = want.emplace(key, static_cast<std::uint32_t>(want.size()));
    ASSERT_EQ(integers.insert(key), found->second);
    ASSERT_EQ(strings.insert(std::to_string(key)), found->second);
  }
  const std::vector<std::uint32_t> renumbered = integers.sort();
  std::uint32_t rank = 0;
  for (const auto& [key, number] : want) {
    ASSERT_EQ(renumbered[number], rank);
    ASSERT_EQ(integers.find(key), rank);
    ASSERT_EQ(strings.find(std::to_string(key)), number);
    ++rank;
  }
}

// The x of which `y` is the mix64.
std::uint64_t unmix64(std::uint64_t y) {
  const auto unshift = [](std::uint64_t value, int shift) {
    std::uint64_t x = value;
    for (int known = shift; known < 64; known += shift) x = value ^ (x >> shift);
    return x;
  };
  const auto inverse = [](std::uint64_t odd) {
    std::uint64_t x = odd;
    for (int i = 0; i < 6; ++i) x *= 2 - odd * x;  // Newton: every step doubles the right bits
    return x;
  };
  y = unshift(y, 31) * inverse(0x94D049BB133111EBULL);
  y = unshift(y, 27) * inverse(0xBF58476D1CE4E5B9ULL);
  return unshift(y, 30) - 0x9E3779B97F4A7C15ULL;
}

TEST(KeyIndex, KeysThatWereMadeToCollideAreFoundAllTheSame) {
  KeyIndex index(true);
  std::vector<std::int64_t> keys;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::uint64_t same_place = 0xABCDEF0000000000ULL + i;
    ASSERT_EQ(mix64(unmix64(same_place)), same_place);
    keys.push_back(static_cast<std::int64_t>(unmix64(same_place) ^ mix64(0)));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(index.insert(keys[i]), i);
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(index.find(keys[i]), static_cast<std::int64_t>(i));
  EXPECT_EQ(index.find(std::int64_t{1}), -1);
}

TEST(KeyList, HoldsIntegersOrStrings) {
  const KeyList integers(std::vector<std::int64_t>{7, -1});
  EXPECT_TRUE(integers.integers());
  EXPECT_EQ(integers.size(), 2);
  EXPECT_EQ(integers.text(1), "-1");
  EXPECT_EQ(integers.number(1), ~std::uint64_t{0});
  EXPECT_TRUE(integers.less(1, 0));
  const KeyList strings(std::vector<std::string>{"b", "a"});
  EXPECT_FALSE(strings.integers());
  EXPECT_EQ(strings.text(0), "b");
  EXPECT_EQ(strings.number(1), 0xaf63dc4c8601ec8cULL);  // FNV-1a of "a"
  EXPECT_TRUE(strings.less(1, 0));
  EXPECT_EQ(KeyList().size(), 0);
}

}  // namespace
}  // namespace kin
