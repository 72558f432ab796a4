#include "kinspace/data/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/hash.h"
#include "kinspace/data/packing_testing.h"
#include "kinspace/data/table_testing.h"
#include "kinspace/data/temporary_file.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DataOptions of(const TemporaryFile& file) {
  DataOptions data;
  data.path = {file.path()};
  return data;
}

DataOptions of(const TemporaryFile& a, const TemporaryFile& b) {
  DataOptions data;
  data.path = {a.path(), b.path()};
  return data;
}

std::vector<std::string> rows_of(const DataOptions& data, const TableRequest& request = {}) {
  return row_texts(*open_table(data, request));
}

std::vector<std::string> fields_of(const DataOptions& data) {
  return field_texts(*open_table(data));
}

std::string refused(const DataOptions& data, ErrorCode code = ErrorCode::kBadData, const TableRequest& request = {}) {
  return refused_with(code, [&] { rows_of(data, request); });
}

const std::string kCsv = "user,item,title\n1,5,\"a, b\"\n2,6,c\n";
const std::vector<std::string> kRows = {"1 | 5 | \"a, b\"", "2 | 6 | \"c\""};

TEST(OpenTable, FormatsAndPackingsGiveTheSameRows) {
  const std::string json = "{\"user\":1,\"item\":5,\"title\":\"a, b\"}\n{\"user\":2,\"item\":6,\"title\":\"c\"}\n";
  const std::string array = "[" + json.substr(0, json.find('\n')) + "," + json.substr(json.find('\n')) + "]";
  const std::pair<std::string, std::string> files[] = {
      {kCsv, ".csv"},
      {gzip(kCsv), ".csv.gz"},
      {zstd(kCsv), ".csv.zst"},
      {gzip(kCsv), ".csv"},
      {kCsv, ".txt"},
      {"\xEF\xBB\xBF" + kCsv, ""},
      {"user\titem\ttitle\r\n1\t5\ta, b\r\n2\t6\tc", ".tsv"},
      {"user;item;title\n1;5;a, b\r\n2;6;c\n", ".csv"},
      {"user|item|title\n1|5|a, b\n2|6|c\n", ".dat"},
      {json, ".jsonl"},
      {gzip(json.substr(0, 40)) + gzip(json.substr(40)), ".ndjson.gz"},
      {zstd(json), ".jsonl.zst"},
      {json, ".log"},
      {array, ".json"},
      {gzip(array), ""},
  };
  for (const auto& [text, suffix] : files) {
    const TemporaryFile file(text, suffix);
    const std::unique_ptr<Table> table = open_table(of(file));
    EXPECT_EQ(row_texts(*table), kRows) << suffix;
    EXPECT_EQ(row_texts(*table, {2}), std::vector<std::string>({"\"a, b\"", "\"c\""})) << suffix;
    EXPECT_THAT(field_texts(*table), ElementsAre("user integer", "item integer", "title string"));
    EXPECT_EQ(table->name(), file.path());
    EXPECT_EQ(table->size(), text.size());
    EXPECT_EQ(table->bytes_read(), text.size());
    EXPECT_EQ(table->estimated_rows(), 2);
  }
}

TEST(OpenTable, TheDigestIsThatOfTheUnpackedText) {
  for (const std::string& text : {kCsv, gzip(kCsv), zstd(kCsv)}) {
    const TemporaryFile file(text);
    const std::unique_ptr<Table> table = open_table(of(file));
    row_texts(*table);
    EXPECT_EQ(table->digest(), checksum_hex(kCsv));
  }
}

TEST(OpenTable, SeveralFilesAreOneTable) {
  const TemporaryFile a("user,item\n1,5\n2,6\n");
  const TemporaryFile b(gzip("item,user\n7,3\n"));
  const std::unique_ptr<Table> table = open_table(of(a, b));
  EXPECT_EQ(table->name(), a.path() + " and 1 other file");
  EXPECT_THAT(row_texts(*table), ElementsAre("1 | 5", "2 | 6", "3 | 7"));
  EXPECT_THAT(row_texts(*table, {1}), ElementsAre("5", "6", "7"));
  EXPECT_EQ(table->size(), file_size(a.path()) + file_size(b.path()));
  EXPECT_EQ(table->bytes_read(), table->size());
  EXPECT_EQ(table->estimated_rows(), 3);
  const std::string digest = table->digest();
  b.write(gzip("item,user\n7,4\n"));
  row_texts(*table);
  EXPECT_NE(table->digest(), digest);
}

