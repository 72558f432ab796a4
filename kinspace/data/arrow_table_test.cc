#include "kinspace/data/arrow_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/arrow_column.h"
#include "kinspace/data/arrow_testing.h"
#include "kinspace/data/arrow_type.h"
#include "kinspace/data/table_testing.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
constexpr auto kNone = std::nullopt;

std::unique_ptr<Table> table_of(std::vector<TestArray> batches, const DataOptions& data = {}) {
  return open_arrow_table({"arrow", [batches = std::move(batches)] { return export_stream(batches); }}, data);
}

std::vector<std::string> rows_of(TestArray column) {
  return row_texts(*table_of({batch_of({std::move(column)})}));
}

template <class Run>
Error error_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    return error;
  }
  return Error::internal("no error");
}

template <class Value>
TestArray fixed(const std::string& format, const std::vector<Value>& values, const std::string& valid = "") {
  TestArray array{format,
                  static_cast<std::int64_t>(values.size()),
                  {valid.empty() ? std::optional<TestArray::Bytes>() : bits_of(valid), bytes_of(values)}};
  return array;
}

template <class Offset = std::int32_t>
TestArray strings(const std::vector<std::string>& values, const std::string& valid = "",
                  const std::string& format = "u") {
  std::vector<Offset> offsets = {0};
  std::string all;
  for (const std::string& value : values) {
    all += value;
    offsets.push_back(static_cast<Offset>(all.size()));
  }
  return {format,
          static_cast<std::int64_t>(values.size()),
          {valid.empty() ? std::optional<TestArray::Bytes>() : bits_of(valid), bytes_of(offsets), bytes_of(all)}};
}

TestArray list(const std::vector<std::int32_t>& offsets, TestArray values, const std::string& valid = "") {
  return {"+l",
          static_cast<std::int64_t>(offsets.size()) - 1,
          {valid.empty() ? std::optional<TestArray::Bytes>() : bits_of(valid), bytes_of(offsets)},
          {std::move(values)}};
}

TestArray sliced(TestArray array, std::int64_t offset, std::int64_t length) {
  array.offset = offset;
  array.length = length;
  return array;
}

TEST(ArrowTable, ReadsIntegersOfEveryWidth) {
  EXPECT_THAT(rows_of(fixed<std::int8_t>("c", {-128, 0, 127}, "101")), ElementsAre("-128", "-", "127"));
  EXPECT_THAT(rows_of(fixed<std::uint8_t>("C", {0, 255})), ElementsAre("0", "255"));
  EXPECT_THAT(rows_of(fixed<std::int16_t>("s", {-32768, 32767})), ElementsAre("-32768", "32767"));
  EXPECT_THAT(rows_of(fixed<std::uint16_t>("S", {65535})), ElementsAre("65535"));
  EXPECT_THAT(rows_of(fixed<std::int32_t>("i", {-5, 5})), ElementsAre("-5", "5"));
  EXPECT_THAT(rows_of(fixed<std::uint32_t>("I", {4294967295U})), ElementsAre("4294967295"));
  EXPECT_THAT(rows_of(fixed<std::int64_t>("l", {std::numeric_limits<std::int64_t>::min(), 1}, "11")),
              ElementsAre("-9223372036854775808", "1"));
  EXPECT_THAT(rows_of(fixed<std::uint64_t>("L", {std::uint64_t{1} << 63, 7}, "01")), ElementsAre("-", "7"));
  EXPECT_THAT(rows_of(TestArray{"b", 3, {bits_of("101"), bits_of("110")}}), ElementsAre("1", "-", "0"));
  EXPECT_THAT(rows_of(TestArray{"n", 2, {}}), ElementsAre("-", "-"));
}

TEST(ArrowTable, ReadsNumbersOfEveryWidth) {
  EXPECT_THAT(rows_of(fixed<std::uint16_t>("e", {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7E00})),
              ElementsAre("1", "-2", "5.960464477539063e-08", "65504", "-"));
  EXPECT_THAT(rows_of(fixed<float>("f", {0.5F, -3}, "10")), ElementsAre("0.5", "-"));
  EXPECT_THAT(rows_of(fixed<double>("g", {0.1, std::numeric_limits<double>::quiet_NaN()})), ElementsAre("0.1", "-"));
  EXPECT_THAT(rows_of(fixed<std::int32_t>("d:9,2,32", {1234, -1})), ElementsAre("12.34", "-0.01"));
  EXPECT_THAT(rows_of(fixed<std::int64_t>("d:18,1,64", {15})), ElementsAre("1.5"));
  EXPECT_THAT(rows_of(sliced(fixed<std::int64_t>("d:38,2", {-12345, -1, 12345, 0}), 0, 2)),
              ElementsAre("-123.45", "123.45"))
      << "two words a value";
  EXPECT_THAT(rows_of(sliced(fixed<std::int64_t>("d:38,0", {7, 0}), 0, 1)), ElementsAre("7"));
  EXPECT_THAT(rows_of(sliced(fixed<std::int64_t>("d:38,-2", {7, 0}), 0, 1)), ElementsAre("700"));
}

