#pragma once

#include <immintrin.h>

#include <cstdint>

namespace kin::kernels {
namespace {

class Avx512Bytes {
 public:
  static Avx512Bytes load(const char* p) noexcept { return Avx512Bytes(_mm512_loadu_si512(p)); }

  std::uint64_t equal(char c) const noexcept { return _mm512_cmpeq_epi8_mask(bytes_, _mm512_set1_epi8(c)); }
  std::uint64_t high() const noexcept { return _mm512_movepi8_mask(bytes_); }

  static void write_places(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) noexcept {
    __m512i places = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(base)),
                                      _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    for (int i = 0; i < 4; ++i) {
      const auto part = static_cast<__mmask16>(bits >> (16 * i));
      _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(part, places));
      out += __builtin_popcount(part);
      places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
    }
  }

  static void eight_digits(const std::uint64_t* words, std::uint64_t* values) noexcept {
    __m512i x = _mm512_and_si512(_mm512_loadu_si512(words), _mm512_set1_epi8(15));
    x = _mm512_maddubs_epi16(x, _mm512_set1_epi16(0x010A));   // 10, 1
    x = _mm512_madd_epi16(x, _mm512_set1_epi32(0x00010064));  // 100, 1
    x = _mm512_add_epi64(_mm512_mul_epu32(x, _mm512_set1_epi64(10000)), _mm512_srli_epi64(x, 32));
    _mm512_storeu_si512(values, x);
  }

 private:
  explicit Avx512Bytes(__m512i bytes) noexcept : bytes_(bytes) {}

  __m512i bytes_;
};

}  // namespace
}  // namespace kin::kernels
