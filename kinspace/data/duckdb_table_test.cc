#include "kinspace/data/duckdb_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/duckdb_api.h"
#include "kinspace/data/duckdb_query.h"
#include "kinspace/data/duckdb_session.h"
#include "kinspace/data/table_testing.h"

namespace kin {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DuckdbTable : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      duckdb::library();
    } catch (const Error& error) {
      GTEST_SKIP() << error.message() << "\n" << error.fix();
    }
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / ("kin-duckdb-" + std::to_string(::getpid()) + "-" + test->name());
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Writes what a query yields as a Parquet file.
  std::string parquet(const std::string& name, const std::string& query, const std::string& options = "") const {
    const duckdb::Session session({});
    session.run("COPY (" + query + ") TO " + duckdb::quote_literal(path(name)) + " (FORMAT parquet" + options + ")");
    return path(name);
  }

  std::string text(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

  std::unique_ptr<Table> query(const std::string& sql, TableRequest request = {}) const {
    if (request.directory.empty()) request.directory = folder_.string();
    return open_duckdb_table({.query = sql}, {}, request);
  }

  /// The rows of one column of a query's result written to Parquet and read back.
  std::vector<std::string> round_trip(const std::string& expression) const {
    return row_texts(*open_duckdb_table({}, {parquet("t.parquet", "SELECT " + expression + " AS x")}));
  }

  fs::path folder_;
};

template <class Run>
Error error_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    return error;
  }
  return Error::internal("no error");
}

TEST_F(DuckdbTable, ReadsEveryScalarTypeOfParquet) {
  EXPECT_THAT(round_trip("unnest([true, false, NULL])"), ElementsAre("1", "0", "-"));
  EXPECT_THAT(round_trip("unnest([-128, 127, NULL]::TINYINT[])"), ElementsAre("-128", "127", "-"));
  EXPECT_THAT(round_trip("unnest([-32768, 32767]::SMALLINT[])"), ElementsAre("-32768", "32767"));
  EXPECT_THAT(round_trip("unnest([-2147483648, 2147483647]::INTEGER[])"), ElementsAre("-2147483648", "2147483647"));
  EXPECT_THAT(round_trip("unnest([-9223372036854775808, 9223372036854775807]::BIGINT[])"),
              ElementsAre("-9223372036854775808", "9223372036854775807"));
  EXPECT_THAT(round_trip("unnest([0, 255]::UTINYINT[])"), ElementsAre("0", "255"));
  EXPECT_THAT(round_trip("unnest([0, 65535]::USMALLINT[])"), ElementsAre("0", "65535"));
  EXPECT_THAT(round_trip("unnest([0, 4294967295]::UINTEGER[])"), ElementsAre("0", "4294967295"));
  EXPECT_THAT(round_trip("unnest([0, 9223372036854775807, NULL]::UBIGINT[])"),
              ElementsAre("0", "9223372036854775807", "-"));
  EXPECT_THAT(round_trip("unnest([0.5, -1e30, NULL]::FLOAT[])"), ElementsAre("0.5", "-1.0000000150474662e+30", "-"));
  EXPECT_THAT(round_trip("unnest([0.1, NULL]::DOUBLE[])"), ElementsAre("0.1", "-"));
  EXPECT_THAT(round_trip("unnest([12.34, -0.01, NULL]::DECIMAL(4,2)[])"), ElementsAre("12.34", "-0.01", "-"));
  EXPECT_THAT(round_trip("unnest([12345.67]::DECIMAL(9,2)[])"), ElementsAre("12345.67"));
  EXPECT_THAT(round_trip("unnest([123456789012.345]::DECIMAL(18,3)[])"), ElementsAre("123456789012.345"));
  EXPECT_THAT(round_trip("unnest([-12345678901234567890.5]::DECIMAL(38,1)[])"), ElementsAre("-1.2345678901234567e+19"));
  EXPECT_THAT(round_trip("unnest([7, -7]::DECIMAL(9,0)[])"), ElementsAre("7", "-7"));
  EXPECT_THAT(round_trip("unnest(['', 'twelve bytes', 'thirteen bytes', NULL, 'ü'])"),
              ElementsAre("\"\"", "\"twelve bytes\"", "\"thirteen bytes\"", "-", "\"ü\""));
  EXPECT_THAT(round_trip("unnest(['abc'::BLOB, NULL])"), ElementsAre("\"abc\"", "-"));
  EXPECT_THAT(round_trip("'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::UUID"),
              ElementsAre("\"4ac7a9e9-607c-4c8a-84f3-843f0191e3fd\""));
  EXPECT_THAT(round_trip("unnest(['b', 'a', NULL]::ENUM('a', 'b')[])"), ElementsAre("\"b\"", "\"a\"", "-"));
}

