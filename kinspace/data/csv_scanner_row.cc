// The part of CsvScanner that takes rows one by one: those that are not plain, and those that are bad.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "kinspace/base/text.h"
#include "kinspace/data/csv_scanner.h"

namespace kin {
namespace {

constexpr std::size_t kShownOfLong = 4096;  // bytes of a row beyond the limits

}  // namespace

bool CsvScanner::is_separator(std::size_t p) const noexcept {
  const std::string& separator = dialect_.separator;
  return text()[p] == separator[0] &&
         (separator.size() == 1 || std::memcmp(text() + p, separator.data(), separator.size()) == 0);
}

// Position of the first `c` in [begin, end), or `end`.
std::size_t CsvScanner::find(char c, std::size_t begin, std::size_t end) const noexcept {
  const void* found = begin < end ? std::memchr(text() + begin, c, end - begin) : nullptr;
  return found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - text()) : end;
}

// Takes the row, empty line or comment at begin_.
CsvScanner::Taken CsvScanner::take_row() {
  const std::string& comment = dialect_.comment;
  if (!comment.empty()) {
    const std::string_view start(text() + begin_, std::min(comment.size(), end_ - begin_));
    if (comment.starts_with(start) && (start.size() == comment.size() || !at_end_)) {
      if (start.size() == comment.size()) return skip_comment();
      return Taken::kMore;
    }
  }
  const std::size_t filled = ends_size_;
  Row row = find_row();
  if (row.taken == Taken::kBad) {
    row.end = find('\n', row.fault.resume, stop_);
    if (row.end == stop_) {
      // The rest of the line is not here yet; once this is a long row, it need not be.
      row.taken = row.fault.too_long || end_ - begin_ > limits_.max_row_bytes ? Taken::kBad : Taken::kMore;
    }
  }
  if (row.taken != Taken::kRow) ends_size_ = filled;
  if (row.taken == Taken::kMore) return row.taken;
  const std::size_t next = std::min(row.end + 1, stop_);
  if (row.taken != Taken::kSkipped && !row.fault.too_long &&
      find_bad_byte(std::min({row.end, end_, begin_ + limits_.max_row_bytes}), row.fault)) {
    row.taken = Taken::kBad;
    ends_size_ = filled;
  }
  if (row.taken == Taken::kBad) {
    refuse(row);
    if (pending_) return Taken::kBad;
    discarding_ = row.end == stop_;
  } else if (row.taken == Taken::kRow) {
    add_row(filled, row.end);
  }
  line_ += std::count(text() + begin_, text() + next, '\n');
  begin_ = std::min(next, end_);
  return row.taken;
}

CsvScanner::Taken CsvScanner::skip_comment() {
  const std::size_t end = find('\n', begin_, stop_);
  discarding_ = end == stop_ && end_ - begin_ > limits_.max_row_bytes;
  if (end == stop_ && !discarding_) return Taken::kMore;
  begin_ = std::min(end + 1, end_);
  line_ += discarding_ ? 0 : 1;
  return Taken::kSkipped;
}

void CsvScanner::finish_discarding() {
  const std::size_t end = find('\n', begin_, stop_);
  discarding_ = end == stop_;
  begin_ = std::min(end + 1, end_);
  line_ += discarding_ ? 0 : 1;
}

// The row at begin_ ends before the LF at `end`; its cells are those behind `filled`.
void CsvScanner::add_row(std::size_t filled, std::size_t end) {
  if (rows_ == row_begins_.size()) {
    row_begins_.resize(2 * rows_);
    row_ends_.resize(2 * rows_);
    if (shape_.rest) row_firsts_.resize(2 * rows_);
  }
  row_begins_[rows_] = static_cast<std::uint32_t>(begin_);
  row_ends_[rows_] = static_cast<std::uint32_t>(end > begin_ && text()[end - 1] == '\r' ? end - 1 : end);
  if (shape_.rest) row_firsts_[rows_] = static_cast<std::uint32_t>(filled);
  ++rows_;
}

// Finds the end of the row at begin_ and appends the ends of its cells, so far as the shape has room for them.
CsvScanner::Row CsvScanner::find_row() {
  Row row;
  std::int64_t line = line_;
  std::size_t cells = 0;
  for (std::size_t p = begin_;; p += dialect_.separator.size()) {
    if (p >= stop_) return {Taken::kMore, 0, {}};
    const Cell cell{p, cells + 1, line, dialect_.quotes && text()[p] == '"',
                    std::min(p + limits_.max_cell_bytes, begin_ + limits_.max_row_bytes)};
    row.taken = cell.quoted ? find_quoted_end(cell, p, row.fault) : find_plain_end(cell, p, row.fault);
    if (row.taken != Taken::kRow) return row;
    if (cell.quoted) {
      quoted_ = true;
      line += std::count(text() + cell.begin, text() + p, '\n');
    }
    if (header_ || shape_.rest || cells < shape_.columns) {
      if (ends_size_ == ends_.size()) ends_.resize(2 * ends_.size());
      ends_[ends_size_++] = static_cast<std::uint32_t>(p);
    }
    ++cells;
    if (is_separator(p)) continue;
    row.end = p;
    if (text()[p] == '\r') {
      if (p + 1 == stop_) return {Taken::kMore, 0, {}};
      if (text()[p + 1] != '\n') {
        row.taken = Taken::kBad;
        row.fault = {line, "a carriage return has no line feed behind it",
                     "end lines with LF or CRLF, or quote the cell", p};
        return row;
      }
      row.end = p + 1;
    }
    if (cells == 1 && p == begin_) {
      row.taken = Taken::kSkipped;
    } else if (!header_ && (shape_.rest ? cells + 1 < shape_.columns : cells != shape_.columns)) {
      row.taken = Taken::kBad;
      row.fault = {line_, wrong_number(cells),
                   fmt::format("give every row as many cells as {}; quote cells that hold the separator",
                               shape_.header ? "the header" : "there are names"),
                   p};
    }
    return row;
  }
}

