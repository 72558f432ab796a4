#include "kinspace/data/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kMissing = "-";

CsvReader open_text(const std::string& text, CsvOptions options = {}) {
  return CsvReader(memory_source("t.csv", text), std::move(options));
}

std::vector<std::string> types_of(const CsvReader& reader) {
  std::vector<std::string> types;
  for (const Field& field : reader.fields()) types.emplace_back(column_type_name(field.type));
  return types;
}

std::string text_of(const Column& column, std::size_t row) {
  if (column.missing(row)) return kMissing;
  switch (column.type) {
    case ColumnType::kInteger:
      return std::to_string(column.integers[row]);
    case ColumnType::kNumber:
      return std::to_string(column.numbers[row]);
    case ColumnType::kString:
      break;
  }
  return std::string(column.string(row));
}

// All values of some columns as text, row by row, and "line: " before each row.
std::vector<std::string> read_all(CsvReader& reader, const std::vector<std::int64_t>& wanted) {
  std::vector<std::string> rows;
  reader.start(wanted);
  for (Batch batch; reader.next(batch);) {
    EXPECT_EQ(batch.columns.size(), wanted.size());
    for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
      std::string& text = rows.emplace_back(std::to_string(reader.line(row)) + ":");
      for (const Column& column : batch.columns) text += " " + text_of(column, row);
    }
  }
  return rows;
}

std::vector<std::string> read_all(const std::string& text, const std::vector<std::int64_t>& wanted,
                                  CsvOptions options = {}) {
  CsvReader reader = open_text(text, std::move(options));
  return read_all(reader, wanted);
}

template <class F>
std::string error_of(ErrorCode code, F f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message() + " | " + error.fix();
  }
  ADD_FAILURE() << "no error";
  return {};
}

std::string bad_data(const std::string& text, CsvOptions options = {}) {
  return error_of(ErrorCode::kBadData, [&] {
    CsvReader reader = open_text(text, options);
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < reader.fields().size(); ++i) all.push_back(static_cast<std::int64_t>(i));
    read_all(reader, all);
  });
}

CsvOptions with_types(std::map<std::string, ColumnType> types) {
  CsvOptions options;
  options.types = std::move(types);
  return options;
}

TEST(CsvReader, GuessesTheNarrowestTypeThatHoldsEveryCell) {
  const CsvReader reader = open_text(
      "whole,real,mixed,text,empty,gaps,code,huge,quoted,nan,nans\n"
      "1,1.5,1,1,,,02139,99999999999999999999,\"7\",1,nan\n"
      "-2,1e3,2.5,x,,3,10001,1,\"8\",NaN,inf\n");
  EXPECT_THAT(types_of(reader), ElementsAre("integer", "number", "number", "string", "string", "integer", "string",
                                            "integer", "integer", "integer", "string"));
}

TEST(CsvReader, RemembersTheCellThatDecidedTheGuess) {
  const CsvReader reader = open_text("a,b,c\n1,1,\n2,2.5,\n3,NA,\n");
  EXPECT_EQ(reader.fields()[0].example, "1");
  EXPECT_EQ(reader.fields()[0].example_line, 2);
  EXPECT_EQ(reader.fields()[1].example, "NA");
  EXPECT_EQ(reader.fields()[1].example_line, 4);
  EXPECT_EQ(reader.fields()[2].example_line, 0);
}

TEST(CsvReader, GuessesFromTheFirstRowsOnly) {
  CsvOptions options;
  options.guess_rows = 3;
  for (const std::size_t block : {4, 11, 1000}) {
    options.limits.block_bytes = block;
    EXPECT_THAT(types_of(open_text("a\n1\n2\n3\nx\n", options)), ElementsAre("integer"));
    EXPECT_THAT(types_of(open_text("a\n1\n2\nx\n4\n", options)), ElementsAre("string"));
  }
}

TEST(CsvReader, TakesTheTypesThatItIsTold) {
  const CsvOptions options =
      with_types({{"a", ColumnType::kString}, {"b", ColumnType::kNumber}, {"c", ColumnType::kInteger}});
  EXPECT_THAT(read_all("a,b,c\n007,1,007\n", {0, 1, 2}, options), ElementsAre("2: 007 1.000000 7"));
}

