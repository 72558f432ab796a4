#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/features/encoder.h"
#include "kinspace/features/fingerprint.h"
#include "kinspace/features/indicator.h"
#include "kinspace/features/testing/test_table.h"

namespace kin::testing {
namespace {

using Ids = std::vector<std::int64_t>;
using Places = std::vector<std::int32_t>;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

HashColumn hash(std::int64_t buckets) {
  HashColumn column;
  column.buckets = buckets;
  return column;
}

IdentityColumn identity(std::int64_t size) {
  IdentityColumn column;
  column.size = size;
  return column;
}

VocabularyColumn listed(std::vector<std::string> values) {
  VocabularyColumn column;
  column.values = std::move(values);
  return column;
}

TEST(Missing, SingleCellsDropEmptyStringsMinusOneAndNull) {
  TestTable texts;
  texts.strings("x", {"a", "", std::nullopt, "b"});
  EXPECT_EQ(texts.encode_one(hash(10)).offsets, (Ids{0, 1, 1, 1, 2}));
  TestTable integers;
  integers.integers("x", {5, -1, std::nullopt, -2});
  EXPECT_EQ(integers.encode_one(hash(10)).offsets, (Ids{0, 1, 1, 1, 2}));
}

TEST(Missing, NullKeepsEmptyStringsAndMinusOne) {
  HashColumn column = hash(10);
  column.missing = "null";
  TestTable texts;
  texts.strings("x", {"a", "", std::nullopt});
  EXPECT_EQ(texts.encode_one(column).offsets, (Ids{0, 1, 2, 2}));
  TestTable integers;
  integers.integers("x", {5, -1, std::nullopt});
  EXPECT_EQ(integers.encode_one(column).offsets, (Ids{0, 1, 2, 2}));
}

TEST(Missing, ListsKeepEmptyStringsAndMinusOneAndCountGaps) {
  TestTable texts;
  texts.string_lists("x", {{{"a", "", std::nullopt, "b"}}, {{}}, std::nullopt});
  const EncodedColumn column = texts.encode_one(hash(10));
  EXPECT_EQ(column.offsets, (Ids{0, 3, 3, 3}));
  EXPECT_EQ(column.positions, (Places{0, 1, 3}));
  TestTable integers;
  integers.integer_lists("x", {{{5, -1}}});
  EXPECT_EQ(integers.encode_one(hash(10)).ids.size(), 2U);
}

TEST(Missing, FixedListsAreDenseTensors) {
  TestTable table;
  table.string_lists("x", {{{"a", ""}}, {{"", "b"}}}).fixed();
  const EncodedColumn column = table.encode_one(hash(10));
  EXPECT_EQ(column.offsets, (Ids{0, 1, 2}));
  EXPECT_EQ(column.positions, (Places{0, 1}));
}

TEST(Hash, IsTensorFlows) {
  TestTable texts;
  texts.strings("x", {"omar", "stringer", "marlo"});
  EXPECT_EQ(texts.encode_one(hash(10)).ids, (Ids{6, 4, 1}));
  EXPECT_EQ(texts.encode_one(hash(4)).ids, (Ids{2, 0, 3}));
  TestTable integers;
  integers.integers("x", {101, 201, 301});
  EXPECT_EQ(integers.encode_one(hash(10)).ids, (Ids{3, 7, 5}));
}

TEST(Hash, OfIntegersAndOfTheirTextAgree) {
  TestTable integers;
  integers.integers("x", {0, 7, -2, std::int64_t{1} << 31, kMost, kLeast});
  TestTable texts;
  texts.strings("x", {"0", "7", "-2", "2147483648", "9223372036854775807", "-9223372036854775808"});
  EXPECT_EQ(integers.encode_one(hash(kMost)).ids, texts.encode_one(hash(kMost)).ids);
}

TEST(Hash, WithASaltIsSipHash) {
  TestTable table;
  table.strings("x", {"omar"});
  HashColumn column = hash(1000);
  column.salt = {1, -2};
  const std::uint64_t want = siphash64({1, static_cast<std::uint64_t>(-2)}, std::string_view("omar")) % 1000;
  EXPECT_EQ(table.encode_one(column).ids[0], static_cast<std::int64_t>(want));
  column.salt = {1};
  EXPECT_NE(error_of([&] { table.encode_one(column); }).find("salt has 1 integers"), std::string::npos);
}

TEST(Hash, NeedsABucket) {
  EXPECT_NE(error_of([] { Encoder e({{"x", hash(0)}}); }).find("columns.x.buckets is 0"), std::string::npos);
  EXPECT_NE(error_of([] { Encoder e({{"x", hash(-5)}}); }).find("columns.x.buckets is -5"), std::string::npos);
}

TEST(Split, MakesListsWhereAnEmptyCellIsEmptyAndAnEmptyPieceAValue) {
  VocabularyColumn column = listed({"a", "b", ""});
  column.split = "|";
  TestTable table;
  table.strings("x", {"a|b", "", std::nullopt, "b", "|", "a||b"});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.offsets, (Ids{0, 2, 2, 2, 3, 5, 8}));
  EXPECT_EQ(got.ids, (Ids{0, 1, 1, 2, 2, 0, 2, 1}));
  EXPECT_EQ(got.positions, (Places{0, 1, 0, 0, 1, 0, 1, 2}));
}

// What a cell holds, however long it and its neighbours are.
TEST(Split, FindsEverySeparatorInCellsOfAnyLength) {
  for (const std::string separator : {"|", "::", "abc"}) {
    TestTable::Cells<std::string> cells;
    Ids want_offsets = {0};
    std::vector<std::string> want;
    for (std::uint64_t row = 0; row < 300; ++row) {
      const std::uint64_t pieces = mix64(row) % (row % 50 == 0 ? 200 : 5);
      std::string cell;
      for (std::uint64_t k = 0; k < pieces; ++k) {
        const std::string piece(mix64(row * 1000 + k) % 40, static_cast<char>('d' + k % 20));
        if (k > 0) cell += separator;
        cell += piece;
        want.push_back(piece);
      }
      if (cell.empty() && pieces == 1) want.pop_back();
      want_offsets.push_back(static_cast<std::int64_t>(want.size()));
      cells.emplace_back(cell);
    }
    HashColumn column = hash(kMost);
    column.split = separator;
    TestTable table;
    table.strings("x", cells);
    const EncodedColumn got = table.encode_one(column);
    ASSERT_EQ(got.offsets, want_offsets) << separator;
    for (std::size_t i = 0; i < want.size(); ++i) {
      ASSERT_EQ(got.ids[i], static_cast<std::int64_t>(fingerprint64(want[i]) % kMost)) << separator << " " << i;
    }
    // Some of the rows, many and few.
    Encoder encoder = table.fit({{"x", column}});
    const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
    for (const std::uint32_t step : {2U, 50U}) {
      std::vector<std::uint32_t> rows;
      for (std::uint32_t row = 1; row < 300; row += step) rows.push_back(row);
      EncodedBatch some;
      encoder.encode(batch, rows, some);
      std::size_t next = 0;
      for (const std::uint32_t row : rows) {
        for (auto i = got.offsets[row]; i < got.offsets[row + 1]; ++i) {
          ASSERT_EQ(some.columns[0].ids.at(next), got.ids[static_cast<std::size_t>(i)]);
          EXPECT_EQ(some.columns[0].positions[next++], got.positions[static_cast<std::size_t>(i)]);
        }
      }
      EXPECT_EQ(next, some.columns[0].ids.size());
    }
  }
}

TEST(Split, OfAMillionValuesInOneCellIsLinear) {
  std::string cell;
  for (int i = 0; i < 1000000; ++i) cell += (i == 0 ? "v" : "|v") + std::to_string(i % 1000);
  VocabularyColumn column;
  column.split = "|";
  TestTable table;
  table.strings("x", {cell, "v1"});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.offsets, (Ids{0, 1000000, 1000001}));
  EXPECT_EQ(got.positions[999999], 999999);
}

