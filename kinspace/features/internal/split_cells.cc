#include "kinspace/features/internal/split_cells.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace kin::internal {
namespace {

constexpr std::uint32_t kBlock = 64;
constexpr std::size_t kAtOnce = 4;  // pieces that are written whether they are there or not

// Bit i is set where byte i is `separator`.
std::uint64_t equal_bytes(const char* bytes, char separator) noexcept {
  std::uint8_t equal[kBlock];
  for (std::uint32_t i = 0; i < kBlock; ++i) equal[i] = bytes[i] == separator ? 1 : 0;
  std::uint64_t marks = 0;
  for (std::uint32_t i = 0; i < kBlock; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, equal + i, 8);
    marks |= ((word * 0x0102040810204080ULL) >> 56) << i;  // the eight bits of the eight bytes
  }
  return marks;
}

struct Range {
  std::uint32_t begin;
  std::uint32_t end;
};

// Where the string of a cell lies; nothing where it is missing.
Range cell(const Column& column, std::size_t row) noexcept {
  const std::size_t at = column.string_at(row);
  const auto begin = static_cast<std::uint32_t>(column.offsets[at]);
  return {begin, column.missing(row) ? begin : static_cast<std::uint32_t>(column.offsets[at + 1])};
}

}  // namespace

void CellSplitter::mark(const Column& column, std::uint32_t begin, std::uint32_t end) {
  first_ = begin;
  marks_.resize((end - begin) / kBlock + 2);
  std::size_t word = 0;
  std::uint32_t at = begin;
  for (; end - at >= kBlock; at += kBlock) marks_[word++] = equal_bytes(column.bytes + at, separator_[0]);
  marks_[word] = 0;
  for (std::uint32_t i = 0; at + i < end; ++i) {
    marks_[word] |= std::uint64_t{column.bytes[at + i] == separator_[0]} << i;
  }
  marks_[word + 1] = 0;
}

// Marks of the 64 bytes from a position on.
std::uint64_t CellSplitter::marks_at(std::uint32_t position) const noexcept {
  const std::uint32_t i = position - first_;
  const std::uint64_t low = marks_[i / kBlock] >> (i % kBlock);
  return i % kBlock == 0 ? low : low | marks_[i / kBlock + 1] << (kBlock - i % kBlock);
}

void CellSplitter::grow(std::size_t size, std::vector<std::int32_t>& positions) {
  if (pieces_.size() < size) pieces_.resize(std::max(size, 2 * pieces_.size()));
  if (positions.size() < size) positions.resize(std::max(size, 2 * positions.size()));
}

// The pieces of one cell of less than 64 bytes; how many there are in all.
std::size_t CellSplitter::cut(std::uint32_t begin, std::uint32_t end, std::size_t count,
                              std::vector<std::int32_t>& positions) {
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;  // spares the question whether there is a mark
  const std::uint64_t last = std::uint64_t{1} << (end - begin);
  std::uint64_t marks = (marks_at(begin) & (last - 1)) | last;  // where pieces end
  const std::size_t first = count;
  Piece* const pieces = pieces_.data();
  std::int32_t* const places = positions.data();
  std::uint32_t from = begin;
  // A piece that is not there is written where the next cell's first one will be.
  do {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kAtOnce; ++k) {
      const std::uint32_t to = begin + static_cast<std::uint32_t>(std::countr_zero(marks | kTop));
      pieces[count] = {from, to - from};
      places[count] = static_cast<std::int32_t>(count - first);
      count += marks != 0 ? 1 : 0;
      from = to + 1;
      marks &= marks - 1;
    }
  } while (marks != 0);
  return count;
}

std::size_t CellSplitter::cut_long(std::uint32_t begin, std::uint32_t end, std::size_t count,
                                   std::vector<std::int32_t>& positions) {
  const std::size_t first = count;
  std::uint32_t from = begin;
  for (std::uint32_t block = begin; block < end; block += std::min(kBlock, end - block)) {
    std::uint64_t marks = marks_at(block);
    if (end - block < kBlock) marks &= (std::uint64_t{1} << (end - block)) - 1;
    for (; marks != 0; marks &= marks - 1) {
      const std::uint32_t to = block + static_cast<std::uint32_t>(std::countr_zero(marks));
      pieces_[count] = {from, to - from};
      positions[count] = static_cast<std::int32_t>(count - first);
      ++count;
      from = to + 1;
    }
  }
  pieces_[count] = {from, end - from};
  positions[count] = static_cast<std::int32_t>(count - first);
  return count + 1;
}

// Separators of several bytes, and few rows of a large batch.
std::size_t CellSplitter::split_by_search(const Column& column, const BatchRows& rows,
                                          std::vector<std::int64_t>& offsets, std::vector<std::int32_t>& positions) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [begin, last] = cell(column, rows.row(i));
    const std::string_view text(column.bytes + begin, last - begin);
    std::size_t from = text.empty() ? std::string_view::npos : 0;
    for (std::int32_t position = 0; from != std::string_view::npos; ++position) {
      const std::size_t to = text.find(separator_, from);
      const std::size_t end = std::min(to, text.size());
      grow(count + 1, positions);
      pieces_[count] = {begin + static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(end - from)};
      positions[count++] = position;
      from = to == std::string_view::npos ? to : to + separator_.size();
    }
    offsets[i + 1] = static_cast<std::int64_t>(count);
  }
  return count;
}

std::span<const Piece> CellSplitter::split(const Column& column, const BatchRows& rows,
                                           std::vector<std::int64_t>& offsets, std::vector<std::int32_t>& positions) {
  constexpr std::size_t kFew = 8;
  offsets.resize(rows.size() + 1);
  offsets[0] = 0;
  const std::size_t all = column.offsets.empty() ? 0 : column.offsets.size() - 1;
  std::size_t count = 0;
  // A string that codes name may be cut for many rows.
  if (separator_.size() > 1 || rows.size() * kFew < all || all == 0 || !column.codes.empty()) {
    count = split_by_search(column, rows, offsets, positions);
  } else {
    mark(column, static_cast<std::uint32_t>(column.offsets.front()), static_cast<std::uint32_t>(column.offsets.back()));
    std::size_t most = rows.size() + kAtOnce;
    for (const std::uint64_t marks : marks_) most += static_cast<std::size_t>(std::popcount(marks));
    grow(most, positions);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto [begin, end] = cell(column, rows.row(i));
      if (begin != end) {
        count = end - begin < kBlock ? cut(begin, end, count, positions) : cut_long(begin, end, count, positions);
      }
      offsets[i + 1] = static_cast<std::int64_t>(count);
    }
  }
  positions.resize(count);
  return std::span<const Piece>(pieces_).first(count);
}

}  // namespace kin::internal
