#pragma once

#include <immintrin.h>

#include <cstdint>

namespace kin::kernels {
namespace {

/// ScalarWords in one register.
class Avx512Words {
 public:
  static Avx512Words load(const std::uint64_t* from) noexcept { return Avx512Words(_mm512_loadu_si512(from)); }
  static Avx512Words all(std::uint64_t value) noexcept {
    return Avx512Words(_mm512_set1_epi64(static_cast<long long>(value)));
  }
  void store(std::uint64_t* to) const noexcept { _mm512_storeu_si512(to, words_); }

  friend Avx512Words operator+(Avx512Words a, Avx512Words b) noexcept {
    return Avx512Words(_mm512_add_epi64(a.words_, b.words_));
  }
  friend Avx512Words operator*(Avx512Words a, Avx512Words b) noexcept {
    return Avx512Words(_mm512_mullo_epi64(a.words_, b.words_));
  }
  friend Avx512Words operator^(Avx512Words a, Avx512Words b) noexcept {
    return Avx512Words(_mm512_xor_si512(a.words_, b.words_));
  }
  template <int kBits>
  Avx512Words shift_right() const noexcept {
    return Avx512Words(_mm512_srli_epi64(words_, kBits));
  }
  template <int kBits>
  Avx512Words rotate_right() const noexcept {
    return Avx512Words(_mm512_ror_epi64(words_, kBits));
  }

  Avx512Words remainder(std::uint64_t divisor, std::uint64_t reciprocal) const noexcept {
    const __m512i d = all(divisor).words_;
    const __m512i rest = _mm512_sub_epi64(words_, _mm512_mullo_epi64(high_product(words_, all(reciprocal).words_), d));
    return Avx512Words(_mm512_mask_sub_epi64(rest, _mm512_cmpge_epu64_mask(rest, d), rest, d));
  }

 private:
  explicit Avx512Words(__m512i words) noexcept : words_(words) {}

  /// The upper halves of the products, by four products of halves.
  static __m512i high_product(__m512i a, __m512i b) noexcept {
    const __m512i low_half = _mm512_set1_epi64(0xFFFFFFFF);
    const __m512i a_high = _mm512_srli_epi64(a, 32);
    const __m512i b_high = _mm512_srli_epi64(b, 32);
    const __m512i carried = _mm512_srli_epi64(_mm512_mul_epu32(a, b), 32);
    const __m512i first = _mm512_add_epi64(_mm512_mul_epu32(a_high, b), carried);
    const __m512i second = _mm512_add_epi64(_mm512_mul_epu32(a, b_high), _mm512_and_si512(first, low_half));
    const __m512i high = _mm512_add_epi64(_mm512_mul_epu32(a_high, b_high), _mm512_srli_epi64(first, 32));
    return _mm512_add_epi64(high, _mm512_srli_epi64(second, 32));
  }

  __m512i words_;
};

}  // namespace
}  // namespace kin::kernels
