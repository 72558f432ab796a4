#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/csv_scanner.h"

/// What the tests of the CSV scanner share: a slow parser that is easy to check against the rules, and the scanner's
/// results in the same form.
namespace kin::testing {

using CsvRow = std::vector<std::string>;

/// A text to be scanned, and how.
struct CsvCase {
  std::string text;
  CsvDialect dialect = {};
  CsvLimits limits = {};
  std::size_t names = 0;  ///< so many columns without a header; 0: the first row is the header
  bool rest = false;
  bool tolerant = false;
};

struct CsvBad {
  std::int64_t line;
  std::string message;
  std::string text;
  std::size_t rows_before;

  bool operator==(const CsvBad&) const = default;
};

/// What a text holds: its rows with their lines, up to an error.
struct CsvOutcome {
  std::vector<CsvRow> rows;  ///< the header first
  std::vector<std::int64_t> lines;
  std::string error;
  std::vector<CsvBad> bad = {};

  bool operator==(const CsvOutcome&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const CsvOutcome& outcome) {
  for (std::size_t i = 0; i < outcome.rows.size(); ++i) {
    out << (i < outcome.lines.size() ? outcome.lines[i] : -1) << ":";
    for (const std::string& cell : outcome.rows[i]) out << " " << quoted(cell);
    out << "\n";
  }
  for (const CsvBad& bad : outcome.bad) {
    out << "bad after " << bad.rows_before << " rows, line " << bad.line << ": " << bad.message << ": "
        << quoted(bad.text) << "\n";
  }
  return out << "error: " << outcome.error << "\n";
}

/// One byte after the other, one row after the other, with the whole text in sight.
class CsvReference {
 public:
  explicit CsvReference(CsvCase c) : c_(std::move(c)), text_(c_.text) {}

  CsvOutcome run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
      out_.error = "t.csv line 1: the text is UTF-16; UTF-8 is needed";
      return out_;
    }
    columns_ = c_.names;
    while (at_ < text_.size() && out_.error.empty()) line();
    if (columns_ == 0 && out_.error.empty()) {
      out_.error = "t.csv is empty; a header line with the names of the columns is needed";
    }
    return out_;
  }

 private:
  struct Fault {
    std::int64_t line = 0;
    std::string what;
    std::size_t resume = 0;
    bool too_long = false;
  };

  // Takes what starts at at_: a row, a comment or an empty line.
  void line() {
    const std::size_t start = at_;
    const bool comment =
        !c_.dialect.comment.empty() && std::string_view(text_).substr(at_).starts_with(c_.dialect.comment);
    fault_.reset();
    blank_ = false;
    CsvRow cells;
    std::size_t end = comment ? line_end(start) : row(cells);
    if (fault_) end = line_end(fault_->resume);
    if (!comment && !blank_) {
      if (!(fault_ && fault_->too_long)) find_bad_byte(start, end);
      if (fault_) {
        refuse(start, end);
      } else {
        out_.rows.push_back(cells);
        if (columns_ == 0) {
          columns_ = cells.size();
        } else {
          out_.lines.push_back(line_);
        }
      }
    }
    at_ = std::min(end + 1, text_.size());
    line_ += std::count(text_.begin() + at(start), text_.begin() + at(at_), '\n');
  }

