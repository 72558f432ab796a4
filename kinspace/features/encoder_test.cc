#include "kinspace/features/encoder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/features/encoded_table.h"
#include "kinspace/features/testing/count_allocations.h"
#include "kinspace/features/testing/test_table.h"

namespace kin::testing {
namespace {

using Ids = std::vector<std::int64_t>;

// One column of every kind, and the table that they read.
FeatureColumns every_kind() {
  FeatureColumns columns;
  VocabularyColumn city;
  city.oov_buckets = 3;
  columns["city"] = city;
  VocabularyColumn genres;
  genres.split = "|";
  genres.weight = "weight";
  genres.pairing = "cell";
  columns["genres"] = genres;
  HashColumn hash;
  hash.source = "city";
  hash.buckets = 100;
  columns["hash"] = hash;
  IdentityColumn user;
  user.size = 1000;
  columns["user"] = user;
  NumericColumn age;
  age.scale = "zscore";
  age.missing = "mean";
  columns["age"] = age;
  BucketizedColumn bucket;
  bucket.source = {"age"};
  bucket.boundaries.quantiles = 4;
  columns["bucket"] = bucket;
  CrossedColumn cross;
  cross.of = {"bucket", "city", "data.user"};
  cross.buckets = 100;
  columns["cross"] = cross;
  TextColumn text;
  text.ngrams = 2;
  columns["text"] = text;
  IdentityColumn hour;
  hour.source = "time";
  hour.derive = "hour";
  columns["hour"] = hour;
  return columns;
}

TestTable rows(std::uint64_t seed, std::size_t count) {
  TestTable::Cells<std::string> city;
  TestTable::Cells<std::string> genres;
  TestTable::Cells<std::string> text;
  TestTable::Cells<std::string> time;
  TestTable::Cells<std::int64_t> user;
  TestTable::Cells<double> age;
  TestTable::Lists<double> weight;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto draw = [&, k = std::uint64_t{0}](std::uint64_t n) mutable { return mix64(seed + i * 64 + k++) % n; };
    auto next = draw;
    city.emplace_back(next(9) == 0 ? "" : "city " + std::to_string(next(20)));
    genres.emplace_back("g" + std::to_string(next(7)) + "|g" + std::to_string(next(7)));
    text.emplace_back("some words " + std::to_string(next(30)) + " here");
    time.emplace_back("2001-02-03T0" + std::to_string(next(10)) + ":00:00");
    user.emplace_back(static_cast<std::int64_t>(next(1000)));
    age.push_back(next(10) == 0 ? std::nullopt : std::optional<double>(static_cast<double>(next(80))));
    weight.push_back(TestTable::Cells<double>{1.5, static_cast<double>(next(3))});
  }
  TestTable table;
  table.strings("city", city).strings("genres", genres).strings("text", text).strings("time", time);
  table.integers("user", user).numbers("age", age).number_lists("weight", weight);
  return table;
}

void expect_equal(const EncodedBatch& a, const EncodedBatch& b) {
  ASSERT_EQ(a.columns.size(), b.columns.size());
  EXPECT_EQ(a.rows, b.rows);
  for (std::size_t c = 0; c < a.columns.size(); ++c) {
    EXPECT_EQ(a.columns[c].offsets, b.columns[c].offsets) << c;
    EXPECT_EQ(a.columns[c].ids, b.columns[c].ids) << c;
    EXPECT_EQ(a.columns[c].weights, b.columns[c].weights) << c;
    EXPECT_EQ(a.columns[c].positions, b.columns[c].positions) << c;
    EXPECT_EQ(a.columns[c].dense, b.columns[c].dense) << c;
    EXPECT_EQ(a.columns[c].lengths, b.columns[c].lengths) << c;
  }
}

TEST(Encoder, HasItsColumnsAndSourcesByName) {
  const Encoder encoder(every_kind());
  std::vector<std::string> names;
  for (const EncodedInfo& info : encoder.columns()) names.push_back(info.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"age", "bucket", "city", "cross", "genres", "hash", "hour", "text", "user"}));
  EXPECT_EQ(encoder.sources(), (std::vector<std::string>{"age", "city", "genres", "text", "time", "user", "weight"}));
  EXPECT_EQ(encoder.columns()[3].tf_name, "age_bucketized_X_city_X_user");
  EXPECT_EQ(encoder.columns()[4].tf_name, "genres_weighted_by_weight");
  EXPECT_FALSE(encoder.fitted());
}

