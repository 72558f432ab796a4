#include "kinspace/data/csv_scanner.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

using Row = std::vector<std::string>;

// What a text holds: its rows with their lines, up to an error.
struct Outcome {
  std::vector<Row> rows;  // the header first
  std::vector<std::int64_t> lines;
  std::string error;

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  for (std::size_t i = 0; i < outcome.rows.size(); ++i) {
    out << (i == 0 ? 1 : outcome.lines[i - 1]) << ":";
    for (const std::string& cell : outcome.rows[i]) out << " " << quoted(cell);
    out << "\n";
  }
  return out << "error: " << outcome.error << "\n";
}

Outcome scan(const std::string& text, std::size_t block_bytes, char separator = ',') {
  Outcome outcome;
  try {
    CsvLimits limits;
    limits.block_bytes = block_bytes;
    CsvScanner scanner(memory_source("t.csv", text), separator, limits);
    outcome.rows.push_back(scanner.read_header());
    std::vector<std::int64_t> all(outcome.rows[0].size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
    scanner.select(all.size(), all);
    std::string scratch;
    while (scanner.next()) {
      for (std::size_t row = 0; row < scanner.rows(); ++row) {
        outcome.lines.push_back(scanner.line(row));
        Row& cells = outcome.rows.emplace_back();
        for (std::size_t i = 0; i < all.size(); ++i) cells.emplace_back(scanner.cell(row, i, scratch));
      }
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadData);
    EXPECT_EQ(error.message().find("t.csv"), 0U) << error.message();
    outcome.error = error.message();
  }
  return outcome;
}

// A slow parser that is easy to check against the rules: one character after the other, one row after the other.
class Reference {
 public:
  Reference(std::string text, char separator) : text_(std::move(text)), separator_(separator) {}

  Outcome run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
      return {{}, {}, "t.csv line 1: the text is UTF-16; UTF-8 is needed"};
    }
    while (at_ < text_.size()) {
      const std::size_t start = at_;
      const std::int64_t line = line_;
      const auto cells = row();
      if (const auto bad = bad_byte(start, at_)) {
        const std::int64_t bad_line = line + std::count(text_.begin() + static_cast<std::ptrdiff_t>(start),
                                                        text_.begin() + static_cast<std::ptrdiff_t>(*bad), '\n');
        return failed(bad_line, text_[*bad] == '\0' ? "byte " + std::to_string(*bad + 1) + " is NUL; text is needed"
                                                    : "byte " + std::to_string(*bad + 1) + " (0x" + hex(text_[*bad]) +
                                                          ") is not UTF-8");
      }
      if (!cells) return failed(error_line_, error_);
      if (text_[start] == '\n' || text_[start] == '\r') continue;  // an empty line
      if (!out_.rows.empty()) {
        if (cells->size() != out_.rows[0].size()) {
          return failed(line, "the row has " + std::to_string(cells->size()) + " cells, the header has " +
                                  std::to_string(out_.rows[0].size()));
        }
        out_.lines.push_back(line);
      }
      out_.rows.push_back(*cells);
    }
    if (out_.rows.empty()) out_.error = "t.csv is empty; a header line with the names of the columns is needed";
    return out_;
  }

 private:
  static std::string hex(char c) {
    constexpr const char* kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    return {kDigits[byte / 16], kDigits[byte % 16]};
  }

  Outcome failed(std::int64_t line, const std::string& what) {
    out_.error = "t.csv line " + std::to_string(line) + ": " + what;
    return out_;
  }

  bool special(std::size_t i) const {
    return text_[i] == separator_ || text_[i] == '\n' || text_[i] == '\r' || text_[i] == '"';
  }

  // Fails at the next special character, which is where the scanner can notice.
  std::optional<Row> fail(const std::string& what) {
    while (at_ < text_.size() && !special(at_)) ++at_;
    error_line_ = line_;
    error_ = what;
    return std::nullopt;
  }

  // Takes one row with its line end.
  std::optional<Row> row() {
    Row cells;
    for (;;) {
      std::string cell;
      if (at_ < text_.size() && text_[at_] == '"') {
        const std::int64_t quote_line = line_;
        for (++at_;; ++at_) {
          if (at_ == text_.size()) {
            error_line_ = quote_line;
            error_ = "cell " + std::to_string(cells.size() + 1) + " starts with a quote that never ends";
            return std::nullopt;
          }
          if (text_[at_] == '"') {
            if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
            ++at_;
          }
          if (text_[at_] == '\n') ++line_;
          cell += text_[at_];
        }
        ++at_;
        if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r') {
          return fail("cell " + std::to_string(cells.size() + 1) + " has text behind its closing quote");
        }
      } else {
        while (at_ < text_.size() && (text_[at_] == '"' || !special(at_))) cell += text_[at_++];
      }
      cells.push_back(cell);
      if (at_ < text_.size() && text_[at_] == separator_) {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '\r') {
        ++at_;
        if (at_ < text_.size() && text_[at_] != '\n') return fail("a carriage return has no line feed behind it");
      }
      if (at_ < text_.size()) ++at_;
      ++line_;
      return cells;
    }
  }

  std::optional<std::size_t> bad_byte(std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end;) {
      std::size_t length = 1;
      while (length <= 4 && i + length <= end && !is_utf8({text_.data() + i, length})) ++length;
      if (text_[i] == '\0' || length > 4 || i + length > end) return i;
      i += length;
    }
    return std::nullopt;
  }

  std::string text_;
  char separator_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::int64_t error_line_ = 0;
  std::string error_;
  Outcome out_;
};

