#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kinspace/kernels/vec16.h"

namespace kin::kernels {
namespace {

/// Vec16 as one AVX-512 register.
struct Avx512Vec {
  static constexpr Isa kIsa = Isa::kAvx512;
  static constexpr std::int64_t kTileRows = 14;  // 28 sums, two columns of B and one value of A: 31 of the 32 registers
  static constexpr std::int64_t kTileVectors = 2;

  struct Mask {
    __mmask16 m;
  };
  struct Int {
    __m512i v;

    static Int set(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
  };

  __m512 v;

  static Avx512Vec set(float x) { return {_mm512_set1_ps(x)}; }
  static Avx512Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Avx512Vec from_bits(Int x) { return {_mm512_castsi512_ps(x.v)}; }
  void store(float* p) const { _mm512_storeu_ps(p, v); }

  static __mmask16 first(std::int64_t count) { return static_cast<__mmask16>((1U << count) - 1U); }
  static Avx512Vec load_first(const float* p, std::int64_t count, float fill) {
    return {_mm512_mask_loadu_ps(_mm512_set1_ps(fill), first(count), p)};
  }
  void store_first(float* p, std::int64_t count) const { _mm512_mask_storeu_ps(p, first(count), v); }
};

using ZV = Avx512Vec;
inline ZV add(ZV a, ZV b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline ZV sub(ZV a, ZV b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline ZV mul(ZV a, ZV b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline ZV div(ZV a, ZV b) {
  return {_mm512_div_ps(a.v, b.v)};
}
inline ZV sqrt(ZV a) {
  return {_mm512_sqrt_ps(a.v)};
}
inline ZV abs(ZV a) {
  return {_mm512_andnot_ps(_mm512_set1_ps(-0.0F), a.v)};
}
inline ZV fma(ZV a, ZV b, ZV c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
inline ZV fnma(ZV a, ZV b, ZV c) {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
inline ZV min(ZV a, ZV b) {
  return {_mm512_min_ps(a.v, b.v)};
}
inline ZV max(ZV a, ZV b) {
  return {_mm512_max_ps(a.v, b.v)};
}
inline ZV::Mask less(ZV a, ZV b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)};
}
inline ZV::Mask equal(ZV a, ZV b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)};
}
inline ZV::Mask greater_equal(ZV a, ZV b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)};
}
inline ZV::Mask either(ZV::Mask a, ZV::Mask b) {
  return {static_cast<__mmask16>(a.m | b.m)};
}
inline std::uint32_t set_of(ZV::Mask m) {
  return m.m;
}
inline ZV::Mask both(ZV::Mask a, ZV::Mask b) {
  return {static_cast<__mmask16>(a.m & b.m)};
}
inline bool all(ZV::Mask m) {
  return m.m == 0xFFFF;
}
inline ZV select(ZV::Mask m, ZV a, ZV b) {
  return {_mm512_mask_blend_ps(m.m, b.v, a.v)};
}
inline ZV copy_sign(ZV a, ZV b) {
  const __m512 sign = _mm512_set1_ps(-0.0F);
  return {_mm512_or_ps(_mm512_andnot_ps(sign, a.v), _mm512_and_ps(sign, b.v))};
}
inline float reduce_add(ZV a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float reduce_max(ZV a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline void transpose(ZV (&v)[16], std::int64_t /*used*/) {
  // Pairs, then groups of four lines side by side within each quarter; then the quarters change places.
  __m512 four[16];
#pragma GCC unroll 4
  for (int g = 0; g < 16; g += 4) {
    const __m512d low01 = _mm512_castps_pd(_mm512_unpacklo_ps(v[g].v, v[g + 1].v));
    const __m512d high01 = _mm512_castps_pd(_mm512_unpackhi_ps(v[g].v, v[g + 1].v));
    const __m512d low23 = _mm512_castps_pd(_mm512_unpacklo_ps(v[g + 2].v, v[g + 3].v));
    const __m512d high23 = _mm512_castps_pd(_mm512_unpackhi_ps(v[g + 2].v, v[g + 3].v));
    four[g] = _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23));
    four[g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23));
    four[g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23));
    four[g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 even_a = _mm512_shuffle_f32x4(four[c], four[4 + c], 0x88);
    const __m512 even_b = _mm512_shuffle_f32x4(four[8 + c], four[12 + c], 0x88);
    const __m512 odd_a = _mm512_shuffle_f32x4(four[c], four[4 + c], 0xDD);
    const __m512 odd_b = _mm512_shuffle_f32x4(four[8 + c], four[12 + c], 0xDD);
    v[c].v = _mm512_shuffle_f32x4(even_a, even_b, 0x88);
    v[4 + c].v = _mm512_shuffle_f32x4(odd_a, odd_b, 0x88);
    v[8 + c].v = _mm512_shuffle_f32x4(even_a, even_b, 0xDD);
    v[12 + c].v = _mm512_shuffle_f32x4(odd_a, odd_b, 0xDD);
  }
}

inline ZV::Int bits(ZV a) {
  return {_mm512_castps_si512(a.v)};
}
inline ZV::Int add(ZV::Int a, ZV::Int b) {
  return {_mm512_add_epi32(a.v, b.v)};
}
inline ZV::Int sub(ZV::Int a, ZV::Int b) {
  return {_mm512_sub_epi32(a.v, b.v)};
}
inline ZV to_float(ZV::Int a) {
  return {_mm512_cvtepi32_ps(a.v)};
}
inline ZV::Int shift_left_23(ZV::Int a) {
  return {_mm512_slli_epi32(a.v, 23)};
}
inline ZV::Int shift_right_1(ZV::Int a) {
  return {_mm512_srai_epi32(a.v, 1)};
}
inline ZV::Int shift_right_23(ZV::Int a) {
  return {_mm512_srai_epi32(a.v, 23)};
}
inline ZV::Int both(ZV::Int a, ZV::Int b) {
  return {_mm512_and_si512(a.v, b.v)};
}
inline ZV::Int shift_right_16(ZV::Int a) {
  return {_mm512_srai_epi32(a.v, 16)};
}
inline ZV swap_pairs(ZV a) {
  return {_mm512_permute_ps(a.v, 0xB1)};
}

}  // namespace
}  // namespace kin::kernels