TEST(Encoder, LearnsTheSameFromBatchesOfAnySize) {
  const TestTable table = rows(1, 1000);
  Encoder whole(every_kind());
  const Batch batch = table.batch(whole.bind(table.fields(), "t"));
  whole.learn(batch);
  whole.finish_learning();
  Encoder parts(every_kind());
  parts.bind(table.fields(), "t");
  for (std::uint32_t first = 0; first < 1000;) {
    std::vector<std::uint32_t> chosen(std::min<std::uint32_t>(1 + first / 3, 1000 - first));
    std::iota(chosen.begin(), chosen.end(), first);
    parts.learn(batch, chosen);
    first += static_cast<std::uint32_t>(chosen.size());
  }
  parts.finish_learning();
  EncodedBatch a;
  EncodedBatch b;
  whole.encode(batch, a);
  parts.encode(batch, b);
  expect_equal(a, b);
  for (const auto& [name, fitted] : whole.learned())
    EXPECT_EQ(fitted.numbers, parts.learned().at(name).numbers) << name;
}

TEST(Encoder, LearnsAndEncodesTheSameWithThreads) {
  const TestTable table = rows(1, 1000);
  std::vector<std::uint32_t> all(1000);
  std::iota(all.begin(), all.end(), 0U);
  ThreadPool pool(3);
  std::vector<EncodedBatch> read(2);
  for (std::size_t i = 0; i < 2; ++i) {
    ThreadPool* const threads = i == 0 ? nullptr : &pool;
    Encoder encoder(every_kind());
    const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
    encoder.learn(batch, all, threads);
    encoder.finish_learning();
    EncodedBatch encoded;
    encoder.encode(batch, all, encoded, threads);
    EncodedTable kept(encoder.columns());
    kept.append(encoded, threads);
    const std::vector<std::int64_t> some = {999, 3, 0, 500};
    kept.read(some, read[i], threads);
  }
  expect_equal(read[0], read[1]);
}

TEST(Encoder, NamesTheFirstBadColumnWithThreadsToo) {
  TestTable table;
  table.numbers("a", {1.0, std::nullopt}).numbers("b", {std::nullopt, 1.0});
  FeatureColumns columns;
  for (const char* name : {"a", "b"}) {
    NumericColumn column;
    column.source = {name};
    columns[name] = column;
  }
  ThreadPool pool(2);
  const std::uint32_t all[] = {0, 1};
  for (ThreadPool* const threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
    Encoder encoder(columns);
    const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
    EncodedBatch out;
    try {
      encoder.encode(batch, all, out, threads);
      FAIL();
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("row 2 of the batch: column 'a'"), std::string::npos) << error.message();
    }
  }
}

TEST(Encoder, OfWhatWasLearnedIsFittedAndTheSame) {
  const TestTable table = rows(1, 500);
  Encoder first = table.fit(every_kind());
  FittedColumns kept;
  for (const auto& [name, fitted] : first.learned()) {
    kept[name].numbers = fitted.numbers;
    kept[name].vocabulary = Vocabulary(fitted.vocabulary.keys(), fitted.vocabulary.counts());
  }
  Encoder second(every_kind(), std::move(kept));
  EXPECT_TRUE(second.fitted());
  const TestTable other = rows(2, 300);
  EncodedBatch a;
  EncodedBatch b;
  first.encode(other.batch(first.bind(other.fields(), "t")), a);
  second.encode(other.batch(second.bind(other.fields(), "t")), b);
  expect_equal(a, b);
}