TEST(OpenTable, PlacesNameTheFileAndTheLine) {
  const TemporaryFile a("x\n1\n");
  const TemporaryFile b("x\n\n\n2\n");
  const std::unique_ptr<Table> table = open_table(of(a, b));
  table->start({0});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(0), a.path() + ":2");
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(0), b.path() + ":4");
  EXPECT_FALSE(table->next(batch));
  EXPECT_FALSE(table->next(batch));
}

TEST(OpenTable, TypesTakeTheFirstRowsOfAllFiles) {
  const TemporaryFile a("i,n,s,code,none\n1,2,3,7,\n");
  const TemporaryFile b("i,n,s,code,none\n4,5.5,x,,8\n");
  EXPECT_THAT(fields_of(of(a, b)), ElementsAre("i integer", "n number", "s string", "code integer", "none integer"));
  EXPECT_THAT(rows_of(of(a, b)), ElementsAre("1 | 2 | \"3\" | 7 | -", "4 | 5.5 | \"x\" | - | 8"));
  EXPECT_EQ(open_table(of(a, b))->fields()[2].example, "x");
}

TEST(OpenTable, ATypeFromAnotherFileIsStillAGuess) {
  const TemporaryFile a("x,code\n1,7\n");
  std::string text = "x,code\n";
  for (int i = 0; i < 1000; ++i) text += "1,\n";
  const TemporaryFile b(text + "1,007\n");
  EXPECT_THAT(refused(of(a, b)), AllOf(HasSubstr(b.path()), HasSubstr("'007' starts with a zero")));
  DataOptions data = of(a, b);
  data.types = {{"code", "integer"}};
  EXPECT_EQ(rows_of(data).size(), 1002U);
}

TEST(OpenTable, FilesOfOneTableNeedTheSameColumns) {
  const TemporaryFile a("user,item\n1,5\n");
  const TemporaryFile b("user,itm\n1,5\n");
  EXPECT_THAT(refused(of(a, b)), AllOf(HasSubstr("no column 'item', did you mean 'itm'"), HasSubstr("data.select")));
  const TemporaryFile more("user,item,time\n1,5,9\n");
  EXPECT_THAT(refused(of(a, more)), HasSubstr("no column 'time'"));
  DataOptions data = of(a, more);
  data.select = {"item"};
  EXPECT_THAT(rows_of(data), ElementsAre("5", "5"));
  const TemporaryFile json("{\"user\": 1}\n", ".jsonl");
  EXPECT_THAT(refused(of(a, json), ErrorCode::kInvalidArgument), HasSubstr("is csv"));
}

TEST(OpenTable, JsonLinesMayLackColumns) {
  const TemporaryFile a("{\"user\": 1, \"tags\": \"x\"}\n", ".jsonl");
  const TemporaryFile b("{\"tags\": [\"y\", \"z\"], \"time\": 2.5}\n", ".jsonl");
  EXPECT_THAT(fields_of(of(a, b)), ElementsAre("user integer", "tags strings", "time number"));
  EXPECT_THAT(rows_of(of(a, b)), ElementsAre("1 | [\"x\"] | -", "- | [\"y\" \"z\"] | 2.5"));
}

TEST(OpenTable, TypesMayBeOfColumnsThatOnlySomeFilesHave) {
  const TemporaryFile a("{\"user\": 1}\n", ".jsonl");
  const TemporaryFile b("{\"user\": 2, \"time\": 3}\n", ".jsonl");
  DataOptions data = of(a, b);
  data.types = {{"time", "string"}};
  EXPECT_THAT(rows_of(data), ElementsAre("1 | -", "2 | \"3\""));
  data.types = {{"tiem", "string"}};
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument), HasSubstr("'tiem', did you mean 'time'"));
}

TEST(OpenTable, TakesTheColumnsThatAreWantedByTheirNewNames) {
  const TemporaryFile file(kCsv);
  DataOptions data = of(file);
  data.select = {"title", "user"};
  data.rename = {{"title", "name"}};
  EXPECT_THAT(fields_of(data), ElementsAre("name string", "user integer"));
  EXPECT_THAT(rows_of(data), ElementsAre("\"a, b\" | 1", "\"c\" | 2"));
  data.select = {};
  data.rename = {{"user", "item"}, {"item", "user"}};
  EXPECT_THAT(fields_of(data), ElementsAre("item integer", "user integer", "title string"));

  data.rename = {{"user", "item"}};
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument), HasSubstr("two columns 'item'"));
  data.rename = {{"usr", "item"}};
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument),
              AllOf(HasSubstr("data.rename"), HasSubstr("did you mean 'user'")));
  data.rename = {};
  data.select = {"titel"};
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument),
              AllOf(HasSubstr("data.select"), HasSubstr("did you mean 'title'")));
  data.select = {"user", "user"};
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument), HasSubstr("'user' twice"));
}