TEST(CsvReader, ReadsTypedColumnsInTheWantedOrder) {
  EXPECT_THAT(read_all("id,x,name\n1,0.5,\"a \"\"b\"\"\"\n2,-1,\"c,d\"\n", {2, 0, 1}),
              ElementsAre("2: a \"b\" 1 0.500000", "3: c,d 2 -1.000000"));
  EXPECT_THAT(read_all("id,x\n1,2\n", {}), ElementsAre("2:"));
}

TEST(CsvReader, EmptyCellsAreMissing) {
  EXPECT_THAT(read_all("i,n,s\n1,1.5,x\n,,\n\"\",\"\",\"\"\n  , , \n2,2.5,y\n", {0, 1, 2}),
              ElementsAre("2: 1 1.500000 x", "3: - - -", "4: - - -", "5: - -  ", "6: 2 2.500000 y"));
}

TEST(CsvReader, MissingBitsAreRightInEveryPlace) {
  std::string text = "i\n";
  std::vector<std::string> want;
  for (int i = 0; i < 70; ++i) {
    const bool missing = i % 3 == 1;
    text += missing ? "\"\"\n" : std::to_string(i) + "\n";
    want.push_back(std::to_string(i + 2) + ": " + (missing ? kMissing : std::to_string(i)));
  }
  EXPECT_EQ(read_all(text, {0}), want);
}

TEST(CsvReader, ReadsIntegersAtTheEndsOfTheirRange) {
  EXPECT_THAT(read_all("i\n9223372036854775807\n-9223372036854775808\n-1\n2147483648\n", {0}),
              ElementsAre("2: 9223372036854775807", "3: -9223372036854775808", "4: -1", "5: 2147483648"));
}

TEST(CsvReader, NamesFileLineColumnAndValueOfABadCell) {
  CsvOptions options;
  options.guess_rows = 1;
  EXPECT_THAT(
      bad_data("id,n\n1,1.5\n2,2.5\nx7,1\n", options),
      AllOf(HasSubstr("t.csv line 4, column 'id': 'x7' is not an integer"), HasSubstr("data.types.id = \"string\"")));
  EXPECT_THAT(bad_data("id,n\n1,1.5\n2,0x10\n", options),
              HasSubstr("t.csv line 3, column 'n': '0x10' is not a number"));
  EXPECT_THAT(bad_data("id\n1\n2.5\n", options), HasSubstr("line 3, column 'id': '2.5' is not an integer"));
  EXPECT_THAT(bad_data("my id\n1\nx\n", options), HasSubstr("data.types.\"my id\" = \"string\""));
  EXPECT_THAT(bad_data("id\n1\n\"1\"\"\"\n", options), HasSubstr("'1\"' is not an integer"));
}

TEST(CsvReader, RefusesIdsThatOverflow) {
  EXPECT_THAT(bad_data("id\n1\n9223372036854775808\n"),
              AllOf(HasSubstr("t.csv line 3, column 'id': '9223372036854775808' is beyond the 64-bit integers"),
                    HasSubstr("data.types.id = \"string\"")));
  EXPECT_THAT(bad_data("id\n18446744073709551615\n"), HasSubstr("line 2, column 'id'"));
}

TEST(CsvReader, RefusesNumbersThatAreNotFinite) {
  EXPECT_THAT(bad_data("x\n1.5\n1e400\n"), HasSubstr("t.csv line 3, column 'x': '1e400' is beyond the range"));
  EXPECT_THAT(bad_data("x\n1.5\nnan\n"), HasSubstr("t.csv line 3, column 'x': 'nan' cannot be compared or ordered"));
  EXPECT_THAT(bad_data("x\n1\n-inf\n"), HasSubstr("line 3, column 'x': '-inf' cannot be compared"));
}

TEST(CsvReader, RefusesToLoseALeadingZeroUnlessTold) {
  CsvOptions options;
  options.guess_rows = 1;
  EXPECT_THAT(
      bad_data("zip\n10001\n02139\n", options),
      AllOf(HasSubstr("line 3, column 'zip': '02139' starts with a zero"), HasSubstr("data.types.zip = \"string\"")));
}