std::string CsvScanner::wrong_number(std::size_t cells) const {
  if (shape_.rest) return fmt::format("the row has {} cells, at least {} are needed", cells, shape_.columns - 1);
  return fmt::format("the row has {} cells, {} {}", cells, shape_.header ? "the header has" : "data.names has",
                     shape_.columns);
}

// Moves p to the separator or line end behind a cell that is not quoted.
CsvScanner::Taken CsvScanner::find_plain_end(const Cell& cell, std::size_t& p, Fault& fault) const {
  const std::size_t stop = std::min(stop_, cell.limit + 1);
  const char* const t = text();
  while (p < stop && t[p] != '\n' && t[p] != '\r' && !is_separator(p)) ++p;
  if (p < stop) return Taken::kRow;
  // The end of the block may cut a separator.
  if (stop <= cell.limit || (!at_end_ && cell.limit + dialect_.separator.size() > end_)) return Taken::kMore;
  fault = too_long(cell);
  return Taken::kBad;
}

// Moves p behind the closing quote of a cell, which must be a separator or a line end.
CsvScanner::Taken CsvScanner::find_quoted_end(const Cell& cell, std::size_t& p, Fault& fault) const {
  for (std::size_t quote = cell.begin + 1;; quote = p + 1) {
    const std::size_t stop = std::min(end_, cell.limit);
    p = find('"', quote, stop);
    if (p >= stop) {
      if (end_ > cell.limit) {
        fault = too_long(cell);
        return Taken::kBad;
      }
      if (!at_end_) return Taken::kMore;
      fault = {cell.line, fmt::format("cell {} starts with a quote that never ends", cell.number),
               "add the closing quote", cell.begin};
      return Taken::kBad;
    }
    if (++p == end_ && !at_end_) return Taken::kMore;
    if (p == end_ || text()[p] != '"') break;
  }
  if (text()[p] == '\n' || text()[p] == '\r' || is_separator(p)) return Taken::kRow;
  if (p + dialect_.separator.size() > end_ && !at_end_) return Taken::kMore;
  fault = {cell.line + std::count(text() + cell.begin, text() + p, '\n'),
           fmt::format("cell {} has text behind its closing quote", cell.number),
           "double quotes inside a quoted cell (\"\"), or remove what stands between the quote and the separator", p};
  return Taken::kBad;
}

CsvScanner::Fault CsvScanner::too_long(const Cell& cell) const {
  Fault fault{cell.line, "", "check the line ends and the separator of the file", cell.begin, true};
  if (cell.limit == cell.begin + limits_.max_cell_bytes) {
    fault.what = fmt::format("cell {} is longer than {}", cell.number, human_bytes(limits_.max_cell_bytes));
  } else {
    fault.line = line_;
    fault.what = fmt::format("the row is longer than {}", human_bytes(limits_.max_row_bytes));
  }
  if (cell.quoted) fault.fix = fmt::format("does the quote that starts on line {} end where it should?", cell.line);
  return fault;
}

// Whether the bytes from begin_ to `end` are not all UTF-8 without NUL; `fault` then names the first.
bool CsvScanner::find_bad_byte(std::size_t end, Fault& fault) const {
  const std::size_t nul = find('\0', begin_, end);
  const std::size_t at = begin_ + utf8_prefix({text() + begin_, nul - begin_});
  if (at == end) return false;
  fault.line = line_ + std::count(text() + begin_, text() + at, '\n');
  if (at == nul) {
    fault.what = fmt::format("byte {} is NUL; text is needed", base_ + at + 1);
    fault.fix = "is this a text file, in UTF-8?";
  } else {
    fault.what = fmt::format("byte {} (0x{:02x}) is not UTF-8", base_ + at + 1, static_cast<unsigned char>(text()[at]));
    fault.fix = fmt::format("convert the file: iconv -f ISO-8859-1 -t UTF-8 {} > utf8.csv", name_);
  }
  return true;
}

// Notes that the row from begin_ to the line end at row.end is bad.
void CsvScanner::refuse(const Row& row) {
  const Fault& fault = row.fault;
  if (header_ || !shape_.tolerant) {
    pending_ = Error::bad_data(fmt::format("{} line {}: {}", name_, fault.line, fault.what), fault.fix);
    return;
  }
  std::size_t end = row.end;
  if (end > begin_ && text()[end - 1] == '\r') --end;
  std::string_view bytes(text() + begin_, end - begin_);
  if (fault.too_long || bytes.size() > limits_.max_row_bytes)
    bytes = bytes.substr(0, std::min({kShownOfLong, limits_.max_cell_bytes, limits_.max_row_bytes}));
  bad_rows_.push_back({rows_, fault.line, fault.what, bytes});
}

}  // namespace kin
