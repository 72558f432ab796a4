#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kinspace/kernels/text_cells.h"

namespace kin::kernels {
namespace {

template <bool kQuoted>
inline void copy_cells(const TextCells& cells, std::size_t first, std::size_t count, StringCopies& to) noexcept {
  constexpr std::size_t kPiece = StringCopies::kSlack;  // most cells are not longer
  const std::size_t begin_stride = cells.begin_stride;
  const std::size_t end_stride = cells.end_stride;
  const std::uint32_t* begins = cells.begins + first * begin_stride;
  const std::uint32_t* ends = cells.ends + first * end_stride;
  const std::uint32_t offset = cells.begin_offset;
  const char* const from = cells.text;
  char* const bytes = to.bytes;
  std::int32_t* const copied_ends = to.ends;
  const std::size_t last = to.capacity - kPiece;
  std::size_t used = to.used;
  std::uint64_t empty = 0;
  std::size_t i = 0;
  for (; i < count; ++i) {
    const std::uint32_t begin = *begins + offset;
    const std::size_t size = *ends - begin;
    const char* text = from + begin;
    if (used + size > last) break;
    if (kQuoted && size > 0 && *text == '"') break;
    begins += begin_stride;
    ends += end_stride;
    char* out = bytes + used;
    std::memcpy(out, text, kPiece);
    if (size > kPiece) [[unlikely]] {
      for (std::size_t done = kPiece; done < size; done += kPiece) std::memcpy(out + done, text + done, kPiece);
    }
    used += size;
    copied_ends[i] = static_cast<std::int32_t>(used);
    empty |= static_cast<std::uint64_t>(size == 0) << i;
  }
  to.used = used;
  to.empty = empty;
  to.copied = i;
}

inline void copy_strings(const TextCells& cells, std::size_t first, std::size_t count, StringCopies& to) noexcept {
  to.copied = 0;
  to.empty = 0;
  if (to.capacity < StringCopies::kSlack) return;
  if (cells.quoted) {
    copy_cells<true>(cells, first, count, to);
  } else {
    copy_cells<false>(cells, first, count, to);
  }
}

}  // namespace
}  // namespace kin::kernels
