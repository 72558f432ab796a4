#include "kinspace/features/internal/split_cells.h"

#include <bit>
#include <cstring>

namespace kin::internal {
namespace {

// Bit 8k + 7 is set where byte k of `word` is that of `pattern`.
std::uint64_t equal_bytes(std::uint64_t word, std::uint64_t pattern) noexcept {
  constexpr std::uint64_t kLow = 0x7F7F7F7F7F7F7F7FULL;
  const std::uint64_t x = word ^ pattern;
  return ~(((x & kLow) + kLow) | x | kLow);
}

std::uint64_t repeat(char c) noexcept {
  return 0x0101010101010101ULL * static_cast<unsigned char>(c);
}

// Calls `found` with the position of each separator in [begin, end) of `bytes`.
template <class Found>
void each_separator(const char* bytes, std::uint32_t begin, std::uint32_t end, const std::string& separator,
                    Found found) {
  const std::uint64_t pattern = repeat(separator[0]);
  const std::size_t width = separator.size();
  std::uint32_t next = begin;  // of separators of several bytes: they do not overlap
  const auto at = [&](std::uint32_t position) {
    if (width == 1) return found(position);
    if (position < next || end - position < width) return;
    if (std::memcmp(bytes + position, separator.data(), width) != 0) return;
    next = position + static_cast<std::uint32_t>(width);
    found(position);
  };
  std::uint32_t i = begin;
  for (; end - i >= 8; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, 8);
    for (std::uint64_t hits = equal_bytes(word, pattern); hits != 0; hits &= hits - 1) {
      at(i + static_cast<std::uint32_t>(std::countr_zero(hits)) / 8);
    }
  }
  for (; i < end; ++i) {
    if (bytes[i] == separator[0]) at(i);
  }
}

}  // namespace

void split_cells(const Column& column, const BatchRows& rows, const std::string& separator, std::vector<Piece>& pieces,
                 std::vector<std::int64_t>& offsets, std::vector<std::int32_t>& positions) {
  const auto width = static_cast<std::uint32_t>(separator.size());
  offsets.resize(rows.size() + 1);
  offsets[0] = 0;
  std::size_t count = 0;
  const auto grow = [&](std::size_t more) {
    if (pieces.size() < count + more) {
      pieces.resize(std::max(count + more, 2 * pieces.size()));
      positions.resize(pieces.size());
    }
  };
  pieces.resize(pieces.capacity());
  positions.resize(pieces.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows.row(i);
    const std::size_t at = column.string_at(row);
    auto begin = static_cast<std::uint32_t>(column.offsets[at]);
    const auto end = static_cast<std::uint32_t>(column.offsets[at + 1]);
    if (begin != end && !column.missing(row)) {
      grow((end - begin) / width + 1);
      const std::size_t first = count;
      each_separator(column.bytes, begin, end, separator, [&](std::uint32_t position) {
        pieces[count] = {begin, position - begin};
        positions[count] = static_cast<std::int32_t>(count - first);
        ++count;
        begin = position + width;
      });
      pieces[count] = {begin, end - begin};
      positions[count] = static_cast<std::int32_t>(count - first);
      ++count;
    }
    offsets[i + 1] = static_cast<std::int64_t>(count);
  }
  pieces.resize(count);
  positions.resize(count);
}

}  // namespace kin::internal