TEST(Vocabulary, GivesPlacesAndMinusOneBeyondThem) {
  TestTable table;
  table.strings("x", {"omar", "zz", "marlo", ""});
  const EncodedColumn got = table.encode_one(listed({"omar", "stringer", "marlo"}));
  EXPECT_EQ(got.ids, (Ids{0, -1, 2}));
}

TEST(Vocabulary, SendsTheRestToOneOfThreeRules) {
  TestTable table;
  table.strings("x", {"king", "crimson", "omar"});
  VocabularyColumn column = listed({"omar", "stringer", "marlo"});
  column.oov_buckets = 5;
  EXPECT_EQ(table.encode_one(column).ids, (Ids{6, 7, 0}));
  column.oov_buckets = 0;
  column.oov = "row";
  EXPECT_EQ(table.encode_one(column).ids, (Ids{3, 3, 0}));
  EXPECT_EQ(table.fit({{"x", column}}).columns()[0].num_buckets, 4);
  column.oov = "drop";
  column.default_value = 1;
  EXPECT_EQ(table.encode_one(column).ids, (Ids{1, 1, 0}));
  column.oov = "row";
  EXPECT_NE(error_of([&] { table.encode_one(column); }).find("set one of them") +
                error_of([&] { table.encode_one(column); }).find("each say"),
            std::string::npos);
}