TEST(Encoder, KeepsWhatVocabularyFilesHeld) {
  const std::string path = ::testing::TempDir() + "kin_encoder_words.txt";
  std::ofstream(path) << "oslo\nrome\n7\n";
  FeatureColumns columns;
  VocabularyColumn city;
  city.path = path;
  columns["city"] = city;
  TextColumn text;
  text.path = path;
  text.path_rows = 2;
  columns["text"] = text;
  TestTable table;
  table.strings("city", {"rome", "7", "bern"}).strings("text", {"Rome, oslo", "7", ""});
  Encoder first = table.fit(columns);
  FittedColumns kept;
  for (const auto& [name, fitted] : first.learned())
    kept[name].vocabulary = Vocabulary(fitted.vocabulary.keys(), fitted.vocabulary.counts());
  std::ofstream(path) << "rome\n";  // the file is another one now
  Encoder second(columns, std::move(kept));
  std::remove(path.c_str());
  EncodedBatch a;
  EncodedBatch b;
  first.encode(table.batch(first.bind(table.fields(), "t")), a);
  second.encode(table.batch(second.bind(table.fields(), "t")), b);
  expect_equal(a, b);
  EXPECT_EQ(b.columns[0].ids, (Ids{1, 2, -1}));
  EXPECT_EQ(b.columns[1].ids, (Ids{1, 0, -1}));
  EXPECT_THROW(Encoder{columns}, Error);
}

TEST(Encoder, CloneGivesTheSame) {
  const TestTable table = rows(1, 500);
  Encoder encoder = table.fit(every_kind());
  Encoder clone = encoder.clone();
  const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
  EncodedBatch a;
  EncodedBatch b;
  clone.encode(batch, b);
  encoder.encode(batch, a);
  expect_equal(a, b);
}

TEST(Encoder, EncodesChosenRowsAsItEncodesAll) {
  const TestTable table = rows(1, 200);
  Encoder encoder = table.fit(every_kind());
  const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
  EncodedBatch all;
  encoder.encode(batch, all);
  const std::vector<std::uint32_t> chosen = {199, 0, 7, 7, 100};
  EncodedBatch some;
  encoder.encode(batch, chosen, some);
  EXPECT_EQ(some.rows, 5);
  for (std::size_t c = 0; c < all.columns.size(); ++c) {
    const EncodedColumn& from = all.columns[c];
    const EncodedColumn& to = some.columns[c];
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (!from.dense.empty()) {
        EXPECT_EQ(to.dense[i], from.dense[chosen[i]]);
        continue;
      }
      const Ids want(from.ids.begin() + from.offsets[chosen[i]], from.ids.begin() + from.offsets[chosen[i] + 1]);
      EXPECT_EQ(Ids(to.ids.begin() + to.offsets[i], to.ids.begin() + to.offsets[i + 1]), want) << c;
    }
  }
}

TEST(Encoder, AllocatesNothingInTheSteadyState) {
  const TestTable table = rows(1, 2000);
  Encoder encoder = table.fit(every_kind());
  const Batch batch = table.batch(encoder.bind(table.fields(), "t"));
  std::vector<std::uint32_t> some(1000);
  std::iota(some.begin(), some.end(), 500);
  EncodedBatch out;
  for (int i = 0; i < 2; ++i) {
    encoder.encode(batch, out);
    encoder.encode(batch, some, out);
  }
  const std::int64_t before = allocations();
  encoder.encode(batch, out);
  encoder.encode(batch, some, out);
  EXPECT_EQ(allocations() - before, 0);
}

FeatureColumns vocabularies() {
  FeatureColumns columns = every_kind();
  columns.erase("age");
  columns.erase("bucket");
  columns.erase("cross");
  return columns;
}

TEST(OnePass, GivesWhatTwoPassesGive) {
  const TestTable table = rows(3, 1000);
  Encoder two(vocabularies());
  Encoder one(vocabularies());
  ASSERT_TRUE(one.one_pass());
  const Batch batch = table.batch(two.bind(table.fields(), "t"));
  one.bind(table.fields(), "t");
  std::vector<std::uint32_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::uint32_t> training;
  for (std::uint32_t row = 0; row < 1000; row += 7) training.push_back(row);
  two.learn(batch, training);
  two.finish_learning();
  EncodedBatch want;
  two.encode(batch, want);
  EncodedBatch got;
  one.learn_and_encode(batch, all, training, got);
  one.finish_learning();
  EXPECT_FALSE(one.one_pass());
  one.renumber(got);
  expect_equal(want, got);
  for (std::size_t c = 0; c < got.columns.size(); ++c) {
    const bool learned =
        one.columns()[c].name == "city" || one.columns()[c].name == "genres" || one.columns()[c].name == "text";
    EXPECT_EQ(one.renumbering(c).empty(), !learned);
  }
}