TEST(ArrowTable, ReadsStringsOfEveryLayout) {
  const std::vector<std::string> texts = {"", "one", "zwölf", "more than twelve bytes"};
  const auto wanted = ElementsAre("\"\"", "\"one\"", "-", "\"more than twelve bytes\"");
  EXPECT_THAT(rows_of(strings(texts, "1101")), wanted);
  EXPECT_THAT(rows_of(strings(texts, "1101", "z")), wanted);
  EXPECT_THAT(rows_of(strings<std::int64_t>(texts, "1101", "U")), wanted);
  EXPECT_THAT(rows_of(strings<std::int64_t>(texts, "1101", "Z")), wanted);
  EXPECT_THAT(rows_of(TestArray{"w:2", 2, {kNone, bytes_of(std::string("abcd"))}}), ElementsAre("\"ab\"", "\"cd\""));

  std::string views(4 * 16, '\0');
  views[16] = 3;
  views.replace(20, 3, "one");
  views[32] = 6;
  views.replace(36, 6, "zwölf");
  views[48] = 22;
  views.replace(52, 4, "more");
  views[60] = 2;  // where it starts in the buffer
  TestArray view{"vu", 4, {bits_of("1101"), bytes_of(views), bytes_of("--" + texts[3])}};
  view.buffers.emplace_back(bytes_of(std::vector<std::int64_t>{24}));
  EXPECT_THAT(rows_of(view), wanted);
}

TEST(ArrowTable, SlicedArraysStartAtTheirOffset) {
  EXPECT_THAT(rows_of(sliced(fixed<std::int64_t>("l", {0, 1, 2, 3, 4, 5}, "111011"), 2, 3)),
              ElementsAre("2", "-", "4"));
  EXPECT_THAT(rows_of(sliced(strings({"a", "bc", "", "def", "g"}, "10111"), 1, 3)),
              ElementsAre("-", "\"\"", "\"def\""));
  EXPECT_THAT(rows_of(sliced(TestArray{"b", 10, {bits_of("1110111111"), bits_of("1010101011")}}, 2, 8)),
              ElementsAre("1", "-", "1", "0", "1", "0", "1", "1"));
  EXPECT_THAT(rows_of(sliced(list({0, 2, 2, 5}, sliced(fixed<std::int16_t>("s", {9, 9, 1, 2, 3, 4, 5}), 2, 5)), 1, 2)),
              ElementsAre("[]", "[3 4 5]"));

  // An offset of the batch moves all its columns, whose own offsets come on top.
  TestArray batch = batch_of({sliced(fixed<std::int32_t>("i", {0, 1, 2, 3, 4}), 1, 4), strings({"a", "b", "c", "d"})});
  EXPECT_THAT(row_texts(*table_of({sliced(batch, 2, 2)})), ElementsAre("3 | \"c\"", "4 | \"d\""));
}

TEST(ArrowTable, ReadsLists) {
  EXPECT_THAT(rows_of(list({0, 2, 2, 3}, fixed<double>("g", {1.5, 2, 3}, "101"))), ElementsAre("[1.5 -]", "[]", "[3]"));
  EXPECT_THAT(rows_of(list({0, 1, 3, 4}, strings({"a", "hidden", "too", "b"}), "101")),
              ElementsAre("[\"a\"]", "-", "[\"b\"]"));
  TestArray large{
      "+L", 2, {kNone, bytes_of(std::vector<std::int64_t>{1, 2, 4})}, {fixed<std::int8_t>("c", {0, 1, 2, 3})}};
  EXPECT_THAT(rows_of(large), ElementsAre("[1]", "[2 3]"));
  TestArray pairs{"+w:2", 3, {bits_of("101")}, {fixed<std::int64_t>("l", {1, 2, 0, 0, 5, 6})}};
  EXPECT_THAT(rows_of(pairs), ElementsAre("[1 2]", "-", "[5 6]"));
  EXPECT_THAT(rows_of(sliced(pairs, 1, 2)), ElementsAre("-", "[5 6]"));
  const auto table = table_of({batch_of({pairs, large, fixed<std::int8_t>("c", {1, 2, 3})})});
  EXPECT_EQ(table->fields()[0].cells, Cells::kFixed);
  EXPECT_EQ(table->fields()[1].cells, Cells::kList);
  EXPECT_EQ(table->fields()[2].cells, Cells::kSingle);
}

