#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/features/encoder.h"
#include "kinspace/features/testing/test_table.h"

namespace kin::testing {
namespace {

using Ids = std::vector<std::int64_t>;
using Floats = std::vector<float>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

NumericColumn numeric(const std::string& missing = "error", const std::string& scale = "none") {
  NumericColumn column;
  column.missing = missing;
  column.scale = scale;
  return column;
}

BucketizedColumn buckets(std::vector<double> boundaries) {
  BucketizedColumn column;
  column.boundaries.values = std::move(boundaries);
  return column;
}

TEST(Numeric, IsTheNumberAsFloat) {
  TestTable table;
  table.numbers("x", {0.1, -0.0, 5e-324, 16777217});
  EXPECT_EQ(table.encode_one(numeric()).dense, (Floats{0.1F, -0.0F, 0.0F, 16777216.0F}));
  // From an integer in one rounding: by way of a double this would become 2^60.
  TestTable integers;
  integers.integers("x", {(std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1});
  EXPECT_EQ(integers.encode_one(numeric()).dense[0], std::ldexp(1.0F, 60) + std::ldexp(1.0F, 37));
}

TEST(Numeric, MissingIsAnErrorUnlessToldOtherwise) {
  TestTable table;
  table.numbers("x", {1.0, std::nullopt, 3.0, std::nan("")});
  EXPECT_EQ(error_of([&] { table.encode_one(numeric()); }),
            "bad_data: table row 2 of the batch: column 'x' is missing");
  NumericColumn constant = numeric("constant");
  constant.fill = -7;
  EXPECT_EQ(table.encode_one(constant).dense, (Floats{1, -7, 3, -7}));
  EXPECT_EQ(table.encode_one(numeric("mean")).dense, (Floats{1, 2, 3, 2}));
  EXPECT_TRUE(std::isnan(table.encode_one(numeric("nan")).dense[1]));
}

TEST(Numeric, IsFiniteUnlessItIsToBeNan) {
  TestTable table;
  table.numbers("x", {kInfinity, 1e300, -1e300, 1.0});
  EXPECT_NE(error_of([&] { table.encode_one(numeric()); }).find("holds inf"), std::string::npos);
  EXPECT_EQ(table.encode_one(numeric("constant")).dense, (Floats{0, kLargest, -kLargest, 1}));
  EXPECT_EQ(table.encode_one(numeric("nan")).dense, (Floats{INFINITY, INFINITY, -INFINITY, 1}));
  for (const char* const scale : {"zscore", "minmax", "quantile"}) {
    for (const float x : table.encode_one(numeric("mean", scale)).dense) EXPECT_TRUE(std::isfinite(x)) << scale;
  }
}

TEST(Numeric, ScalesByTheTrainingRows) {
  TestTable table;
  table.numbers("x", {2, 4, 4, 4, 5, 5, 7, 9});  // mean 5, population deviation 2
  EXPECT_EQ(table.encode_one(numeric("error", "zscore")).dense, (Floats{-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2}));
  EXPECT_EQ(table.encode_one(numeric("error", "minmax")).dense[0], 0);
  EXPECT_EQ(table.encode_one(numeric("error", "minmax")).dense[7], 1);
  EXPECT_FLOAT_EQ(table.encode_one(numeric("error", "log1p")).dense[0], std::log1p(2.0F));
}

TEST(Numeric, ByQuantilesIsItsRankAmongTheTrainingRows) {
  TestTable::Cells<double> values;
  for (int i = 0; i <= 4000; ++i) values.emplace_back(i * i);
  TestTable table;
  table.numbers("x", values);
  const Floats ranks = table.encode_one(numeric("error", "quantile")).dense;
  for (std::size_t i = 0; i <= 4000; ++i) EXPECT_NEAR(ranks[i], static_cast<double>(i) / 4000, 1e-3);
  EXPECT_EQ(ranks.front(), 0);
  EXPECT_EQ(ranks.back(), 1);
  TestTable ties;  // three quarters of the ranks belong to 5; it gets their middle
  ties.numbers("x", {5, 5, 5, 9});
  EXPECT_NEAR(ties.encode_one(numeric("error", "quantile")).dense[0], 0.375, 1e-3);
}

TEST(Numeric, ThatDoesNotVaryScalesToOneNumber) {
  TestTable table;
  table.numbers("x", {3, 3, 3});
  EXPECT_EQ(table.encode_one(numeric("error", "zscore")).dense, (Floats{0, 0, 0}));
  EXPECT_EQ(table.encode_one(numeric("error", "minmax")).dense, (Floats{0, 0, 0}));
  EXPECT_EQ(table.encode_one(numeric("error", "quantile")).dense, (Floats{0.5, 0.5, 0.5}));
}

TEST(Numeric, Log1pNeedsNumbersAboveMinusOne) {
  TestTable table;
  table.numbers("x", {-0.5, -1.0});
  EXPECT_NE(
      error_of([&] { table.encode_one(numeric("error", "log1p")); }).find("row 2 of the batch: column 'x' holds -1"),
      std::string::npos);
}

TEST(Numeric, ClipsBeforeAllElse) {
  NumericColumn column = numeric();
  column.clip = {-1, 1};
  TestTable table;
  table.numbers("x", {-3, 0.5, kInfinity});
  EXPECT_EQ(table.encode_one(column).dense, (Floats{-1, 0.5, 1}));
  column.clip = {1, -1};
  EXPECT_NE(error_of([&] { Encoder e({{"x", column}}); }).find("columns.x.clip"), std::string::npos);
}

TEST(Numeric, OfSeveralSourcesScalesEachByItself) {
  NumericColumn column = numeric("error", "minmax");
  column.source = {"a", "b"};
  column.size = 2;
  TestTable table;
  table.numbers("a", {0, 10}).integers("b", {100, 300});
  EXPECT_EQ(table.encode_one(column).dense, (Floats{0, 0, 1, 1}));
  column.size = 3;
  EXPECT_NE(error_of([&] { Encoder e({{"x", column}}); }).find("2 sources make 2 numbers"), std::string::npos);
}

TEST(Numeric, OfAListHasItsSize) {
  NumericColumn column = numeric("constant");
  column.size = 2;
  column.fill = 9;
  TestTable table;
  table.number_lists("x", {{{1.0, std::nullopt}}, std::nullopt});
  EXPECT_EQ(table.encode_one(column).dense, (Floats{1, 9, 9, 9}));
  TestTable longer;
  longer.number_lists("x", {{{1.0, 2.0, 3.0}}});
  EXPECT_NE(error_of([&] { longer.encode_one(column); }).find("has 3 values in a row; its size is 2"),
            std::string::npos);
  column.split = " ";
  TestTable split;
  split.strings("x", {"1.5 2", ""});
  EXPECT_EQ(split.encode_one(column).dense, (Floats{1.5, 2, 9, 9}));
}

TEST(NumericSequence, FillsGapsAndTheLastStep) {
  NumericColumn column = numeric("constant");
  column.sequence = true;
  column.fill = 9;
  column.size = 2;
  TestTable table;
  table.number_lists("x", {{{1.0, std::nullopt, 3.0}}, {{}}, {{std::nullopt, 5.0, 6.0, std::nullopt}}});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.dense, (Floats{1, 9, 3, 9, 9, 5, 6, 9}));
  EXPECT_EQ(got.offsets, (Ids{0, 2, 2, 4}));
  EXPECT_EQ(got.lengths, (Ids{2, 0, 2}));
}

TEST(Numeric, LearnsNothingFromNothing) {
  TestTable table;
  table.numbers("x", {std::nullopt, std::nan("")});
  EXPECT_NE(error_of([&] {
              table.fit({{"x", numeric("mean")}});
            }).find("bad_data: column 'x' has no number"),
            std::string::npos);
  BucketizedColumn column;
  column.boundaries.quantiles = 4;
  EXPECT_NE(error_of([&] { table.fit({{"x", column}}); }).find("bad_data: column x has no number"), std::string::npos);
}

TEST(Bucketized, HoldsItsLowerEndAndComparesAsFloat) {
  TestTable table;
  table.numbers("x", {-kInfinity, -0.0, 0.0, 0.99999999999, 1.0, 2.5, kInfinity, std::nan(""), std::nullopt});
  EXPECT_EQ(table.encode_one(buckets({0, 1, 2})).ids, (Ids{0, 1, 1, 2, 2, 3, 3, 3, 3}));
  TestTable integers;
  integers.integers("x", {16777215, 16777216, 16777217});
  EXPECT_EQ(integers.encode_one(buckets({16777217})).ids, (Ids{0, 1, 1}));
}

TEST(Bucketized, OfAVectorHasBucketsForEachPlace) {
  BucketizedColumn column = buckets({0, 10, 100});
  column.size = 2;
  TestTable table;
  table.number_lists("x", {{{-5, 10000}}, {{150, 10}}, {{5, 100}}}).fixed();
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, 4 + 3, 3, 4 + 2, 1, 4 + 3}));
}