TEST(OpenTable, WithASelectionOtherKeysOfJsonLinesAreLeftOut) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{\"a\": 1}\n";
  const TemporaryFile file(text + "{\"b\": 2, \"a\": 3}\n", ".jsonl");
  EXPECT_THAT(refused(of(file)), HasSubstr(":1001: the key 'b' is not in the first rows"));
  DataOptions data = of(file);
  data.select = {"a"};
  EXPECT_EQ(rows_of(data).back(), "3");
}

TEST(OpenTable, ReadsTheTablesOfOtherPrograms) {
  const TemporaryFile dat("1::Caf\xE9 (1995)::Comedy|Drama\n2::Toys::\n", ".dat");
  DataOptions data = of(dat);
  data.names = {"id", "title", "genres"};
  data.encoding = "latin-1";
  EXPECT_THAT(rows_of(data), ElementsAre("1 | \"Caf\xC3\xA9 (1995)\" | \"Comedy|Drama\"", "2 | \"Toys\" | -"));
  data.encoding = "utf-8";
  EXPECT_THAT(refused(data), AllOf(HasSubstr("is not UTF-8"), HasSubstr("line 1")));

  const TemporaryFile lists("1 10 11 12\n2 10\n3\n4 13 14\n", ".txt");
  DataOptions keys = of(lists);
  keys.names = {"user", "items..."};
  EXPECT_THAT(fields_of(keys), ElementsAre("user integer", "items integers"));
  EXPECT_THAT(rows_of(keys), ElementsAre("1 | [10 11 12]", "2 | [10]", "3 | []", "4 | [13 14]"));

  const TemporaryFile words("# one\n# Word 1\tWord 2\tHuman\nlove\tsex\t6,77\ntiger\tcat\t7\n", ".tsv");
  DataOptions pairs = of(words);
  pairs.comment = "#";
  pairs.decimal = ",";
  pairs.names = {"a", "b", "score"};
  EXPECT_THAT(rows_of(pairs), ElementsAre("\"love\" | \"sex\" | 6.77", "\"tiger\" | \"cat\" | 7"));
}

TEST(OpenTable, BadRowsAreAnErrorOrCounted) {
  const TemporaryFile a("x,y\n1,2\n3\n4,5\n");
  const TemporaryFile b("x,y\n1,2,3\n6,7\n");
  EXPECT_THAT(refused(of(a, b)), HasSubstr("line 3"));
  DataOptions data = of(a, b);
  data.on_bad = "report";
  const TemporaryFile rejects("");
  TableRequest request;
  request.rejects = rejects.path();
  const std::unique_ptr<Table> table = open_table(data, request);
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(row_texts(*table), ElementsAre("1 | 2", "4 | 5", "6 | 7"));
    EXPECT_EQ(table->bad_rows().count(), 2);
    EXPECT_EQ(table->bad_rows().shown()[0].place, a.path() + ":3");
    EXPECT_EQ(table->bad_rows().shown()[1].place, b.path() + ":2");
    EXPECT_EQ(read_file(rejects.path(), 100), "3\n1,2,3\n");
  }
  data.max_bad = "39%";
  EXPECT_THAT(refused(data), HasSubstr("2 of 5 rows"));
  data.max_bad = "40%";
  EXPECT_EQ(rows_of(data).size(), 3U);
  data.on_bad = "error";
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument, request), HasSubstr("data.on_bad"));
}

TEST(OpenTable, ABadRowOfJsonLinesIsLeftOut) {
  const TemporaryFile file("{\"x\": 1}\nnonsense\n{\"x\": 2}\n", ".jsonl");
  DataOptions data = of(file);
  data.on_bad = "skip";
  EXPECT_THAT(rows_of(data), ElementsAre("1", "2"));
}

