#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/features/encoder.h"
#include "kinspace/features/fingerprint.h"
#include "kinspace/features/testing/test_table.h"

namespace kin::testing {
namespace {

using Ids = std::vector<std::int64_t>;

CrossedColumn hashed(std::vector<std::string> of, std::int64_t buckets = 1000) {
  CrossedColumn column;
  column.of = std::move(of);
  column.buckets = buckets;
  return column;
}

VocabularyColumn listed(std::string source, std::vector<std::string> values) {
  VocabularyColumn column;
  column.source = std::move(source);
  column.values = std::move(values);
  return column;
}

IdentityColumn identity(std::string source, std::int64_t size) {
  IdentityColumn column;
  column.source = std::move(source);
  column.size = size;
  return column;
}

Ids ids_of(const TestTable& table, FeatureColumns columns, const FeatureColumn& cross) {
  columns["z"] = cross;  // the last one
  return table.encode(columns).columns.back().ids;
}

TEST(Cross, HashesInTheGivenOrder) {
  TestTable table;
  table.strings("a", {"a"}).strings("b", {"b"});
  EXPECT_EQ(ids_of(table, {}, hashed({"a", "b"})), Ids{986});
  EXPECT_EQ(ids_of(table, {}, hashed({"b", "a"})), Ids{100});
}

TEST(Cross, SplitsCellsIntoWhatAListWouldHold) {
  TestTable lists;
  lists.string_lists("tags", {TestTable::Cells<std::string>{"a", "b"}, TestTable::Cells<std::string>{}})
      .strings("city", {"", "x"});
  TestTable cells;
  cells.strings("tags", {"a|b", ""}).strings("city", {"", "x"});
  CrossedColumn cross = hashed({"data.city", "data.tags"});
  cross.order = "tf_dense";
  const Ids want = ids_of(lists, {}, cross);
  ASSERT_EQ(want.size(), 2U);
  cross.split = {{"tags", "|"}};
  EXPECT_EQ(ids_of(cells, {}, cross), want);
}

TEST(Cross, SplitsOnlyDataColumnsThatTakePart) {
  TestTable table;
  table.strings("a", {"a"}).strings("b", {"b"});
  CrossedColumn cross = hashed({"a", "b"});
  for (const auto& [source, text] : std::map<std::string, std::string>{{"c", "|"}, {"a", ""}, {"b", "12345"}}) {
    cross.split = {{source, text}};
    try {
      ids_of(table, {}, cross);
      FAIL() << source;
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("columns.z.split." + source), std::string::npos) << error.message();
    }
  }
}

TEST(Cross, KeyZeroIsTensorFlowsDefault) {
  TestTable table;
  table.strings("a", {"a"}).strings("b", {"b"});
  CrossedColumn cross = hashed({"a", "b"});
  cross.hash_key = 0xDECAFCAFFE;
  EXPECT_EQ(ids_of(table, {}, cross), Ids{986});
  cross.hash_key = 5;
  EXPECT_NE(ids_of(table, {}, cross), Ids{986});
}

// TensorFlow hashes sparse tensors before dense ones, whatever the order; as it feeds cells of a table densely.
TEST(Cross, OfDenseOrderHashesListsAndColumnsBeforeSingleCells) {
  BucketizedColumn bucket;
  bucket.source = {"n"};
  bucket.boundaries.values = {0, 1, 2};
  CrossedColumn given = hashed({"data.s", "bucket"});
  CrossedColumn dense = given;
  dense.order = "tf_dense";
  TestTable single;
  single.strings("s", {"x"}).numbers("n", {5.0});
  EXPECT_EQ(ids_of(single, {{"bucket", bucket}}, given), Ids{960});
  EXPECT_EQ(ids_of(single, {{"bucket", bucket}}, dense), Ids{419});
  TestTable list;
  list.string_lists("s", {{{"x"}}}).numbers("n", {5.0});
  EXPECT_EQ(ids_of(list, {{"bucket", bucket}}, dense), Ids{960});
}

TEST(Cross, TakesAnEmptyCellOfTheDataAsAValue) {
  TestTable table;
  table.strings("a", {"a"}).strings("b", {""});
  EXPECT_EQ(ids_of(table, {}, hashed({"a", "b"})), Ids{550});
  TestTable missing;
  missing.strings("a", {"a"}).strings("b", {std::nullopt});
  EXPECT_EQ(ids_of(missing, {}, hashed({"a", "b"})), Ids{550});
  CrossedColumn strict = hashed({"a", "b"});
  strict.missing = "null";
  EXPECT_EQ(ids_of(table, {}, strict), Ids{550});
  EXPECT_EQ(ids_of(missing, {}, strict), Ids{});
}

TEST(Cross, TakesAMissingIntegerAsMinusOne) {
  TestTable table;
  table.integers("i", {std::nullopt, -1}).strings("b", {"a", "a"});
  EXPECT_EQ(ids_of(table, {}, hashed({"i", "b"})), (Ids{258, 258}));
}

TEST(Cross, OfIntegersHashesTheirValueNotTheirText) {
  TestTable table;
  table.integers("i", {12}).strings("s", {"12"}).strings("b", {"u"});
  EXPECT_NE(ids_of(table, {}, hashed({"i", "b"})), ids_of(table, {}, hashed({"s", "b"})));
}

TEST(Cross, OfNumbersCutsOffTheFraction) {
  constexpr double kHuge = 1e300;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  TestTable table;
  table.numbers("n", {1.9, -1.9, kHuge, -kInfinity, std::nan("")}).integers("i", {1, -1, 7, 7, 7});
  table.strings("b", {"u", "u", "u", "u", "u"});
  const Ids numbers = ids_of(table, {}, hashed({"n", "b"}));
  const Ids integers = ids_of(table, {}, hashed({"i", "b"}));
  EXPECT_EQ(numbers[0], integers[0]);
  EXPECT_EQ(numbers[1], integers[1]);
  EXPECT_EQ(numbers[2], numbers[3]);  // both are the smallest integer
  EXPECT_EQ(numbers[3], numbers[4]);
}

TEST(Cross, CrossesValuesOutOfVocabularyUnlessTold) {
  TestTable table;
  table.strings("v", {"unknown", "p"}).strings("b", {"a", "a"});
  const FeatureColumns vocabulary = {{"voc", listed("v", {"p", "q"})}};
  EXPECT_EQ(ids_of(table, vocabulary, hashed({"voc", "b"}))[0], 258);
  CrossedColumn drop = hashed({"voc", "b"});
  drop.oov = "drop";
  const Ids dropped = ids_of(table, vocabulary, drop);
  EXPECT_EQ(dropped[0], -1);
  EXPECT_EQ(dropped[1], ids_of(table, vocabulary, hashed({"voc", "b"}))[1]);
}

TEST(Cross, IsCartesianWithTheLastColumnFastest) {
  TestTable table;
  table.string_lists("a", {{{"1", "2"}}, {{}}}).string_lists("b", {{{"3", "4", "5"}}, {{"3"}}});
  const EncodedColumn got = table.encode_one(hashed({"a", "b"}));
  Ids want;
  for (const char* const a : {"1", "2"}) {
    for (const char* const b : {"3", "4", "5"}) {
      const std::uint64_t h = concatenate(concatenate(0xDECAFCAFFE, fingerprint64(a)), fingerprint64(b));
      want.push_back(static_cast<std::int64_t>(h % 1000));
    }
  }
  EXPECT_EQ(got.ids, want);
  EXPECT_EQ(got.offsets, (Ids{0, 6, 6}));  // a row where one column has no value has no combination
  EXPECT_EQ(got.positions, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Cross, SkipsGapsInLists) {
  TestTable table;
  table.string_lists("a", {{{std::nullopt, "1"}}}).strings("b", {"u"});
  EXPECT_EQ(table.encode_one(hashed({"a", "b"})).ids.size(), 1U);
}

TEST(Cross, OfCrossesIsFlatInPlaceAndForgetsTheirBuckets) {
  TestTable table;
  table.strings("a", {"1"}).strings("b", {"2"}).strings("c", {"3"});
  CrossedColumn inner = hashed({"b", "c"}, 2);
  inner.hash_key = 99;
  EXPECT_EQ(ids_of(table, {{"inner", inner}}, hashed({"a", "inner"})), ids_of(table, {}, hashed({"a", "b", "c"})));
}

TEST(Cross, NameListsItsColumnsSorted) {
  BucketizedColumn bucket;
  bucket.source = {"n"};
  bucket.boundaries.values = {0};
  TestTable table;
  table.strings("z", {"1"}).strings("B", {"2"}).numbers("n", {0.0});
  Encoder encoder({{"bucket", bucket}, {"zz", hashed({"z", "bucket", "B"})}});
  EXPECT_EQ(encoder.columns()[1].tf_name, "B_X_n_bucketized_X_z");
}

TEST(ExactCross, CountsInMixedRadixWithTheFirstColumnSlowest) {
  TestTable table;
  table.integers("day", {0, 6, 3}).integers("hour", {0, 23, 5});
  CrossedColumn cross;
  cross.of = {"d", "h"};
  const FeatureColumns columns = {{"d", identity("day", 7)}, {"h", identity("hour", 24)}, {"z", cross}};
  Encoder encoder = table.fit(columns);
  EXPECT_EQ(encoder.columns()[2].num_buckets, 168);
  EXPECT_EQ(table.encode(columns).columns[2].ids, (Ids{0, 167, 3 * 24 + 5}));
}

TEST(ExactCross, HasNoIdForPartsOutOfVocabulary) {
  TestTable table;
  table.strings("a", {"p", "unknown"}).strings("b", {"r", "r"});
  CrossedColumn cross;
  cross.of = {"va", "vb"};
  EXPECT_EQ(ids_of(table, {{"va", listed("a", {"o", "p"})}, {"vb", listed("b", {"q", "r"})}}, cross), (Ids{3, -1}));
}

TEST(ExactCross, KnowsItsSizeOnceItsPartsAreLearned) {
  TestTable table;
  table.strings("a", {"p", "q", "r"}).strings("b", {"s", "s", "t"});
  CrossedColumn cross;
  cross.of = {"va", "vb"};
  VocabularyColumn va;
  va.source = "a";
  VocabularyColumn vb;
  vb.source = "b";
  Encoder encoder({{"va", va}, {"vb", vb}, {"z", cross}});
  EXPECT_EQ(encoder.columns()[2].num_buckets, 0);
  EXPECT_FALSE(encoder.one_pass());  // its ids need those of the vocabularies
  const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
  encoder.learn(batch);
  encoder.finish_learning();
  EXPECT_EQ(encoder.columns()[2].num_buckets, 6);
}

TEST(ExactCross, NeedsFewerThan2To63Combinations) {
  CrossedColumn cross;
  cross.of = {"a", "b", "c"};
  const std::int64_t large = std::int64_t{1} << 21;
  const auto build = [&](std::int64_t last) {
    return error_of([&] {
      Encoder({{"a", identity("a", large)}, {"b", identity("b", large)}, {"c", identity("c", last)}, {"z", cross}});
    });
  };
  EXPECT_EQ(build(large - 1), "");
  EXPECT_NE(build(large).find("invalid_argument: columns.z: its parts have more than 2^63"), std::string::npos);
}

TEST(Cross, RefusesWhatHasNoIds) {
  NumericColumn number;
  HashColumn hash;
  hash.buckets = 10;
  VocabularyColumn weighted;
  weighted.weight = "w";
  VocabularyColumn sequence;
  sequence.sequence = true;
  const FeatureColumns columns = {{"n", number}, {"h", hash}, {"w1", weighted}, {"s", sequence}};
  const auto refusal = [&](CrossedColumn cross) {
    FeatureColumns all = columns;
    all["z"] = std::move(cross);
    return error_of([&] { Encoder{all}; });
  };
  CrossedColumn exact = hashed({"n", "h"}, 0);
  EXPECT_NE(refusal(hashed({"a", "n"})).find("'n' is numeric"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a", "h"})).find("'h' is hashed"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a", "w1"})).find("'w1' has weights"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a", "s"})).find("'s' is a sequence"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a"})).find("at least two"), std::string::npos);
  EXPECT_NE(refusal(hashed({})).find("at least two"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a", "z"})).find("part of itself"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a", "b"}, -1)).find("buckets is -1"), std::string::npos);
  EXPECT_NE(refusal(hashed({"a", "b"}, 0)).find("exact cross is of columns of the spec"), std::string::npos);
}

