#include "kinspace/profile/value_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace kin {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const ValueCounts& counts, std::size_t n) {
  std::vector<std::string> out;
  for (const auto& [number, count] : counts.top(n)) {
    out.push_back(counts.index().text(number) + ":" + std::to_string(count));
  }
  return out;
}

TEST(ValueCounts, CountsExactly) {
  ValueCounts counts(false);
  for (const char* value : {"b", "a", "c", "a", "", "b", "a"}) counts.add(value);
  EXPECT_TRUE(counts.exact());
  EXPECT_EQ(counts.total(), 7);
  EXPECT_EQ(counts.distinct(), 4);
  EXPECT_THAT(texts(counts, 3), ElementsAre("a:3", "b:2", "c:1"));
  EXPECT_EQ(counts.top(10).size(), 4U);
  EXPECT_TRUE(counts.top(0).empty());
  EXPECT_TRUE(ValueCounts(true).top(5).empty());
}

TEST(ValueCounts, TiesStandAsTheyCame) {
  ValueCounts counts(true);
  for (const std::int64_t value : {9, 3, 7, 3, 9}) counts.add(value);
  EXPECT_THAT(texts(counts, 3), ElementsAre("9:2", "3:2", "7:1"));
}

TEST(ValueCounts, FrequentValuesSurviveAFloodOfRareOnes) {
  for (const bool early : {true, false}) {
    ValueCounts counts(true);
    if (early) counts.approximate();
    for (std::int64_t i = 0; i < 1'500'000; ++i) {
      counts.add(i % 10 == 0 ? i % 3 : 1000 + i);  // 0, 1 and 2 share a tenth
      if (i == 700'000) counts.approximate();
    }
    EXPECT_FALSE(counts.exact());
    EXPECT_EQ(counts.total(), 1'500'000);
    EXPECT_NEAR(static_cast<double>(counts.distinct()), 1'350'003, 0.03 * 1'350'003);  // four standard errors
    const auto top = counts.top(4);
    for (int i = 0; i < 3; ++i) {
      EXPECT_LE(top[static_cast<std::size_t>(i)].second, 50'000);
      EXPECT_GE(top[static_cast<std::size_t>(i)].second, 50'000 - 1'500'000 / 16384);
    }
    EXPECT_LE(top[3].second, 1);
    EXPECT_LE(counts.kept(), 32768);
    EXPECT_LT(counts.memory(), 4U << 20);
  }
}

TEST(ValueCounts, ApproximatingTwiceChangesNothing) {
  ValueCounts counts(false);
  counts.add("x", 5);
  counts.approximate();
  counts.approximate();
  EXPECT_EQ(counts.distinct(), 1);
  EXPECT_THAT(texts(counts, 2), ElementsAre("x:5"));
}

}  // namespace
}  // namespace kin