TEST(Bucketized, MayGiveMissingNumbersABucketOfTheirOwn) {
  BucketizedColumn column = buckets({0});
  column.missing = "bucket";
  TestTable table;
  table.numbers("x", {-1, 1, std::nullopt});
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, 1, 2}));
  EXPECT_EQ(table.fit({{"x", column}}).columns()[0].num_buckets, 3);
  column.missing = "error";
  EXPECT_NE(error_of([&] { table.encode_one(column); }).find("row 3"), std::string::npos);
}

TEST(Bucketized, SpacesBoundariesEvenly) {
  BucketizedColumn column;
  column.boundaries.linspace = {38, 42, 5};
  TestTable table;
  table.numbers("x", {37.9, 38, 40, 41.9, 42});
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, 1, 3, 4, 5}));
  for (const std::vector<double>& bad : {std::vector<double>{1, 2}, {1, 2, 0}, {1, 2, 2.5}, {2, 1, 3}, {1, 2, 1e12}}) {
    column.boundaries.linspace = bad;
    EXPECT_NE(error_of([&] { Encoder e({{"x", column}}); }), "");
  }
}

TEST(Bucketized, LearnsQuantilesWithoutEmptyBuckets) {
  BucketizedColumn column;
  column.boundaries.quantiles = 4;
  TestTable::Cells<double> values;
  for (int i = 0; i < 100; ++i) values.emplace_back(i);
  TestTable table;
  table.numbers("x", values);
  const EncodedColumn got = table.encode_one(column);
  std::vector<int> counts(4);
  for (const std::int64_t id : got.ids) ++counts.at(static_cast<std::size_t>(id));
  EXPECT_EQ(counts, (std::vector<int>{25, 25, 25, 25}));
  TestTable skewed;
  skewed.numbers("x", {0, 0, 0, 0, 0, 0, 0, 1});
  EXPECT_EQ(skewed.fit({{"x", column}}).columns()[0].num_buckets, 1);
}

