#include "kinspace/profile/cell_shape.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/profile/cell_sample.h"

namespace kin {
namespace {

using testing::ElementsAre;

std::uint64_t draw(std::uint64_t i, std::uint64_t n) {
  return mix64(i) % n;
}

CellShape shape(const std::function<std::string(std::uint64_t)>& cell, std::uint64_t n = 300) {
  std::vector<std::string> cells;
  for (std::uint64_t i = 0; i < n; ++i) cells.push_back(cell(i));
  return shape_of(cells);
}

/// Some values of `values`, joined.
std::string some(std::uint64_t i, const std::vector<std::string>& values, const std::string& between) {
  std::string out;
  for (std::uint64_t k = 0; k <= draw(i, 4); ++k) {
    out += (k == 0 ? "" : between) + values[draw(i * 7 + k, values.size())];
  }
  return out;
}

const std::vector<std::string> kGenres = {"Drama", "Comedy", "War", "Film Noir", "Action", "Sci-Fi"};

TEST(CellShape, ManyValuesInACell) {
  for (const char* separator : {"|", ";", ","}) {
    EXPECT_EQ(shape([&](auto i) { return some(i, kGenres, separator); }).split, separator);
  }
  EXPECT_EQ(shape([&](auto i) { return some(i, kGenres, "; "); }).split, ";");
  EXPECT_EQ(shape([](auto i) { return fmt::format("{} {}{}", draw(i, 50), draw(i + 9, 50), i % 2 ? " 7" : ""); }).split,
            " ");
  EXPECT_NEAR(shape([&](auto i) { return some(i, kGenres, "|"); }).mean_values, 2.5, 0.3);
}

TEST(CellShape, ValuesWithWeights) {
  const auto pairs = shape([](auto i) { return fmt::format("a{}:0.5|b{}:{}", draw(i, 9), draw(i + 1, 9), i); });
  EXPECT_EQ(pairs.split, "|");
  EXPECT_EQ(pairs.pair, ":");
  const auto svm =
      shape([](auto i) { return fmt::format("{}:1 {}:2.5{}", draw(i, 9), draw(i, 8), i % 3 ? " 4:1" : ""); });
  EXPECT_EQ(svm.split, " ");
  EXPECT_EQ(svm.pair, ":");
}

TEST(CellShape, OrdinaryTextsStayWhole) {
  const std::vector<std::string> words = {"cozy", "room", "near", "the", "lake", "bright,", "large", "with", "view"};
  EXPECT_EQ(shape([&](auto i) { return some(i, words, " ") + " " + some(i + 500, words, " "); }).split, "");
  // Places: always two parts.
  EXPECT_EQ(shape([](auto i) { return fmt::format("City{}, {}", draw(i, 60), i % 2 ? "OR" : "WA"); }).split, "");
  // Few names with commas in them: the parts do not come again in other cells.
  const std::vector<std::string> areas = {"Dupont Circle, K Street", "Shaw, Logan Circle", "Navy Yard",
                                          "Howard, U Street"};
  EXPECT_EQ(shape([&](auto i) { return areas[draw(i, 4)]; }).split, "");
  EXPECT_EQ(shape([](auto i) { return fmt::format("user{}", i); }).split, "");
  EXPECT_EQ(shape([](auto i) { return fmt::format("12:{:02d}", i % 60); }).pair, "");
}

TEST(CellShape, Times) {
  const auto iso = shape([](auto i) { return fmt::format("2012-10-{:02d} 09:00:00", 1 + i % 30); });
  EXPECT_TRUE(iso.time && iso.clock);
  EXPECT_EQ(iso.split, "");
  const auto day = shape([](auto i) { return fmt::format("2012-10-{:02d}", 1 + i % 30); });
  EXPECT_TRUE(day.time);
  EXPECT_FALSE(day.clock);
  const auto american = shape([](auto i) { return fmt::format("{}/{}/2017", 1 + i % 12, 1 + i % 28); });
  EXPECT_TRUE(american.other_time);
  EXPECT_FALSE(american.time);
  EXPECT_TRUE(shape([](auto i) { return fmt::format("Aug {} 2004", 1 + i % 28); }).other_time);
  EXPECT_FALSE(shape([](auto i) { return fmt::format("market {}", i); }).other_time);
  EXPECT_FALSE(shape([](auto i) { return fmt::format("1.2.{}", i); }).time);
  EXPECT_FALSE(shape([](auto i) { return i % 10 == 0 ? "soon" : "2012-10-01"; }).time);
}

TEST(CellShape, ListsZerosAndWords) {
  EXPECT_TRUE(shape([](auto i) { return fmt::format("[{}, 2]", i); }).json_list);
  EXPECT_NEAR(shape([](auto i) { return i % 2 ? "02139" : "90210"; }).leading_zeros, 0.5, 1e-12);
  EXPECT_NEAR(shape([](auto) { return "two  words"; }).mean_words, 2, 1e-12);
  EXPECT_NEAR(shape([](auto) { return "four"; }).mean_bytes, 4, 1e-12);
  EXPECT_EQ(shape_of({}).split, "");
}

TEST(CellSample, CoversTheWholeColumn) {
  CellSample sample(16384, std::uint64_t{32} << 20);
  for (int i = 0; i < 200'000; ++i) sample.add(std::to_string(i));
  ASSERT_GE(sample.cells().size(), 8192U);
  ASSERT_LT(sample.cells().size(), 16384U);
  for (std::size_t i = 0; i < sample.cells().size(); ++i) ASSERT_EQ(sample.cells()[i], std::to_string(16 * i));
}

TEST(CellSample, IsBoundedInBytes) {
  CellSample sample(16384, std::uint64_t{32} << 20);
  for (int i = 0; i < 5000; ++i) sample.add(std::string(60'000, 'x'));
  sample.add(std::string(70'000, 'x'));
  std::size_t bytes = 0;
  for (const std::string& cell : sample.cells()) bytes += cell.size();
  EXPECT_LE(bytes, std::size_t{32} << 20);
  EXPECT_GE(bytes, std::size_t{8} << 20);
  EXPECT_EQ(sample.cells().back().size(), 60'000U);
}

TEST(EachValue, DropsBlanksWeightsAndEmptyParts) {
  std::vector<std::string> out;
  each_value(" a:1 || b:2| c", "|", ":", [&](std::string_view value) { out.emplace_back(value); });
  EXPECT_THAT(out, ElementsAre("a", "b", "c"));
  out.clear();
  each_value("whole", "", "", [&](std::string_view value) { out.emplace_back(value); });
  EXPECT_THAT(out, ElementsAre("whole"));
}

}  // namespace
}  // namespace kin