TEST(CsvReader, NamesTheFirstBadRowWhateverTheBlockSize) {
  for (const std::size_t block : {4, 8, 12, 64, 1 << 20}) {
    CsvOptions options;
    options.guess_rows = 1;
    options.limits.block_bytes = block;
    EXPECT_THAT(bad_data("a,b\n1,1\n2,x\ny,3\n4\n", options), HasSubstr("line 3, column 'b': 'x'"));
    EXPECT_THAT(bad_data("a,b\n1,1\ny,x\n", options), HasSubstr("line 3, column 'a': 'y'"));
  }
}

TEST(CsvReader, RefusesHeadersThatDoNotNameEveryColumnOnce) {
  EXPECT_THAT(bad_data("a,b,a\n1,2,3\n"), HasSubstr("t.csv line 1: the header names column 'a' twice"));
  EXPECT_THAT(bad_data("a, a\n1,2\n"), HasSubstr("names column 'a' twice"));
  EXPECT_THAT(bad_data(",a\n1,2\n"),
              AllOf(HasSubstr("t.csv line 1: the header gives column 1 no name"), HasSubstr("index=False")));
  EXPECT_THAT(bad_data("a,\n1,2\n"), HasSubstr("gives column 2 no name"));
  EXPECT_THAT(bad_data(std::string(1001, 'x') + "\n1\n"), HasSubstr("gives column 1 a name of 1001 bytes"));
}

TEST(CsvReader, RefusesTablesWithoutRows) {
  EXPECT_THAT(bad_data(""), HasSubstr("t.csv is empty"));
  EXPECT_THAT(bad_data("a,b\n"), HasSubstr("t.csv has a header but no rows"));
  EXPECT_THAT(bad_data("a,b\n\n\r\n"), HasSubstr("no rows"));
}

TEST(CsvReader, SuggestsTheColumnThatWasMeant) {
  const CsvReader reader = open_text("userId,movieId\n1,2\n");
  EXPECT_THAT(
      error_of(ErrorCode::kInvalidArgument, [&] { find_field(reader.fields(), "userID", "t.csv", "data.group_by"); }),
      HasSubstr(
          "data.group_by: t.csv has no column 'userID', did you mean 'userId'? Its columns are: userId, movieId"));
  EXPECT_THAT(error_of(ErrorCode::kInvalidArgument,
                       [&] {
                         open_text("a\n1\n", with_types({{"zzz", ColumnType::kString}}));
                       }),
              HasSubstr("data.types: t.csv has no column 'zzz'. Its columns are: a"));
  const CsvReader wrong = open_text("userId;movieId\n1;2\n");
  EXPECT_THAT(
      error_of(ErrorCode::kInvalidArgument, [&] { find_field(wrong.fields(), "userId", "t.csv", "data.group_by"); }),
      HasSubstr("check data.separator"));
}

TEST(CsvReader, RefusesSeparatorsThatCannotSeparate) {
  for (const std::string& separator : {std::string("\""), std::string("\n"), std::string(), std::string("\xE9")}) {
    CsvOptions options;
    options.separator = separator;
    EXPECT_THAT(error_of(ErrorCode::kInvalidArgument, [&] { open_text("a\n1\n", options); }),
                HasSubstr("data.separator"));
  }
  EXPECT_EQ(csv_separator("", "x.csv"), ",");
  EXPECT_EQ(csv_separator("", "x.tsv"), "\t");
  EXPECT_EQ(csv_separator(";", "x.tsv"), ";");
  EXPECT_EQ(csv_separator("\\t", "x.csv"), "\t");
  EXPECT_EQ(csv_separator("::", "x.dat"), "::");
}

TEST(CsvReader, RefusesUnknownTypeNames) {
  EXPECT_EQ(parse_column_types({{"a", "number"}}).at("a"), ColumnType::kNumber);
  EXPECT_THAT(error_of(ErrorCode::kInvalidArgument,
                       [&] {
                         parse_column_types({{"a b", "strng"}});
                       }),
              HasSubstr("data.types.\"a b\" is 'strng', did you mean 'string'?"));
}

