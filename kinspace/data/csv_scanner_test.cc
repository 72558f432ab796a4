#include "kinspace/data/csv_scanner.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/data/csv_testing.h"

namespace kin {
namespace {

using testing::CsvBad;
using testing::CsvCase;
using testing::CsvOutcome;
using testing::CsvReference;
using testing::scan_csv;
using Row = testing::CsvRow;

constexpr std::size_t kBlocks[] = {4, 5, 6, 7, 8, 9, 13, 16, 31, 64, 100, 1 << 20};

// The outcome is that wanted, of the reference and of the scanner with all kernels and block sizes.
void expect(CsvCase c, const CsvOutcome& want, const std::string& about) {
  EXPECT_EQ(CsvReference(c).run(), want) << about << " (reference)";
  for (const kernels::Isa isa : kernels::supported_isas()) {
    for (const std::size_t block : kBlocks) {
      c.limits.block_bytes = block;
      EXPECT_EQ(scan_csv(c, kernels::table(isa)), want)
          << about << ", blocks of " << block << ", " << kernels::isa_name(isa);
    }
  }
}

struct Case {
  std::string about;
  std::string text;
  CsvOutcome want;
};

std::string invalid(const CsvCase& c) {
  try {
    CsvScanner(memory_source("t.csv", c.text), c.dialect, c.limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message();
  }
  return "no error";
}

std::string nul() {
  return std::string(1, '\0');
}

std::vector<Case> well_formed() {
  return {
      {"a row", "a,b\n1,2\n", {{{"a", "b"}, {"1", "2"}}, {2}, ""}},
      {"no line end at the end", "a,b\n1,2", {{{"a", "b"}, {"1", "2"}}, {2}, ""}},
      {"CRLF", "a,b\r\n1,2\r\n", {{{"a", "b"}, {"1", "2"}}, {2}, ""}},
      {"CRLF and LF mixed", "a,b\r\n1,2\n3,4\r\n", {{{"a", "b"}, {"1", "2"}, {"3", "4"}}, {2, 3}, ""}},
      {"a text that is cut inside CRLF", "a,b\r\n1,2\r", {{{"a", "b"}, {"1", "2"}}, {2}, ""}},
      {"header only", "a,b\n", {{{"a", "b"}}, {}, ""}},
      {"header only, no line end", "a,b", {{{"a", "b"}}, {}, ""}},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "a,b\n1,2\n",
       {{{"a", "b"}, {"1", "2"}}, {2}, ""}},
      {"a byte order mark and a quoted name", "\xEF\xBB\xBF\"a\",b\n", {{{"a", "b"}}, {}, ""}},
      {"quoted cells", "a,b\n\"1\",\"2\"\n", {{{"a", "b"}, {"1", "2"}}, {2}, ""}},
      {"a separator in quotes", "a,b\n\"1,5\",2\n", {{{"a", "b"}, {"1,5", "2"}}, {2}, ""}},
      {"doubled quotes", "a,b\n\"say \"\"hi\"\"\",2\n", {{{"a", "b"}, {"say \"hi\"", "2"}}, {2}, ""}},
      {"only doubled quotes", "a,b\n\"\"\"\",2\n", {{{"a", "b"}, {"\"", "2"}}, {2}, ""}},
      {"an empty quoted cell", "a,b\n\"\",2\n", {{{"a", "b"}, {"", "2"}}, {2}, ""}},
      {"a line end in quotes counts as a line",
       "a,b\n\"1\n1\",2\n3,4\n",
       {{{"a", "b"}, {"1\n1", "2"}, {"3", "4"}}, {2, 4}, ""}},
      {"CRLF in quotes stays", "a,b\n\"1\r\n1\",2\n3,4", {{{"a", "b"}, {"1\r\n1", "2"}, {"3", "4"}}, {2, 4}, ""}},
      {"a lone carriage return in quotes stays", "a,b\n\"1\r1\",2", {{{"a", "b"}, {"1\r1", "2"}}, {2}, ""}},
      {"a quote inside an unquoted cell", "a,b\n5\" disk,6\"\n", {{{"a", "b"}, {"5\" disk", "6\""}}, {2}, ""}},
      {"a quote behind a blank", "a,b\n1, \"2\"\n", {{{"a", "b"}, {"1", " \"2\""}}, {2}, ""}},
      {"empty cells", "a,b,c\n,,\n", {{{"a", "b", "c"}, {"", "", ""}}, {2}, ""}},
      {"a separator at the end", "a,b\n1,", {{{"a", "b"}, {"1", ""}}, {2}, ""}},
      {"empty lines are skipped and counted",
       "a,b\n\n1,2\n\r\n\n3,4\n\n",
       {{{"a", "b"}, {"1", "2"}, {"3", "4"}}, {3, 6}, ""}},
      {"empty lines before the header", "\n\r\na,b\n1,2\n", {{{"a", "b"}, {"1", "2"}}, {4}, ""}},
      {"one column", "a\n1\n\n2\n", {{{"a"}, {"1"}, {"2"}}, {2, 4}, ""}},
      {"a quoted empty cell is no empty line", "a\n\"\"\n2\n", {{{"a"}, {""}, {"2"}}, {2, 3}, ""}},
      {"blanks are kept", "a,b\n 1 ,\t2\n", {{{"a", "b"}, {" 1 ", "\t2"}}, {2}, ""}},
      {"characters of two to four bytes", "a,b\nß,日\n𝄞,é", {{{"a", "b"}, {"ß", "日"}, {"𝄞", "é"}}, {2, 3}, ""}},
      {"quotes around names with line ends", "\"a\nb\",c\n1,2\n", {{{"a\nb", "c"}, {"1", "2"}}, {3}, ""}},
      {"a long cell",
       "a,b\n" + std::string(1000, 'x') + ",2\n",
       {{{"a", "b"}, {std::string(1000, 'x'), "2"}}, {2}, ""}},
  };
}

std::vector<Case> malformed() {
  const Row header = {"a", "b"};
  return {
      {"nothing", "", {{}, {}, "t.csv is empty; a header line with the names of the columns is needed"}},
      {"only line ends", "\n\r\n\n", {{}, {}, "t.csv is empty; a header line with the names of the columns is needed"}},
      {"only a byte order mark",
       "\xEF\xBB\xBF",
       {{}, {}, "t.csv is empty; a header line with the names of the columns is needed"}},
      {"a cell too few",
       "a,b\n1,2\n3\n",
       {{header, {"1", "2"}}, {2}, "t.csv line 3: the row has 1 cells, the header has 2"}},
      {"a cell too many", "a,b\n1,2,3\n", {{header}, {}, "t.csv line 2: the row has 3 cells, the header has 2"}},
      {"a line of blanks", "a,b\n  \n", {{header}, {}, "t.csv line 2: the row has 1 cells, the header has 2"}},
      {"a ragged last line without line end",
       "a,b\n1,2\n3",
       {{header, {"1", "2"}}, {2}, "t.csv line 3: the row has 1 cells, the header has 2"}},
      {"an open quote",
       "a,b\n1,\"2\n3,4\n5,6\n",
       {{header}, {}, "t.csv line 2: cell 2 starts with a quote that never ends"}},
      {"an open quote behind lines in quotes",
       "a,b\n\"1\n\n1\",\"2\n",
       {{header}, {}, "t.csv line 4: cell 2 starts with a quote that never ends"}},
      {"an open quote in the header",
       "\"a,b\n1,2\n",
       {{}, {}, "t.csv line 1: cell 1 starts with a quote that never ends"}},
      {"a doubled quote at the end",
       "a,b\n1,\"2\"\"",
       {{header}, {}, "t.csv line 2: cell 2 starts with a quote that never ends"}},
      {"text behind a quote",
       "a,b\n\"1\"x,2\n",
       {{header}, {}, "t.csv line 2: cell 1 has text behind its closing quote"}},
      {"a blank behind a quote",
       "a,b\n1,\"2\" \n",
       {{header}, {}, "t.csv line 2: cell 2 has text behind its closing quote"}},
      {"text behind a quote at the end",
       "a,b\n1,\"2\"x",
       {{header}, {}, "t.csv line 2: cell 2 has text behind its closing quote"}},
      {"old Macintosh line ends", "a,b\r1,2\r", {{}, {}, "t.csv line 1: a carriage return has no line feed behind it"}},
      {"a lone carriage return",
       "a,b\n1,2\r3,4\n",
       {{header}, {}, "t.csv line 2: a carriage return has no line feed behind it"}},
      {"two carriage returns",
       "a,b\n1,2\r\r\n",
       {{header}, {}, "t.csv line 2: a carriage return has no line feed behind it"}},
      {"NUL", "a,b\n1," + nul() + "2\n", {{header}, {}, "t.csv line 2: byte 7 is NUL; text is needed"}},
      {"NUL in the header", "a," + nul() + "b\n", {{}, {}, "t.csv line 1: byte 3 is NUL; text is needed"}},
      {"UTF-16 little endian",
       "\xFF\xFE" + std::string("a") + nul() + "\n" + nul(),
       {{}, {}, "t.csv line 1: the text is UTF-16; UTF-8 is needed"}},
      {"UTF-16 big endian",
       "\xFE\xFF" + nul() + "a" + nul() + "\n",
       {{}, {}, "t.csv line 1: the text is UTF-16; UTF-8 is needed"}},
      {"Latin-1", "a,b\n1,2\ncaf\xE9,3\n", {{header, {"1", "2"}}, {2}, "t.csv line 3: byte 12 (0xe9) is not UTF-8"}},
      {"an overlong form", "a,b\n\xC0\xAF,2\n", {{header}, {}, "t.csv line 2: byte 5 (0xc0) is not UTF-8"}},
      {"a surrogate", "a,b\n\xED\xA0\x80,2\n", {{header}, {}, "t.csv line 2: byte 5 (0xed) is not UTF-8"}},
      {"beyond the last character",
       "a,b\n\xF4\x90\x80\x80,2\n",
       {{header}, {}, "t.csv line 2: byte 5 (0xf4) is not UTF-8"}},
      {"a character cut at the end", "a,b\n1,\xE6\x97", {{header}, {}, "t.csv line 2: byte 7 (0xe6) is not UTF-8"}},
      {"a stray continuation byte in quotes",
       "a,b\n\"1\n\x80\",2\n",
       {{header}, {}, "t.csv line 3: byte 8 (0x80) is not UTF-8"}},
      {"a bad byte before a ragged row is named first",
       "a,b\n\xFF\n1,2,3\n",
       {{header}, {}, "t.csv line 2: byte 5 (0xff) is not UTF-8"}},
      {"a ragged row before a bad byte is named first",
       "a,b\n1,2,3\n\xFF,2\n",
       {{header}, {}, "t.csv line 2: the row has 3 cells, the header has 2"}},
  };
}

TEST(CsvScanner, ReadsHandCasesAtEveryBlockSize) {
  for (const Case& c : well_formed()) expect({c.text}, c.want, c.about);
}

TEST(CsvScanner, NamesLineAndCauseOfEveryError) {
  for (const Case& c : malformed()) expect({c.text}, c.want, c.about);
}

TEST(CsvScanner, RecognisesFilesThatAreNoText) {
  EXPECT_EQ(scan_csv({"\x1F\x8B\x08 and more", {}, {8}}).error,
            "t.csv line 1: the file is compressed; plain text is needed");
  EXPECT_EQ(scan_csv({"PK\x03\x04 and more", {}, {8}}).error,
            "t.csv line 1: the file is a zip archive or a spreadsheet; plain text is needed");
  EXPECT_EQ(scan_csv({"PAR1 and more", {}, {8}}).error,
            "t.csv line 1: the file is in Parquet format; plain text is needed");
}

CsvDialect separated_by(std::string separator) {
  CsvDialect dialect;
  dialect.separator = std::move(separator);
  return dialect;
}

TEST(CsvScanner, ReadsOtherSeparators) {
  const auto rows = [](const Row& row) { return CsvOutcome{{{"a", "b"}, row}, {2}, ""}; };
  expect({"a\tb\n1,5\t\"2\t3\"\n", separated_by("\t")}, rows({"1,5", "2\t3"}), "tab");
  expect({"a;b\n1,5;2\n", separated_by(";")}, rows({"1,5", "2"}), "semicolon");
  expect({"a b\n1 2\n", separated_by(" ")}, rows({"1", "2"}), "blank");
  expect({"a  b\n", separated_by(" ")}, {{{"a", "", "b"}}, {}, ""}, "blanks are not taken together");
  expect({"a-b\n-\n", separated_by("-")}, rows({"", ""}), "minus");
  expect({"a::b\n1:2::3\n", separated_by("::")}, rows({"1:2", "3"}), "two characters");
  expect({"a::b\r\n\"1::2\"::3\r\n", separated_by("::")}, rows({"1::2", "3"}), "two characters and quotes");
  expect({"a::b\n1:::2\n", separated_by("::")}, rows({"1", ":2"}), "the first of two that overlap counts");
  expect({"a::b\n::::::\n", separated_by("::")},
         {{{"a", "b"}}, {}, "t.csv line 2: the row has 4 cells, the header has 2"}, "only separators");
  expect({"a||||b\n1|||2||||3", separated_by("||||")}, rows({"1|||2", "3"}), "four characters");
  expect({"a§b\n1§\xC3\x83\n", separated_by("§")}, rows({"1", "\xC3\x83"}), "a character of two bytes");
  expect({"a→→→→b\n1→→→2→→→→3\n", separated_by("→→→→")}, rows({"1→→→2", "3"}), "twelve bytes");
}

TEST(CsvScanner, RefusesSeparatorsAndCommentsThatCannotBe) {
  for (const std::string& separator : {std::string(), std::string("\""), std::string("\n"), std::string("\r"), nul(),
                                       std::string(",\n"), std::string("\xE9"), std::string("12345")}) {
    EXPECT_NE(invalid({"a\n", separated_by(separator)}).find("data.separator"), std::string::npos) << separator;
  }
  CsvDialect no_quotes = separated_by("\"");
  no_quotes.quotes = false;
  expect({"a\"b\n", no_quotes}, {{{"a", "b"}}, {}, ""}, "a quote separates where it does not quote");
  CsvDialect comment;
  comment.comment = "#\n";
  EXPECT_NE(invalid({"a\n", comment}).find("data.comment"), std::string::npos);
}

TEST(CsvScanner, LeavesCommentsOut) {
  CsvDialect dialect;
  dialect.comment = "#";
  const CsvOutcome want = {{{"a", "b"}, {"1", "#2"}, {" #3", "4"}}, {3, 6}, ""};
  expect({"# one, \"two\na,b\n1,#2\n#\xFF" + nul() + "\n#\n #3,4\n#", dialect}, want, "comments of any bytes");
  expect({"#\n#a\na,b\n1,#2\n\n\n #3,4", dialect}, {{{"a", "b"}, {"1", "#2"}, {" #3", "4"}}, {4, 7}, ""},
         "comments before the header");
  expect({"a,b\n\"1\n#1\",2\n", dialect}, {{{"a", "b"}, {"1\n#1", "2"}}, {2}, ""}, "no comment in quotes");
  dialect.comment = "//";
  expect({"a,b\n/,/\n//,\n/", dialect},
         {{{"a", "b"}, {"/", "/"}}, {2}, "t.csv line 4: the row has 1 cells, the header has 2"}, "two characters");
  expect({"a\n/", dialect}, {{{"a"}, {"/"}}, {2}, ""}, "half a comment at the end");
}

TEST(CsvScanner, QuotesCanStandForThemselves) {
  CsvDialect dialect;
  dialect.quotes = false;
  expect({"a,b\n\"1,2\"\n\"\",\"x\n", dialect}, {{{"a", "b"}, {"\"1", "2\""}, {"\"\"", "\"x"}}, {2, 3}, ""}, "");
}

TEST(CsvScanner, ReadsTextsWithoutAHeader) {
  CsvCase c{"1,2\n3,4\n"};
  c.names = 2;
  expect(c, {{{"1", "2"}, {"3", "4"}}, {1, 2}, ""}, "two names");
  c.names = 3;
  expect(c, {{}, {}, "t.csv line 1: the row has 2 cells, data.names has 3"}, "three names");
  c.text = "\xEF\xBB\xBF";
  expect(c, {{}, {}, ""}, "no rows");
}

TEST(CsvScanner, TheLastColumnCanTakeTheRestOfTheRow) {
  CsvCase c{"1 2 3 4\n\n5 6\r\n7\n8 \n9 \"a b\" \n0  \n", separated_by(" ")};
  c.names = 2;
  c.rest = true;
  expect(c, {{{"1", "2", "3", "4"}, {"5", "6"}, {"7"}, {"8"}, {"9", "a b", ""}, {"0", "", ""}}, {1, 3, 4, 5, 6, 7}, ""},
         "rows of any length");
  c.text = "8 \"\"\n";
  expect(c, {{{"8", ""}}, {1}, ""}, "a quoted empty cell is an element");
  c.text = "1 2\n3\n";
  c.names = 3;
  expect(c, {{{"1", "2"}}, {1}, "t.csv line 2: the row has 1 cells, at least 2 are needed"}, "too short");
  c.text = "1 2\n3\n";
  c.names = 1;
  expect(c, {{{"1", "2"}, {"3"}}, {1, 2}, ""}, "nothing but the list");
}

TEST(CsvScanner, LeavesBadRowsOutWhereTold) {
  const Row header = {"a", "b"};
  const Row good = {"1", "2"};
  const struct {
    std::string about;
    std::string text;
    CsvOutcome want;
  } cases[] = {
      {"ragged rows",
       "a,b\n1\n1,2\r\n1,2,3\r\n1,2\n",
       {{header, good, good},
        {3, 5},
        "",
        {{2, "the row has 1 cells, the header has 2", "1", 0},
         {4, "the row has 3 cells, the header has 2", "1,2,3", 1}}}},
      {"a ragged row over several lines",
       "a,b\n\"1\n\",2,3\n1,2\n",
       {{header, good}, {4}, "", {{2, "the row has 3 cells, the header has 2", "\"1\n\",2,3", 0}}}},
      {"an open quote spoils the line where it starts",
       "a,b\n1,\"2\n1,2\n1,2\n",
       {{header, good, good}, {3, 4}, "", {{2, "cell 2 starts with a quote that never ends", "1,\"2", 0}}}},
      {"an open quote behind lines in quotes",
       "a,b\n\"1\n1\",\"2\n1,2\n",
       {{header, good}, {4}, "", {{3, "cell 2 starts with a quote that never ends", "\"1\n1\",\"2", 0}}}},
      {"text behind a quote spoils the lines up to there",
       "a,b\n\"1\n2\"x,3\n1,2\n",
       {{header, good}, {4}, "", {{3, "cell 1 has text behind its closing quote", "\"1\n2\"x,3", 0}}}},
      {"a lone carriage return",
       "a,b\n1,2\r3,4\n1,2",
       {{header, good}, {3}, "", {{2, "a carriage return has no line feed behind it", "1,2\r3,4", 0}}}},
      {"bytes",
       "a,b\n1,\xFF\n1,2\n\xC3,1,2\n" + nul() + "\n",
       {{header, good},
        {3},
        "",
        {{2, "byte 7 (0xff) is not UTF-8", "1,\xFF", 0},
         {4, "byte 13 (0xc3) is not UTF-8", "\xC3,1,2", 1},
         {5, "byte 19 is NUL; text is needed", nul(), 1}}}},
      {"nothing but bad rows",
       "a,b\n1\n2",
       {{header},
        {},
        "",
        {{2, "the row has 1 cells, the header has 2", "1", 0}, {3, "the row has 1 cells, the header has 2", "2", 0}}}},
      {"a bad header is an error all the same",
       "a,\"b\n1,2\n",
       {{}, {}, "t.csv line 1: cell 2 starts with a quote that never ends"}},
  };
  for (const auto& c : cases) {
    CsvCase tolerant{c.text};
    tolerant.tolerant = true;
    expect(tolerant, c.want, c.about);
  }
}

TEST(CsvScanner, DigestIsThatOfAllBytes) {
  const std::string text =
      "\xEF\xBB\xBF"
      "a,b\r\n\n1,2\n\n";
  CsvScanner scanner(memory_source("t.csv", text), {}, {.block_bytes = 4});
  scanner.read_header();
  scanner.expect({2});
  while (scanner.next()) {
  }
  EXPECT_EQ(scanner.digest(), checksum_hex(text));
  EXPECT_EQ(scanner.bytes_read(), text.size());
}

TEST(CsvScanner, DropsRows) {
  for (const bool rest : {false, true}) {
    CsvScanner scanner(memory_source("t.csv", "0,x\n1,\"y\"\n2,z\n\n3,w\n"), {}, {});
    scanner.expect({2, rest, false, false});
    ASSERT_TRUE(scanner.next());
    scanner.drop({true, false, false, true});
    ASSERT_EQ(scanner.rows(), 2U);
    std::string scratch;
    std::vector<std::int32_t> offsets;
    EXPECT_EQ(scanner.column(0).cell(0, scratch), "1");
    EXPECT_EQ(scanner.column(0).cell(1, scratch), "2");
    const CsvCells last = rest ? scanner.rest(offsets) : scanner.column(1);
    EXPECT_EQ(last.cell(0, scratch), "y");
    EXPECT_EQ(last.cell(1, scratch), "z");
    EXPECT_EQ(scanner.line(1), 3);
    EXPECT_EQ(scanner.row_text(0), "1,\"y\"");
    EXPECT_FALSE(scanner.next());
    EXPECT_EQ(scanner.rows_so_far(), 2);
  }
}

std::string error_with_limits(const std::string& text, CsvLimits limits) {
  const CsvCase c{text, {}, limits};
  const CsvOutcome outcome = scan_csv(c);
  EXPECT_EQ(outcome, CsvReference(c).run());
  return outcome.error;
}

TEST(CsvScanner, RefusesCellsAndRowsBeyondTheLimits) {
  for (const std::size_t block : {4, 16, 100, 1 << 16}) {
    const CsvLimits limits = {.block_bytes = block, .max_cell_bytes = 64, .max_row_bytes = 256};
    const std::string long_cell(65, 'x');
    const std::string fitting(64, 'x');
    EXPECT_EQ(error_with_limits("a,b\n" + fitting + "," + fitting + "\n", limits), "");
    EXPECT_EQ(error_with_limits("a,b\n1,2\n1," + long_cell + "\n", limits), "t.csv line 3: cell 2 is longer than 64 B");
    EXPECT_EQ(error_with_limits("a,b\n1,2\n" + long_cell + ",1\n", limits), "t.csv line 3: cell 1 is longer than 64 B");
    EXPECT_EQ(error_with_limits("a,b\n1,2\n1,\"" + std::string(200, '\n') + "\"\n", limits),
              "t.csv line 3: cell 2 is longer than 64 B");
    std::string wide = "a,b\n";
    for (int i = 0; i < 300; ++i) wide += "1,";
    EXPECT_EQ(error_with_limits(wide + "1\n", limits), "t.csv line 2: the row is longer than 256 B");
  }
}

TEST(CsvScanner, PassesOverRowsBeyondTheLimits) {
  CsvCase c{"a,b\n1,2\n" + std::string(300, 'x') + ",1\n3,4\n5,\"6\n7,8\n" + std::string(100, '\n') + "9,0\n"};
  c.limits.max_cell_bytes = 64;
  c.limits.max_row_bytes = 256;
  c.tolerant = true;
  expect(c,
         {{{"a", "b"}, {"1", "2"}, {"3", "4"}, {"7", "8"}, {"9", "0"}},
          {2, 4, 6, 107},
          "",
          {{3, "cell 1 is longer than 64 B", std::string(64, 'x'), 1}, {5, "cell 2 is longer than 64 B", "5,\"6", 2}}},
         "");
}

}  // namespace
}  // namespace kin
