#include "kinspace/data/csv_scanner.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "kinspace/base/text.h"

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "the scan finds the first byte of a word in its low bits");

constexpr std::size_t kPadding = 8;
constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHigh = 0x8080808080808080ULL;

std::uint64_t load8(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// The high bit of every byte of `word` that is zero, exactly.
constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
  return ~(((word & ~kHigh) + ~kHigh) | word | ~kHigh);
}

// Length of the well-formed character at p, 0 if there is none or if it is NUL.
std::size_t character_length(const char* p, const char* end) noexcept {
  const auto lead = static_cast<unsigned char>(*p);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (static_cast<std::size_t>(end - p) < length) return 0;
  return is_utf8({p, length}) ? length : 0;
}

// The first byte that is NUL or does not belong to a well-formed character, or `end`.
const char* first_bad_byte(const char* p, const char* end) noexcept {
  while (p < end) {
    while (end - p >= 8) {
      const std::uint64_t word = load8(p);
      if (((word | ((word - kOnes) & ~word)) & kHigh) != 0) break;
      p += 8;
    }
    const char* stop = std::min(end, p + 8);
    while (p < stop) {
      const std::size_t length = character_length(p, end);
      if (length == 0) return p;
      p += length;
    }
  }
  return end;
}

}  // namespace

// Where the scan is inside a row.
struct CsvScanner::Position {
  State state = State::kUnquoted;
  std::size_t row = 0;          // first byte of the row
  std::size_t cell = 0;         // first byte of the cell
  std::size_t mark = 0;         // last closing quote or carriage return
  std::size_t fields = 0;       // cells ended in this row
  Cell pending{};               // the cell that ended before the carriage return at `mark`
  bool doubled = false;         // the quoted cell holds ""
  std::int64_t line = 0;        // of the next byte
  std::int64_t row_line = 0;    // of `row`
  std::int64_t quote_line = 0;  // where the quoted cell starts
  std::size_t error = 0;        // just behind what made the scan fail
};

CsvScanner::CsvScanner(const ByteSource& source, char separator, const CsvLimits& limits)
    : name_(source.name), read_(source.start()), separator_(separator), limits_(limits) {
  limits_.block_bytes = std::max<std::size_t>(limits_.block_bytes, 4);  // a byte order mark fits
  buffer_.resize(limits_.block_bytes + kPadding);
}

std::vector<std::string> CsvScanner::read_header() {
  if (!next())
    throw Error::bad_data(fmt::format("{} is empty; a header line with the names of the columns is needed", name_));
  std::vector<std::string> names;
  std::string scratch;
  for (const Cell& cell : cells_) {
    const std::string_view raw(buffer_.data() + cell.begin, cell.size);
    names.emplace_back(cell.doubled ? undouble(raw, scratch) : raw);
  }
  header_ = false;
  rows_so_far_ = 0;
  return names;
}

void CsvScanner::select(std::size_t columns, std::span<const std::int64_t> wanted) {
  columns_ = columns;
  wanted_ = wanted.size();
  slots_.assign(columns, -1);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    slots_[static_cast<std::size_t>(wanted[i])] = static_cast<std::int32_t>(i);
  }
}

bool CsvScanner::next() {
  rows_ = 0;
  for (;;) {
    scan();
    if (rows_ > 0) {
      rows_so_far_ += static_cast<std::int64_t>(rows_);
      return true;
    }
    if (pending_) throw *pending_;
    if (at_end_) return false;
    fill();
  }
}

std::string_view CsvScanner::undouble(std::string_view raw, std::string& scratch) {
  scratch.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    scratch.push_back(raw[i]);
    if (raw[i] == '"') ++i;
  }
  return scratch;
}