TEST(CsvReader, CanStartAgainWithOtherColumns) {
  CsvReader reader = open_text("a,b\n1,x\n2,y\n");
  EXPECT_THAT(read_all(reader, {0}), ElementsAre("2: 1", "3: 2"));
  const std::string digest = reader.digest();
  EXPECT_THAT(read_all(reader, {1, 0}), ElementsAre("2: x 1", "3: y 2"));
  EXPECT_EQ(reader.digest(), digest);
  EXPECT_EQ(digest, checksum_hex("a,b\n1,x\n2,y\n"));
}

TEST(CsvReader, EstimatesTheNumberOfRows) {
  EXPECT_EQ(open_text("a,b\n1,2\n3,4\n").estimated_rows(), 2);
  CsvOptions options;
  options.guess_rows = 10;
  options.limits.block_bytes = 64;
  std::string text = "a,b\n";
  for (int i = 0; i < 5000; ++i) text += "12,34\n";
  EXPECT_NEAR(static_cast<double>(open_text(text, options).estimated_rows()), 5000, 50);
}

TEST(CsvReader, WideTablesAreNoProblem) {
  std::string header = "c0";
  std::string row = "0";
  for (int i = 1; i < 20000; ++i) {
    header += ",c" + std::to_string(i);
    row += "," + std::to_string(i);
  }
  EXPECT_THAT(read_all(header + "\n" + row + "\n", {19999, 5}), ElementsAre("2: 19999 5"));
}

// All values of a column of lists as text, a row in brackets.
std::string lists_of(CsvReader& reader, std::int64_t column) {
  std::string text;
  reader.start({column});
  for (Batch batch; reader.next(batch);) {
    const Column& lists = batch.columns[0];
    EXPECT_EQ(lists.cells, Cells::kList);
    EXPECT_EQ(lists.validity, nullptr);
    for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
      text += "[";
      for (auto i = lists.list_offsets[row]; i < lists.list_offsets[row + 1]; ++i) {
        const auto at = static_cast<std::size_t>(i);
        text += i == lists.list_offsets[row] ? "" : " ";
        text += lists.value_missing(at)              ? kMissing
                : lists.type == ColumnType::kInteger ? std::to_string(lists.integers[at])
                : lists.type == ColumnType::kNumber  ? std::to_string(lists.numbers[at])
                                                     : std::string(lists.string(at));
      }
      text += "]";
    }
  }
  return text;
}

TEST(CsvReader, TheLastNameCanTakeTheRestOfARowAsAList) {
  CsvOptions options;
  options.separator = " ";
  options.names = {"user", "items..."};
  for (const std::size_t block : {4, 9, 1 << 16}) {
    options.limits.block_bytes = block;
    CsvReader reader = open_text("1 7 8 9\n2\n3 \n4 5  6\n", options);
    EXPECT_EQ(reader.fields()[1].name, "items");
    EXPECT_EQ(reader.fields()[1].cells, Cells::kList);
    EXPECT_THAT(types_of(reader), ElementsAre("integer", "integer"));
    EXPECT_EQ(lists_of(reader, 1), "[7 8 9][][][5 - 6]");
    EXPECT_THAT(read_all(reader, {0}), ElementsAre("1: 1", "2: 2", "3: 3", "4: 4"));
  }
  options.types = {{"items", ColumnType::kString}};
  CsvReader strings = open_text("1 7 \"a b\"\n", options);
  EXPECT_EQ(lists_of(strings, 1), "[7 a b]");
  options.types = {{"items", ColumnType::kNumber}};
  CsvReader numbers = open_text("1 7 .5\n", options);
  EXPECT_EQ(lists_of(numbers, 1), "[7.000000 0.500000]");
}

TEST(CsvReader, NamesTheRowOfABadElement) {
  CsvOptions options;
  options.separator = " ";
  options.names = {"user", "items..."};
  options.guess_rows = 1;
  EXPECT_THAT(bad_data("1 7\n2\n3 4 x 5\n", options), HasSubstr("t.csv line 3, column 'items': 'x' is not an integer"));
}

