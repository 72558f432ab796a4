#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/data/byte_source.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/text_cells.h"

namespace kin {

/// How a CSV text is written.
struct CsvDialect {
  std::string separator = ",";  ///< 1 to 4 characters between cells
  std::string comment = {};     ///< lines that start with it are left out; empty: none are
  bool quotes = true;           ///< cells may stand in double quotes; false: a quote stands for itself
};

struct CsvLimits {
  std::size_t block_bytes = std::size_t{128} << 10;  ///< read at a time; results do not depend on it
  std::size_t max_cell_bytes = std::size_t{64} << 20;
  std::size_t max_row_bytes = std::size_t{256} << 20;
};

/// What the rows behind the header must look like.
struct CsvShape {
  std::size_t columns = 0;
  bool rest = false;      ///< the last column takes any number of cells
  bool tolerant = false;  ///< bad rows are left out and noted; else the first is an error
  bool header = true;     ///< for messages: the columns come from a header, not from data.names
};

/// Cells of a text.
struct CsvCells : kernels::TextCells {
  std::size_t count = 0;

  /// With its quotes.
  std::string_view raw(std::size_t i) const noexcept { return {text + begin(i), end(i) - begin(i)}; }

  /// Without them; `scratch` takes it where quotes are doubled in it.
  std::string_view cell(std::size_t i, std::string& scratch) const;
};

/// Finds the cells of a CSV text, block by block (RFC 4180, and what is found in the wild).
///
/// Rows     end with LF or CRLF; the last one may end with the text. Empty lines are skipped, and lines that start with
///          the comment prefix, whatever their bytes. A byte order mark is too.
/// Cells    end at the separator: a run of separators makes empty cells.
/// Quotes   a cell that starts with " runs to the next " that is not doubled, over separators and line ends; "" in it
///          stands for ". A " further on in a cell stands for itself.
/// Bad rows have too many or too few cells, a quote that does not end (the line where it starts is named), text behind
///          a closing quote, a carriage return without line feed, a NUL byte, bytes that are not UTF-8 (named by their
///          position, before all else in a row), or are beyond the limits. The first is an error, kBadData, when all
///          rows before it have been handed out; a tolerant scan leaves them out. A bad row ends at the first line end
///          behind what is wrong with it, or behind the start of a quote that does not end.
/// Lines    are counted as an editor does, from 1: line ends in quotes count.
/// Cost     one pass, no allocation per row or cell; memory of a block, or of the longest row where that is larger, and
///          4 bytes for each of its cells.
class CsvScanner {
 public:
  struct BadRow {
    std::size_t rows_before = 0;  ///< good rows of the same batch that come before it
    std::int64_t line = 0;
    std::string message;
    std::string_view text;  ///< of the row, without its last line end; the start of one beyond the limits
  };

  /// Errors   kInvalidArgument: a separator or comment that cannot be one.
  CsvScanner(const ByteSource& source, CsvDialect dialect, const CsvLimits& limits,
             const kernels::Table& kernels = kernels::active());

  /// The cells of the first row; to be called once, before next(). Errors: kBadData also for an empty text.
  std::vector<std::string> read_header();

  /// To be called before next().
  void expect(const CsvShape& shape);

  /// Scans some more rows, at least one good or bad one; false at the end. What is found borrows from the block and
  /// lives until the next call.
  bool next();

  std::size_t rows() const noexcept { return rows_; }
  const std::vector<BadRow>& bad_rows() const noexcept { return bad_rows_; }

  /// The cells of a column of the last rows; not of one that takes the rest.
  CsvCells column(std::size_t column);

  /// The cells of the column that takes the rest, of all rows behind one another; those of row i are offsets[i] to
  /// offsets[i + 1].
  CsvCells rest(std::vector<std::int32_t>& offsets);

  /// The row's text without its line end.
  std::string_view row_text(std::size_t row) const noexcept {
    return {text() + row_begins_[row], row_ends_[row] - row_begins_[row]};
  }

  /// Takes rows out of the last ones, those where drop[row] is true.
  void drop(const std::vector<bool>& drop);

  /// Line on which a row of the last next() starts. Cheap for rising rows.
  std::int64_t line(std::size_t row) const noexcept;

