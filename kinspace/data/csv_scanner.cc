#include "kinspace/data/csv_scanner.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "kinspace/base/text.h"
#include "kinspace/kernels/csv_scan.h"

namespace kin {
namespace {

constexpr std::size_t kMostBlock = std::size_t{1} << 30;  // positions have 32 bits
constexpr std::size_t kFirstEnds = std::size_t{1} << 14;
constexpr std::size_t kFirstRows = std::size_t{1} << 14;
static_assert(kFirstRows / 2 > kernels::CsvScan::kRowSlack);

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void check_dialect(const CsvDialect& dialect) {
  using namespace std::string_view_literals;
  const std::string& separator = dialect.separator;
  const auto forbidden = dialect.quotes ? "\"\n\r\0"sv : "\n\r\0"sv;
  if (separator.empty() || !is_utf8(separator) || characters(separator) > 4 ||
      separator.find_first_of(forbidden) != std::string::npos) {
    throw Error::invalid_argument(
        fmt::format("data.separator {} cannot separate cells; 1 to 4 characters are needed, none of them a {}line end",
                    quoted(separator), dialect.quotes ? "quote or a " : ""),
        "use a separator such as \",\", \";\", \"\\t\" or \"::\"");
  }
  if (dialect.comment.find_first_of("\n\r\0"sv) != std::string::npos) {
    throw Error::invalid_argument(fmt::format("data.comment {} holds a line end", quoted(dialect.comment)),
                                  "name what such lines start with, such as \"#\"");
  }
}

}  // namespace

std::string_view CsvCells::cell(std::size_t i, std::string& scratch) const {
  std::string_view cell = raw(i);
  if (!quoted || cell.empty() || cell[0] != '"') return cell;
  cell = cell.substr(1, cell.size() - 2);
  if (cell.find('"') == std::string_view::npos) return cell;
  scratch.clear();
  for (std::size_t at = 0; at < cell.size(); ++at) {
    scratch.push_back(cell[at]);
    if (cell[at] == '"') ++at;
  }
  return scratch;
}

CsvScanner::CsvScanner(const ByteSource& source, CsvDialect dialect, const CsvLimits& limits,
                       const kernels::Table& kernels)
    : name_(source.name), dialect_(std::move(dialect)), limits_(limits), kernels_(kernels) {
  check_dialect(dialect_);
  limits_.block_bytes = std::clamp<std::size_t>(limits_.block_bytes, 4, kMostBlock);  // a byte order mark fits
  limits_.max_row_bytes = std::min(limits_.max_row_bytes, kMostBlock);
  buffer_.resize(kFront + kBehind);
  ends_.resize(kFirstEnds);
  row_begins_.resize(kFirstRows);
  row_ends_.resize(kFirstRows);
  read_ = source.start();
}

std::vector<std::string> CsvScanner::read_header() {
  shape_ = {};
  if (!next()) {
    throw Error::bad_data(fmt::format("{} is empty; a header line with the names of the columns is needed", name_));
  }
  std::vector<std::string> names;
  std::string scratch;
  std::uint32_t begin = row_begins_[0];
  for (std::size_t i = 0; i < ends_size_; ++i) {
    const std::uint32_t end = i + 1 < ends_size_ ? ends_[i] : row_ends_[0];
    names.emplace_back(CsvCells{{text(), &begin, 1, 0, &end, 1, quoted_}, 1}.cell(0, scratch));
    begin = end + static_cast<std::uint32_t>(dialect_.separator.size());
  }
  rows_so_far_ = 0;
  return names;
}

void CsvScanner::expect(const CsvShape& shape) {
  shape_ = shape;
  header_ = false;
  if (shape_.rest) row_firsts_.resize(row_begins_.size());
}

bool CsvScanner::next() {
  for (;;) {
    scan();
    if (rows_ > 0 || !bad_rows_.empty()) {
      rows_so_far_ += static_cast<std::int64_t>(rows_);
      return true;
    }
    if (pending_) throw *pending_;
    if (at_end_) return false;
    fill();
  }
}

void CsvScanner::fill() {
  const std::size_t left = end_ - begin_;
  // A row is scanned anew when more of it has come, so the room doubles: all scans of a row cost twice its length.
  const std::size_t longest = std::max(limits_.block_bytes, limits_.max_row_bytes + kBehind);
  const std::size_t room = std::min(std::max(limits_.block_bytes, 2 * left), longest);
  const bool first = base_ + end_ == 0;
  if (buffer_.size() < kFront + room + kBehind) buffer_.resize(kFront + room + kBehind);
  std::memmove(text(), text() + begin_, left);
  base_ += begin_;
  begin_ = plain_from_ = 0;
  end_ = left;
  while (end_ < room && !at_end_) {
    const std::size_t got = read_(text() + end_, room - end_);
    checksum_.update(text() + end_, got);
    end_ += got;
    at_end_ = got == 0;
  }
  std::memset(text() + end_, 0, kBehind);
  stop_ = end_;
  if (first) skip_mark();
  if (at_end_ && end_ > begin_ && text()[end_ - 1] != '\n') text()[stop_++] = '\n';
}

// Takes a byte order mark, and recognises what is often given in place of a UTF-8 text.
void CsvScanner::skip_mark() {
  struct Kind {
    std::string_view start;
    const char* what;
    const char* fix;
  };
  constexpr Kind kKinds[] = {
      {"\xFF\xFE", "the text is UTF-16; UTF-8 is needed", "convert it: iconv -f UTF-16 -t UTF-8 FILE > utf8.csv"},
      {"\xFE\xFF", "the text is UTF-16; UTF-8 is needed", "convert it: iconv -f UTF-16 -t UTF-8 FILE > utf8.csv"},
      {"\x1F\x8B", "the file is compressed; plain text is needed", "unpack it: gunzip --keep FILE"},
      {"PK\x03\x04", "the file is a zip archive or a spreadsheet; plain text is needed",
       "unpack it, or export it as CSV"},
      {"PAR1", "the file is in Parquet format; plain text is needed", "write it as CSV"},
  };
  const std::string_view start(text(), end_);
  if (start.starts_with("\xEF\xBB\xBF")) begin_ = 3;
  for (const Kind& kind : kKinds) {
    if (start.starts_with(kind.start)) {
      pending_ = Error::bad_data(fmt::format("{} line 1: {}", name_, kind.what), kind.fix);
    }
  }
}

void CsvScanner::scan() {
  batch_ = begin_;
  first_line_ = line_;
  known_line_ = {batch_, first_line_};
  rows_ = ends_size_ = 0;
  quoted_ = false;
  bad_rows_.clear();
  if (discarding_) finish_discarding();
  while (!pending_ && !discarding_ && begin_ < end_) {
    if (!header_ && begin_ >= plain_from_) scan_plain();
    if (begin_ == end_) break;
    const Taken taken = take_row();
    if (taken == Taken::kMore || (header_ && taken == Taken::kRow)) break;
  }
}

// Takes rows up to one that is not plain.
void CsvScanner::scan_plain() {
  kernels::CsvScan s{};
  const auto longest = static_cast<std::uint32_t>(std::min(limits_.max_cell_bytes, limits_.max_row_bytes));
  do {
    const std::size_t from = begin_;
    const std::size_t rows_before = rows_;
    if (ends_.size() < ends_size_ + kFirstEnds / 2) ends_.resize(2 * ends_.size());
    if (row_begins_.size() < rows_ + kFirstRows / 2) {
      row_begins_.resize(2 * row_begins_.size());
      row_ends_.resize(row_begins_.size());
      if (shape_.rest) row_firsts_.resize(row_begins_.size());
    }
    s.text = text();
    s.begin = static_cast<std::uint32_t>(begin_);
    s.end = static_cast<std::uint32_t>(stop_);
    s.separator = dialect_.separator.data();
    s.separator_bytes = static_cast<std::uint32_t>(dialect_.separator.size());
    s.comment = dialect_.comment.data();
    s.comment_bytes = static_cast<std::uint32_t>(dialect_.comment.size());
    s.quotes = dialect_.quotes;
    s.rest = shape_.rest;
    s.columns = static_cast<std::uint32_t>(shape_.columns);
    s.max_row = longest;
    s.ends = ends_.data();
    s.ends_capacity = ends_.size();
    s.ends_size = ends_size_;
    s.row_begins = row_begins_.data();
    s.row_ends = row_ends_.data();
    s.row_firsts = row_firsts_.data();
    s.row_capacity = row_begins_.size();
    s.rows = rows_;
    kernels_.scan_csv(s);
    ends_size_ = s.ends_size;
    rows_ = s.rows;
    begin_ = std::min<std::size_t>(s.begin, end_);
    line_ += static_cast<std::int64_t>(s.lines);
    quoted_ = quoted_ || s.quoted;
    plain_from_ = s.stop == kernels::CsvScan::Stop::kOdd ? s.seen : 0;
    if (s.high && begin_ > from && withdraw_bad_encoding(from, rows_before)) return;
    // A row that begins in the space that was full may need all of a larger one.
    if (s.stop == kernels::CsvScan::Stop::kFull && begin_ == from) {
      if (!shape_.rest && ends_.size() - ends_size_ > shape_.columns + 2 * kernels::CsvScan::kSlack) {
        plain_from_ = s.seen;  // it has too many cells
        return;
      }
      ends_.resize(2 * ends_.size());
    }
  } while (s.stop == kernels::CsvScan::Stop::kFull);
}

// Of the rows from `from` on takes back the first that is not UTF-8, and those behind it.
bool CsvScanner::withdraw_bad_encoding(std::size_t from, std::size_t rows_before) {
  const std::size_t bad = from + utf8_prefix({text() + from, begin_ - from});
  if (bad == begin_) return false;
  const auto first = row_begins_.begin();
  const auto row = std::upper_bound(first + static_cast<std::ptrdiff_t>(rows_before),
                                    first + static_cast<std::ptrdiff_t>(rows_), bad) -
                   first - 1;
  rows_ = static_cast<std::size_t>(row);
  const std::size_t row_begin = row_begins_[rows_];
  ends_size_ = shape_.rest ? row_firsts_[rows_] : rows_ * shape_.columns;
  line_ -= std::count(text() + row_begin, text() + begin_, '\n');
  if (begin_ == end_ && stop_ > end_) --line_;  // the line end that is not there
  plain_from_ = begin_;
  begin_ = row_begin;
  return true;
}

CsvCells CsvScanner::column(std::size_t column) {
  const auto separator = static_cast<std::uint32_t>(dialect_.separator.size());
  if (shape_.rest) {
    cell_begins_.resize(rows_);
    cell_ends_.resize(rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
      const std::uint32_t* ends = ends_.data() + row_firsts_[row];
      cell_begins_[row] = column == 0 ? row_begins_[row] : ends[column - 1] + separator;
      cell_ends_[row] = std::min(ends[column], row_ends_[row]);
    }
    return {{text(), cell_begins_.data(), 1, 0, cell_ends_.data(), 1, quoted_}, rows_};
  }
  const std::size_t columns = shape_.columns;
  CsvCells cells{{text(), row_begins_.data(), 1, 0, row_ends_.data(), 1, quoted_}, rows_};
  if (column > 0) {
    cells.begins = ends_.data() + column - 1;
    cells.begin_stride = columns;
    cells.begin_offset = separator;
  }
  if (column + 1 < columns) {
    cells.ends = ends_.data() + column;
    cells.end_stride = columns;
  }
  return cells;
}

CsvCells CsvScanner::rest(std::vector<std::int32_t>& offsets) {
  const auto separator = static_cast<std::uint32_t>(dialect_.separator.size());
  const std::size_t leading = shape_.columns - 1;
  cell_begins_.resize(ends_size_);
  cell_ends_.resize(ends_size_);
  offsets.resize(rows_ + 1);
  offsets[0] = 0;
  std::size_t count = 0;
  for (std::size_t row = 0; row < rows_; ++row) {
    const std::size_t row_stop = row + 1 < rows_ ? row_firsts_[row + 1] : ends_size_;
    const std::size_t first = row_firsts_[row] + leading;
    std::uint32_t begin = leading == 0 ? row_begins_[row] : ends_[first - 1] + separator;
    const bool empty = first + 1 == row_stop && begin == row_ends_[row];
    for (std::size_t i = first; i < row_stop && !empty; ++i, ++count) {
      cell_begins_[count] = begin;
      cell_ends_[count] = std::min(ends_[i], row_ends_[row]);
      begin = ends_[i] + separator;
    }
    offsets[row + 1] = static_cast<std::int32_t>(count);
  }
  return {{text(), cell_begins_.data(), 1, 0, cell_ends_.data(), 1, quoted_}, count};
}

void CsvScanner::drop(const std::vector<bool>& drop) {
  const std::size_t columns = shape_.columns;
  std::size_t kept = 0;
  std::size_t filled = 0;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (drop[row]) continue;
    const std::size_t first = shape_.rest ? row_firsts_[row] : row * columns;
    const std::size_t last = !shape_.rest ? first + columns : row + 1 < rows_ ? row_firsts_[row + 1] : ends_size_;
    if (shape_.rest) row_firsts_[kept] = static_cast<std::uint32_t>(filled);
    std::copy(ends_.begin() + static_cast<std::ptrdiff_t>(first), ends_.begin() + static_cast<std::ptrdiff_t>(last),
              ends_.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += last - first;
    row_begins_[kept] = row_begins_[row];
    row_ends_[kept++] = row_ends_[row];
  }
  rows_so_far_ -= static_cast<std::int64_t>(rows_ - kept);
  rows_ = kept;
  ends_size_ = filled;
}

std::size_t CsvScanner::memory() const noexcept {
  const std::size_t places = ends_.capacity() + row_begins_.capacity() + row_ends_.capacity() + row_firsts_.capacity() +
                             cell_begins_.capacity() + cell_ends_.capacity();
  return buffer_.capacity() + places * sizeof(std::uint32_t);
}

std::int64_t CsvScanner::line(std::size_t row) const noexcept {
  const std::size_t at = row_begins_[row];
  if (at < known_line_.first) known_line_ = {batch_, first_line_};
  known_line_.second += std::count(text() + known_line_.first, text() + at, '\n');
  known_line_.first = at;
  return known_line_.second;
}

}  // namespace kin
