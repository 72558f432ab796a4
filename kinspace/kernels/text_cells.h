#pragma once

#include <cstddef>
#include <cstdint>

namespace kin::kernels {

/// The places of some cells in a text, of which 16 bytes before the first and 32 behind the last can be read.
struct TextCells {
  const char* text = nullptr;
  const std::uint32_t* begins = nullptr;  ///< cell i starts at begins[i * begin_stride] + begin_offset
  std::size_t begin_stride = 1;
  std::uint32_t begin_offset = 0;
  const std::uint32_t* ends = nullptr;  ///< and ends before ends[i * end_stride]
  std::size_t end_stride = 1;
  bool quoted = false;  ///< a cell that starts with " ends with one, and neither belongs to it

  std::uint32_t begin(std::size_t i) const noexcept { return begins[i * begin_stride] + begin_offset; }
  std::uint32_t end(std::size_t i) const noexcept { return ends[i * end_stride]; }
};

/// A string in a text: text[begin .. begin + size).
struct TextPiece {
  std::uint32_t begin;
  std::uint32_t size;
};

/// Which of up to 64 cells are not read yet, and which hold nothing.
struct CellSets {
  std::uint64_t unknown = 0;  ///< bit i: cell first + i is not written as the quick way knows it
  std::uint64_t empty = 0;
};

/// Strings that are copied behind one another, as Arrow lays them out.
struct StringCopies {
  char* bytes;
  std::size_t capacity;  ///< of bytes
  std::size_t used;      ///< bytes copied so far, by the caller too
  std::int32_t* ends;    ///< parallel to the cells: `used` behind each
  std::uint64_t empty;   ///< bit i: cell first + i is empty
  std::size_t copied;    ///< cells; fewer than asked for where the next is quoted or needs more room
  static constexpr std::size_t kSlack = 32;  ///< bytes behind those of a string that are written too
};

}  // namespace kin::kernels