TEST(ArrowTable, ReadsDictionaries) {
  TestArray coded = fixed<std::int8_t>("c", {1, 0, 1, 2, 5}, "11110");
  coded.dictionary = std::make_shared<TestArray>(strings({"red", "blue", "gone"}, "110"));
  EXPECT_THAT(rows_of(coded), ElementsAre("\"blue\"", "\"red\"", "\"blue\"", "-", "-"));
  EXPECT_THAT(rows_of(sliced(coded, 1, 2)), ElementsAre("\"red\"", "\"blue\""));
  EXPECT_THAT(rows_of(list({0, 2, 2, 3}, coded)), ElementsAre("[\"blue\" \"red\"]", "[]", "[\"blue\"]"));

  TestArray numbers = fixed<std::uint32_t>("I", {1, 0});
  numbers.dictionary = std::make_shared<TestArray>(fixed<float>("f", {0.5F, 2}));
  EXPECT_THAT(rows_of(numbers), ElementsAre("2", "0.5"));

  // Every batch has a dictionary of its own.
  TestArray other = coded;
  other.dictionary = std::make_shared<TestArray>(strings({"green", "black", "white"}));
  EXPECT_THAT(row_texts(*table_of({batch_of({sliced(coded, 0, 1)}), batch_of({sliced(other, 0, 1)})})),
              ElementsAre("\"blue\"", "\"black\""));

  coded.buffers[0] = kNone;
  EXPECT_THAT(error_of([&] { rows_of(coded); }).message(), HasSubstr("index 5 into a dictionary of 3"));
}

TEST(ArrowTable, SaysTheUnitOfDatesAndTimes) {
  const auto table = table_of(
      {batch_of({fixed<std::int32_t>("tdD", {1}), fixed<std::int64_t>("tdm", {1}), fixed<std::int64_t>("tss:", {1}),
                 fixed<std::int64_t>("tsm:UTC", {1}), fixed<std::int64_t>("tsu:Europe/London", {1}),
                 fixed<std::int64_t>("tsn:", {1}), fixed<std::int32_t>("ttm", {1}), fixed<std::int64_t>("tDs", {1})})});
  std::vector<TimeUnit> units;
  for (const Field& field : table->fields()) units.push_back(field.unit);
  EXPECT_THAT(units,
              ElementsAre(TimeUnit::kDays, TimeUnit::kMilliseconds, TimeUnit::kSeconds, TimeUnit::kMilliseconds,
                          TimeUnit::kMicroseconds, TimeUnit::kNanoseconds, TimeUnit::kMilliseconds, TimeUnit::kNone));
  EXPECT_THAT(row_texts(*table), ElementsAre("1 | 1 | 1 | 1 | 1 | 1 | 1 | 1"));
}

TEST(ArrowReader, LendsWhatLiesAsABatchWantsIt) {
  const auto read = [](const TestArray& array, ColumnType type, std::int64_t begin, const auto& check) {
    ArrowArray exported{};
    export_array(array, &exported);
    ArrowReader reader(parse_arrow_format(array.format), type);
    std::vector<BadValue> bad;
    check(exported, reader.read(exported, begin, array.length - begin, bad));
    exported.release(&exported);
  };
  const TestArray integers = fixed<std::int64_t>("l", std::vector<std::int64_t>(20, 1), "11111111111111101111");
  read(integers, ColumnType::kInteger, 8, [](const ArrowArray& array, const Column& column) {
    EXPECT_EQ(column.integers.data(), static_cast<const std::int64_t*>(array.buffers[1]) + 8);
    EXPECT_EQ(column.validity, static_cast<const std::uint8_t*>(array.buffers[0]) + 1);
    EXPECT_TRUE(column.missing(7));
  });
  read(fixed<double>("g", {1, 2}), ColumnType::kNumber, 0, [](const ArrowArray& array, const Column& column) {
    EXPECT_EQ(column.numbers.data(), array.buffers[1]);
    EXPECT_EQ(column.validity, nullptr);
  });
  read(strings({"a", "b"}), ColumnType::kString, 1, [](const ArrowArray& array, const Column& column) {
    EXPECT_EQ(column.offsets.data(), static_cast<const std::int32_t*>(array.buffers[1]) + 1);
    EXPECT_EQ(column.bytes, array.buffers[2]);
  });
}

