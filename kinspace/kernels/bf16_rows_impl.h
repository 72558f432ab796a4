#pragma once

#include <cstdint>
#include <cstring>

#include "kinspace/kernels/kernels.h"

/// Rows of bf16, sixteen at a time in vectors of GCC that the compiler maps to those of the instruction set. A row is
/// widened by whole vectors, as whoever reads it next does: two halves written apart would not be forwarded to it.
namespace kin::kernels {
namespace {

inline constexpr std::int64_t kRowLanes = 16;

using RowWords [[gnu::vector_size(64)]] = std::uint32_t;
using RowHalves [[gnu::vector_size(32)]] = Bf16;

inline constexpr std::uint32_t kInfiniteBits = 0x7F800000;
inline constexpr std::uint32_t kMantissaBits = 0x007FFFFF;
inline constexpr std::uint32_t kQuietBit = 0x00400000;

/// Calls body(i, count) for i = 0, 16, ..., the last one with what is left.
template <class Body>
inline void for_row_lanes(std::int64_t n, Body body) {
  std::int64_t i = 0;
  for (; i + kRowLanes <= n; i += kRowLanes) body(i, kRowLanes);
  if (i < n) body(i, n - i);
}

inline void widen_bf16(const Bf16* in, float* out, std::int64_t n) noexcept {
  for_row_lanes(n, [&](std::int64_t i, std::int64_t count) {
    RowHalves halves{};
    std::memcpy(&halves, in + i, static_cast<std::size_t>(count) * sizeof(Bf16));
    const RowWords bits = __builtin_convertvector(halves, RowWords) << 16;
    std::memcpy(out + i, &bits, static_cast<std::size_t>(count) * sizeof(float));
  });
}

/// Sixteen floats as bf16, after `added(i, bits)`, below 2^16, was added to the bits of those that are finite.
template <class Added>
inline void cut_to_bf16(const float* in, Bf16* out, std::int64_t n, Added added) {
  for_row_lanes(n, [&](std::int64_t i, std::int64_t count) {
    RowWords bits{};
    std::memcpy(&bits, in + i, static_cast<std::size_t>(count) * sizeof(float));
    const RowWords endless = (bits & kInfiniteBits) == kInfiniteBits;
    const RowWords nan = endless & ((bits & kMantissaBits) != 0) & kQuietBit;
    const RowHalves halves = __builtin_convertvector(((bits | nan) + (~endless & added(i, bits))) >> 16, RowHalves);
    std::memcpy(out + i, &halves, static_cast<std::size_t>(count) * sizeof(Bf16));
  });
}

inline void round_to_bf16(const float* in, Bf16* out, std::int64_t n) noexcept {
  cut_to_bf16(in, out, n, [](std::int64_t, RowWords bits) { return 0x7FFFU + (bits >> 16 & 1U); });
}

/// The random bits are the upper half of MurmurHash3's finalizer.
inline void round_to_bf16_randomly(std::uint32_t key, const float* in, Bf16* out, std::int64_t n) noexcept {
  constexpr RowWords kLanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  constexpr std::uint32_t kGolden = 0x9E3779B9U;
  cut_to_bf16(in, out, n, [key](std::int64_t i, RowWords) {
    RowWords h = kLanes * kGolden + (key + static_cast<std::uint32_t>(i) * kGolden);
    h = (h ^ h >> 16) * 0x85EBCA6BU;
    h = (h ^ h >> 13) * 0xC2B2AE35U;
    return h >> 16;
  });
}

}  // namespace
}  // namespace kin::kernels
