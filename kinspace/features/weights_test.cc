#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/features/testing/test_table.h"

namespace kin::testing {
namespace {

using Ids = std::vector<std::int64_t>;
using Floats = std::vector<float>;

IdentityColumn weighted(const std::string& pairing) {
  IdentityColumn column;
  column.size = 10;
  column.out_of_range = "pass";
  column.weight = "w";
  column.pairing = pairing;
  return column;
}

TEST(Weights, StandBesideTheirIds) {
  TestTable table;
  table.integer_lists("x", {{{1, 2}}, {{}}, {{3}}}).number_lists("w", {{{1.5, -2.0}}, {{}}, {{0.0}}});
  const EncodedColumn got = table.encode_one(weighted("row"));
  EXPECT_EQ(got.ids, (Ids{1, 2, 3}));
  EXPECT_EQ(got.weights, (Floats{1.5, -2, 0}));  // in lists 0 is a weight
  EXPECT_TRUE(table.fit({{"x", weighted("row")}}).columns()[0].weighted);
  EXPECT_EQ(table.fit({{"x", weighted("row")}}).columns()[0].tf_name, "x_weighted_by_w");
}

// TensorFlow drops 0 from dense weights and -1 from dense ids, and then pairs what is left in order.
TEST(Weights, OfFixedListsLoseZerosAndMayShiftInABatch) {
  TestTable table;
  table.integer_lists("x", {{{0, -1}}, {{2, 3}}}).fixed().number_lists("w", {{{0.0, 7.0}}, {{3.0, 0.5}}}).fixed();
  EXPECT_EQ(table.encode_one(weighted("batch")).weights, (Floats{7, 3, 0.5}));
  TestTable across;
  across.integer_lists("x", {{{0, 1}}, {{2}}}).number_lists("w", {{{1.0}}, {{3.0, 2.0}}});
  EXPECT_EQ(across.encode_one(weighted("batch")).weights, (Floats{1, 3, 2}));
  EXPECT_EQ(error_of([&] { across.encode_one(weighted("row")); }),
            "bad_data: table row 1 of the batch: column 'x' has 2 values and 1 weight");
}

TEST(Weights, OfAnotherNumberThanTheIdsAreRefused) {
  TestTable table;
  table.integers("x", {1, 2}).numbers("w", {0.0, 3.0});
  EXPECT_NE(error_of([&] { table.encode_one(weighted("batch")); }).find("2 ids and 1 weights"), std::string::npos);
  EXPECT_NE(error_of([&] { table.encode_one(weighted("row")); }).find("row 1"), std::string::npos);
}

TEST(Weights, ByCellKeepToTheirPlace) {
  TestTable table;
  table.integer_lists("x", {{{0, -1}}, {{2, 3}}, {{4, 5}}}).fixed();
  table.number_lists("w", {{{0.0, 7.0}}, {{3.0, std::nullopt}}, {{-0.0, 2.0}}}).fixed();
  const EncodedColumn got = table.encode_one(weighted("cell"));
  EXPECT_EQ(got.ids, (Ids{2, 3, 5}));         // a weight of 0 drops its id
  EXPECT_EQ(got.weights, (Floats{3, 1, 2}));  // a missing one is 1
  EXPECT_EQ(got.offsets, (Ids{0, 0, 2, 3}));
}

TEST(Weights, KeepNanWhichIsNoZero) {
  TestTable table;
  table.integers("x", {1}).numbers("w", {std::nan("")});
  EXPECT_TRUE(std::isnan(table.encode_one(weighted("row")).weights.at(0)));
}

TEST(Weights, OfValuesOutOfVocabularyStay) {
  VocabularyColumn column;
  column.values = {"a"};
  column.weight = "w";
  TestTable table;
  table.strings("x", {"a", "zz"}).integers("w", {3, -4});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.ids, (Ids{0, -1}));
  EXPECT_EQ(got.weights, (Floats{3, -4}));
}

TEST(Weights, StandInTheCellBehindThePair) {
  VocabularyColumn column;
  column.values = {"a", "b", "12:30"};
  column.split = "|";
  column.pair = ":";
  TestTable table;
  table.strings("x", {"a:0.5|b:-2", "b", "", "12:30:4"});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.ids, (Ids{0, 1, 1, 2}));
  EXPECT_EQ(got.weights, (Floats{0.5, -2, 1, 4}));
  EXPECT_EQ(got.offsets, (Ids{0, 2, 3, 3, 4}));
  TestTable wrong;
  wrong.strings("x", {"a:0.5|b:much"});
  EXPECT_NE(error_of([&] { wrong.encode_one(column); }).find("row 1 of the batch: column 'x' holds 'b:much'"),
            std::string::npos);
  column.weight = "w";
  EXPECT_NE(error_of([&] { Encoder e({{"x", column}}); }).find("weight and pair"), std::string::npos);
}

TEST(Weights, MayBeSplitAsTheIdsAre) {
  IdentityColumn column = weighted("row");
  column.split = "|";
  TestTable table;
  table.strings("x", {"1|2", "3"}).strings("w", {"0.5|1.5", "2"});
  EXPECT_EQ(table.encode_one(column).weights, (Floats{0.5, 1.5, 2}));
}

TEST(Weights, OfBucketsAndCrosses) {
  BucketizedColumn bucket;
  bucket.source = {"x"};
  bucket.boundaries.values = {0};
  bucket.weight = "w";
  TestTable table;
  table.numbers("x", {-1.0, 1.0}).numbers("w", {2.0, 3.0}).strings("a", {"a", "b"});
  EXPECT_EQ(table.encode_one(bucket).weights, (Floats{2, 3}));
  CrossedColumn cross;
  cross.of = {"a", "a"};
  cross.buckets = 10;
  cross.weight = "w";
  EXPECT_EQ(table.encode_one(cross).weights, (Floats{2, 3}));
}

TEST(Weights, AreNumbers) {
  TestTable table;
  table.integers("x", {1}).strings("w", {"heavy"});
  EXPECT_NE(error_of([&] { table.encode_one(weighted("row")); }).find("column 'w' of table has strings"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              Encoder e({{"x", weighted("rows")}});
            }).find("columns.x.pairing is 'rows', did you mean 'row'?"),
            std::string::npos);
}

}  // namespace
}  // namespace kin::testing