TEST_F(DuckdbTable, SaysTheUnitOfDatesAndTimes) {
  const auto table = query(
      "SELECT DATE '1970-01-03' AS d, TIMESTAMP '1970-01-01 00:00:02.5' AS us, "
      "TIMESTAMP_S '1970-01-01 00:00:02' AS s, TIMESTAMP_MS '1970-01-01 00:00:02.5' AS ms, "
      "TIMESTAMP_NS '1970-01-01 00:00:02.000000005' AS ns, TIMESTAMPTZ '1970-01-01 01:00:00+01' AS tz, "
      "TIME '00:00:01' AS t, 5 AS n");
  EXPECT_THAT(row_texts(*table), ElementsAre("2 | 2500000 | 2 | 2500 | 2000000005 | 0 | 1000000 | 5"));
  std::vector<TimeUnit> units;
  for (const Field& field : table->fields()) units.push_back(field.unit);
  EXPECT_THAT(units,
              ElementsAre(TimeUnit::kDays, TimeUnit::kMicroseconds, TimeUnit::kSeconds, TimeUnit::kMilliseconds,
                          TimeUnit::kNanoseconds, TimeUnit::kMicroseconds, TimeUnit::kMicroseconds, TimeUnit::kNone));
}

TEST_F(DuckdbTable, ReadsTypesThatOnlyQueriesYield) {
  EXPECT_THAT(row_texts(*query("SELECT sum(i) AS s FROM range(5) t(i)")), ElementsAre("10"));
  EXPECT_THAT(row_texts(*query("SELECT -5::HUGEINT AS h, 5::UHUGEINT AS u, NULL AS n, '101'::BIT AS b")),
              ElementsAre("-5 | 5 | - | \"101\""));
}

TEST_F(DuckdbTable, ReadsListsWithMissingRowsAndValues) {
  EXPECT_THAT(round_trip("unnest([[1, NULL, 3], [], NULL, [4]]::INTEGER[][])"),
              ElementsAre("[1 - 3]", "[]", "-", "[4]"));
  EXPECT_THAT(round_trip("unnest([['a', 'a longer string'], NULL, [NULL], ['', 'b']])"),
              ElementsAre("[\"a\" \"a longer string\"]", "-", "[-]", "[\"\" \"b\"]"));
  EXPECT_THAT(row_texts(*query("SELECT unnest([[1.5, 2], NULL, [3, NULL]]::DOUBLE[2][]) AS x")),
              ElementsAre("[1.5 2]", "-", "[3 -]"));
  EXPECT_THAT(row_texts(*query("SELECT unnest([['a', 'b'], NULL, ['c', NULL]]::VARCHAR[2][]) AS x")),
              ElementsAre("[\"a\" \"b\"]", "-", "[\"c\" -]"));
  EXPECT_EQ(query("SELECT [1, 2] AS x")->fields()[0].cells, Cells::kList);
  EXPECT_EQ(query("SELECT [1, 2]::INTEGER[2] AS x")->fields()[0].cells, Cells::kFixed);
}

TEST_F(DuckdbTable, ListsOfFilteredRowsHoldNoOtherValues) {
  const std::string file =
      parquet("t.parquet", "SELECT i, [i, -i] AS x, ['s' || i] AS s FROM range(5000) t(i)", ", ROW_GROUP_SIZE 2048");
  const auto table = query("SELECT x, s FROM '" + file + "' WHERE i % 1000 = 7");
  EXPECT_THAT(row_texts(*table),
              ElementsAre("[7 -7] | [\"s7\"]", "[1007 -1007] | [\"s1007\"]", "[2007 -2007] | [\"s2007\"]",
                          "[3007 -3007] | [\"s3007\"]", "[4007 -4007] | [\"s4007\"]"));
}

