#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/data/byte_source.h"

namespace kin {

struct CsvLimits {
  std::size_t block_bytes = std::size_t{1} << 20;  ///< read at a time; results do not depend on it
  std::size_t max_cell_bytes = std::size_t{64} << 20;
  std::size_t max_row_bytes = std::size_t{256} << 20;
};

/// Finds the cells of a CSV text, block by block (RFC 4180, and what is found in the wild).
///
/// Rows     end with LF or CRLF; the last one may end with the text. Empty lines are skipped. A byte order mark is too.
/// Quotes   a cell that starts with " runs to the next " that is not doubled, over separators and line ends; "" in it
///          stands for ". A " further on in a cell stands for itself.
/// Errors   kBadData naming file and line: a row with too many or too few cells, a quote that does not end (with the
/// line
///          where it starts), text behind a closing quote, a carriage return without line feed, a NUL byte, bytes that
///          are not UTF-8 (with their position), a cell or row beyond the limits. The rows before it come first.
/// Lines    are counted as an editor does, from 1: line ends in quotes count.
/// Cost     one pass, no allocation per row or cell; memory of a block, or of the longest row where that is larger.
class CsvScanner {
 public:
  CsvScanner(const ByteSource& source, char separator, const CsvLimits& limits);

  /// The cells of the first row; to be called once, before next(). Errors: kBadData also for an empty text.
  std::vector<std::string> read_header();

  /// From now on every row must have `columns` cells, of which those at `wanted` (different ones) are kept.
  void select(std::size_t columns, std::span<const std::int64_t> wanted);

  /// Scans some more rows, at least one; false at the end. Cells borrow from the block and live until the next call.
  bool next();

  std::size_t rows() const noexcept { return rows_; }

  /// The text between the quotes, or all of an unquoted cell, of the i-th wanted column; `scratch` takes it where
  /// quotes are doubled in it.
  std::string_view cell(std::size_t row, std::size_t i, std::string& scratch) const {
    const Cell& cell = cells_[row * wanted_ + i];
    const std::string_view raw(buffer_.data() + cell.begin, cell.size);
    return cell.doubled ? undouble(raw, scratch) : raw;
  }

  /// Line on which a row of the last next() starts.
  std::int64_t line(std::size_t row) const noexcept { return first_line_ + row_lines_[row]; }

  std::int64_t rows_so_far() const noexcept { return rows_so_far_; }
  std::uint64_t bytes_read() const noexcept { return base_ + end_; }       ///< from the source
  std::uint64_t bytes_scanned() const noexcept { return base_ + begin_; }  ///< of the header and all rows so far

  /// Checksum of all bytes, once next() has returned false.
  std::string digest() const { return checksum_.hex(); }

 private:
  struct Cell {
    std::uint32_t begin;
    std::uint32_t size : 31;
    std::uint32_t doubled : 1;
  };
  enum class State : std::uint8_t { kUnquoted, kQuoted, kAfterQuote, kAfterReturn };
  struct Position;

  static std::string_view undouble(std::string_view raw, std::string& scratch);
  void fill();
  void skip_mark();
  void scan();
  bool step(Position& at, std::size_t p, char c);
  void finish(Position& at);
  void end_cell(Position& at, std::size_t begin, std::size_t end, bool doubled);
  bool end_row(Position& at, std::size_t next);
  void fail(std::int64_t line, const std::string& what, std::string fix);
  void check_encoding(std::size_t begin, std::size_t rows_end, std::size_t end, std::int64_t line);

  std::string name_;
  ByteSource::Read read_;
  char separator_;
  CsvLimits limits_;
  Checksum checksum_;

  std::vector<char> buffer_;  // [begin_, end_) is not consumed yet; 8 zero bytes follow end_
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t base_ = 0;  // position in the text of buffer_[0]
  bool at_end_ = false;     // the source has no more bytes
  std::int64_t line_ = 1;   // of buffer_[begin_]

  bool header_ = true;
  std::size_t columns_ = 0;
  std::size_t wanted_ = 0;
  std::vector<std::int32_t> slots_;  // column -> its place among the wanted ones, or -1

  std::size_t rows_ = 0;
  std::int64_t rows_so_far_ = 0;
  std::int64_t first_line_ = 1;
  std::vector<std::uint32_t> row_lines_;
  std::vector<Cell> cells_;  // rows_ * wanted_
  std::optional<Error> pending_;
};

}  // namespace kin
