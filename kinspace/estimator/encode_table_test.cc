#include "kinspace/estimator/encode_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/column_plan.h"
#include "kinspace/estimator/row_split.h"
#include "kinspace/estimator/spec_io.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A directory with a table and a spec over it.
class Encoding : public ::testing::Test {
 protected:
  Encoding()
      : directory_(std::filesystem::path(::testing::TempDir()) / ("kin-encode-test-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    options_.directory = directory_.string();
  }
  ~Encoding() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  static Spec spec(const std::string& columns, const std::string& more = {}) {
    return parse_spec("spec = 1\ndata = { path = 't.csv' " + more + " }\n" + columns, "spec.toml");
  }

  static std::vector<std::int64_t> ids(const EncodedData& data, std::size_t column = 0) {
    EncodedBatch all;
    data.table.read(0, data.table.rows(), all);
    return all.columns[column].ids;
  }

  std::filesystem::path directory_;
  EncodeOptions options_;
};

TEST_F(Encoding, OnePassGivesTheIdsOfTwo) {
  std::string text = "c,d\n";
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * 7 % 50) + ",w" + std::to_string(i * i % 31) + "\n";
  write("t.csv", text);
  const std::string plain = "columns.c = 'vocabulary'\ncolumns.d = { kind = 'vocabulary', min_count = 100 }\n";
  const EncodedData once = encode_table(spec(plain), options_);
  // A number to be scaled needs all rows before the first can be encoded.
  const EncodedData twice =
      encode_table(spec(plain + "columns.n = { kind = 'numeric', source = 'c', scale = 'zscore' }\n"), options_);
  EXPECT_EQ(once.table.rows(), 3000);
  EXPECT_EQ(ids(once, 0), ids(twice, 0));
  EXPECT_EQ(ids(once, 1), ids(twice, 1));
  EXPECT_THAT(ids(once, 1), ::testing::Contains(-1));
  EXPECT_EQ(once.table.columns()[1].info.num_buckets, twice.table.columns()[1].info.num_buckets);
}

TEST_F(Encoding, LearnsFromTrainingRowsAlone) {
  std::string text = "g,c\n";
  for (int g = 0; g < 200; ++g) text += std::to_string(g) + ",v" + std::to_string(g) + "\n";
  write("t.csv", text);
  Spec by_group = spec("columns.c = 'vocabulary'\n", ", group_by = 'g'");
  by_group.model.kind = "none";
  by_group.split.test = 0.25;
  const EncodedData data = encode_table(by_group, options_);
  const std::vector<std::int64_t> out = ids(data);
  const auto unknown = std::count(out.begin(), out.end(), -1);
  EXPECT_GT(unknown, 20);
  EXPECT_LT(unknown, 90);
  EXPECT_EQ(data.encoder.vocabulary("c")->size(), 200 - unknown);
}

TEST_F(Encoding, KeepsTheRowsOfTheCondition) {
  write("t.csv", "n,k\n1,a\n2,b\n3,a\n");
  const EncodedData data = encode_table(spec("columns.n = 'numeric'\n", ", where = \"k = 'a'\""), options_);
  EXPECT_EQ(data.counts.rows, 3);
  EXPECT_EQ(data.counts.kept_rows, 2);
  EXPECT_THAT(data.table.columns()[0].dense, ElementsAre(1, 3));
}

TEST_F(Encoding, ReadsBatchesOfAnyRows) {
  write("t.csv", "c\na|b\n\"\"\nc|a|b\n");
  const EncodedData data = encode_table(
      spec("columns.c = { kind = 'vocabulary', values = ['a', 'b', 'c'], split = '|', sequence = true }\n"), options_);
  EncodedBatch batch;
  const std::int64_t rows[] = {2, 0, 2};
  data.table.read(rows, batch);
  EXPECT_THAT(batch.columns[0].offsets, ElementsAre(0, 3, 5, 8));
  EXPECT_THAT(batch.columns[0].ids, ElementsAre(2, 0, 1, 0, 1, 2, 0, 1));
  EXPECT_THAT(batch.columns[0].positions, ElementsAre(0, 1, 2, 0, 1, 0, 1, 2));
  EXPECT_THAT(batch.columns[0].lengths, ElementsAre(3, 2, 3));
}

TEST_F(Encoding, StopsAtTheMemoryLimit) {
  std::string text = "n\n";
  for (int i = 0; i < 10'000; ++i) text += "1\n";
  write("t.csv", text);
  options_.memory_limit = 1000;
  try {
    encode_table(spec("columns.n = 'numeric'\n"), options_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceLimit);
  }
}

TEST_F(Encoding, ACacheGivesTheSameAndNoticesWhatChanged) {
  write("t.csv", "c,n\na|b,1\nb,2\n\"\",3\n");
  const std::string columns =
      "columns.c = { kind = 'vocabulary', split = '|' }\ncolumns.n = { kind = 'numeric', scale = 'zscore' }\n"
      "columns.h = { kind = 'hash', source = 'c', buckets = 10_000_000_000 }\n";
  const EncodedData made = encode_table_cached(spec(columns), options_, path("cache"));
  EXPECT_FALSE(made.from_cache);
  const EncodedData kept = encode_table_cached(spec(columns), options_, path("cache"));
  EXPECT_TRUE(kept.from_cache);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(kept.table.columns()[c].ids, made.table.columns()[c].ids);
    EXPECT_EQ(kept.table.columns()[c].wide_ids, made.table.columns()[c].wide_ids);
    EXPECT_EQ(kept.table.columns()[c].dense, made.table.columns()[c].dense);
    EXPECT_EQ(kept.table.columns()[c].offsets, made.table.columns()[c].offsets);
  }
  EXPECT_EQ(kept.counts.digest, made.counts.digest);
  EXPECT_EQ(kept.encoder.vocabulary("c")->size(), 2);

  // Another spec, another file, a damaged cache: encoded anew.
  EXPECT_FALSE(encode_table_cached(spec(columns, ", where = 'n > 1'"), options_, path("cache")).from_cache);
  EXPECT_FALSE(encode_table_cached(spec(columns), options_, path("cache")).from_cache);
  write("t.csv", "c,n\na|b,1\nb,2\nb,30\n");
  const EncodedData changed = encode_table_cached(spec(columns), options_, path("cache"));
  EXPECT_FALSE(changed.from_cache);
  EXPECT_EQ(changed.table.columns()[0].ids.size(), 4U);
  std::string bytes = read_file(path("cache/ids.safetensors"), 1 << 20);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  write("cache/ids.safetensors", bytes);
  EXPECT_FALSE(encode_table_cached(spec(columns), options_, path("cache")).from_cache);
  EXPECT_TRUE(encode_table_cached(spec(columns), options_, path("cache")).from_cache);
}

