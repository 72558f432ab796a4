#include "kinspace/data/jsonl_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/data/table_testing.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> rows_of(const std::string& text, JsonlOptions options = {}) {
  JsonlReader reader(memory_source("x.jsonl", text), std::move(options));
  return row_texts(reader);
}

std::string refused(const std::string& text, JsonlOptions options = {}, ErrorCode code = ErrorCode::kBadData) {
  return refused_with(code, [&] { rows_of(text, std::move(options)); });
}

TEST(JsonlReader, ReadsTypedColumns) {
  JsonlReader reader(
      memory_source("x.jsonl",
                    "{\"user\": 7, \"rating\": 4.5, \"title\": \"A \\u00e9\\n\\\"b\\\"\", \"ok\": true}\n"
                    "{\"title\": \"x\", \"user\": -9223372036854775808, \"rating\": 3, \"ok\": false}\n"),
      {});
  EXPECT_THAT(field_texts(reader), ElementsAre("user integer", "rating number", "title string", "ok integer"));
  EXPECT_THAT(row_texts(reader),
              ElementsAre("7 | 4.5 | \"A \xC3\xA9\n\"b\"\" | 1", "-9223372036854775808 | 3 | \"x\" | 0"));
  EXPECT_THAT(row_texts(reader),
              ElementsAre("7 | 4.5 | \"A \xC3\xA9\n\"b\"\" | 1", "-9223372036854775808 | 3 | \"x\" | 0"));
  EXPECT_EQ(reader.estimated_rows(), 2);
  EXPECT_EQ(reader.fields()[1].example, "4.5");
  EXPECT_EQ(reader.fields()[1].example_line, 1);
}

TEST(JsonlReader, ReadsOnlyTheWantedColumns) {
  JsonlReader reader(memory_source("x", "{\"a\": 1, \"b\": \"x\", \"c\": 2}\n{\"c\": 3, \"a\": 4}\n"), {});
  EXPECT_THAT(row_texts(reader, {2, 0}), ElementsAre("2 | 1", "3 | 4"));
  EXPECT_THAT(row_texts(reader, {}), ElementsAre("", ""));
}

TEST(JsonlReader, NullAndWhatIsNotThereAreMissing) {
  EXPECT_THAT(rows_of("{\"a\": null, \"b\": 1}\n{\"b\": 2}\n{\"a\": 3, \"b\": null}\n{}\n{\"a\": \"\"}"),
              ElementsAre("- | 1", "- | 2", "3 | -", "- | -", "- | -"));
}

TEST(JsonlReader, ColumnsAreTheKeysOfTheFirstRows) {
  JsonlOptions options;
  options.guess_rows = 2;
  const std::string text = "{\"a\": 1}\n{\"b\": 2, \"a\": 3}\n{\"a\": 4, \"c\": null}\n{\"c\": 5}\n";
  EXPECT_THAT(refused(text, options),
              AllOf(HasSubstr("x.jsonl:4: the key 'c' is not in the first rows"), HasSubstr("data.types.c")));
  options.only_known_keys = true;
  EXPECT_THAT(rows_of(text, options), ElementsAre("1 | -", "3 | 2", "4 | -", "- | -"));
  options.only_known_keys = false;
  options.types = {{"c", ColumnType::kString}};
  EXPECT_THAT(rows_of(text, options), ElementsAre("1 | - | -", "3 | 2 | -", "4 | - | -", "- | - | \"5\""));
}

TEST(JsonlReader, ATypeForAColumnThatLooksLikeASlipIsRefused) {
  JsonlOptions options;
  options.types = {{"raitng", ColumnType::kNumber}};
  EXPECT_THAT(refused("{\"rating\": 1}\n", options, ErrorCode::kInvalidArgument), HasSubstr("did you mean 'rating'"));
  options.types = {{"other", ColumnType::kNumber}};
  EXPECT_THAT(refused("{\"rating\": 1}\n", options, ErrorCode::kInvalidArgument), HasSubstr("no column 'other'"));
}

TEST(JsonlReader, ListsAreColumnsOfLists) {
  JsonlReader reader(
      memory_source(
          "x",
          "{\"k\": [1, 2, null], \"s\": [\"a\", \"\", \"b\"]}\n{\"k\": [], \"s\": null}\n{\"k\": 5, \"s\": \"c\"}\n"),
      {});
  EXPECT_THAT(field_texts(reader), ElementsAre("k integers", "s strings"));
  EXPECT_THAT(row_texts(reader), ElementsAre("[1 2 -] | [\"a\" - \"b\"]", "[] | -", "[5] | [\"c\"]"));
}