TEST(Bucketized, SaysItsBoundariesOnce) {
  const auto refusal = [](const BucketizedColumn& column) { return error_of([&] { Encoder e({{"x", column}}); }); };
  EXPECT_NE(refusal(BucketizedColumn{}).find("columns.x.boundaries is empty"), std::string::npos);
  EXPECT_NE(refusal(buckets({1, 1})).find("1 is followed by 1"), std::string::npos);
  EXPECT_NE(refusal(buckets({std::nan("")})).find("no number"), std::string::npos);
  BucketizedColumn both = buckets({1});
  both.boundaries.quantiles = 4;
  EXPECT_NE(refusal(both).find("says it twice"), std::string::npos);
}

TEST(Piecewise, IsTheShareOfTheWayInItsBucket) {
  BucketizedColumn column = buckets({0, 10, 30});
  column.piecewise = true;
  TestTable table;
  table.numbers("x", {-5, 0, 5, 20, 40, 1000});
  const EncodedBatch batch = table.encode({{"x", column}});
  EXPECT_EQ(batch.columns[0].dense, (Floats{0.5, 0,   0,   0,    //
                                            1,   0,   0,   0,    //
                                            1,   0.5, 0,   0,    //
                                            1,   1,   0.5, 0,    //
                                            1,   1,   1,   0.5,  //
                                            1,   1,   1,   1}));
  const Encoder encoder = table.fit({{"x", column}});
  EXPECT_FALSE(encoder.columns()[0].categorical);
  EXPECT_EQ(encoder.columns()[0].width, 4);
}

TEST(Piecewise, OfLearnedBoundariesEndsWhereTheDataDo) {
  BucketizedColumn column;
  column.boundaries.quantiles = 2;
  column.piecewise = true;
  TestTable table;
  table.numbers("x", {0, 1, 2, 3, 4});
  EXPECT_EQ(table.encode_one(column).dense, (Floats{0, 0, 0.5, 0, 1, 0, 1, 0.5, 1, 1}));
}

}  // namespace
}  // namespace kin::testing
