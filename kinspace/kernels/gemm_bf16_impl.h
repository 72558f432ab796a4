#pragma once

#include <xmmintrin.h>

#include <cstdint>

#include "kinspace/kernels/gemm_impl.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/vec16.h"

/// The matrix product of factors that are rounded to bf16, for processors that do not know it: floats of which the
/// lower half is 0, with the arithmetic of VDPBF16PS.
namespace kin::kernels {
namespace {

template <Vec16 V>
inline V round_to_bf16(V v) {
  using Int = typename V::Int;
  const Int odd = both(shift_right_16(bits(v)), Int::set(1));
  const Int rounded = both(add(add(bits(v), Int::set(0x7FFF)), odd), Int::set(0xFFFF0000));
  const V normal = select(less(abs(v), V::set(0x1p-126F)), copy_sign(V::set(0.0F), v), V::from_bits(rounded));
  return select(equal(v, v), normal, v);
}

/// Slots of one term, the second of each pair first.
template <Vec16 V>
struct RoundedFloats {
  static constexpr std::int64_t kTerms = 1;

  static std::int64_t slots(std::int64_t depth) { return depth + depth % 2; }

  static V along(const float* from, std::int64_t terms) {
    return swap_pairs(round_to_bf16(load_up_to<V>(from, terms)));
  }

  static V across(const float* from, std::int64_t k_stride, std::int64_t slot, std::int64_t depth, std::int64_t lines) {
    const std::int64_t k = slot ^ 1;
    return k < depth ? round_to_bf16(load_up_to<V>(from + k * k_stride, lines)) : V::set(0.0F);
  }
};

/// Not inlined, as the compiler does not know that arithmetic depends on the control register.
template <Vec16 V>
[[gnu::noinline]] void tile_as_told(std::int64_t k, const TileLeft& left, const TileRight& right,
                                    const TileOut& out) noexcept {
  gemm_tile<V>(k, left, right, out);
}

template <Vec16 V>
void gemm_tile_bf16(std::int64_t k, const TileLeft& left, const TileRight& right, const TileOut& out) noexcept {
  constexpr unsigned kFlushResults = 0x8000;
  constexpr unsigned kFlushInputs = 0x0040;
  const unsigned control = _mm_getcsr();
  _mm_setcsr(control | kFlushResults | kFlushInputs);
  tile_as_told<V>(k, left, right, out);
  _mm_setcsr(control);
}

}  // namespace
}  // namespace kin::kernels