  // Takes the cells of the row at at_; returns its LF or the end of the text.
  std::size_t row(CsvRow& cells) {
    std::size_t p = at_;
    bool raw_empty = false;
    for (;;) {
      const std::size_t begin = p;
      const std::int64_t line = line_of(begin);
      const std::size_t limit = std::min(begin + c_.limits.max_cell_bytes, at_ + c_.limits.max_row_bytes);
      std::string cell;
      if (c_.dialect.quotes && p < text_.size() && text_[p] == '"') {
        for (++p;; ++p) {
          if (p >= limit && text_.size() > limit) return too_long(begin, limit, cells.size() + 1, line);
          if (p >= text_.size()) {
            return fail(line, number(cells) + " starts with a quote that never ends", begin);
          }
          if (text_[p] == '"') {
            if (p + 1 == text_.size() || text_[p + 1] != '"') break;
            ++p;
          }
          cell += text_[p];
        }
        ++p;
        if (p < text_.size() && !separates(p) && text_[p] != '\n' && text_[p] != '\r') {
          return fail(line_of(p), number(cells) + " has text behind its closing quote", p);
        }
      } else {
        while (p < text_.size() && !separates(p) && text_[p] != '\n' && text_[p] != '\r') {
          if (p >= limit) return too_long(begin, limit, cells.size() + 1, line);
          cell += text_[p++];
        }
        if (p > limit) return too_long(begin, limit, cells.size() + 1, line);
      }
      cells.push_back(cell);
      raw_empty = p == begin;
      if (p < text_.size() && separates(p)) {
        p += c_.dialect.separator.size();
        continue;
      }
      if (p < text_.size() && text_[p] == '\r') {
        if (p + 1 < text_.size() && text_[p + 1] != '\n') {
          return fail(line_of(p), "a carriage return has no line feed behind it", p);
        }
        ++p;
      }
      break;
    }
    const std::size_t end = std::min(p, text_.size());
    blank_ = cells.size() == 1 && raw_empty;
    if (columns_ == 0 || blank_) return end;
    const std::string has = "the row has " + std::to_string(cells.size()) + " cells, ";
    if (c_.rest) {
      if (cells.size() + 1 < columns_)
        fail(line_, has + "at least " + std::to_string(columns_ - 1) + " are needed", end);
      if (cells.size() == columns_ && raw_empty) cells.pop_back();
    } else if (cells.size() != columns_) {
      fail(line_, has + (c_.names > 0 ? "data.names has " : "the header has ") + std::to_string(columns_), end);
    }
    return end;
  }

  void find_bad_byte(std::size_t begin, std::size_t end) {
    end = std::min(end, begin + c_.limits.max_row_bytes);
    for (std::size_t i = begin; i < end;) {
      std::size_t length = 1;
      while (length <= 4 && i + length <= end && !well_formed(i, length)) ++length;
      if (text_[i] != '\0' && length <= 4 && i + length <= end) {
        i += length;
        continue;
      }
      constexpr const char* kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(text_[i]);
      const std::string name = "byte " + std::to_string(i + 1);
      if (!fault_) fault_ = Fault{0, "", end, false};
      fault_->line = line_of(i);
      fault_->what = byte == 0 ? name + " is NUL; text is needed"
                               : name + " (0x" + kDigits[byte / 16] + kDigits[byte % 16] + ") is not UTF-8";
      return;
    }
  }

