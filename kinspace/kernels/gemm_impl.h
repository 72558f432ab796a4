#pragma once

#include <cstdint>

#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/vec16.h"

/// Packing and the register tile of the matrix product, written once over a Vec16.
namespace kin::kernels {
namespace {

/// The whole vector where there is room: some processors take long over masked access.
template <Vec16 V>
inline V load_up_to(const float* from, std::int64_t count) {
  return count >= 16 ? V::load(from) : V::load_first(from, count, 0.0F);
}
template <Vec16 V>
inline void store_up_to(V v, float* to, std::int64_t count) {
  count >= 16 ? v.store(to) : v.store_first(to, count);
}

/// A vector of a panel that hangs over its row is overwritten by the rows that follow; only in the last rows, where it
/// would leave the panel, it is written in part.
template <Vec16 V>
inline void put(V v, std::int64_t k, std::int64_t line, std::int64_t depth, std::int64_t width, float* panel) {
  const std::int64_t at = k * width + line;
  store_up_to(v, panel + at, at + 16 <= depth * width ? 16 : width - line);
}

/// What a float of a panel, a slot, holds: here one term of the sum, as it is.
template <Vec16 V>
struct Floats {
  static constexpr std::int64_t kTerms = 1;
  static std::int64_t slots(std::int64_t depth) { return depth; }

  /// 16 slots of a line that lies along k and has `terms` more terms; zeros where there are none.
  static V along(const float* from, std::int64_t terms) { return load_up_to<V>(from, terms); }

  /// One slot of 16 lines, or of `lines`, that lie next to each other.
  static V across(const float* from, std::int64_t k_stride, std::int64_t slot, std::int64_t /*depth*/,
                  std::int64_t lines) {
    return load_up_to<V>(from + slot * k_stride, lines);
  }
};

/// Lines that lie along k: squares of 16 by 16 are turned over. The processor does not follow so many lines by itself.
template <Vec16 V, class Slots>
inline void pack_panel(const float* in, std::int64_t line_stride, std::int64_t lines, std::int64_t depth,
                       std::int64_t width, float* panel) {
  constexpr std::int64_t kAhead = 64;
  const std::int64_t slots = Slots::slots(depth);
  for (std::int64_t s = 0; s < slots; s += 16) {
    const std::int64_t steps = slots - s < 16 ? slots - s : 16;
    const std::int64_t k = s * Slots::kTerms;
    for (std::int64_t line = 0; line < width; line += 16) {
      V square[16];
      for (std::int64_t i = 0; i < 16; ++i) {
        const float* from = in + (line + i) * line_stride + k;
        __builtin_prefetch(from + kAhead, 0, 2);
        square[i] = line + i < lines ? Slots::along(from, depth - k) : V::set(0.0F);
      }
      transpose(square, lines - line);
      for (std::int64_t j = 0; j < steps; ++j) put(square[j], s + j, line, slots, width, panel);
    }
  }
}

/// Panels of one line that lies along k.
template <Vec16 V, class Slots>
inline void pack_lines(const float* in, std::int64_t line_stride, std::int64_t lines, std::int64_t depth, float* to) {
  const std::int64_t slots = Slots::slots(depth);
  for (std::int64_t line = 0; line < lines; ++line, to += slots) {
    const float* from = in + line * line_stride;
    for (std::int64_t s = 0; s < slots; s += 16) {
      const std::int64_t k = s * Slots::kTerms;
      store_up_to(Slots::along(from + k, depth - k), to + s, slots - s);
    }
  }
}

template <Vec16 V, class Slots = Floats<V>>
void gemm_pack(const float* in, std::int64_t line_stride, std::int64_t k_stride, std::int64_t lines, std::int64_t depth,
               std::int64_t width, float* packed) noexcept {
  const std::int64_t slots = Slots::slots(depth);
  if (k_stride == 1 && width == 1) return pack_lines<V, Slots>(in, line_stride, lines, depth, packed);
  if (line_stride != 1) {
    for (std::int64_t first = 0; first < lines; first += width) {
      const std::int64_t count = lines - first < width ? lines - first : width;
      pack_panel<V, Slots>(in + first * line_stride, line_stride, count, depth, width, packed + first * slots);
    }
    return;
  }
  // k outside, so that a row of `in` is read in one go; rows often lie a power of two apart, in the same cache set.
  for (std::int64_t s = 0; s < slots; ++s) {
    for (std::int64_t first = 0; first < lines; first += width) {
      for (std::int64_t line = 0; line < width; line += 16) {
        const std::int64_t left = lines - first - line;
        const V v = left > 0 ? Slots::across(in + first + line, k_stride, s, depth, left) : V::set(0.0F);
        put(v, s, line, slots, width, packed + first * slots);
      }
    }
  }
}

/// How the left side of a tile lies in memory: its rows next to each other at each step k, or each row along k.
struct RowsTogether {};
struct RowsApart {};

/// The rows of the left side at step k, as factors for a vector each.
template <std::int64_t R, class Layout>
class LeftRows;

template <std::int64_t R>
class LeftRows<R, RowsTogether> {
 public:
  explicit LeftRows(const TileLeft& left) : at_(left.data), step_(left.step) {}
  float operator[](std::int64_t i) const { return at_[i]; }
  void next() { at_ += step_; }