TEST(JsonlReader, TypesWidenOverTheFirstRows) {
  EXPECT_THAT(rows_of("{\"a\": true}\n{\"a\": 2}\n{\"a\": 0.5}\n"), ElementsAre("1", "2", "0.5"));
  EXPECT_THAT(rows_of("{\"a\": 2}\n{\"a\": \"x\"}\n{\"a\": 0.25}\n{\"a\": true}\n{\"a\": 18446744073709551615}\n"),
              ElementsAre("\"2\"", "\"x\"", "\"0.25\"", "\"true\"", "\"18446744073709551615\""));
  EXPECT_THAT(rows_of("{\"a\": [1]}\n{\"a\": [0.5, true]}\n"), ElementsAre("[1]", "[0.5 1]"));
}

TEST(JsonlReader, ObjectsGiveColumnsByTheirPath) {
  JsonlReader reader(memory_source("x",
                                   "{\"user\": null, \"n\": 1}\n{\"user\": {\"id\": 3, \"at\": {\"x\": 1, \"y\": 2}}, "
                                   "\"n\": 2}\n{\"user\": {}, \"n\": 3}\n"),
                     {});
  EXPECT_THAT(field_texts(reader),
              ElementsAre("n integer", "user.id integer", "user.at.x integer", "user.at.y integer"));
  EXPECT_THAT(row_texts(reader), ElementsAre("1 | - | - | -", "2 | 3 | 1 | 2", "3 | - | - | -"));
}

TEST(JsonlReader, ListsThatNoColumnHoldsAreText) {
  EXPECT_THAT(rows_of("{\"a\": [[1, 2], [3]]}\n{\"a\": [{\"b\" : null}]}\n{\"a\": []}\n{\"a\": 1}\n"),
              ElementsAre("\"[[1,2],[3]]\"", "\"[{\"b\":null}]\"", "\"[]\"", "\"1\""));
}

TEST(JsonlReader, DeclaredTypesTakeWhatFits) {
  JsonlOptions options;
  options.types = {{"i", ColumnType::kInteger}, {"n", ColumnType::kNumber}, {"s", ColumnType::kString}};
  EXPECT_THAT(rows_of("{\"i\": \"007\", \"n\": \"1.5\", \"s\": 1e3}\n{\"i\": 2.0, \"n\": 3, \"s\": [1]}\n", options),
              ElementsAre("7 | 1.5 | [\"1000\"]", "2 | 3 | [\"1\"]"));
  EXPECT_THAT(refused("{\"i\": 2.5}\n{\"n\": 1, \"s\": 1}\n", options),
              HasSubstr("x.jsonl:1, column 'i': the value '2.5' is not an integer"));
}

