#pragma once

#include <cstddef>
#include <cstdint>

namespace kin::kernels {

/// A piece of CSV text, and the rows that Table::scan_csv finds in it.
///
/// Only plain rows are found: as many cells as wanted, quotes only around whole cells, line ends LF or CRLF, no NUL.
/// The scan stops before the first other row (a bad one, an empty line, a comment, a quote inside a cell), which the
/// caller has to look at by other means.
struct CsvScan {
  static constexpr std::size_t kReadBehind = 80;  ///< bytes behind `end` that must be readable
  static constexpr std::size_t kMaxSeparator = 16;
  static constexpr std::size_t kSlack = 64;       ///< places of `ends` that are left free
  static constexpr std::size_t kRowSlack = 4160;  ///< and those of the rows

  enum class Stop : std::uint8_t {
    kEnd,   ///< no whole row is left
    kOdd,   ///< the row at `begin` is not plain
    kFull,  ///< no room for the row at `begin`
  };

  // The text. Positions count from `text`; text[begin - 1] can be read too.
  const char* text;
  std::uint32_t begin;  ///< where a row starts; afterwards where the first row starts that was not taken
  std::uint32_t end;
  const char* separator;
  std::uint32_t separator_bytes;  ///< 1 to kMaxSeparator, without quote, line end and NUL
  const char* comment;
  std::uint32_t comment_bytes;  ///< 0: no comments
  bool quotes;
  bool rest;              ///< the last column takes the rest of the row: a row has at least columns - 1 cells
  std::uint32_t columns;  ///< cells of a row
  std::uint32_t max_row;  ///< bytes; a longer row is not plain

  // What was found; the caller provides the memory, and the counts of what is there already.
  std::uint32_t* ends;  ///< of all cells of all rows; that of a last cell is its LF
  std::size_t ends_capacity;
  std::size_t ends_size;
  std::uint32_t* row_begins;
  std::uint32_t* row_ends;    ///< without the line end
  std::uint32_t* row_firsts;  ///< with `rest`: number of ends before the row
  std::size_t row_capacity;
  std::size_t rows;
  std::uint64_t lines;  ///< line ends in the rows taken by this call, those in quotes too
  bool quoted;          ///< the text scanned holds a quote
  bool high;            ///< the text scanned holds a byte above 0x7F
  std::uint32_t seen;   ///< how far the text was scanned
  Stop stop;
};

}  // namespace kin::kernels
