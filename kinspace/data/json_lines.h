#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/data/byte_source.h"
#include "kinspace/data/csv_scanner.h"

namespace kin {

/// Finds the values of a text that are rows, block by block: those on the lines of JSON Lines, or the elements of one
/// array that the text is. What a value holds is not looked into further than it takes to see where it ends.
///
/// Errors   kBadData naming file and line: a row longer than kMaxRowBytes or the limits, an array that does not end, or
///          with anything but blanks behind it. The rows before it come first.
/// Cost     one pass; memory of a block, or of the longest row where that is larger.
class JsonLines {
 public:
  static constexpr std::size_t kMaxRowBytes = std::size_t{64} << 20;
  static constexpr std::size_t kPadding = 64;  ///< bytes that may be read behind every row

  JsonLines(const ByteSource& source, const CsvLimits& limits);

  /// Finds some more rows, at least one; false at the end. Rows borrow from the block and live until the next call.
  bool next();

  std::size_t rows() const noexcept { return rows_.size(); }
  std::string_view row(std::size_t i) const noexcept { return {buffer_.data() + rows_[i].begin, rows_[i].size}; }
  std::int64_t line(std::size_t i) const noexcept { return rows_[i].line; }

  std::uint64_t bytes_read() const noexcept { return base_ + end_; }
  std::uint64_t bytes_scanned() const noexcept { return base_ + begin_; }

  /// Checksum of all bytes, once next() has returned false.
  std::string digest() const { return checksum_.hex(); }

 private:
  struct Row {
    std::size_t begin;
    std::size_t size;
    std::int64_t line;
  };
  enum class Mode : std::uint8_t { kUnknown, kLines, kArray, kAfterArray };

  void fill();
  void find_mode();
  void scan_lines();
  void scan_array();
  bool scan_element();
  void expect_blanks();
  std::size_t skip_blanks(std::size_t at);
  void refuse(const std::string& what, const char* fix);

  std::string name_;
  ByteSource::Read read_;
  std::size_t max_row_;
  Checksum checksum_;
  std::vector<char> buffer_;  // [begin_, end_) is not consumed yet; kPadding bytes follow end_
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t base_ = 0;  // position in the text of buffer_[0]
  bool at_end_ = false;     // the source has no more bytes
  std::int64_t line_ = 1;   // of buffer_[begin_]
  Mode mode_ = Mode::kUnknown;
  bool first_element_ = true;
  std::vector<Row> rows_;
  std::optional<Error> pending_;  // comes behind the rows before it
};

}  // namespace kin