TEST(JsonlReader, NamesLineColumnAndValue) {
  JsonlOptions options;
  options.guess_rows = 1;
  EXPECT_THAT(refused("{\"a\": 1}\n\n{\"a\": \"x\"}\n", options),
              AllOf(HasSubstr("x.jsonl:3, column 'a': the value 'x' is not an integer, as the first rows"),
                    HasSubstr("data.types.a = \"string\"")));
  EXPECT_THAT(refused("{\"a\": 1.5}\n{\"a\": \"x\"}\n", options), HasSubstr("'x' is not a number"));
  EXPECT_THAT(refused("{\"a\": 1}\n{\"a\": [1]}\n", options), HasSubstr("a list came; the first rows"));
  EXPECT_THAT(refused("{\"a\": [1]}\n{\"a\": [[1]]}\n", options), HasSubstr("a list came, which is not an integer"));
  EXPECT_THAT(refused("{\"a\": 1}\n{\"a\": 9223372036854775808}\n", options),
              HasSubstr("9223372036854775808 is beyond the 64-bit integers"));
  EXPECT_THAT(refused("{\"a\": 9223372036854775808}\n"), HasSubstr("x.jsonl:1, column 'a'"));
  EXPECT_THAT(refused("{\"a\": 1}\n{\"a\": 18446744073709551616}\n", options), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(refused("{\"a\": 1e400}\n"), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(refused("{\"a\": \"x\\u0000\"}\n"), HasSubstr("NUL"));
}

TEST(JsonlReader, RefusesWhatIsNoJson) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"a\": NaN}", "NaN, which is no JSON | write null"},
      {"{\"a\": -Infinity}", "Infinity, which is no JSON"},
      {"{\"a\": \"\\\"NaN\", }", "is no JSON"},
      {"{\"a\": 1, \"a\": 2}", "the key 'a' comes twice"},
      {"{\"a\": {\"b\": 1}, \"a.b\": 2}", "the key 'a.b' comes twice"},
      {"{\"a\": 1} {\"a\": 2}", "is no JSON"},
      {"{\"a\": 01}", "is malformed"},
      {"{\"a\": \"\\ud800\"}", "stands for no character"},
      {"{\"a\": \"\\x\"}", "stands for no character"},
      {"{\"a\": \"x}", "a quote that never ends"},
      {"{\"a\": \"\xFF\"}", "is not UTF-8 | set data.encoding"},
      {"{'a': 1}", "is no JSON"},
      {"{\"a\": 1,}", "is no JSON"},
      {"7", "a number came; an object is needed"},
      {"\"a\"", "a string came"},
      {"{", "is no JSON | write every object on one line"},
      {"// a comment", "is no JSON"},
  };
  for (const auto& [row, message] : cases) {
    EXPECT_THAT(refused("{\"a\": 1}\n" + row + "\n"), AllOf(HasSubstr("x.jsonl:2: "), HasSubstr(message))) << row;
  }
  EXPECT_THAT(refused("{\"a\": \"" + std::string(3, '\0') + "\"}\n"), HasSubstr("x.jsonl:1: "));
  EXPECT_THAT(refused("{\"a\": " + std::string(5000, '[') + std::string(5000, ']') + "}\n"),
              HasSubstr("nested too deeply"));
  for (const char* text : {"", "\n \r\n", "\xEF\xBB\xBF", "[]", " [ \n ] "}) {
    EXPECT_THAT(refused(text), HasSubstr("x.jsonl has no rows"));
  }
  EXPECT_THAT(refused("{}\n{}\n"), HasSubstr("no keys"));
}

TEST(JsonlReader, ReadsOneArrayOfObjects) {
  EXPECT_THAT(rows_of("\xEF\xBB\xBF [\r\n  {\"a\": \"]}, \\\"\",\n\"b\": [1, 2]} ,{\"a\":\n\"y\"}\n]\n\n"),
              ElementsAre("\"]}, \"\" | [1 2]", "\"y\" | -"));
  EXPECT_THAT(refused("[{\"a\": 1},\n\n {\"a\": 1, \"a\": 2}]"), HasSubstr("x.jsonl:3: the key 'a' comes twice"));
  EXPECT_THAT(refused("[1, 2]"), HasSubstr("x.jsonl:1: a number came"));
  EXPECT_THAT(refused("[{\"a\": 1}\n"), HasSubstr("x.jsonl:1: the text ends before its array does"));
  EXPECT_THAT(refused("[{\"a\": 1}]\n{}"), HasSubstr("x.jsonl:2: there is text behind the array"));
  EXPECT_THAT(refused("[{\"a\": 1},]"), HasSubstr("a value is missing"));
  EXPECT_THAT(refused("[,{\"a\": 1}]"), HasSubstr("a value is missing"));
  EXPECT_THAT(refused("[{\"a\": 1}}]"), HasSubstr("a value is missing"));
}

TEST(JsonlReader, RowsComeBeforeTheErrorsBehindThem) {
  for (const std::size_t block : {4, 1000}) {
    JsonlOptions options;
    options.limits.block_bytes = block;
    options.guess_rows = 1;
    EXPECT_THAT(refused("[{\"a\": 1}, 7] more", options), HasSubstr("x.jsonl:1: a number came"));
    EXPECT_THAT(refused("[{\"a\": 1}, {\"a\": \"x\"},]", options), HasSubstr("'x' is not an integer"));
    EXPECT_THAT(refused("[{\"a\": 1}\n, {\"a\": 2}\n", options), HasSubstr("x.jsonl:2: the text ends"));
  }
}