  /// Whether the rows of the last next() are on consecutive lines, and nothing else was there.
  bool one_line_each() const noexcept { return line_ - first_line_ == static_cast<std::int64_t>(rows_); }

  std::int64_t rows_so_far() const noexcept { return rows_so_far_; }
  std::uint64_t bytes_read() const noexcept { return base_ + end_; }       ///< from the source
  std::uint64_t bytes_scanned() const noexcept { return base_ + begin_; }  ///< of the header and all rows so far

  /// Bytes of memory held for the text and the places of its cells.
  std::size_t memory() const noexcept;

  /// Checksum of all bytes, once next() has returned false.
  std::string digest() const { return checksum_.hex(); }

 private:
  enum class Taken : std::uint8_t { kRow, kSkipped, kBad, kMore };
  // What is wrong with a row.
  struct Fault {
    std::int64_t line = 0;
    std::string what;
    std::string fix;
    std::size_t resume = 0;  // the row ends at the first line end from here on
    bool too_long = false;
  };
  struct Row {
    Taken taken = Taken::kRow;
    std::size_t end = 0;  // its LF
    Fault fault = {};
  };
  struct Cell {
    std::size_t begin;
    std::size_t number;  // from 1
    std::int64_t line;
    bool quoted;
    std::size_t limit;  // it must end here at the latest
  };

  const char* text() const noexcept { return buffer_.data() + kFront; }
  char* text() noexcept { return buffer_.data() + kFront; }
  void fill();
  void skip_mark();
  void scan();
  void scan_plain();
  bool withdraw_bad_encoding(std::size_t from, std::size_t rows_before);
  Taken take_row();
  Taken skip_comment();
  void finish_discarding();
  void add_row(std::size_t filled, std::size_t end);
  Row find_row();
  Taken find_plain_end(const Cell& cell, std::size_t& p, Fault& fault) const;
  Taken find_quoted_end(const Cell& cell, std::size_t& p, Fault& fault) const;
  Fault too_long(const Cell& cell) const;
  std::string wrong_number(std::size_t cells) const;
  bool find_bad_byte(std::size_t end, Fault& fault) const;
  void refuse(const Row& row);
  bool is_separator(std::size_t p) const noexcept;
  std::size_t find(char c, std::size_t begin, std::size_t end) const noexcept;

  static constexpr std::size_t kFront = 64;   // readable bytes before the text
  static constexpr std::size_t kBehind = 96;  // and behind it, for a line end that is not there and for the kernels

  std::string name_;
  ByteSource::Read read_;
  CsvDialect dialect_;
  CsvLimits limits_;
  const kernels::Table& kernels_;
  Checksum checksum_;

  std::vector<char> buffer_;  // text()[begin_ .. end_) is not consumed yet
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t stop_ = 0;        // end_, or behind the line end that was added to the last row
  std::uint64_t base_ = 0;      // position of text()[0] in all
  bool at_end_ = false;         // the source has no more bytes
  bool discarding_ = false;     // the rest of a line that is too long
  std::int64_t line_ = 1;       // of text()[begin_]
  std::size_t plain_from_ = 0;  // up to here rows are not plain enough for the kernel

  bool header_ = true;
  CsvShape shape_;

  std::size_t rows_ = 0;
  std::int64_t rows_so_far_ = 0;
  std::size_t batch_ = 0;  // where the last rows start, and on which line
  std::int64_t first_line_ = 1;
  std::vector<std::uint32_t> ends_;  // of cells; see kernels::CsvScan
  std::size_t ends_size_ = 0;
  std::vector<std::uint32_t> row_begins_;
  std::vector<std::uint32_t> row_ends_;
  std::vector<std::uint32_t> row_firsts_;
  bool quoted_ = false;                     // some cell of the last rows may be
  std::vector<std::uint32_t> cell_begins_;  // what column() and rest() hand out of rows of different lengths
  std::vector<std::uint32_t> cell_ends_;
  std::vector<BadRow> bad_rows_;
  std::optional<Error> pending_;
  mutable std::pair<std::size_t, std::int64_t> known_line_ = {0, 0};  // of a position in the text
};

}  // namespace kin