struct Case {
  std::string about;
  std::string text;
  Outcome want;
};

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
  for (const Case& c : well_formed()) {
    EXPECT_EQ(Reference(c.text, ',').run(), c.want) << c.about << " (reference)";
    for (const std::size_t block : {4, 5, 6, 7, 8, 9, 13, 16, 31, 1 << 20}) {
      EXPECT_EQ(scan(c.text, block), c.want) << c.about << ", blocks of " << block;
    }
  }
}

TEST(CsvScanner, NamesLineAndCauseOfEveryError) {
  for (const Case& c : malformed()) {
    EXPECT_EQ(Reference(c.text, ',').run(), c.want) << c.about << " (reference)";
    for (const std::size_t block : {4, 5, 6, 7, 8, 9, 13, 16, 31, 1 << 20}) {
      EXPECT_EQ(scan(c.text, block), c.want) << c.about << ", blocks of " << block;
    }
  }
}

TEST(CsvScanner, RecognisesFilesThatAreNoText) {
  EXPECT_EQ(scan("\x1F\x8B\x08 and more", 8).error, "t.csv line 1: the file is compressed; plain text is needed");
  EXPECT_EQ(scan("PK\x03\x04 and more", 8).error,
            "t.csv line 1: the file is a zip archive or a spreadsheet; plain text is needed");
  EXPECT_EQ(scan("PAR1 and more", 8).error, "t.csv line 1: the file is in Parquet format; plain text is needed");
}

TEST(CsvScanner, ReadsOtherSeparators) {
  EXPECT_EQ(scan("a\tb\n1,5\t\"2\t3\"\n", 8, '\t').rows[1], (Row{"1,5", "2\t3"}));
  EXPECT_EQ(scan("a;b\n1,5;2\n", 8, ';').rows[1], (Row{"1,5", "2"}));
  EXPECT_EQ(scan("a b\n1 2\n", 8, ' ').rows[1], (Row{"1", "2"}));
}

std::string random_text(RandomStream& random) {
  static const std::string kPieces[] = {"a",  "1",  "xyz",  " ",    ",",  ",",     ",",         "\n",       "\n",
                                        "\n", "\"", "\"\"", "\r\n", "\r", "\"q\"", "\"1,\n2\"", "\xC3\xA9", "𝄞"};
  std::string text = random.below(4) == 0   ? ""
                     : random.below(8) == 0 ? "\xEF\xBB\xBF"
                                              "a,b\n"
                                            : "a,b\n";
  const std::uint64_t pieces = random.below(60);
  const bool tidy = random.below(2) == 0;  // whole rows only, so that the text goes on for long
  for (std::uint64_t i = 0; i < pieces; ++i) {
    if (tidy) {
      for (const char* end : {",", random.below(3) == 0 ? "\r\n" : "\n"}) {
        const std::string& piece = kPieces[random.below(4)];
        text += random.below(3) == 0 ? "\"" + piece + (random.below(2) == 0 ? "\"\"" : "\n") + "\"" : piece;
        text += end;
      }
      if (random.below(40) == 0) text += kPieces[random.below(std::size(kPieces))];
    } else {
      text += kPieces[random.below(std::size(kPieces))];
    }
    if (random.below(150) == 0) text += random.below(3) == 0 ? '\0' : static_cast<char>(0x80 + random.below(128));
  }
  return text;
}