TEST_F(DuckdbTable, RowsComeInTheirOrderAtAnyNumberOfThreads) {
  const std::string file =
      parquet("t.parquet", "SELECT i, 'text ' || (i % 1000) AS s FROM range(100000) t(i)", ", ROW_GROUP_SIZE 4096");
  for (const int threads : {1, 3}) {
    const auto table = open_duckdb_table({}, {file}, {.threads = threads});
    EXPECT_EQ(table->estimated_rows(), 100000);
    const auto rows = row_texts(*table);
    ASSERT_EQ(rows.size(), 100000U);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i], std::to_string(i) + " | \"text " + std::to_string(i % 1000) + "\"");
    }
  }
}

TEST_F(DuckdbTable, StartsAgainWithOtherColumns) {
  const auto table =
      open_duckdb_table({}, {parquet("t.parquet", "SELECT i AS a, -i AS b, 's' || i AS c FROM range(3) t(i)")});
  EXPECT_THAT(row_texts(*table, {2, 0}), ElementsAre("\"s0\" | 0", "\"s1\" | 1", "\"s2\" | 2"));
  EXPECT_THAT(row_texts(*table, {1}), ElementsAre("0", "-1", "-2"));
  table->start({0});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_THAT(row_texts(*table, {0}), ElementsAre("0", "1", "2"));
  EXPECT_EQ(row_texts(*table, {}).size(), 3U);
}

TEST_F(DuckdbTable, ReadsFilesWithoutRows) {
  const auto table = open_duckdb_table({}, {parquet("t.parquet", "SELECT 1 AS a, 'x' AS b WHERE false")});
  EXPECT_EQ(table->fields().size(), 2U);
  EXPECT_EQ(table->estimated_rows(), 0);
  EXPECT_TRUE(row_texts(*table).empty());
  Batch batch;
  EXPECT_FALSE(table->next(batch));
}

TEST_F(DuckdbTable, SeveralFilesAreOneTable) {
  const std::string a = parquet("a.parquet", "SELECT 1 AS x, 'one' AS y");
  const std::string b = parquet("b.parquet", "SELECT unnest(['two', 'three']) AS y, 2 AS x, 0 AS z");
  const auto table = open_duckdb_table({}, {a, b});
  EXPECT_EQ(table->estimated_rows(), 3);
  EXPECT_EQ(table->size(), fs::file_size(a) + fs::file_size(b));
  EXPECT_THAT(row_texts(*table), ElementsAre("1 | \"one\"", "2 | \"two\"", "2 | \"three\""));
  EXPECT_EQ(table->bytes_read(), table->size());

  table->start({0});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(0), a + " row 1");
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(1), b + " row 2");

  const Error missing = error_of([&] { open_duckdb_table({}, {b, a}); });
  EXPECT_EQ(missing.code(), ErrorCode::kBadData);
  EXPECT_THAT(missing.message(), HasSubstr("a.parquet has no column 'z'"));
  const std::string c = parquet("c.parquet", "SELECT 1.5::DOUBLE AS x, 'c' AS y");
  EXPECT_THAT(error_of([&] { open_duckdb_table({}, {a, c}); }).message(), HasSubstr("column 'x' of " + c));
}

TEST_F(DuckdbTable, PlacesOfRowsCountOverBatches) {
  const auto table = open_duckdb_table({}, {parquet("t.parquet", "SELECT i FROM range(5000) t(i)")});
  table->start({0});
  std::int64_t row = 0;
  for (Batch batch; table->next(batch); row += batch.rows) {
    EXPECT_EQ(table->place(0), table->name() + " row " + std::to_string(row + 1));
    EXPECT_EQ(batch.columns[0].integers[0], row);
    EXPECT_LE(table->bytes_read(), table->size());
  }
  EXPECT_EQ(row, 5000);
}