TEST(ArrowTable, ReadsBatchAfterBatchAndStartsAgain) {
  const auto table = table_of({batch_of({fixed<std::int64_t>("l", {1, 2}), strings({"a", "b"})}),
                               batch_of({fixed<std::int64_t>("l", {}), strings({})}),
                               batch_of({fixed<std::int64_t>("l", {3}), strings({"c"})})});
  EXPECT_THAT(row_texts(*table, {1, 0}), ElementsAre("\"a\" | 1", "\"b\" | 2", "\"c\" | 3"));
  EXPECT_EQ(table->estimated_rows(), 3);
  table->start({0});
  Batch batch;
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(1), "arrow row 2");
  ASSERT_TRUE(table->next(batch));
  EXPECT_EQ(table->place(0), "arrow row 3");
  EXPECT_THAT(row_texts(*table, {0}), ElementsAre("1", "2", "3"));
}

TEST(ArrowTable, LargeBatchesComeInParts) {
  std::vector<std::int64_t> many(200'001);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int64_t>(i);
  const auto table = table_of({batch_of({fixed("l", many)})});
  table->start({0});
  std::int64_t rows = 0;
  for (Batch batch; table->next(batch); rows += batch.rows) ASSERT_EQ(batch.columns[0].integers[0], rows);
  EXPECT_EQ(rows, 200'001);
}

TEST(ArrowTable, DigestsFollowTheValuesAndNotTheirBatches) {
  const auto digest = [](const std::vector<TestArray>& batches) {
    const auto table = table_of(batches);
    row_texts(*table);
    return table->digest();
  };
  const auto batch = [](const std::vector<std::int64_t>& values, const std::vector<std::string>& texts) {
    return batch_of({fixed("l", values), strings(texts)});
  };
  const std::string whole = digest({batch({1, 2, 3}, {"a", "bc", ""})});
  EXPECT_EQ(digest({batch({1}, {"a"}), batch({2, 3}, {"bc", ""})}), whole);
  EXPECT_NE(digest({batch({1, 2, 4}, {"a", "bc", ""})}), whole);
  EXPECT_NE(digest({batch({1, 2, 3}, {"ab", "c", ""})}), whole);
}

TEST(ArrowTable, ValuesThatDoNotFitAreBadRows) {
  DataOptions data;
  data.on_bad = "skip";
  const auto table = table_of(
      {batch_of({fixed<std::uint64_t>("L", {1, std::uint64_t{1} << 63, 3, 4}), strings({"x", "y", "\xFF", "z"})})},
      data);
  EXPECT_THAT(row_texts(*table), ElementsAre("1 | \"x\"", "4 | \"z\""));
  EXPECT_EQ(table->bad_rows().count(), 2);
  const Error error = error_of([] { rows_of(fixed<std::uint64_t>("L", {std::uint64_t{1} << 63})); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  EXPECT_THAT(error.message(), HasSubstr("arrow row 1: column a: 9223372036854775808"));
  EXPECT_THAT(error_of([] { rows_of(fixed<float>("f", {std::numeric_limits<float>::infinity()})); }).message(),
              HasSubstr("inf is not finite"));
}

TEST(ArrowTable, ColumnsThatCannotBeReadAreRefusedByName) {
  const auto table =
      table_of({batch_of({fixed<std::int64_t>("l", {1}), TestArray{"+s", 1, {kNone}, {}},
                          list({0, 1}, list({0, 1}, fixed<std::int64_t>("l", {1}))), TestArray{"+ud:0", 1, {}}})});
  EXPECT_THAT(row_texts(*table, {0}), ElementsAre("1"));
  for (const auto& [column, why] :
       std::vector<std::pair<int, std::string>>{{1, "a struct"}, {2, "a list of lists"}, {3, "a union"}}) {
    const Error error = error_of([&, at = column] { table->start({at}); });
    EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
    EXPECT_THAT(error.message(),
                HasSubstr("column '" + table->fields()[static_cast<std::size_t>(column)].name + "' of arrow"));
    EXPECT_THAT(error.message(), HasSubstr(why));
  }
}

TEST(ArrowTable, ContradictionsAreErrors) {
  const auto refuses = [](TestArray array, const std::string& why) {
    const Error error = error_of([&] { rows_of(array); });
    EXPECT_EQ(error.code(), ErrorCode::kBadData) << why;
    EXPECT_THAT(error.message(), HasSubstr(why));
    EXPECT_THAT(error.message(), HasSubstr("arrow after row 0, column 'a'")) << why;
  };
  TestArray falling = strings({"a", "b"});
  falling.buffers[1] = bytes_of(std::vector<std::int32_t>{0, 5, 2});
  refuses(falling, "offsets that fall");
  falling.buffers[1] = bytes_of(std::vector<std::int32_t>{-1, 0, 2});
  refuses(falling, "negative offset");
  refuses(list({0, 9}, fixed<std::int64_t>("l", {1})), "offset 9 into 1 values");
  refuses({"+w:3", 2, {kNone}, {fixed<std::int64_t>("l", {1, 2, 3, 4, 5})}}, "5 values for row 2");
  refuses({"l", 1, {kNone}}, "1 buffers where its type needs 2");
  refuses({"l", 1, {kNone, kNone}}, "lacks a buffer");
  refuses({"l", 1, {kNone, bytes_of(std::vector<std::int64_t>{1})}, {fixed<std::int64_t>("l", {1})}}, "1 children");
  TestArray missing = fixed<std::int64_t>("l", {1});
  missing.null_count = 1;
  refuses(missing, "does not say which");
  missing.null_count = 2;
  refuses(missing, "2 missing values");
  TestArray coded = fixed<std::int8_t>("c", {0});
  coded.dictionary = std::make_shared<TestArray>(strings({}));
  refuses(coded, "index 0 into a dictionary of 0");
  TestArray view{
      "vu", 1, {kNone, bytes_of(std::vector<std::int32_t>{20, 0, 0, 0}), bytes_of(std::vector<std::int64_t>{})}};
  refuses(view, "refers to buffer 0");
  view.buffers = {kNone, bytes_of(std::vector<std::int32_t>{20, 0, 0, 5}), bytes_of(std::string(20, 'x')),
                  bytes_of(std::vector<std::int64_t>{20})};
  refuses(view, "a string at 5 of a buffer of 20 bytes");

  TestArray batch = batch_of({fixed<std::int64_t>("l", {1, 2})});
  batch.length = 3;
  EXPECT_THAT(error_of([&] { row_texts(*table_of({batch})); }).message(), HasSubstr("2 values where 3 are needed"));
  batch.length = -1;
  EXPECT_EQ(error_of([&] { row_texts(*table_of({batch})); }).code(), ErrorCode::kBadData);
  batch = batch_of({fixed<std::int64_t>("l", {1})});
  EXPECT_EQ(error_of([&] { row_texts(*table_of({batch, batch_of({})})); }).code(), ErrorCode::kBadData);
}

TEST(ArrowTable, FailuresOfTheProducerAreSaidInItsWords) {
  const auto batch = batch_of({fixed<std::int64_t>("l", {1, 2})});
  const auto table = open_arrow_table({"remote", [&] { return export_stream({batch}, 1); }});
  const Error error = error_of([&] { row_texts(*table); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  EXPECT_THAT(error.message(),
              HasSubstr("remote: its producer failed to give the next rows (error 5): the cable is out"));
  EXPECT_EQ(error_of([] {
              open_arrow_table({"gone", [] { return ArrowArrayStream{}; }});
            }).code(),
            ErrorCode::kBadData);
}

TEST(ArrowFormat, WhatIsNoFormatIsRefused) {
  for (const char* format : {"",
                             "x",
                             "uu",
                             "d:",
                             "d:1",
                             "d:a,b",
                             "d:0,0",
                             "d:38,2,100",
                             "d:38,2,128,1",
                             "w:",
                             "w:-1",
                             "w:1x",
                             "w:99999999999999999999",
                             "+w:",
                             "+w:3,",
                             "ts",
                             "tss",
                             "tsx:",
                             "+",
                             "td",
                             "ttx"}) {
    EXPECT_EQ(error_of([&] { parse_arrow_format(format); }).code(), ErrorCode::kBadData) << format;
  }
  EXPECT_EQ(parse_arrow_format("d:40,2,256").refused, "a decimal of 256 bits");
  EXPECT_EQ(parse_arrow_format("tin").refused, "an interval");
}

}  // namespace
}  // namespace kin