void CsvScanner::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  const bool first = base_ + end_ == 0;
  base_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  // A row is scanned anew when more of it has come, so the room doubles: all scans of a row cost twice its length.
  if (end_ + kPadding == buffer_.size()) {
    if (end_ >= limits_.max_row_bytes) {
      fail(line_, fmt::format("the row is longer than {}", human_bytes(limits_.max_row_bytes)),
           "check the line ends and quotes of the file");
      throw *pending_;
    }
    buffer_.resize(std::min(2 * end_, limits_.max_row_bytes) + kPadding);
  }
  const std::size_t capacity = buffer_.size() - kPadding;
  while (end_ < capacity && !at_end_) {
    const std::size_t got = read_(buffer_.data() + end_, capacity - end_);
    checksum_.update(buffer_.data() + end_, got);
    end_ += got;
    at_end_ = got == 0;
  }
  std::memset(buffer_.data() + end_, 0, kPadding);
  if (first) skip_mark();
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
  const std::string_view start(buffer_.data(), end_);
  if (start.starts_with("\xEF\xBB\xBF")) begin_ = 3;
  for (const Kind& kind : kKinds) {
    if (start.starts_with(kind.start)) fail(1, kind.what, kind.fix);
  }
}

void CsvScanner::scan() {
  if (header_) cells_.clear();
  row_lines_.clear();
  first_line_ = line_;
  if (pending_) return;
  const std::size_t scanned = begin_;
  const std::int64_t scanned_line = line_;
  const char* text = buffer_.data();
  const std::uint64_t separators = kOnes * static_cast<unsigned char>(separator_);
  Position at;
  at.row = at.cell = begin_;
  at.line = at.row_line = line_;
  bool going = true;
  for (std::size_t p = begin_; going && p < end_; p += 8) {
    const std::uint64_t word = load8(text + p);
    std::uint64_t found = zero_bytes(word ^ separators) | zero_bytes(word ^ (kOnes * '\n')) |
                          zero_bytes(word ^ (kOnes * '\r')) | zero_bytes(word ^ (kOnes * '"'));
    for (; found != 0 && going; found &= found - 1) {
      const std::size_t position = p + static_cast<std::size_t>(std::countr_zero(found)) / 8;
      going = step(at, position, text[position]);
    }
  }
  if (going && at_end_) finish(at);
  if (going && !pending_ && end_ - std::min(at.cell, end_) > limits_.max_cell_bytes) {
    fail(at.row_line, fmt::format("cell {} is longer than {}", at.fields + 1, human_bytes(limits_.max_cell_bytes)),
         at.state == State::kQuoted
             ? fmt::format("does the quote that starts on line {} end where it should?", at.quote_line)
             : "check the line ends and the separator of the file");
  }
  // What is wrong with the cells of a row often comes from a wrong encoding, so the bytes before an error are checked
  // too.
  check_encoding(scanned, at.row, std::max(at.row, at.error), scanned_line);
  begin_ = at.row;
  line_ = at.row_line;
}

// Takes one special character; false when the scan is to stop.
bool CsvScanner::step(Position& at, std::size_t p, char c) {
  switch (at.state) {
    case State::kUnquoted:
      if (c == separator_) {
        end_cell(at, at.cell, p, false);
        at.cell = p + 1;
        return true;
      }
      if (c == '\n') {
        end_cell(at, at.cell, p, false);
        return end_row(at, p + 1);
      }
      if (c == '\r') {
        at.pending = {static_cast<std::uint32_t>(at.cell), static_cast<std::uint32_t>(p - at.cell), 0};
        at.mark = p;
        at.state = State::kAfterReturn;
      } else if (p == at.cell) {
        at.quote_line = at.line;
        at.doubled = false;
        at.state = State::kQuoted;
      }
      return true;
    case State::kQuoted:
      if (c == '"') {
        at.mark = p;
        at.state = State::kAfterQuote;
      } else if (c == '\n') {
        ++at.line;
      }
      return true;
    case State::kAfterQuote:
      if (p != at.mark + 1) break;
      if (c == '"') {
        at.doubled = true;
        at.state = State::kQuoted;
        return true;
      }
      at.state = State::kUnquoted;
      if (c == '\r') {
        at.pending = {static_cast<std::uint32_t>(at.cell + 1), static_cast<std::uint32_t>(at.mark - at.cell - 1),
                      at.doubled};
        at.mark = p;
        at.state = State::kAfterReturn;
        return true;
      }
      end_cell(at, at.cell + 1, at.mark, at.doubled);
      at.cell = p + 1;
      return c == separator_ || end_row(at, p + 1);
    case State::kAfterReturn:
      if (c != '\n' || p != at.mark + 1) break;
      at.state = State::kUnquoted;
      end_cell(at, at.pending.begin, at.pending.begin + at.pending.size, at.pending.doubled);
      return end_row(at, p + 1);
  }
  at.error = p;
  if (at.state == State::kAfterQuote) {
    fail(at.line, fmt::format("cell {} has text behind its closing quote", at.fields + 1),
         "double quotes inside a quoted cell (\"\"), or remove what stands between the quote and the separator");
  } else {
    fail(at.line, "a carriage return has no line feed behind it", "end lines with LF or CRLF, or quote the cell");
  }
  return false;
}