TEST(CsvReader, TakesNamesWhereThereIsNoHeader) {
  CsvOptions options;
  options.separator = "::";
  options.names = {"user", "item", "rating"};
  EXPECT_THAT(read_all("1::10::4.5\n2::20::3\n", {2, 0}, options), ElementsAre("1: 4.500000 1", "2: 3.000000 2"));
  EXPECT_THAT(bad_data("1::10\n", options), HasSubstr("t.csv line 1: the row has 2 cells, data.names has 3"));
  EXPECT_THAT(bad_data("", options), HasSubstr("t.csv has no rows"));
  for (const auto& [names, what] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{{{"a", "", "b"}, "gives column 2 no name"},
                                                                     {{"a", "..."}, "column 2 no name"},
                                                                     {{"a", "a..."}, "'a' twice"}}) {
    options.names = names;
    EXPECT_THAT(error_of(ErrorCode::kInvalidArgument, [&] { open_text("1::2::3\n", options); }),
                AllOf(HasSubstr("data.names"), HasSubstr(what)));
  }
}

TEST(CsvReader, CommentsAndQuotesAreAsTold) {
  CsvOptions options;
  options.comment = "%";
  options.quotes = false;
  EXPECT_THAT(read_all("% made by hand\na,b\n%1,2\n\"1,2%\n", {0, 1}, options), ElementsAre("4: \"1 2%"));
}

TEST(CsvReader, NumbersCanHaveADecimalComma) {
  CsvOptions options;
  options.separator = ";";
  options.decimal = ',';
  EXPECT_THAT(read_all("x;n\n1,5;1\n-0,25;2\n1e1;\n1,5e-1;3\n12345678901234567890,5;4\n", {0, 1}, options),
              ElementsAre("2: 1.500000 1", "3: -0.250000 2", "4: 10.000000 -", "5: 0.150000 3",
                          "6: 12345678901234567168.000000 4"));
  options.guess_rows = 1;
  EXPECT_THAT(bad_data("x\n1,5\n1.5\n", options), HasSubstr("line 3, column 'x': '1.5' is not a number"));
  EXPECT_THAT(bad_data("x\n1,5\n1.234,5\n", options), HasSubstr("'1.234,5' is not a number"));
  EXPECT_THAT(bad_data("x\n1,5\n1,2,3\n", options), HasSubstr("'1,2,3' is not a number"));
}

std::vector<std::string> described(const BadRows& bad) {
  std::vector<std::string> rows;
  for (const BadRow& row : bad.shown()) rows.push_back(row.place + ": " + row.message);
  return rows;
}

TEST(CsvReader, ThreadsReadTheSame) {
  RandomStream random(8, Purpose::kInit, 0, 0);
  std::string text;
  for (int i = 0; i < 30; ++i) text += (i == 0 ? "c" : ",c") + std::to_string(i);
  for (int row = 0; row < 300; ++row) {
    for (int i = 0; i < 30; ++i) {
      text += i == 0 ? "\n" : ",";
      text += random.below(200) == 0 ? "bad" : i % 3 == 0 ? "w" + std::to_string(random.below(9)) : std::to_string(row);
    }
  }
  std::vector<std::int64_t> all(30);
  std::iota(all.begin(), all.end(), 0);
  ThreadPool pool(3);
  std::vector<std::vector<std::string>> rows;
  for (ThreadPool* const threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
    BadRows bad(BadRows::Policy::kReport, 1, "");
    CsvOptions options;
    options.guess_rows = 1;
    options.limits.block_bytes = 5000;
    options.bad_rows = &bad;
    options.pool = threads;
    rows.push_back(read_all(text, all, options));
    rows.back().push_back(std::to_string(bad.count()));
    for (const std::string& row : described(bad)) rows.back().push_back(row);
  }
  EXPECT_GT(rows[0].size(), 100U);
  EXPECT_LT(rows[0].size(), 301U);
  EXPECT_EQ(rows[0], rows[1]);
}