 private:
  const float* at_;
  std::int64_t step_;
};

/// Every third row has a pointer; the other two are one and two strides from it, which x86 adds for nothing.
template <std::int64_t R>
class LeftRows<R, RowsApart> {
 public:
  explicit LeftRows(const TileLeft& left) : stride_(left.row) {
    for (std::int64_t i = 0; i < kPointers; ++i) at_[i] = left.data + 3 * i * left.row;
  }
  float operator[](std::int64_t i) const { return at_[i / 3][i % 3 * stride_]; }
  void next() {
#pragma GCC unroll 16
    for (std::int64_t i = 0; i < kPointers; ++i) ++at_[i];
  }

 private:
  static constexpr std::int64_t kPointers = (R + 2) / 3;
  const float* at_[kPointers];
  std::int64_t stride_;
};

/// What becomes of a sum by a slot of each side.
struct FusedMultiplyAdd {
  template <Vec16 V>
  static V add(V a, V b, V sum) {
    return fma(a, b, sum);
  }
};

/// Steps ahead that the right side is asked for: what a tile meets first comes from the third cache or from memory, and
/// rows in place lie too far apart for the processor to foresee.
constexpr std::int64_t kStepsAhead = 16;

/// R rows by C vectors of the tile; the last vector has `last` lanes.
template <Vec16 V, class Product, std::int64_t R, std::int64_t C, class Layout>
void tile_of(std::int64_t k, const TileLeft& left, const TileRight& right, const TileOut& out,
             std::int64_t last) noexcept {
  V sums[R][C];
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < R; ++i) {
#pragma GCC unroll 2
    for (std::int64_t j = 0; j < C; ++j) {
      sums[i][j] = V::set(0.0F);
      if (out.accumulate) sums[i][j] = load_up_to<V>(out.data + i * out.stride + j * 16, j + 1 == C ? last : 16);
    }
  }
  LeftRows<R, Layout> a(left);
  const float* b = right.data;
  for (std::int64_t step = 0; step < k; ++step) {
    V row[C];
#pragma GCC unroll 2
    for (std::int64_t j = 0; j < C; ++j) {
      __builtin_prefetch(b + kStepsAhead * right.step + j * 16);
      row[j] = V::load(b + j * 16);
    }
#pragma GCC unroll 16
    for (std::int64_t i = 0; i < R; ++i) {
      const V factor = V::set(a[i]);
#pragma GCC unroll 2
      for (std::int64_t j = 0; j < C; ++j) sums[i][j] = Product::add(factor, row[j], sums[i][j]);
    }
    a.next();
    b += right.step;
  }
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < R; ++i) {
#pragma GCC unroll 2
    for (std::int64_t j = 0; j < C; ++j) {
      store_up_to(sums[i][j], out.data + i * out.stride + j * 16, j + 1 == C ? last : 16);
    }
  }
}

/// Finds the tile with as many rows and vectors as there are to do, so that edges cost what they are worth.
template <Vec16 V, class Product, std::int64_t R, std::int64_t C>
inline void tile_at_most(std::int64_t k, const TileLeft& left, const TileRight& right, const TileOut& out) noexcept {
  if constexpr (C > 1) {
    if (out.cols <= 16 * (C - 1)) return tile_at_most<V, Product, R, C - 1>(k, left, right, out);
  }
  if constexpr (R > 1) {
    if (out.rows < R) return tile_at_most<V, Product, R - 1, C>(k, left, right, out);
  }
  const std::int64_t last = out.cols - 16 * (C - 1);
  left.row == 1 ? tile_of<V, Product, R, C, RowsTogether>(k, left, right, out, last)
                : tile_of<V, Product, R, C, RowsApart>(k, left, right, out, last);
}

template <Vec16 V, class Product = FusedMultiplyAdd>
void gemm_tile(std::int64_t k, const TileLeft& left, const TileRight& right, const TileOut& out) noexcept {
  static_assert(kMostTileCols % (16 * V::kTileVectors) == 0);
  if (out.rows <= 0 || out.cols <= 0) return;
  tile_at_most<V, Product, V::kTileRows, V::kTileVectors>(k, left, right, out);
}

}  // namespace
}  // namespace kin::kernels