TEST(CsvScanner, AgreesWithTheReferenceParserOnGeneratedTexts) {
  RandomStream random(11, Purpose::kInit, 0, 0);
  int failed = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::string text = random_text(random);
    const Outcome want = Reference(text, ',').run();
    failed += want.error.empty() ? 0 : 1;
    for (const std::size_t block :
         {std::size_t{4} + random.below(8), std::size_t{4} + random.below(60), std::size_t{1} << 12}) {
      ASSERT_EQ(scan(text, block), want) << "text " << i << " in blocks of " << block << ": "
                                         << ::testing::PrintToString(text);
    }
  }
  EXPECT_GT(failed, 1000);
  EXPECT_LT(failed, 9000);
}

TEST(CsvScanner, KeepsOnlyTheWantedCells) {
  CsvScanner scanner(memory_source("t.csv", "a,b,c\n1,2,3\n4,5,6\n"), ',', {});
  EXPECT_EQ(scanner.read_header(), (Row{"a", "b", "c"}));
  scanner.select(3, std::vector<std::int64_t>{2, 0});
  ASSERT_TRUE(scanner.next());
  std::string scratch;
  EXPECT_EQ(scanner.cell(1, 0, scratch), "6");
  EXPECT_EQ(scanner.cell(1, 1, scratch), "4");
  EXPECT_FALSE(scanner.next());
}

TEST(CsvScanner, DigestIsThatOfAllBytes) {
  const std::string text =
      "\xEF\xBB\xBF"
      "a,b\r\n\n1,2\n\n";
  CsvScanner scanner(memory_source("t.csv", text), ',', {.block_bytes = 4});
  scanner.read_header();
  scanner.select(2, {});
  while (scanner.next()) {
  }
  EXPECT_EQ(scanner.digest(), checksum_hex(text));
  EXPECT_EQ(scanner.bytes_read(), text.size());
}

std::string error_with_limits(const std::string& text, CsvLimits limits) {
  try {
    CsvScanner scanner(memory_source("t.csv", text), ',', limits);
    scanner.read_header();
    scanner.select(2, std::vector<std::int64_t>{0, 1});
    while (scanner.next()) {
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadData);
    return error.message() + " | " + error.fix();
  }
  return {};
}

TEST(CsvScanner, RefusesCellsAndRowsBeyondTheLimits) {
  const CsvLimits limits = {.block_bytes = 16, .max_cell_bytes = 64, .max_row_bytes = 256};
  const std::string long_cell(65, 'x');
  const std::string fitting(64, 'x');
  EXPECT_EQ(error_with_limits("a,b\n" + fitting + "," + fitting + "\n", limits), "");
  EXPECT_NE(
      error_with_limits("a,b\n1,2\n1," + long_cell + "\n", limits).find("t.csv line 3: cell 2 is longer than 64 B"),
      std::string::npos);
  EXPECT_NE(error_with_limits("a,b\n1,2\n" + long_cell + ",1\n", {16, 64, 1 << 20}).find("line 3: cell 1 is longer"),
            std::string::npos);
  EXPECT_NE(
      error_with_limits("a,b\n1,2\n1,\"" + std::string(200, '\n') + "\"\n", limits).find("quote that starts on line 3"),
      std::string::npos);
  std::string wide = "a,b\n";
  for (int i = 0; i < 300; ++i) wide += "1,";
  EXPECT_NE(error_with_limits(wide + "1\n", limits).find("t.csv line 2: the row is longer than 256 B"),
            std::string::npos);
}

}  // namespace
}  // namespace kin
