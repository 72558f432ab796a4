#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kinspace/kernels/text_cells.h"

namespace kin::kernels {
namespace {

template <class Words>
std::uint64_t hash_strings(const char* bytes, const TextPiece* pieces, std::size_t count, std::uint64_t divisor,
                           std::uint64_t reciprocal, std::int64_t* ids) noexcept {
  constexpr std::size_t kMost = 64;
  constexpr std::size_t kWords = 8;
  constexpr std::uint64_t kFactor = 0x9ae16a3b2f90404fULL;
  // The first and last eight bytes of each string, and twice its length.
  std::uint64_t firsts[kMost];
  std::uint64_t lasts[kMost];
  std::uint64_t lengths[kMost];
  std::uint64_t hashes[kMost];
  std::uint64_t unknown = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const TextPiece piece = pieces[i];
    const bool known = piece.size >= 8 && piece.size <= 16;
    const char* const text = known ? bytes + piece.begin : reinterpret_cast<const char*>(firsts);
    const std::size_t size = known ? piece.size : 8;
    std::memcpy(firsts + i, text, 8);
    std::memcpy(lasts + i, text + size - 8, 8);
    lengths[i] = 2 * size;
    unknown |= static_cast<std::uint64_t>(!known) << i;
  }
  const std::size_t whole = (count + kWords - 1) / kWords * kWords;
  for (std::size_t i = count; i < whole; ++i) firsts[i] = lasts[i] = lengths[i] = 0;
  // FarmHash's Fingerprint64 of 8 to 16 bytes.
  for (std::size_t i = 0; i < whole; i += kWords) {
    const Words factor = Words::all(kFactor);
    const Words m = factor + Words::load(lengths + i);
    const Words a = Words::load(firsts + i) + factor;
    const Words b = Words::load(lasts + i);
    const Words u = b.template rotate_right<37>() * m + a;
    const Words v = (a.template rotate_right<25>() + b) * m;
    Words x = (u ^ v) * m;
    x = (v ^ x ^ x.template shift_right<47>()) * m;
    x = (x ^ x.template shift_right<47>()) * m;
    x.remainder(divisor, reciprocal).store(hashes + i);
  }
  std::memcpy(ids, hashes, count * sizeof(*ids));
  return unknown;
}

}  // namespace
}  // namespace kin::kernels