TEST(OnePass, IsNotForCrossesOrNumbersThatAreToBeFitted) {
  EXPECT_FALSE(Encoder(every_kind()).one_pass());
  FeatureColumns crossed = vocabularies();
  CrossedColumn cross;
  cross.of = {"city", "hour"};
  crossed["cross"] = cross;
  EXPECT_FALSE(Encoder(crossed).one_pass());
  cross.of = {"data.city", "hour"};
  cross.buckets = 10;
  crossed["cross"] = cross;
  EXPECT_TRUE(Encoder(crossed).one_pass());
}

TEST(Encoder, RefusesABatchThatIsNotAsItWasBound) {
  TestTable table;
  table.strings("a", {"1", "2"}).strings("b", {"1", "2"});
  HashColumn hash;
  hash.buckets = 10;
  Encoder encoder({{"a", hash}, {"b", hash}});
  Batch batch = table.batch(encoder.bind(table.fields(), "t.csv"));
  EncodedBatch out;
  batch.rows = 1;
  EXPECT_NE(error_of([&] { encoder.encode(batch, out); }).find("column 'a' of t.csv has not the 1 rows"),
            std::string::npos);
  batch.rows = 2;
  batch.columns.pop_back();
  EXPECT_NE(error_of([&] { encoder.encode(batch, out); }).find("reads 2 columns of t.csv; the batch has 1"),
            std::string::npos);
}

TEST(Encoder, NamesThePlaceOfABadRow) {
  TestTable table;
  table.integers("x", {1, 50});
  IdentityColumn column;
  column.size = 10;
  Encoder encoder({{"x", column}});
  const Batch batch = table.batch(
      encoder.bind(table.fields(), "f.csv", [](std::size_t row) { return "f.csv:" + std::to_string(row + 2); }));
  EncodedBatch out;
  EXPECT_EQ(error_of([&] { encoder.encode(batch, out); }), "bad_data: f.csv:3: column 'x' holds 50; ids are 0 to 9");
  const std::vector<std::uint32_t> only = {1};
  EXPECT_EQ(error_of([&] { encoder.encode(batch, only, out); }),
            "bad_data: f.csv:3: column 'x' holds 50; ids are 0 to 9");
}

TEST(Encoder, RefusesWordsThatASettingDoesNotKnow) {
  NumericColumn column;
  column.scale = "zscoer";
  EXPECT_EQ(error_of([&] {
              Encoder e({{"x", column}});
            }),
            "invalid_argument: columns.x.scale is 'zscoer', did you mean 'zscore'?");
}

TEST(Encoder, TakesAnEmptyBatch) {
  Encoder encoder = rows(1, 100).fit(every_kind());
  const TestTable none = rows(1, 0);
  EncodedBatch out;
  encoder.encode(none.batch(encoder.bind(none.fields(), "t")), out);
  EXPECT_EQ(out.rows, 0);
  for (const EncodedColumn& column : out.columns) EXPECT_TRUE(column.ids.empty() && column.dense.empty());
}

TEST(Encoder, LeavesNothingOfAnotherEncoderInTheBatch) {
  TestTable table = rows(1, 50);
  Encoder encoder = table.fit(every_kind());
  EncodedBatch fresh;
  encoder.encode(table.batch(encoder.bind(table.fields(), "t")), fresh);
  EncodedBatch used;
  used.columns.resize(fresh.columns.size());
  for (EncodedColumn& column : used.columns) {
    column = {.offsets = {0, 9}, .ids = {9}, .weights = {9}, .positions = {9}, .dense = {9}, .lengths = {9}};
  }
  encoder.encode(table.batch(encoder.bind(table.fields(), "t")), used);
  expect_equal(fresh, used);
}

TEST(Encoder, OfTenThousandColumnsIsLinear) {
  FeatureColumns columns;
  TestTable table;
  for (int i = 0; i < 10000; ++i) {
    const std::string name = "c" + std::to_string(i);
    columns[name] = i % 2 == 0 ? FeatureColumn(VocabularyColumn{}) : FeatureColumn(NumericColumn{});
    table.integers(name, {i, i + 1, i});
  }
  const EncodedBatch batch = table.encode(columns);
  EXPECT_EQ(batch.columns.size(), 10000U);
  EXPECT_EQ(batch.columns[0].ids, (Ids{0, 1, 0}));
}

}  // namespace
}  // namespace kin::testing