TEST(OpenTable, FilesWithoutRowsAreNamed) {
  const TemporaryFile empty("");
  EXPECT_THAT(refused(of(empty)), HasSubstr(empty.path() + " is empty"));
  const TemporaryFile header("a,b\n");
  EXPECT_THAT(refused(of(header)), HasSubstr(header.path() + " has a header but no rows"));
  const TemporaryFile packed(gzip(""), ".csv.gz");
  EXPECT_THAT(refused(of(packed)), HasSubstr(packed.path() + " is empty"));
  const TemporaryFile json("", ".jsonl");
  EXPECT_THAT(refused(of(json)), HasSubstr(json.path() + " has no rows"));
  const TemporaryFile rows(kCsv);
  EXPECT_THAT(refused(of(rows, empty)), HasSubstr(empty.path()));
}

TEST(OpenTable, DamagedPackedFilesAreNamed) {
  const std::string packed = gzip(kCsv);
  const TemporaryFile cut(packed.substr(0, packed.size() - 3), ".csv.gz");
  EXPECT_THAT(refused(of(cut)), HasSubstr(cut.path() + " ends in the middle of its gzip data"));
}

TEST(OpenTable, SettingsThatDoNotFitAreRefused) {
  const TemporaryFile json("{\"x\": 1}\n", ".jsonl");
  DataOptions data = of(json);
  data.separator = ";";
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument), HasSubstr("data.separator is about CSV"));
  data.separator = "";
  data.query = "select 1";
  EXPECT_THAT(refused(data, ErrorCode::kInvalidArgument), HasSubstr("data.path and data.query"));
  EXPECT_THAT(refused({}, ErrorCode::kInvalidArgument), HasSubstr("data.path"));
  const TemporaryFile csv(kCsv);
  DataOptions types = of(csv);
  types.types = {{"usr", "string"}};
  EXPECT_THAT(refused(types, ErrorCode::kInvalidArgument), AllOf(HasSubstr("data.types"), HasSubstr("'user'")));
}

TEST(OpenTable, TheSettingWinsOverTheName) {
  const TemporaryFile file("{\"x\": 1}\n", ".csv");
  DataOptions data = of(file);
  data.format = "jsonl";
  EXPECT_THAT(rows_of(data), ElementsAre("1"));
  const TemporaryFile tabs("a;b\tc\n1;2\t3\n", ".csv");
  DataOptions semicolon = of(tabs);
  semicolon.separator = ";";
  EXPECT_THAT(fields_of(semicolon), ElementsAre("a integer", "b\tc string"));
  semicolon.separator = "\\t";
  EXPECT_THAT(fields_of(semicolon), ElementsAre("a;b string", "c integer"));
}

TEST(OpenTable, RelativePathsStartAtTheSpec) {
  const TemporaryFile file(kCsv);
  const std::size_t slash = file.path().rfind('/');
  DataOptions data;
  data.path = {file.path().substr(slash + 1)};
  TableRequest request;
  request.directory = file.path().substr(0, slash);
  EXPECT_EQ(rows_of(data, request), kRows);
  EXPECT_THAT(refused(data, ErrorCode::kIo), HasSubstr("cannot read"));
}

TEST(OpenTable, AGivenSourceTakesThePlaceOfThePath) {
  TableRequest request;
  request.source = memory_source("pipe", gzip(kCsv));
  request.source = unpacked_source(*request.source);
  EXPECT_EQ(rows_of({}, request), kRows);
  DataOptions data;
  data.format = "parquet";
  EXPECT_THAT(refused(data, ErrorCode::kNotSupported, request), HasSubstr("not read from a pipe"));
}

TEST(OpenTable, OncePromisedIsOnceRead) {
  std::string text = "x\n";
  for (int i = 0; i < 200000; ++i) text += "12345678\n";
  auto source = memory_source("pipe", text);
  bool last = false;
  source.last = [&] { last = true; };
  TableRequest request;
  request.source = source;
  request.once = true;
  const std::unique_ptr<Table> table = open_table({}, request);
  EXPECT_FALSE(last);
  table->start({0});
  EXPECT_TRUE(last);
}

TEST(OpenTable, WideTablesTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += (i == 0 ? "c" : ",c") + std::to_string(i);
  text += "\n";
  for (int i = 0; i < 10000; ++i) text += i == 0 ? "1" : ",1";
  const TemporaryFile a(text + "\n");
  const TemporaryFile b(text);
  EXPECT_EQ(open_table(of(a, b))->fields().size(), 10000U);
  EXPECT_EQ(rows_of(of(a, b)).size(), 2U);
}

}  // namespace
}  // namespace kin
