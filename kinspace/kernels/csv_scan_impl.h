#pragma once

#include <cstdint>
#include <cstring>

#include "kinspace/kernels/csv_scan.h"

namespace kin::kernels {
namespace {

// Rows are taken from so much text at a time: it is scanned in vain at most once more for each row that is not plain.
constexpr std::uint32_t kStrip = 4096;
static_assert(CsvScan::kRowSlack > kStrip);

/// Bit i is the parity of bits 0 to i.
inline std::uint64_t running_parity(std::uint64_t bits) noexcept {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

inline std::uint32_t count_bits(std::uint64_t bits) noexcept {
  return static_cast<std::uint32_t>(__builtin_popcountll(bits));
}

// What 64 bytes of text hold, outside of quotes where not said otherwise.
struct CsvBlock {
  std::uint64_t separators = 0;  // their first bytes
  std::uint64_t line_ends = 0;
  std::uint64_t returns = 0;
  std::uint64_t closing = 0;  // quotes
  std::uint64_t odd = 0;      // what no plain row has
};

/// Separates what is in quotes from what is not: afterwards `in_quotes` says whether the next block starts in them.
inline void close_quotes(std::uint64_t quotes, std::uint32_t separator_bytes, const CsvBlock& before, CsvBlock& block,
                         std::uint64_t& in_quotes) noexcept {
  const std::uint64_t inside = running_parity(quotes) ^ in_quotes;
  const std::uint64_t opening = quotes & inside;
  in_quotes = 0 - (inside >> 63);
  block.closing = quotes & ~inside;
  block.separators &= ~inside;
  block.line_ends &= ~inside;
  block.returns &= ~inside;
  const std::uint64_t cell_starts = block.separators << separator_bytes | before.separators >> (64 - separator_bytes) |
                                    block.line_ends << 1 | before.line_ends >> 63;
  const std::uint64_t behind_closing = block.closing << 1 | before.closing >> 63;
  block.odd |= opening & ~(cell_starts | behind_closing);
  block.odd |= behind_closing & ~(block.separators | block.line_ends | block.returns | opening);
}

/// Takes the rows whose cells end at s.ends[s.ends_size .. filled); `line_ends` of these are line ends. False at the
/// first row that is not plain.
inline bool take_rows(CsvScan& s, std::size_t filled, std::size_t line_ends) noexcept {
  const std::size_t columns = s.columns;
  const std::uint32_t* ends = s.ends + s.ends_size;
  const std::size_t most = (filled - s.ends_size) / columns;
  const std::size_t first = s.rows;
  std::uint32_t row = s.begin;
  std::size_t taken = 0;
  bool plain = true;
  for (; taken < most; ++taken) {
    const std::uint32_t at = ends[taken * columns + columns - 1];
    const std::uint32_t end = at - (at > row && s.text[at - 1] == '\r' ? 1 : 0);
    const bool comment = s.comment_bytes != 0 && end - row >= s.comment_bytes &&
                         std::memcmp(s.text + row, s.comment, s.comment_bytes) == 0;
    plain = s.text[at] == '\n' && end != row && end - row <= s.max_row && !comment;
    if (!plain) break;
    s.row_begins[first + taken] = row;
    s.row_ends[first + taken] = end;
    row = at + 1;
  }
  // When there are as many line ends as rows, each is at the end of one.
  if (taken != line_ends) {
    plain = false;
    for (std::size_t i = 0; i < taken * columns; ++i) {
      if (s.text[ends[i]] == '\n' && i % columns != columns - 1) taken = i / columns;
    }
  }
  s.rows = first + taken;
  s.ends_size += taken * columns;
  if (taken > 0) s.begin = ends[taken * columns - 1] + 1;
  return plain;
}

/// The same where the last column takes the rest of the row; of the ends before s.ends[from] none is a line end.
inline bool take_long_rows(CsvScan& s, std::size_t from, std::size_t filled) noexcept {
  for (std::size_t i = from; i < filled; ++i) {
    const std::uint32_t at = s.ends[i];
    if (s.text[at] != '\n') continue;
    const std::uint32_t end = at - (at > s.begin && s.text[at - 1] == '\r' ? 1 : 0);
    const bool comment = s.comment_bytes != 0 && end - s.begin >= s.comment_bytes &&
                         std::memcmp(s.text + s.begin, s.comment, s.comment_bytes) == 0;
    const std::size_t cells = i + 1 - s.ends_size;
    if (cells + 1 < s.columns || end == s.begin || end - s.begin > s.max_row || comment) return false;
    s.row_begins[s.rows] = s.begin;
    s.row_ends[s.rows] = end;
    s.row_firsts[s.rows++] = static_cast<std::uint32_t>(s.ends_size);
    s.ends_size = i + 1;
    s.begin = at + 1;
  }
  return true;
}

template <class Bytes>
std::uint64_t count_lines(const char* text, std::uint32_t begin, std::uint32_t end) noexcept {
  std::uint64_t count = 0;
  for (; end - begin >= 64; begin += 64) count += count_bits(Bytes::load(text + begin).equal('\n'));
  return count + count_bits(Bytes::load(text + begin).equal('\n') & ((std::uint64_t{1} << (end - begin)) - 1));
}

template <class Bytes, bool kLongSeparator>
void scan_csv_as(CsvScan& s) noexcept {
  const std::uint32_t separator_bytes = kLongSeparator ? s.separator_bytes : 1;
  const char separator = s.separator[0];
  const std::uint32_t start = s.begin;
  const std::size_t rows_before = s.rows;
  CsvBlock before;
  before.line_ends = std::uint64_t{1} << 63;
  std::uint64_t in_quotes = 0;
  std::uint64_t high = 0;
  std::size_t filled = s.ends_size;
  std::size_t line_ends = 0;  // among the ends behind the rows taken
  s.quoted = false;
  s.stop = CsvScan::Stop::kEnd;
  std::uint32_t p = start;
  while (p < s.end && s.stop == CsvScan::Stop::kEnd) {
    if (s.rows + CsvScan::kRowSlack > s.row_capacity) {
      s.stop = CsvScan::Stop::kFull;
      break;
    }
    const std::uint32_t strip_end = s.end - p > kStrip ? p + kStrip : s.end;
    const std::size_t before_strip = filled;
    bool odd = false;
    for (; p < strip_end && !odd; p += 64) {
      if (filled + CsvScan::kSlack > s.ends_capacity) {
        s.stop = CsvScan::Stop::kFull;
        break;
      }
      const Bytes bytes = Bytes::load(s.text + p);
      const std::uint64_t in_text = s.end - p >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (s.end - p)) - 1;
      CsvBlock block;
      block.separators = bytes.equal(separator) & in_text;
      block.line_ends = bytes.equal('\n') & in_text;
      block.returns = bytes.equal('\r') & in_text;
      block.odd = bytes.equal('\0');
      high |= bytes.high() & in_text;
      if (kLongSeparator) {
        for (std::uint32_t i = 1; i < separator_bytes; ++i) {
          block.separators &= Bytes::load(s.text + p + i).equal(s.separator[i]);
        }
      }
      const std::uint64_t quotes = s.quotes ? bytes.equal('"') & in_text : 0;
      if ((quotes | in_quotes) != 0) {
        s.quoted = true;
        close_quotes(quotes, separator_bytes, before, block, in_quotes);
      } else {
        block.odd |= before.closing >> 63 & ~(block.separators | block.line_ends | block.returns);
      }
      block.odd |= (block.returns << 1 | before.returns >> 63) & ~block.line_ends;
      if (kLongSeparator) {
        // Of separators that overlap only the first one is one; which that is, is not seen here.
        for (std::uint32_t i = 1; i < separator_bytes; ++i) {
          block.odd |= block.separators & (block.separators << i | before.separators >> (64 - i));
        }
      }
      block.odd &= in_text;
      odd = block.odd != 0;
      const std::uint64_t wanted = odd ? (block.odd & (0 - block.odd)) - 1 : ~std::uint64_t{0};
      const std::uint64_t cuts = (block.separators | block.line_ends) & wanted;
      Bytes::write_places(cuts, p, s.ends + filled);
      filled += count_bits(cuts);
      line_ends += count_bits(block.line_ends & wanted);
      before = block;
    }
    const std::size_t rows = s.rows;
    const bool plain = s.rest ? take_long_rows(s, before_strip, filled) : take_rows(s, filled, line_ends);
    line_ends -= s.rows - rows;
    if (!plain || odd) s.stop = CsvScan::Stop::kOdd;
  }
  s.seen = p;
  s.high = high != 0;
  s.lines = s.quoted ? count_lines<Bytes>(s.text, start, s.begin) : s.rows - rows_before;
}

template <class Bytes>
void scan_csv(CsvScan& s) noexcept {
  if (s.separator_bytes == 1) {
    scan_csv_as<Bytes, false>(s);
  } else {
    scan_csv_as<Bytes, true>(s);
  }
}

}  // namespace
}  // namespace kin::kernels