  // Whether the bytes are one character.
  bool well_formed(std::size_t i, std::size_t length) const {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text_[i + k]); };
    constexpr unsigned kLead[] = {0, 0, 0xC0, 0xE0, 0xF0, 0xF8};
    std::uint32_t code = byte(0);
    if (length == 1) return code < 0x80;
    if (code < kLead[length] || code >= kLead[length + 1]) return false;
    code -= kLead[length];
    for (std::size_t k = 1; k < length; ++k) {
      if (byte(k) < 0x80 || byte(k) > 0xBF) return false;
      code = code << 6 | (byte(k) & 0x3F);
    }
    constexpr std::uint32_t kFirst[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= kFirst[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  }

  std::size_t fail(std::int64_t line, std::string what, std::size_t resume) {
    fault_ = Fault{line, std::move(what), resume, false};
    return resume;
  }

  std::size_t too_long(std::size_t begin, std::size_t limit, std::size_t cell, std::int64_t line) {
    const bool whole_cell = limit == begin + c_.limits.max_cell_bytes;
    fault_ =
        Fault{whole_cell ? line : line_,
              whole_cell ? "cell " + std::to_string(cell) + " is longer than " + human_bytes(c_.limits.max_cell_bytes)
                         : "the row is longer than " + human_bytes(c_.limits.max_row_bytes),
              begin, true};
    return begin;
  }

  void refuse(std::size_t start, std::size_t end) {
    if (columns_ == 0 || !c_.tolerant) {
      out_.error = "t.csv line " + std::to_string(fault_->line) + ": " + fault_->what;
      return;
    }
    if (end > start && text_[end - 1] == '\r') --end;
    std::string text = text_.substr(start, end - start);
    if (fault_->too_long || text.size() > c_.limits.max_row_bytes) {
      text = text.substr(0, std::min({std::size_t{4096}, c_.limits.max_cell_bytes, c_.limits.max_row_bytes}));
    }
    out_.bad.push_back({fault_->line, fault_->what, text, out_.lines.size()});
  }

  static std::string number(const CsvRow& cells) { return "cell " + std::to_string(cells.size() + 1); }
  static std::ptrdiff_t at(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }
  bool separates(std::size_t p) const {
    return text_.compare(p, c_.dialect.separator.size(), c_.dialect.separator) == 0;
  }
  std::size_t line_end(std::size_t from) const { return std::min(text_.find('\n', from), text_.size()); }
  std::int64_t line_of(std::size_t p) const {
    return line_ + std::count(text_.begin() + at(at_), text_.begin() + at(std::min(p, text_.size())), '\n');
  }

  CsvCase c_;
  const std::string& text_;
  std::size_t columns_ = 0;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::optional<Fault> fault_;
  bool blank_ = false;  // the row at at_ is an empty line
  CsvOutcome out_;
};

/// What the scanner finds with these kernels.
inline CsvOutcome scan_csv(const CsvCase& c, const kernels::Table& kernels = kernels::active()) {
  CsvOutcome outcome;
  try {
    CsvScanner scanner(memory_source("t.csv", c.text), c.dialect, c.limits, kernels);
    CsvShape shape{c.names, c.rest, c.tolerant, c.names == 0};
    if (c.names == 0) {
      outcome.rows.push_back(scanner.read_header());
      shape.columns = outcome.rows[0].size();
    }
    scanner.expect(shape);
    std::string scratch;
    while (scanner.next()) {
      EXPECT_TRUE(scanner.rows() > 0 || !scanner.bad_rows().empty());
      const std::size_t first = outcome.rows.size();
      const std::size_t lines = outcome.lines.size();
      outcome.rows.resize(first + scanner.rows());
      for (std::size_t row = 0; row < scanner.rows(); ++row) outcome.lines.push_back(scanner.line(row));
      const std::size_t single = shape.columns - (c.rest ? 1 : 0);
      for (std::size_t i = 0; i < single; ++i) {
        const CsvCells cells = scanner.column(i);
        EXPECT_EQ(cells.count, scanner.rows());
        for (std::size_t row = 0; row < cells.count; ++row) {
          outcome.rows[first + row].emplace_back(cells.cell(row, scratch));
        }
      }
      if (c.rest) {
        std::vector<std::int32_t> offsets;
        const CsvCells cells = scanner.rest(offsets);
        for (std::size_t row = 0; row < scanner.rows(); ++row) {
          for (auto i = offsets[row]; i < offsets[row + 1]; ++i) {
            outcome.rows[first + row].emplace_back(cells.cell(static_cast<std::size_t>(i), scratch));
          }
        }
      }
      for (const CsvScanner::BadRow& bad : scanner.bad_rows()) {
        outcome.bad.push_back({bad.line, bad.message, std::string(bad.text), lines + bad.rows_before});
      }
    }
    EXPECT_EQ(scanner.digest(), checksum_hex(c.text));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadData);
    EXPECT_EQ(error.message().find("t.csv"), 0U) << error.message();
    outcome.error = error.message();
  }
  return outcome;
}

}  // namespace kin::testing