TEST(CsvReader, LeavesBadRowsOutAndSaysWhichTheyWere) {
  const std::string text = "id,x,s\n1,1.5,a\n2,y,b\n3,3.5\nz,w,c\n4,4.5,\xFF\n6,6.5,\"e\ne\"\n\"5,5.5,d\n007,1,f\n";
  for (const std::size_t block : {4, 17, 1 << 16}) {
    const std::string rejects = ::testing::TempDir() + "rejects_" + std::to_string(block) + ".csv";
    BadRows bad(BadRows::Policy::kReport, 1, rejects);
    CsvOptions options;
    options.guess_rows = 1;
    options.types = {{"id", ColumnType::kInteger}, {"x", ColumnType::kNumber}, {"s", ColumnType::kString}};
    options.limits.block_bytes = block;
    options.bad_rows = &bad;
    CsvReader reader = open_text(text, options);
    EXPECT_EQ(bad.count(), 0) << "the rows that types are guessed from are read again";
    EXPECT_THAT(read_all(reader, {0, 1, 2}), ElementsAre("2: 1 1.500000 a", "7: 6 6.500000 e\ne", "10: 7 1.000000 f"));
    EXPECT_EQ(bad.count(), 5);
    EXPECT_THAT(described(bad),
                ElementsAre("t.csv:3, column x: 'y' is not a number", "t.csv:4: the row has 2 cells, the header has 3",
                            "t.csv:5, column id: 'z' is not an integer", "t.csv:6: byte 40 (0xff) is not UTF-8",
                            "t.csv:9: cell 1 starts with a quote that never ends"));
    bad.finish(3, "t.csv");
    EXPECT_EQ(read_file(rejects, 1000), "2,y,b\n3,3.5\nz,w,c\n4,4.5,\xFF\n\"5,5.5,d\n");
    bad.restart();
    EXPECT_THAT(read_all(reader, {0}), ElementsAre("2: 1", "3: 2", "7: 6", "10: 7")) << "only wanted columns count";
    EXPECT_EQ(bad.count(), 4);
  }
}

TEST(CsvReader, BadRowsOnlyAreNoTable) {
  BadRows bad(BadRows::Policy::kSkip, 1, "");
  CsvOptions options;
  options.bad_rows = &bad;
  EXPECT_THAT(bad_data("a,b\n1\n2\n", options), HasSubstr("no row of t.csv can be read; line 2: the row has 1 cells"));
}

TEST(CsvReader, PlacesAreFileAndLine) {
  CsvReader reader = open_text("a\n\n1\n\"x\n\"\n2\n");
  reader.start({0});
  Batch batch;
  ASSERT_TRUE(reader.next(batch));
  EXPECT_EQ(reader.place(0), "t.csv:3");
  EXPECT_EQ(reader.place(2), "t.csv:6");
  EXPECT_EQ(reader.place(1), "t.csv:4");
}

// Cells of every kind, so that some column gets each type and some texts each error.
std::string random_table(RandomStream& random) {
  static const std::string kCells[] = {
      "1",       "-7",         "12345678901234567890", "0",   "2.5", "1e5", "",     "\"\"", "x",
      "\"a,b\"", "\"q\"\"q\"", "\"line\nline\"",       "007", "nan", " 3 ", "\"4\""};
  std::string text = "a,b,c\n";
  const std::uint64_t kinds[] = {2 + random.below(15), 2 + random.below(15), 2 + random.below(15)};
  const std::uint64_t rows = 1 + random.below(40);
  for (std::uint64_t row = 0; row < rows; ++row) {
    for (int i = 0; i < 3; ++i) {
      text += kCells[random.below(kinds[i])];
      text += i < 2 ? "," : "\n";
    }
  }
  return text;
}

TEST(CsvReader, ResultsDoNotDependOnTheBlockSizeOrThreads) {
  RandomStream random(5, Purpose::kInit, 0, 0);
  ThreadPool pool(2);
  int errors = 0;
  for (int i = 0; i < 1500; ++i) {
    const std::string text = random_table(random);
    std::vector<std::string> results;
    for (const std::size_t block :
         {std::size_t{1} << 14, std::size_t{4} + random.below(40), std::size_t{4} + random.below(200)}) {
      CsvOptions options;
      options.guess_rows = 5;
      options.limits.block_bytes = block;
      if (!results.empty()) options.pool = &pool;
      std::string& result = results.emplace_back();
      try {
        for (const std::string& row : read_all(text, {2, 0, 1}, options)) result += row + "\n";
      } catch (const Error& error) {
        result = error.message();  // rows before it may differ: those of its block are not handed out
        ++errors;
      }
    }
    ASSERT_EQ(results[0], results[1]) << text;
    ASSERT_EQ(results[0], results[2]) << text;
  }
  EXPECT_GT(errors, 300);
  EXPECT_LT(errors, 4000);
}

}  // namespace
}  // namespace kin
