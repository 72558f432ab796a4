#pragma once

#include <immintrin.h>

#include <cstdint>

namespace kin::kernels {
namespace {

class Avx2Bytes {
 public:
  static Avx2Bytes load(const char* p) noexcept {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
  }

  std::uint64_t equal(char c) const noexcept {
    const __m256i same = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(low_, same), _mm256_cmpeq_epi8(high_, same));
  }

  std::uint64_t high() const noexcept { return join(low_, high_); }

  /// Writes base + i for each bit i that is set, and something into the rest of 64 places.
  static void write_places(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) noexcept {
    while (bits != 0) {
      for (int i = 0; i < 8; ++i) {
        *out++ = base + static_cast<std::uint32_t>(__builtin_ctzll(bits | std::uint64_t{1} << 63));
        bits &= bits - 1;
      }
    }
  }

  static void eight_digits(const std::uint64_t* words, std::uint64_t* values) noexcept {
    for (int i = 0; i < 8; i += 4) {
      __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words + i));
      x = _mm256_and_si256(x, _mm256_set1_epi8(15));
      x = _mm256_maddubs_epi16(x, _mm256_set1_epi16(0x010A));   // 10, 1
      x = _mm256_madd_epi16(x, _mm256_set1_epi32(0x00010064));  // 100, 1
      x = _mm256_add_epi64(_mm256_mul_epu32(x, _mm256_set1_epi64x(10000)), _mm256_srli_epi64(x, 32));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(values + i), x);
    }
  }

 private:
  Avx2Bytes(__m256i low, __m256i high) noexcept : low_(low), high_(high) {}

  static std::uint64_t join(__m256i low, __m256i high) noexcept {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
           static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
  }

  __m256i low_;
  __m256i high_;
};

}  // namespace
}  // namespace kin::kernels