TEST(JsonlReader, BadRowsMayBeLeftOut) {
  BadRows bad(BadRows::Policy::kSkip, 1, "");
  JsonlOptions options;
  options.bad_rows = &bad;
  options.guess_rows = 2;
  const std::string text =
      "{\"a\": 1, \"b\": [1]}\nnonsense\n{\"a\": 2, \"b\": [3, \"x\"]}\n{\"a\": 3, \"b\": [4, 5]}\n{\"a\": \"x\"}\n";
  JsonlReader reader(memory_source("x.jsonl", text), options);
  EXPECT_EQ(bad.count(), 0);
  EXPECT_THAT(row_texts(reader), ElementsAre("1 | [1]", "3 | [4 5]"));
  EXPECT_EQ(bad.count(), 3);
  EXPECT_EQ(bad.shown()[1].place, "x.jsonl:3, column 'b'");
  EXPECT_EQ(&reader.bad_rows(), &bad);
  EXPECT_THAT(refused("x\ny\n", options), HasSubstr("x.jsonl:1"));
}

TEST(JsonlReader, KnownColumnsNeedNoGuess) {
  JsonlOptions options;
  options.fields.resize(2);
  options.fields[0].name = "b";
  options.fields[0].type = ColumnType::kNumber;
  options.fields[1].name = "a";
  options.fields[1].cells = Cells::kList;
  EXPECT_THAT(rows_of("{\"a\": 1, \"b\": 2}\n", options), ElementsAre("2 | [\"1\"]"));
}

TEST(JsonlReader, BlocksDoNotShow) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "{\"id\": " + std::to_string(i) + ", \"text\": \"" + std::string(static_cast<std::size_t>(i % 37), 'x') +
            "\\n\", \"list\": [" + (i % 3 == 0 ? "" : "1, 2") + "]}" + (i % 5 == 0 ? "\r\n\r\n" : "\n");
  }
  std::string array = "[" + text.substr(0, text.size() - 1) + "]";
  for (std::size_t at = array.find("}"); (at = array.find("\n", at)) != std::string::npos; ++at) {
    if (array[at + 1] == '{') array.insert(at, ",");
    ++at;
  }
  const std::vector<std::string> want = rows_of(text);
  ASSERT_EQ(want.size(), 300U);
  EXPECT_EQ(rows_of(array), want);
  for (const std::size_t block : {1, 7, 64, 1000}) {
    JsonlOptions options;
    options.limits.block_bytes = block;
    EXPECT_EQ(rows_of(text, options), want) << block;
    EXPECT_EQ(rows_of(array, options), want) << block;
  }
}

TEST(JsonlReader, RowsHaveALimit) {
  JsonlOptions options;
  options.limits.block_bytes = 16;
  options.limits.max_row_bytes = 100;
  EXPECT_THAT(rows_of("{\"a\": \"" + std::string(80, 'x') + "\"}\n", options),
              ElementsAre("\"" + std::string(80, 'x') + "\""));
  for (const char* before : {"", "["}) {
    EXPECT_THAT(refused(before + ("{\"a\": \"" + std::string(200, 'x') + "\"}\n"), options),
                HasSubstr("the row is longer than 100 B"));
  }
}

TEST(JsonlReader, OneCellMayHoldAMillionValues) {
  std::string text = "{\"a\": [0";
  for (int i = 1; i < 1'000'000; ++i) text += ",7";
  JsonlReader reader(memory_source("x", text + "]}\n"), {});
  reader.start({0});
  Batch batch;
  ASSERT_TRUE(reader.next(batch));
  EXPECT_EQ(batch.columns[0].integers.size(), 1'000'000U);
  EXPECT_FALSE(reader.next(batch));
}

TEST(JsonlReader, DigestIsThatOfTheText) {
  const std::string text = "{\"a\": 1}\n{\"a\": 2}\n";
  JsonlReader reader(memory_source("x", text), {});
  row_texts(reader);
  EXPECT_EQ(reader.digest(), checksum_hex(text));
  EXPECT_EQ(reader.bytes_read(), text.size());
}

TEST(JsonlReader, EstimatesTheRowsOfALongText) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "{\"a\": 123456}\n";
  JsonlOptions options;
  options.limits.block_bytes = 4096;
  const JsonlReader reader(memory_source("x", text), options);
  EXPECT_NEAR(static_cast<double>(reader.estimated_rows()), 5000, 50);
}

}  // namespace
}  // namespace kin