TEST(Cross, MayBeExactOfHashedColumns) {
  HashColumn hash;
  hash.buckets = 10;
  CrossedColumn cross;
  cross.of = {"h", "i"};
  Encoder encoder({{"h", hash}, {"i", identity("i", 7)}, {"z", cross}});
  EXPECT_EQ(encoder.columns()[2].num_buckets, 70);
}

TEST(Cross, RefusesARowOfTooManyCombinations) {
  TestTable::Cells<std::int64_t> many(100000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int64_t>(i);
  TestTable table;
  table.integer_lists("a", {many}).integer_lists("b", {many}).integers("c", {1});
  const std::string error = error_of([&] { table.encode_one(hashed({"a", "b"})); });
  EXPECT_NE(error.find("bad_data: table row 1 of the batch: column 'x' has more than"), std::string::npos) << error;
  EXPECT_EQ(table.encode_one(hashed({"a", "c"})).ids.size(), many.size());
}

TEST(Cross, HoldsHugeBucketCounts) {
  TestTable table;
  table.strings("a", {"a"}).strings("b", {"b"});
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Ids ids = ids_of(table, {}, hashed({"a", "b"}, most));
  EXPECT_EQ(ids[0] % 1000 >= 0, true);
  EXPECT_LT(ids[0], most);
  const std::uint64_t h = concatenate(concatenate(0xDECAFCAFFE, fingerprint64("a")), fingerprint64("b"));
  EXPECT_EQ(static_cast<std::uint64_t>(ids[0]), h % static_cast<std::uint64_t>(most));
}

}  // namespace
}  // namespace kin::testing
