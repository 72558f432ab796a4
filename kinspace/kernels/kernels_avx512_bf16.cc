#include <immintrin.h>

#include <cstdint>

#include "kinspace/kernels/gemm_impl.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/vec16_avx512.h"

namespace kin::kernels {
namespace {

/// Slots of a pair of bf16, the first in the lower half.
struct Pairs {
  static constexpr std::int64_t kTerms = 2;

  static std::int64_t slots(std::int64_t depth) { return (depth + 1) / 2; }

  static ZV along(const float* from, std::int64_t terms) {
    const ZV first = load_up_to<ZV>(from, terms);
    const ZV second = terms > 16 ? load_up_to<ZV>(from + 16, terms - 16) : ZV::set(0.0F);
    return {_mm512_castsi512_ps(reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second.v, first.v)))};
  }

  static ZV across(const float* from, std::int64_t k_stride, std::int64_t slot, std::int64_t depth,
                   std::int64_t lines) {
    const std::int64_t k = 2 * slot;
    const ZV first = load_up_to<ZV>(from + k * k_stride, lines);
    const ZV second = k + 1 < depth ? load_up_to<ZV>(from + (k + 1) * k_stride, lines) : ZV::set(0.0F);
    const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second.v, first.v));
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i first_and_second =
        _mm512_or_si512(lane, _mm512_slli_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(16)), 16));
    return {_mm512_castsi512_ps(_mm512_permutexvar_epi16(first_and_second, halves))};
  }
};

struct PairProduct {
  static ZV add(ZV a, ZV b, ZV sum) {
    return {_mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v))};
  }
};

}  // namespace

const Table& internal::avx512_bf16_table() noexcept {
  static const Table table = [] {
    Table t = avx512_table();
    t.isa = Isa::kAvx512Bf16;
    t.gemm_bf16_terms = Pairs::kTerms;
    t.gemm_pack_bf16 = gemm_pack<ZV, Pairs>;
    t.gemm_tile_bf16 = gemm_tile<ZV, PairProduct>;
    return t;
  }();
  return table;
}

}  // namespace kin::kernels