// The text ends here.
void CsvScanner::finish(Position& at) {
  if (at.row == end_) return;
  if (at.state == State::kQuoted) {
    at.error = end_;
    fail(at.quote_line, fmt::format("cell {} starts with a quote that never ends", at.fields + 1),
         "add the closing quote");
    return;
  }
  // A line end that is not there: step() then finds what would be wrong with one.
  step(at, end_, '\n');
  at.row = std::min(at.row, end_);
}

void CsvScanner::end_cell(Position& at, std::size_t begin, std::size_t end, bool doubled) {
  const std::size_t field = at.fields++;
  if (end - begin > limits_.max_cell_bytes) {
    fail(at.row_line, fmt::format("cell {} is longer than {}", field + 1, human_bytes(limits_.max_cell_bytes)),
         "check the quotes and line ends of the file");
    return;
  }
  const Cell cell{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin), doubled};
  if (header_) {
    cells_.push_back(cell);
  } else if (field < columns_ && slots_[field] >= 0) {
    if (cells_.size() < (rows_ + 1) * wanted_) cells_.resize(std::max((rows_ + 1) * wanted_, 2 * cells_.size()));
    cells_[rows_ * wanted_ + static_cast<std::size_t>(slots_[field])] = cell;
  }
}

// A row ends before `next`; false when the scan is to stop.
bool CsvScanner::end_row(Position& at, std::size_t next) {
  if (pending_) return false;
  const bool blank = at.fields == 1 && (buffer_[at.row] == '\n' || buffer_[at.row] == '\r' || at.row == end_);
  if (blank && header_) cells_.clear();
  if (!blank && !header_ && at.fields != columns_) {
    at.error = std::min(next, end_);
    fail(at.row_line, fmt::format("the row has {} cells, the header has {}", at.fields, columns_),
         "give every row as many cells as the header; quote cells that hold the separator");
    return false;
  }
  if (!blank) {
    row_lines_.push_back(static_cast<std::uint32_t>(at.row_line - first_line_));
    ++rows_;
  }
  ++at.line;
  at.row_line = at.line;
  at.row = at.cell = next;
  at.fields = 0;
  return blank || !header_;
}

void CsvScanner::fail(std::int64_t line, const std::string& what, std::string fix) {
  pending_ = Error::bad_data(fmt::format("{} line {}: {}", name_, line, what), std::move(fix));
}

// Replaces a pending error by an encoding error in [begin, end) and withdraws its row and those behind it. Whole rows
// end at `rows_end`; `line` is that of `begin`.
void CsvScanner::check_encoding(std::size_t begin, std::size_t rows_end, std::size_t end, std::int64_t line) {
  const char* text = buffer_.data();
  const char* bad = first_bad_byte(text + begin, text + end);
  if (bad == text + end) return;
  const auto at = static_cast<std::size_t>(bad - text);
  const std::int64_t bad_line = line + std::count(text + begin, bad, '\n');
  if (at < rows_end) {
    while (first_line_ + row_lines_[rows_ - 1] > bad_line) --rows_;
    --rows_;
  }
  if (*bad == '\0') {
    fail(bad_line, fmt::format("byte {} is NUL; text is needed", base_ + at + 1), "is this a text file, in UTF-8?");
  } else {
    fail(bad_line, fmt::format("byte {} (0x{:02x}) is not UTF-8", base_ + at + 1, static_cast<unsigned char>(*bad)),
         fmt::format("convert the file: iconv -f ISO-8859-1 -t UTF-8 {} > utf8.csv", name_));
  }
}

}  // namespace kin
