#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/values.h"

namespace kin::internal {

/// Cuts the cells of a string column at each occurrence of a separator (1 to 4 bytes). An empty or missing cell has no
/// pieces; between two separators lies the piece ''.
///
/// Cost   for separators of one byte a few operations for 64 bytes and some for a piece, without a branch for each.
class CellSplitter {
 public:
  explicit CellSplitter(std::string separator) : separator_(std::move(separator)) {}

  /// The pieces of all rows; they live until the next call.
  std::span<const Piece> split(const Column& column, const BatchRows& rows, std::vector<std::int64_t>& offsets,
                               std::vector<std::int32_t>& positions);

 private:
  void mark(const Column& column, std::uint32_t begin, std::uint32_t end);
  std::uint64_t marks_at(std::uint32_t position) const noexcept;
  std::size_t cut(std::uint32_t begin, std::uint32_t end, std::size_t count, std::vector<std::int32_t>& positions);
  std::size_t cut_long(std::uint32_t begin, std::uint32_t end, std::size_t count, std::vector<std::int32_t>& positions);
  std::size_t split_by_search(const Column& column, const BatchRows& rows, std::vector<std::int64_t>& offsets,
                              std::vector<std::int32_t>& positions);
  void grow(std::size_t size, std::vector<std::int32_t>& positions);

  std::string separator_;
  std::uint32_t first_ = 0;           // position of the first mark
  std::vector<std::uint64_t> marks_;  // bit i: a separator at position first_ + i; a spare word behind them
  std::vector<Piece> pieces_;
};

}  // namespace kin::internal
