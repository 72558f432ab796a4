#include "kinspace/profile/table_profile.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/profile/memory_table.h"

namespace kin {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;

TableProfile profile(const std::string& text, const ProfileOptions& options = {}, std::vector<std::string> names = {},
                     std::size_t block_bytes = 1 << 20) {
  MemoryTable table(text, std::move(names), block_bytes);
  return profile_table(*table, options);
}

std::vector<std::string> tops(const std::vector<ValueCount>& values) {
  std::vector<std::string> out;
  for (const ValueCount& value : values) out.push_back(fmt::format("{}:{}", value.value, value.count));
  return out;
}

TEST(TableProfile, CountsRowsMissingAndDistinctValues) {
  const auto table = profile("n,s,x\n1,a,0.5\n,,\n2,b,-1\n2,a,0.5\n-3,,2.25\n");
  EXPECT_EQ(table.rows, 5);
  ASSERT_EQ(table.columns.size(), 3U);
  const auto& n = table.columns[0];
  EXPECT_EQ(n.name, "n");
  EXPECT_EQ(n.type, ColumnType::kInteger);
  EXPECT_EQ(n.missing, 1);
  EXPECT_EQ(n.values, 4);
  EXPECT_EQ(n.distinct, 3);
  EXPECT_EQ(n.singles, 2);
  EXPECT_THAT(tops(n.top), ElementsAre("2:2", "1:1", "-3:1"));
  EXPECT_DOUBLE_EQ(n.top_share(), 0.5);
  EXPECT_EQ(n.numbers->negatives, 1);
  const auto& s = table.columns[1];
  EXPECT_EQ(s.missing, 2);
  EXPECT_THAT(tops(s.top), ElementsAre("a:2", "b:1"));
  EXPECT_FALSE(s.numbers);
  const auto& x = table.columns[2];
  EXPECT_THAT(tops(x.top), ElementsAre("0.5:2", "-1:1", "2.25:1"));
  EXPECT_DOUBLE_EQ(x.numbers->mean, 0.5625);
  EXPECT_DOUBLE_EQ(x.numbers->deviation, std::sqrt(1.32421875));
}

TEST(TableProfile, NumbersHaveQuantilesAndAHistogram) {
  std::string text = "n\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("{}\n", i);
  const auto table = profile(text);
  const NumberProfile& numbers = *table.columns[0].numbers;
  EXPECT_EQ(numbers.min, 0);
  EXPECT_EQ(numbers.max, 999);
  EXPECT_EQ(numbers.zeros, 1);
  EXPECT_THAT(numbers.quantiles, ElementsAre(9, 49, 249, 499, 749, 949, 989));
  std::int64_t all = 0;
  for (const std::int64_t count : numbers.histogram) {
    EXPECT_NEAR(static_cast<double>(count), 62.5, 1);
    all += count;
  }
  EXPECT_EQ(all, 1000);
}

TEST(TableProfile, FarNumbersDoNotPressTheHistogramTogether) {
  std::string text = "n\n1000000000\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("{}\n", i % 100);
  const auto numbers = *profile(text).columns[0].numbers;
  EXPECT_EQ(numbers.max, 1e9);
  EXPECT_LT(numbers.high, 100);
  EXPECT_EQ(numbers.low, 0);
}

TEST(TableProfile, ConstantAndEmptyColumns) {
  const auto table = profile("a,b\n5,\n5,\n");
  EXPECT_EQ(table.columns[0].distinct, 1);
  EXPECT_EQ(table.columns[0].numbers->deviation, 0);
  EXPECT_EQ(table.columns[0].numbers->histogram.front(), 2);
  EXPECT_EQ(table.columns[1].values, 0);
  EXPECT_EQ(table.columns[1].distinct, 0);
  EXPECT_EQ(table.columns[1].top_share(), 0);
  EXPECT_TRUE(table.columns[1].top.empty());
}

TEST(TableProfile, BadRowsAreLeftOutAndShown) {
  std::string text = "n,s\n";
  for (int i = 0; i < 2000; ++i) text += i == 1500 ? "oops,x\n" : i == 1700 ? "1\n" : fmt::format("{},y\n", i);
  const auto table = profile(text);
  EXPECT_EQ(table.rows, 1998);
  EXPECT_EQ(table.bad_rows, 2);
  ASSERT_EQ(table.bad_shown.size(), 2U);
  EXPECT_THAT(table.bad_shown[0].place, HasSubstr("test.csv:1502"));
  EXPECT_THAT(table.bad_shown[1].place, HasSubstr("test.csv:1702"));
}

TEST(TableProfile, Times) {
  std::string text = "iso,epoch,ms,digits,year,odd\n";
  for (int i = 0; i < 100; ++i) {
    text += fmt::format("2012-10-02 {:02d}:00:00,{},{},2012{:02d}{:02d},{},{}/28/2017\n", i % 24, 1260759144 + i * 3600,
                        1260759144000 + i, 1 + i % 12, 1 + i % 28, 1900 + i, 1 + i % 12);
  }
  const auto columns = profile(text).columns;
  EXPECT_EQ(columns[0].time, TimeForm::kText);
  EXPECT_EQ(columns[0].first, "2012-10-02");
  EXPECT_EQ(columns[0].last, "2012-10-02 23:00:00");
  EXPECT_EQ(columns[0].hours, 24);
  EXPECT_EQ(columns[1].time, TimeForm::kCount);
  EXPECT_EQ(columns[1].first, "2009-12-14 02:52:24");
  EXPECT_EQ(columns[1].hours, 24);
  EXPECT_NEAR(columns[1].days, 99.0 / 24, 1e-9);
  EXPECT_EQ(columns[2].time, TimeForm::kCount);
  EXPECT_EQ(columns[2].first, "2009-12-14 02:52:24");
  EXPECT_EQ(columns[3].time, TimeForm::kDigits);
  EXPECT_EQ(columns[3].first, "2012-01-01");
  EXPECT_EQ(columns[3].hours, 1);
  EXPECT_EQ(columns[4].time, TimeForm::kNone);
  EXPECT_EQ(columns[5].time, TimeForm::kOther);
}

TEST(TableProfile, ListsAreCountedByTheirValues) {
  const auto lists = profile("u1,3,4,4\nu2,4\nu3\n", {}, {"user", "items..."}).columns[1];
  EXPECT_EQ(lists.cells, Cells::kList);
  EXPECT_EQ(lists.rows, 3);
  EXPECT_EQ(lists.missing, 1);
  EXPECT_EQ(lists.values, 4);
  EXPECT_THAT(tops(lists.top), ElementsAre("4:3", "3:1"));
}

TEST(TableProfile, PartsOfCellsAreCountedWithTheirCells) {
  std::string text = "genres\n";
  for (int i = 0; i < 60; ++i) text += i % 3 == 0 ? "Drama\n" : i % 3 == 1 ? "Drama|War\n" : "War|Comedy|Drama\n";
  const auto column = profile(text).columns[0];
  EXPECT_EQ(column.shape.split, "|");
  EXPECT_EQ(column.distinct, 3);
  EXPECT_EQ(column.distinct_parts, 3);
  EXPECT_EQ(column.parts, 120);
  EXPECT_THAT(tops(column.top_parts), ElementsAre("Drama:60", "War:40", "Comedy:20"));
  EXPECT_EQ(column.collisions->buckets, 8);  // of the parts
}

TEST(TableProfile, CodesAndDenseIntegers) {
  std::string text = "zip,dense,year,sparse\n";
  for (int i = 0; i < 300; ++i) text += fmt::format("{},{},{},{}\n", 98001 + i % 70, i % 50, 1950 + i % 60, i % 50 * 7);
  const auto columns = profile(text).columns;
  EXPECT_TRUE(columns[0].codes);
  EXPECT_FALSE(columns[0].dense);
  EXPECT_FALSE(columns[1].codes);
  EXPECT_TRUE(columns[1].dense);
  EXPECT_FALSE(columns[2].codes);
  EXPECT_FALSE(columns[3].dense);
}

TEST(TableProfile, ZipfExponentOfAPowerLaw) {
  std::string text = "s\n";
  for (int rank = 1; rank <= 50; ++rank) {
    for (int k = 0; k < 5000 / rank; ++k) text += fmt::format("v{}\n", rank);
  }
  EXPECT_NEAR(profile(text).columns[0].zipf, 1, 0.02);
  text = "s\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("v{}\n", i % 50);
  EXPECT_NEAR(profile(text).columns[0].zipf, 0, 1e-9);
}

TEST(TableProfile, HashCollisionsAreCountedAndExpected) {
  std::string text = "s\n";
  constexpr int kValues = 5000;
  for (int i = 0; i < kValues; ++i) text += fmt::format("value{}\n", i);
  const auto own = *profile(text, {.buckets = 8192}).columns[0].collisions;
  EXPECT_EQ(own.buckets, 8192);
  const double expected = kValues - 8192 * (1 - std::pow(1 - 1.0 / 8192, kValues));
  EXPECT_NEAR(own.expected, expected, 1e-6);
  // The number of empty buckets has a variance below that of as many independent ones.
  EXPECT_NEAR(static_cast<double>(*own.actual), expected, 4 * std::sqrt(8192 * 0.25));
  EXPECT_EQ(profile(text).columns[0].collisions->buckets, 16384);
  EXPECT_EQ(*profile(text, {.buckets = 1}).columns[0].collisions->actual, kValues - 1);
  EXPECT_EQ(profile(text, {.buckets = 1}).columns[0].collisions->expected, kValues - 1);
}

TEST(TableProfile, TakesSketchesWhereThereAreTooManyValues) {
  std::string text = "n,s,x\n";
  constexpr int kRows = 60'000;
  for (int i = 0; i < kRows; ++i) {
    text += fmt::format("{},k{},{}\n", i % 3 == 0 ? 7 : i, i % 4 == 0 ? 0 : i, static_cast<double>(i) / 8);
  }
  const auto columns = profile(text, {.exact_values = 20'000}).columns;
  for (const auto& column : columns) EXPECT_FALSE(column.exact) << column.name;
  EXPECT_NEAR(static_cast<double>(columns[0].distinct), 40'000, 0.035 * 40'000);
  EXPECT_NEAR(static_cast<double>(columns[1].distinct), 45'001, 0.035 * 45'001);
  EXPECT_EQ(columns[0].top[0].value, "7");
  EXPECT_NEAR(static_cast<double>(columns[0].top[0].count), 20'000, kRows / 16384.0 + 1);
  EXPECT_EQ(columns[1].top[0].value, "k0");
  EXPECT_EQ(columns[2].numbers->min, 0);
  EXPECT_EQ(columns[2].numbers->max, (kRows - 1) / 8.0);
  EXPECT_NEAR(columns[2].numbers->quantiles[3], kRows / 16.0, 0.003 * kRows / 8);
  EXPECT_FALSE(columns[1].collisions->actual);
}

TEST(TableProfile, GivesUpTheLargestColumnsWhenTheMemoryIsShort) {
  std::string text = "wide,small\n";
  for (int i = 0; i < 140'000; ++i) text += fmt::format("a long value with number {},{}\n", i, i % 10);
  const auto columns = profile(text, {.memory = 1 << 20}).columns;
  EXPECT_FALSE(columns[0].exact);
  EXPECT_TRUE(columns[1].exact);
}

TEST(TableProfile, DoesNotDependOnTheBlocks) {
  std::string text = "n,s,x\n";
  for (int i = 0; i < 150'000; ++i) {
    const auto draw = mix64(static_cast<std::uint64_t>(i));
    text += fmt::format("{},v{},{}\n", draw % 90'000, draw % 77'777, static_cast<double>(draw % 1001) / 7);
  }
  const ProfileOptions options{.exact_values = 50'000, .memory = 6 << 20};
  const auto whole = profile(text, options);
  const auto cut = profile(text, options, {}, 4096);
  ASSERT_EQ(whole.rows, cut.rows);
  for (std::size_t i = 0; i < whole.columns.size(); ++i) {
    const auto& a = whole.columns[i];
    const auto& b = cut.columns[i];
    EXPECT_EQ(a.exact, b.exact);
    EXPECT_EQ(a.distinct, b.distinct);
    EXPECT_EQ(tops(a.top), tops(b.top));
    EXPECT_EQ(a.zipf, b.zipf);
    if (!a.numbers) continue;
    EXPECT_EQ(a.numbers->mean, b.numbers->mean);
    EXPECT_EQ(a.numbers->quantiles, b.numbers->quantiles);
    EXPECT_EQ(a.numbers->histogram, b.numbers->histogram);
  }
}

}  // namespace
}  // namespace kin