TEST(Vocabulary, RefusesARepetitionByItsPlaces) {
  EXPECT_NE(error_of([] {
              Encoder e({{"x", listed({"a", "b", "a"})}});
            }).find("entry 3 repeats 'a', which is entry 1"),
            std::string::npos);
}

TEST(Vocabulary, OfIntegersHoldsThemAsNumbers) {
  TestTable table;
  table.integer_lists("x", {{{5, 8, -1, 7, kMost, kLeast}}});
  EXPECT_EQ(table.encode_one(listed({"5", "7", "-1", "9223372036854775807"})).ids, (Ids{0, -1, 2, 1, 3, -1}));
  EXPECT_NE(error_of([&] {
              table.encode_one(listed({"5", "x"}));
            }).find("'x' of its vocabulary is none"),
            std::string::npos);
}

TEST(Vocabulary, LearnsByFallingCountThenKey) {
  TestTable table;
  table.strings("x", {"b", "c", "a", "c", "b", "d", "c"});
  Encoder encoder = table.fit({{"x", VocabularyColumn{}}});
  EXPECT_EQ(encoder.vocabulary("x")->keys().size(), 4);
  EXPECT_EQ(encoder.vocabulary("x")->key(0), "c");
  EXPECT_EQ(encoder.vocabulary("x")->key(1), "b");
  EXPECT_EQ(encoder.vocabulary("x")->key(2), "a");
  VocabularyColumn frequent;
  frequent.min_count = 2;
  EXPECT_EQ(table.encode_one(frequent).ids, (Ids{1, 0, -1, 0, 1, -1, 0}));
  frequent.max_size = 1;
  EXPECT_EQ(table.fit({{"x", frequent}}).columns()[0].num_buckets, 1);
}

TEST(Vocabulary, LearnedFromIntegersFindsTheirTextAndTheOtherWayRound) {
  TestTable integers;
  integers.integers("x", {12, 7, 12});
  TestTable texts;
  texts.strings("x", {"7", "12", "x"});
  for (const bool from_integers : {true, false}) {
    const TestTable& first = from_integers ? integers : texts;
    const TestTable& second = from_integers ? texts : integers;
    Encoder encoder = first.fit({{"x", VocabularyColumn{}}});
    const std::int64_t twelve = *encoder.vocabulary("x")->find("12");
    EncodedBatch out;
    encoder.encode(second.batch(encoder.bind(second.fields(), "t")), out);
    EXPECT_EQ(out.columns[0].ids[from_integers ? 1 : 0], twelve);
  }
}

