// Very long and very wide texts: each byte is read once and looked at a fixed number of times, and memory is bounded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/data/csv_reader.h"

namespace kin {
namespace {

using ::testing::HasSubstr;

// What reading cost: a scan of the waiting bytes follows each fill of the buffer, which takes two calls at the most.
struct Work {
  std::uint64_t bytes = 0;
  int calls = 0;
};

ByteSource counted(const std::string& text, std::shared_ptr<Work> work) {
  ByteSource source = memory_source("t.csv", text);
  source.start = [start = source.start, work]() -> ByteSource::Read {
    *work = {};
    return [read = start(), work](void* to, std::size_t bytes) {
      const std::size_t got = read(to, bytes);
      work->bytes += got;
      ++work->calls;
      return got;
    };
  };
  return source;
}

std::string repeated(const std::string& piece, int times) {
  std::string text;
  text.reserve(piece.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

constexpr CsvLimits kSmallBlocks = {.block_bytes = 1 << 12, .max_cell_bytes = 64 << 20, .max_row_bytes = 256 << 20};

TEST(CsvWidth, AMillionValuesInOneCell) {
  const std::string cell = repeated("12345|", 1'000'000);
  const std::string text = "a,b\n1," + cell + "\n2,\"" + cell + "\"\n3,x\n";
  const auto work = std::make_shared<Work>();
  CsvScanner scanner(counted(text, work), {}, kSmallBlocks);
  scanner.read_header();
  scanner.expect({2});
  std::size_t rows = 0;
  std::string scratch;
  while (scanner.next()) {
    for (std::size_t row = 0; row < scanner.rows(); ++row, ++rows) {
      EXPECT_EQ(scanner.column(1).cell(row, scratch), rows < 2 ? cell : "x");
    }
  }
  EXPECT_EQ(rows, 3U);
  EXPECT_EQ(work->bytes, text.size());
  // Room doubles from 2^12 bytes to the 2^23 that hold a row, and is filled anew for the second.
  EXPECT_LE(work->calls, 2 * 16);
  EXPECT_LE(scanner.memory(), 4 * cell.size());
}

TEST(CsvWidth, AListOfAMillionCells) {
  const std::string text = "7" + repeated(" 12", 1'000'000) + "\n8\n";
  const auto work = std::make_shared<Work>();
  CsvOptions options;
  options.separator = " ";
  options.names = {"user", "items..."};
  options.limits = kSmallBlocks;
  CsvReader reader(counted(text, work), options);
  reader.start({1});
  std::size_t values = 0;
  for (Batch batch; reader.next(batch);) values += batch.columns[0].integers.size();
  EXPECT_EQ(values, 1'000'000U);
  EXPECT_EQ(work->bytes, text.size());
  EXPECT_LE(work->calls, 2 * 14);
}

TEST(CsvWidth, TenThousandColumns) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += (i > 0 ? "," : "") + std::string("c") + std::to_string(i);
  text += "\n";
  for (int row = 0; row < 20; ++row) {
    for (int i = 0; i < 10'000; ++i) text += (i > 0 ? "," : "") + std::string(i % 2 == 0 ? "text" : "17");
    text += "\n";
  }
  const auto work = std::make_shared<Work>();
  CsvReader reader(counted(text, work), {});
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < 10'000; ++i) all.push_back(i);
  reader.start(all);
  std::int64_t rows = 0;
  for (Batch batch; reader.next(batch);) {
    rows += batch.rows;
    for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
      EXPECT_EQ(batch.columns[9998].string(row), "text");
      EXPECT_EQ(batch.columns[9999].integers[row], 17);
    }
  }
  EXPECT_EQ(rows, 20);
  EXPECT_EQ(work->bytes, text.size());
}

TEST(CsvWidth, ARowOfAMillionCellsWhereTwoBelong) {
  const std::string text = "a,b\n1,2\n" + repeated("1,", 1'000'000) + "\n3,4\n";
  for (const bool tolerant : {false, true}) {
    const auto work = std::make_shared<Work>();
    CsvScanner scanner(counted(text, work), {}, kSmallBlocks);
    scanner.read_header();
    scanner.expect({2, false, tolerant});
    std::size_t rows = 0;
    std::string message;
    try {
      while (scanner.next()) {
        rows += scanner.rows();
        if (!scanner.bad_rows().empty()) message = scanner.bad_rows()[0].message;
      }
    } catch (const Error& error) {
      message = error.message();
    }
    EXPECT_THAT(message, HasSubstr("the row has 1000001 cells, the header has 2"));
    EXPECT_EQ(rows, tolerant ? 2U : 1U);
    EXPECT_LE(work->calls, 2 * 14);
    EXPECT_LE(scanner.memory(), 2 * text.size() + (1 << 20)) << "places are kept for two cells only";
  }
}

TEST(CsvWidth, AHeaderOfAMillionColumns) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += (i > 0 ? "," : "") + std::to_string(i);
  text += "\n" + repeated(",", 999'999) + "\n";
  const auto work = std::make_shared<Work>();
  CsvReader reader(counted(text, work), {});
  EXPECT_EQ(reader.fields().size(), 1'000'000U);
  reader.start({999'999});
  Batch batch;
  ASSERT_TRUE(reader.next(batch));
  EXPECT_TRUE(batch.columns[0].missing(0));
  EXPECT_FALSE(reader.next(batch));
  EXPECT_EQ(work->bytes, text.size());
}

TEST(CsvWidth, ACellBeyond64MiBIsPassedOverInBoundedMemory) {
  std::string text = "a,b\n1,2\n3,";
  text.append(std::size_t{100} << 20, 'x');
  text += "\n4,5\n";
  const auto work = std::make_shared<Work>();
  CsvScanner scanner(counted(text, work), {}, {});
  scanner.read_header();
  scanner.expect({2, false, true});
  std::size_t rows = 0;
  std::string message;
  while (scanner.next()) {
    rows += scanner.rows();
    for (const CsvScanner::BadRow& bad : scanner.bad_rows()) {
      message += bad.message;
      EXPECT_EQ(bad.line, 3);
      EXPECT_EQ(bad.text.size(), 4096U);
    }
  }
  EXPECT_EQ(rows, 2U);
  EXPECT_EQ(message, "cell 2 is longer than 64.0 MiB");
  EXPECT_EQ(work->bytes, text.size());
  EXPECT_LE(scanner.memory(), std::size_t{130} << 20);
}

// Quotes that open in every line and never close where they should: the line in which one opens is bad, and what comes
// behind is looked at again, but not ever again.
TEST(CsvWidth, QuotesThatNeverEndDoNotCostMoreThanTheirText) {
  const auto cost_of = [](int lines) {
    const std::string text = "a,b\n" + repeated("a\",b,\"\n", lines);
    const auto work = std::make_shared<Work>();
    CsvScanner scanner(counted(text, work), {},
                       {.block_bytes = 1 << 12, .max_cell_bytes = 1 << 10, .max_row_bytes = 1 << 14});
    scanner.read_header();
    scanner.expect({2, false, true});
    std::size_t bad = 0;
    std::size_t bytes = 0;
    while (scanner.next()) {
      for (const CsvScanner::BadRow& row : scanner.bad_rows()) bytes += row.text.size();
      bad += scanner.bad_rows().size();
    }
    EXPECT_EQ(work->bytes, text.size());
    EXPECT_GT(bytes, 0U);
    return bad;
  };
  const std::size_t few = cost_of(20'000);
  const std::size_t many = cost_of(40'000);
  EXPECT_GE(many, 2 * few - 2);
  EXPECT_LE(many, 2 * few + 2);
  EXPECT_LE(few, 20U) << "a bad row takes all of the text in which its quotes were open";
}

}  // namespace
}  // namespace kin