TEST_F(DuckdbTable, ChoosesRenamesAndRetypesColumns) {
  const std::string file =
      parquet("t.parquet", "SELECT '7' AS a, 2 AS b, DATE '2001-02-03' AS c, 1.5 AS d, [1, 2] AS e");
  DataOptions data;
  data.select = {"b", "a", "c", "d", "e"};
  data.rename = {{"a", "alpha"}};
  data.types = {{"a", "integer"}, {"b", "string"}, {"c", "string"}, {"e", "string"}};
  const auto table = open_duckdb_table(data, {file});
  EXPECT_EQ(table->fields()[1].name, "alpha");
  EXPECT_EQ(table->fields()[1].type, ColumnType::kInteger);
  EXPECT_THAT(row_texts(*table), ElementsAre("\"2\" | 7 | \"2001-02-03\" | 1.5 | [\"1\" \"2\"]"));

  data.select = {"a", "nope"};
  const Error error = error_of([&] { open_duckdb_table(data, {file}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("'nope'"));
  data.select = {};
  data.rename = {{"a", "b"}};
  EXPECT_THAT(error_of([&] { open_duckdb_table(data, {file}); }).message(), HasSubstr("two columns 'b'"));
}

TEST_F(DuckdbTable, ColumnAndFileNamesAreNoSql) {
  const std::string file = parquet("it's [1]*?.parquet", "SELECT 1 AS \"a\"\"; DROP TABLE x; --\", 2 AS \"select\"");
  text("it's 1.parquet", "not the file that is meant");
  const auto table = open_duckdb_table({}, {file});
  EXPECT_EQ(table->fields()[0].name, "a\"; DROP TABLE x; --");
  EXPECT_THAT(row_texts(*table), ElementsAre("1 | 2"));
}

TEST_F(DuckdbTable, NanIsMissingAndInfinityIsBad) {
  EXPECT_THAT(round_trip("unnest([1, 'nan'::DOUBLE, NULL])"), ElementsAre("1", "-", "-"));
  EXPECT_THAT(round_trip("unnest([[1, 'nan'::FLOAT], ['nan'::FLOAT]])"), ElementsAre("[1 -]", "[-]"));
  const Error error = error_of([&] { round_trip("unnest([1, 'infinity'::DOUBLE])"); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  EXPECT_THAT(error.message(), HasSubstr("t.parquet row 2: column x: inf is not finite"));
}

TEST_F(DuckdbTable, ValuesThatDoNotFitAreBadRows) {
  const std::string file =
      parquet("t.parquet",
              "SELECT i::VARCHAR AS n, CASE WHEN i % 3 = 2 THEN 18446744073709551615 ELSE i END::UBIGINT AS u, "
              "CASE WHEN i = 4 THEN 'x' ELSE i::VARCHAR END AS t FROM range(10) t(i)");
  const Error error = error_of([&] { row_texts(*open_duckdb_table({}, {file})); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  EXPECT_THAT(error.message(), HasSubstr("t.parquet row 3: column u: 18446744073709551615 is beyond"));

  DataOptions data;
  data.on_bad = "skip";
  data.types = {{"t", "integer"}};
  const std::string rejects = path("rejects.txt");
  const auto table = open_duckdb_table(data, {file}, {.rejects = rejects});
  EXPECT_THAT(row_texts(*table), ElementsAre("\"0\" | 0 | 0", "\"1\" | 1 | 1", "\"3\" | 3 | 3", "\"6\" | 6 | 6",
                                             "\"7\" | 7 | 7", "\"9\" | 9 | 9"));
  EXPECT_EQ(table->bad_rows().count(), 4);
  std::ifstream lines(rejects);
  std::string line;
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("t.parquet row 3: column u"));

  table->start({0});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(batch.rows, 10) << "columns that are not wanted are not looked at";

  table->start({1});
  ASSERT_TRUE(table->next(batch));
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(0), file + " row 4");

  data.max_bad = "10%";
  EXPECT_EQ(error_of([&] { row_texts(*open_duckdb_table(data, {file})); }).code(), ErrorCode::kBadData);
}

TEST_F(DuckdbTable, BlobsMustBeUtf8) {
  const Error error = error_of([&] { round_trip("unnest(['ok'::BLOB, '\\xFF'::BLOB])"); });
  EXPECT_THAT(error.message(), HasSubstr("row 2: column x"));
  EXPECT_THAT(error.message(), HasSubstr("is not UTF-8"));
  // Two halves of one character are not UTF-8, though their bytes in a row are.
  EXPECT_EQ(error_of([&] { round_trip("unnest(['\\xC3'::BLOB, '\\xBC'::BLOB])"); }).code(), ErrorCode::kBadData);
}

TEST_F(DuckdbTable, ColumnsThatCannotBeReadAreRefusedByName) {
  const std::string file =
      parquet("t.parquet",
              "SELECT 1 AS n, {'a': 1} AS s, MAP {'a': 1} AS m, [[1]] AS l, INTERVAL 1 DAY AS i, [{'a': 1}] AS ls");
  const auto table = open_duckdb_table({}, {file});
  EXPECT_THAT(row_texts(*table, {0}), ElementsAre("1"));
  const std::vector<std::string> wanted = {
      "column 's' of " + file + " is a STRUCT", "column 'm' of " + file + " is a MAP",
      "column 'l' of " + file + " is a list of lists", "is an INTERVAL", "is a list with values that are a STRUCT"};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Error error = error_of([&] { table->start({static_cast<std::int64_t>(i) + 1}); });
    EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
    EXPECT_THAT(error.message(), HasSubstr(wanted[i]));
    EXPECT_THAT(error.fix(), HasSubstr("data.select"));
  }
}

TEST_F(DuckdbTable, QueriesReadCsvJsonAndParquetBesideTheSpec) {
  text("movies.csv", "id,title\n1,Alien\n2,Brazil\n");
  text("tags.jsonl", "{\"id\": 1, \"tags\": [\"space\", \"horror\"]}\n{\"id\": 2, \"tags\": []}\n");
  parquet("ratings.parquet", "SELECT unnest([2, 1, 2]) AS id, unnest([4.5, 3, 5]::DOUBLE[]) AS rating");
  const auto table = query(
      "SELECT title, rating, tags FROM 'ratings.parquet' r JOIN 'movies.csv' m USING (id) JOIN 'tags.jsonl' t USING "
      "(id) "
      "ORDER BY rating; -- the end");
  EXPECT_EQ(table->name(), "data.query");
  EXPECT_THAT(row_texts(*table),
              ElementsAre("\"Alien\" | 3 | [\"space\" \"horror\"]", "\"Brazil\" | 4.5 | []", "\"Brazil\" | 5 | []"));
  table->start({0});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(2), "data.query row 3");
  EXPECT_THAT(row_texts(*table, {1}), ElementsAre("3", "4.5", "5"));
}

TEST_F(DuckdbTable, MistakesInQueriesAreSaidInDuckdbsWords) {
  const Error syntax = error_of([&] { query("SELEC 1"); });
  EXPECT_EQ(syntax.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(syntax.message(), HasSubstr("data.query: Parser Error"));
  parquet("t.parquet", "SELECT 1 AS a");
  const Error column = error_of([&] { query("SELECT b FROM 't.parquet'"); });
  EXPECT_EQ(column.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(column.message(), HasSubstr("\"b\" not found"));
  EXPECT_THAT(error_of([&] { query("SELECT 1 AS a, 2 AS a"); }).message(), HasSubstr("two columns have the name 'a'"));
  EXPECT_EQ(error_of([&] { query("SELECT 1; SELECT 2"); }).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of([&] { query("FROM 'nowhere.parquet'"); }).code(), ErrorCode::kInvalidArgument);
  const Error cast = error_of([&] { row_texts(*query("SELECT ('x' || i)::INTEGER AS a FROM range(3) t(i)")); });
  EXPECT_EQ(cast.code(), ErrorCode::kBadData);
  EXPECT_THAT(cast.message(), HasSubstr("data.query after row 0: Conversion Error"));
}

TEST_F(DuckdbTable, QueriesOnlyRead) {
  const std::vector<std::string> statements = {"COPY (SELECT 1) TO '" + path("out.csv") + "'", "CREATE TABLE x (a INT)",
                                               "INSTALL httpfs", "SET threads = 8",
                                               "ATTACH '" + path("new.db") + "' AS d"};
  for (const std::string& sql : statements) {
    const Error error = error_of([&] { query(sql); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << sql;
    EXPECT_THAT(error.message(), HasSubstr("no SELECT")) << sql;
  }
  EXPECT_FALSE(fs::exists(path("out.csv")));
  EXPECT_FALSE(fs::exists(path("new.db")));
  EXPECT_EQ(error_of([&] { query("FROM 'https://127.0.0.1:1/x.parquet'"); }).code(), ErrorCode::kInvalidArgument);
}

TEST_F(DuckdbTable, NamesInQueriesNeverMeanTwoFiles) {
  fs::create_directories(path("spec"));
  text("spec/here.csv", "a\n1\n");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  text("here.csv", "a\n2\n");
  const Error error = error_of([&] { query("FROM 'here.csv'", {.directory = path("spec")}); });
  EXPECT_THAT(row_texts(*query("FROM 'here.csv'", {.directory = folder_.string()})), ElementsAre("2"));
  fs::current_path(before);
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("'here.csv'"));
  EXPECT_THAT(row_texts(*query("FROM 'here.csv'", {.directory = path("spec")})), ElementsAre("1"));
}

TEST_F(DuckdbTable, DigestsFollowTheBytes) {
  const std::string file = parquet("t.parquet", "SELECT 1 AS a");
  const auto digest = [&](const std::string& of) {
    const auto table = open_duckdb_table({}, {of});
    row_texts(*table);
    return table->digest();
  };
  const std::string first = digest(file);
  EXPECT_EQ(first.size(), 32U);
  fs::copy(file, path("copy.parquet"));
  EXPECT_EQ(digest(path("copy.parquet")), first);
  parquet("t.parquet", "SELECT 2 AS a");
  EXPECT_NE(digest(file), first);

  const auto of_query = [&](const std::string& sql) {
    const auto table = query(sql);
    row_texts(*table);
    return table->digest();
  };
  const std::string one = of_query("FROM 't.parquet'");
  EXPECT_EQ(of_query("FROM 't.parquet'"), one);
  EXPECT_NE(of_query("FROM  't.parquet'"), one);
  const std::string pattern = of_query("FROM read_parquet('*.parquet')");
  parquet("t.parquet", "SELECT 3 AS a");
  EXPECT_NE(of_query("FROM 't.parquet'"), one);
  EXPECT_NE(of_query("FROM read_parquet('*.parquet')"), pattern);
}

TEST_F(DuckdbTable, CodesSayTheSameStrings) {
  const std::string options = ", ROW_GROUP_SIZE 2048";
  const std::string few =
      parquet("few.parquet",
              "SELECT CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'city ' || (i % 97) END AS a, i, "
              "['x' || i] AS l FROM range(20000) t(i)",
              options);
  const std::string more = parquet("more.parquet", "SELECT 'town ' || (i % 90) AS a, i, ['x'] AS l FROM range(9) t(i)");
  const auto wanted = row_texts(*open_duckdb_table({}, {few, more}));
  for (const int threads : {1, 3}) {
    const auto table = open_duckdb_table({}, {few, more}, {.threads = threads, .codes = true});
    EXPECT_EQ(row_texts(*table), wanted);
    EXPECT_EQ(row_texts(*table), wanted);
    table->start({0});
    Batch batch;
    ASSERT_TRUE(table->next(batch));
    const Column& column = batch.columns[0];
    ASSERT_EQ(column.codes.size(), static_cast<std::size_t>(batch.rows));
    EXPECT_EQ(column.codes[0], 0) << "missing";
    EXPECT_EQ(column.codes[1], 0) << "empty";
    EXPECT_TRUE(column.missing(0));
    EXPECT_FALSE(column.missing(1));
    EXPECT_NE(column.dictionary, nullptr);
    const auto dictionary = column.dictionary;
    const std::string second(column.string(2));
    const auto code = static_cast<std::size_t>(column.codes[2]);
    while (table->next(batch)) {
      EXPECT_EQ(batch.columns[0].dictionary, dictionary);
      EXPECT_EQ(second, std::string(batch.columns[0].bytes + batch.columns[0].offsets[code],
                                    batch.columns[0].bytes + batch.columns[0].offsets[code + 1]));
    }
  }
}

TEST_F(DuckdbTable, ColumnsWithTooManyStringsForCodesAreReadWithout) {
  // Few strings at first, so that batches with codes come before those without.
  const std::string file =
      parquet("t.parquet",
              "SELECT 'id ' || CASE WHEN i < 30000 THEN i % 10 ELSE i END AS a, 'x' || (i % 3) AS b, "
              "CASE WHEN i % 20000 = 7 THEN 'infinity'::DOUBLE ELSE i END AS d "
              "FROM range(90000) t(i)",
              ", ROW_GROUP_SIZE 10000");
  DataOptions data;
  data.on_bad = "skip";
  const auto plain = open_duckdb_table(data, {file});
  const auto wanted = row_texts(*plain);
  const auto table = open_duckdb_table(data, {file}, {.codes = true});
  EXPECT_EQ(row_texts(*table), wanted);
  EXPECT_EQ(table->bad_rows().count(), plain->bad_rows().count());
  EXPECT_EQ(row_texts(*table), wanted);
  table->start({0, 1});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_TRUE(batch.columns[0].codes.empty());
  EXPECT_FALSE(batch.columns[1].codes.empty());
}

TEST_F(DuckdbTable, DamagedFilesAreErrors) {
  const std::string file =
      parquet("t.parquet", "SELECT i, 'text ' || (i % 7) AS s, [i, i] AS l, i / 7 AS d FROM range(3000) t(i)",
              ", ROW_GROUP_SIZE 1000, COMPRESSION zstd");
  std::ifstream in(file, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const auto read = [&](const std::string& content) {
    const std::string damaged = text("damaged.parquet", content);
    try {
      const auto table = open_duckdb_table({}, {damaged});
      row_texts(*table);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::kBadData || error.code() == ErrorCode::kNotSupported ||
                  error.code() == ErrorCode::kResourceLimit)
          << error_name(error.code()) << error.message();
      EXPECT_THAT(error.message(), HasSubstr("damaged.parquet"));
      return false;
    }
    return true;
  };
  EXPECT_TRUE(read(whole));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_FALSE(read(whole.substr(0, whole.size() * i / 20))) << i;
  EXPECT_FALSE(read("not Parquet at all"));
  for (std::size_t i = 0; i < 30; ++i) {
    std::string flipped = whole;
    flipped[whole.size() * i / 30] ^= static_cast<char>(1U << (i % 8));
    read(flipped);  // may go unnoticed where nothing checks the bytes; must not crash
  }
}

TEST(DuckdbQuery, FindsTheWordsThatCouldNameFiles) {
  using duckdb::file_words;
  EXPECT_THAT(file_words("FROM 'a.csv' JOIN \"b/c\" USING (id) WHERE x = 'US'"), ElementsAre("a.csv", "b/c"));
  EXPECT_THAT(file_words("FROM 'it''s.csv', 'it''s.csv'"), ElementsAre("it's.csv"));
  EXPECT_THAT(file_words("-- 'no.csv'\nFROM /* 'nor.csv' */ 'yes.csv' --'end.csv'"), ElementsAre("yes.csv"));
  EXPECT_THAT(file_words("FROM 'open.csv"), ElementsAre("open.csv"));
  EXPECT_TRUE(file_words("SELECT 1 /* 'x.csv").empty());
  EXPECT_TRUE(file_words("'").empty());
}

TEST(DuckdbLibrary, SaysWhatToDoWithoutIt) {
  const std::vector<std::string> nowhere = {"/nowhere/libduckdb.so"};
  const Error error = error_of([&] { duckdb::load_library(nowhere); });
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_THAT(error.message(), HasSubstr("/nowhere/libduckdb.so"));
  EXPECT_THAT(error.fix(), HasSubstr("setup/install.sh parquet"));
  EXPECT_THAT(error.fix(), HasSubstr("KIN_DUCKDB="));
}

TEST(DuckdbLibrary, OtherLibrariesAreRefused) {
  const std::vector<std::string> other = {"libm.so.6"};
  const Error error = error_of([&] { duckdb::load_library(other); });
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_THAT(error.message(), HasSubstr("libm.so.6"));
}

TEST(DuckdbLibrary, TheEnvironmentAloneDecidesWhereItIsSet) {
  const char* before = ::getenv("KIN_DUCKDB");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("KIN_DUCKDB", "/nowhere/libduckdb.so", 1);
  EXPECT_THAT(duckdb::library_places(), ElementsAre("/nowhere/libduckdb.so"));
  ::unsetenv("KIN_DUCKDB");
  EXPECT_THAT(duckdb::library_places(),
              ElementsAre(HasSubstr("lib/kinspace"), HasSubstr("libduckdb.so"), "libduckdb.so"));
  if (before != nullptr) ::setenv("KIN_DUCKDB", kept.c_str(), 1);
}

}  // namespace
}  // namespace kin