TEST(Vocabulary, OfAMillionKeysFindsEach) {
  TestTable::Cells<std::string> texts(1000000);
  TestTable::Cells<std::int64_t> integers(1000000);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i] = std::to_string(mix64(i)) + " and some more";
    integers[i] = static_cast<std::int64_t>(mix64(i) >> 1);
  }
  TestTable table;
  table.strings("s", texts).integers("i", integers);
  VocabularyColumn s;
  VocabularyColumn i;
  const EncodedBatch batch = table.encode({{"i", i}, {"s", s}});
  for (const EncodedColumn& column : batch.columns) {
    std::vector<bool> seen(1000000);
    for (const std::int64_t id : column.ids) seen.at(static_cast<std::size_t>(id)) = true;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 1000000);
  }
}

TEST(Identity, PassesIdsAndRefusesOthersByRow) {
  TestTable table;
  table.integers("x", {0, 2, -1});
  EXPECT_EQ(table.encode_one(identity(3)).ids, (Ids{0, 2}));
  TestTable beyond;
  beyond.integers("x", {0, 3});
  EXPECT_EQ(error_of([&] { beyond.encode_one(identity(3)); }),
            "bad_data: table row 2 of the batch: column 'x' holds 3; ids are 0 to 2");
  TestTable below;
  below.integer_lists("x", {{{0}}, {{1, -1}}});
  EXPECT_NE(error_of([&] { below.encode_one(identity(3)); }).find("row 2 of the batch: column 'x' holds -1"),
            std::string::npos);
}

TEST(Identity, HasADefaultOrPassesAsTensorFlow) {
  TestTable table;
  table.integer_lists("x", {{{0, 2, 3, -1, kMost, kLeast}}});
  IdentityColumn column = identity(3);
  column.default_value = 1;
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, 2, 1, 1, 1, 1}));
  column.default_value = -1;
  column.out_of_range = "pass";
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, 2, 3, -1, kMost, kLeast}));
  column.default_value = 3;
  EXPECT_NE(error_of([&] { Encoder e({{"x", column}}); }).find("default_value is 3"), std::string::npos);
}

TEST(Identity, TakesItsSizeFromWhatIsDerived) {
  IdentityColumn column;
  column.derive = "weekday";
  TestTable table;
  table.strings("x", {"2001-12-31", "", "2002-01-06T12:00:00"});
  Encoder encoder = table.fit({{"x", column}});
  EXPECT_EQ(encoder.columns()[0].num_buckets, 7);
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, 6}));
  TestTable wrong;
  wrong.strings("x", {"2001-12-31", "yesterday"});
  EXPECT_NE(error_of([&] { wrong.encode_one(column); }).find("row 2 of the batch: column 'x' holds 'yesterday'"),
            std::string::npos);
}

TEST(Identity, ReadsIntegersFromSplitCells) {
  IdentityColumn column = identity(100);
  column.split = " ";
  TestTable table;
  table.strings("x", {"1 2 99", ""});
  EXPECT_EQ(table.encode_one(column).ids, (Ids{1, 2, 99}));
  TestTable wrong;
  wrong.strings("x", {"1 x"});
  EXPECT_NE(error_of([&] { wrong.encode_one(column); }).find("holds 'x', which is no integer"), std::string::npos);
}

TEST(Binding, RefusesTypesThatDoNotFit) {
  TestTable table;
  table.numbers("n", {1.5}).strings("s", {"a"}).integers("i", {1});
  const auto refusal = [&](FeatureColumn column, const char* source) {
    std::visit(
        [&](auto& c) {
          if constexpr (std::is_same_v<decltype(c.kind), std::string> && requires { c.source = std::string(source); }) {
            c.source = source;
          }
        },
        column);
    return error_of([&] { table.encode_one(column); });
  };
  HashColumn strings = hash(5);
  strings.dtype = "string";
  HashColumn integers = hash(5);
  integers.dtype = "integer";
  EXPECT_NE(refusal(hash(5), "n").find("columns.x: column 'n' of table has numbers"), std::string::npos);
  EXPECT_NE(refusal(strings, "i").find("has integers"), std::string::npos);
  EXPECT_NE(refusal(integers, "s").find("has strings"), std::string::npos);
  EXPECT_NE(refusal(identity(5), "s").find("has strings"), std::string::npos);
  EXPECT_NE(refusal(TextColumn{}, "i").find("needs strings"), std::string::npos);
  EXPECT_NE(refusal(hash(5), "nn").find("columns.x: table has no column 'nn', did you mean 'n'?"), std::string::npos);
}

