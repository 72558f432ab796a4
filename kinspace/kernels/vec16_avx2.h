#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kinspace/kernels/vec16.h"

namespace kin::kernels {
namespace {

/// Vec16 as two AVX2 registers: lanes 0-7 in `lo`, 8-15 in `hi`.
struct Avx2Vec {
  static constexpr Isa kIsa = Isa::kAvx2;
  static constexpr std::int64_t kTileRows = 6;
  static constexpr std::int64_t kTileVectors = 1;

  struct Mask {
    __m256 lo, hi;
  };
  struct Int {
    __m256i lo, hi;

    static Int set(std::uint32_t x) {
      const __m256i v = _mm256_set1_epi32(static_cast<int>(x));
      return {v, v};
    }
  };

  __m256 lo, hi;

  static Avx2Vec set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Avx2Vec load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Avx2Vec from_bits(Int x) { return {_mm256_castsi256_ps(x.lo), _mm256_castsi256_ps(x.hi)}; }
  void store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }

  /// All ones in the lanes below `count`.
  static Int first(std::int64_t count) {
    const __m256i limit = _mm256_set1_epi32(static_cast<int>(count));
    return {_mm256_cmpgt_epi32(limit, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
            _mm256_cmpgt_epi32(limit, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
  }
  static Avx2Vec load_first(const float* p, std::int64_t count, float fill) {
    const Int m = first(count);
    const __m256 other = _mm256_set1_ps(fill);
    return {_mm256_blendv_ps(other, _mm256_maskload_ps(p, m.lo), _mm256_castsi256_ps(m.lo)),
            _mm256_blendv_ps(other, _mm256_maskload_ps(p + 8, m.hi), _mm256_castsi256_ps(m.hi))};
  }
  void store_first(float* p, std::int64_t count) const {
    const Int m = first(count);
    _mm256_maskstore_ps(p, m.lo, lo);
    _mm256_maskstore_ps(p + 8, m.hi, hi);
  }
};

using AV = Avx2Vec;
inline AV add(AV a, AV b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline AV sub(AV a, AV b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline AV mul(AV a, AV b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline AV div(AV a, AV b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
inline AV sqrt(AV a) {
  return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)};
}
inline AV abs(AV a) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
inline AV fma(AV a, AV b, AV c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline AV fnma(AV a, AV b, AV c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
inline AV min(AV a, AV b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
inline AV max(AV a, AV b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
inline AV::Mask less(AV a, AV b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
inline AV::Mask equal(AV a, AV b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)};
}
inline AV::Mask greater_equal(AV a, AV b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_GE_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GE_OQ)};
}
inline AV::Mask either(AV::Mask a, AV::Mask b) {
  return {_mm256_or_ps(a.lo, b.lo), _mm256_or_ps(a.hi, b.hi)};
}
inline std::uint32_t set_of(AV::Mask m) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps(m.lo) | _mm256_movemask_ps(m.hi) << 8);
}
inline AV::Mask both(AV::Mask a, AV::Mask b) {
  return {_mm256_and_ps(a.lo, b.lo), _mm256_and_ps(a.hi, b.hi)};
}
inline bool all(AV::Mask m) {
  return _mm256_movemask_ps(_mm256_and_ps(m.lo, m.hi)) == 0xFF;
}
inline AV select(AV::Mask m, AV a, AV b) {
  return {_mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi)};
}
inline AV copy_sign(AV a, AV b) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_or_ps(_mm256_andnot_ps(sign, a.lo), _mm256_and_ps(sign, b.lo)),
          _mm256_or_ps(_mm256_andnot_ps(sign, a.hi), _mm256_and_ps(sign, b.hi))};
}
inline float reduce_add(AV a) {
  const __m256 eight = _mm256_add_ps(a.lo, a.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float reduce_max(AV a) {
  const __m256 eight = _mm256_max_ps(a.lo, a.hi);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/// out[j] lane i = in[i] lane j, for 8 by 8.
inline void transpose8(const __m256 (&in)[8], __m256 (&out)[8]) {
  __m256 four[8];
#pragma GCC unroll 2
  for (int g = 0; g < 8; g += 4) {
    const __m256d low01 = _mm256_castps_pd(_mm256_unpacklo_ps(in[g], in[g + 1]));
    const __m256d high01 = _mm256_castps_pd(_mm256_unpackhi_ps(in[g], in[g + 1]));
    const __m256d low23 = _mm256_castps_pd(_mm256_unpacklo_ps(in[g + 2], in[g + 3]));
    const __m256d high23 = _mm256_castps_pd(_mm256_unpackhi_ps(in[g + 2], in[g + 3]));
    four[g] = _mm256_castpd_ps(_mm256_unpacklo_pd(low01, low23));
    four[g + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low01, low23));
    four[g + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high01, high23));
    four[g + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high01, high23));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    out[c] = _mm256_permute2f128_ps(four[c], four[4 + c], 0x20);
    out[4 + c] = _mm256_permute2f128_ps(four[c], four[4 + c], 0x31);
  }
}

inline void transpose(AV (&v)[16], std::int64_t used) {
  __m256 in[8], first[8], second[8];
  for (int i = 0; i < 8; ++i) in[i] = v[i].lo;
  transpose8(in, first);
  for (int i = 0; i < 8; ++i) in[i] = v[i].hi;
  transpose8(in, second);
  __m256 first_hi[8] = {}, second_hi[8] = {};
  if (used > 8) {
    for (int i = 0; i < 8; ++i) in[i] = v[8 + i].lo;
    transpose8(in, first_hi);
    for (int i = 0; i < 8; ++i) in[i] = v[8 + i].hi;
    transpose8(in, second_hi);
  }
  for (int i = 0; i < 8; ++i) {
    v[i] = {first[i], first_hi[i]};
    v[8 + i] = {second[i], second_hi[i]};
  }
}

inline AV::Int bits(AV a) {
  return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)};
}
inline AV::Int add(AV::Int a, AV::Int b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
inline AV::Int sub(AV::Int a, AV::Int b) {
  return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
}
inline AV to_float(AV::Int a) {
  return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)};
}
inline AV::Int shift_left_23(AV::Int a) {
  return {_mm256_slli_epi32(a.lo, 23), _mm256_slli_epi32(a.hi, 23)};
}
inline AV::Int shift_right_1(AV::Int a) {
  return {_mm256_srai_epi32(a.lo, 1), _mm256_srai_epi32(a.hi, 1)};
}
inline AV::Int shift_right_23(AV::Int a) {
  return {_mm256_srai_epi32(a.lo, 23), _mm256_srai_epi32(a.hi, 23)};
}
inline AV::Int both(AV::Int a, AV::Int b) {
  return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)};
}
inline AV::Int shift_right_16(AV::Int a) {
  return {_mm256_srai_epi32(a.lo, 16), _mm256_srai_epi32(a.hi, 16)};
}
inline AV swap_pairs(AV a) {
  return {_mm256_permute_ps(a.lo, 0xB1), _mm256_permute_ps(a.hi, 0xB1)};
}

}  // namespace
}  // namespace kin::kernels