TEST_F(Encoding, CountsCollisions) {
  std::string text = "c\n";
  for (int i = 0; i < 100; ++i) text += "v" + std::to_string(i) + "\n";
  write("t.csv", text);
  const ColumnsPlan plan = plan_columns(spec("columns.h = { kind = 'hash', source = 'c', buckets = 10 }\n"
                                             "columns.v = { kind = 'vocabulary', source = 'c', embed = 5 }\n"),
                                        options_);
  ASSERT_EQ(plan.columns.size(), 2U);
  EXPECT_EQ(plan.columns[0].distinct, 100);
  EXPECT_EQ(plan.columns[0].collisions, 90);
  EXPECT_NEAR(*plan.columns[0].expected_collisions, 90, 0.01);
  EXPECT_EQ(plan.columns[1].ids, 100);
  EXPECT_EQ(plan.columns[1].dim, 5);
  EXPECT_EQ(plan.columns[1].rule_dim, 4);
  EXPECT_FALSE(plan.columns[1].collisions.has_value());
}

TEST(ExpectedCollisions, FollowsTheFormula) {
  EXPECT_EQ(expected_collisions(0, 10), 0);
  EXPECT_NEAR(expected_collisions(1, 10), 0, 1e-9);
  EXPECT_NEAR(expected_collisions(2, 10), 0.1, 1e-9);
  EXPECT_NEAR(expected_collisions(1e6, 1e9), 499.8, 0.5);
}

TEST(RowSplit, RefusesATimeSplitOfRows) {
  Spec by_time = parse_spec(
      "spec = 1\ndata = { path = 'a.csv' }\ncolumns.c = 'numeric'\nsplit = { by = 'time', test = 1 }\n", "s");
  const Field fields[] = {{.name = "c"}};
  EXPECT_THROW(RowSplit(by_time, fields, "a.csv"), Error);
}

TEST(RowSplit, SplitsRowsByNumberAlikeInEveryBatch) {
  Spec by_row = parse_spec("spec = 1\ndata = { path = 'a.csv' }\ncolumns.c = 'numeric'\nsplit = { test = 0.3 }\n", "s");
  EXPECT_EQ(by_row.split.by, "row");
  const Field fields[] = {{.name = "c"}};
  RowSplit split(by_row, fields, "a.csv");
  std::vector<Part> whole;
  split.parts(100, nullptr, 0, whole);
  std::vector<Part> parts;
  split.parts(40, nullptr, 60, parts);
  EXPECT_TRUE(std::equal(parts.begin(), parts.end(), whole.begin() + 60));
  const auto tested = std::count(whole.begin(), whole.end(), Part::kTest);
  EXPECT_GT(tested, 15);
  EXPECT_LT(tested, 45);
}

TEST(RowSplitByValue, BoundsAreNumbersTimesOrStrings) {
  Spec spec;
  spec.split.by = "value";
  spec.split.column = "t";
  spec.split.valid_from = "2001-01-02";
  spec.split.test_from = "2001-01-02T12:00:00";
  const std::vector<std::int64_t> hours = {978307199, 978393600, 978436799, 978436800};  // around them
  const auto parts = [&](const Field& field, std::vector<std::int64_t> values) {
    RowSplit split(spec, std::vector<Field>{field}, "t.csv");
    Column column;
    column.type = ColumnType::kInteger;
    column.integers = values;
    std::vector<Part> out;
    split.parts(static_cast<std::int64_t>(values.size()), &column, 0, out);
    return out;
  };
  Field field{.name = "t", .type = ColumnType::kInteger, .unit = TimeUnit::kSeconds};
  EXPECT_THAT(parts(field, hours), ElementsAre(Part::kTrain, Part::kValid, Part::kValid, Part::kTest));
  std::vector<std::int64_t> micros = hours;
  for (std::int64_t& value : micros) value *= 1000000;
  field.unit = TimeUnit::kMicroseconds;
  EXPECT_THAT(parts(field, micros), ElementsAre(Part::kTrain, Part::kValid, Part::kValid, Part::kTest));
  field.unit = TimeUnit::kNone;
  EXPECT_THROW(parts(field, hours), Error);
  spec.split.valid_from = "3";
  spec.split.test_from = "";
  EXPECT_THAT(parts(field, {2, 3, 4}), ElementsAre(Part::kTrain, Part::kValid, Part::kValid));
}

}  // namespace
}  // namespace kin