TEST(Sequence, HasStepsAndLengths) {
  HashColumn column = hash(10);
  column.sequence = true;
  TestTable table;
  table.string_lists("x", {{{"a", std::nullopt, "b", std::nullopt}}, {{}}, {{std::nullopt}}, {{"c"}}});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.lengths, (Ids{3, 0, 0, 1}));
  EXPECT_EQ(got.positions, (Places{0, 2, 0}));
}

TEST(Sequence, CountsValuesOutOfVocabularyAsSteps) {
  VocabularyColumn column = listed({"a"});
  column.sequence = true;
  column.split = ",";
  TestTable table;
  table.strings("x", {"a,zz", "zz"});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.lengths, (Ids{2, 1}));
  std::vector<float> counts(4);
  sequence_indicator(got, 1, 2, counts);
  EXPECT_EQ(counts, (std::vector<float>{1, 0, 0, 0}));
}

TEST(Text, GivesItsWordsAsAList) {
  TextColumn column;
  column.buckets = kMost;
  TestTable table;
  table.strings("x", {"Big house, big GARDEN", std::nullopt, ""});
  const EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.offsets, (Ids{0, 4, 4, 4}));
  EXPECT_EQ(got.ids[0], got.ids[2]);
  EXPECT_EQ(got.positions, (Places{0, 1, 2, 3}));
  column.buckets = 0;
  column.min_count = 2;
  EXPECT_EQ(table.encode_one(column).ids, (Ids{0, -1, 0, -1}));
}

TEST(Text, TakesAVocabularyThatIsGiven) {
  TextColumn column;
  column.values = {"garden", "big", "42"};
  TestTable table;
  table.strings("x", {"Big house, big GARDEN", "42 houses", std::nullopt});
  EncodedColumn got = table.encode_one(column);
  EXPECT_EQ(got.ids, (Ids{1, -1, 1, 0, 2, -1}));
  column.oov_buckets = 1;
  EXPECT_EQ(table.encode_one(column).ids, (Ids{1, 3, 1, 0, 2, 3}));
  column.ngrams = 2;
  column.values.emplace_back("big garden");
  got = table.encode_one(column);
  EXPECT_EQ(std::count(got.ids.begin(), got.ids.end(), 3), 1);

  column.buckets = 5;
  EXPECT_NE(error_of([&] { table.encode_one(column); }).find("columns.x: buckets and values both say"),
            std::string::npos);
  column.buckets = 0;
  column.path = "words.txt";
  EXPECT_NE(error_of([&] { table.encode_one(column); }).find("values and path both give the vocabulary"),
            std::string::npos);
  column.path.clear();
  column.values.emplace_back("big");
  EXPECT_NE(error_of([&] { table.encode_one(column); }).find("repeats 'big'"), std::string::npos);
}

TEST(Indicator, CountsIdsAndLeavesOutWhatIsNone) {
  EncodedColumn column;
  column.offsets = {0, 4, 4};
  column.ids = {1, 1, -1, 7};
  std::vector<float> out(6, 9.0F);
  indicator(column, 3, out);
  EXPECT_EQ(out, (std::vector<float>{0, 2, 0, 0, 0, 0}));
  column.weights = {0.5, -2, 1, 1};
  indicator(column, 3, out);
  EXPECT_EQ(out, (std::vector<float>{0, -1.5, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace kin::testing
