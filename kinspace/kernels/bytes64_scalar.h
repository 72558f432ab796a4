#pragma once

#include <cstdint>
#include <cstring>

namespace kin::kernels {
namespace {

/// 64 bytes of text; each set has bit i for byte i.
class ScalarBytes {
 public:
  static ScalarBytes load(const char* p) noexcept {
    ScalarBytes bytes;
    std::memcpy(bytes.words_, p, sizeof bytes.words_);
    return bytes;
  }

  std::uint64_t equal(char c) const noexcept {
    const std::uint64_t same = kOnes * static_cast<unsigned char>(c);
    std::uint64_t set = 0;
    for (int i = 0; i < 8; ++i) set |= pack(zeros(words_[i] ^ same)) << (8 * i);
    return set;
  }

  std::uint64_t high() const noexcept {
    std::uint64_t set = 0;
    for (int i = 0; i < 8; ++i) set |= pack(words_[i] & kHigh) << (8 * i);
    return set;
  }

  /// Writes base + i for each bit i that is set, and something into the rest of 64 places.
  static void write_places(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) noexcept {
    while (bits != 0) {
      for (int i = 0; i < 8; ++i) {
        *out++ = base + static_cast<std::uint32_t>(__builtin_ctzll(bits | std::uint64_t{1} << 63));
        bits &= bits - 1;
      }
    }
  }

  /// The values of eight digits in each of eight words; the first digit is in the lowest byte.
  static void eight_digits(const std::uint64_t* words, std::uint64_t* values) noexcept {
    for (int i = 0; i < 8; ++i) {
      std::uint64_t x = words[i] & 0x0F0F0F0F0F0F0F0FULL;
      x = (x * 10 + (x >> 8)) & 0x00FF00FF00FF00FFULL;
      x = (x * 100 + (x >> 16)) & 0x0000FFFF0000FFFFULL;
      values[i] = (x * 10000 + (x >> 32)) & 0xFFFFFFFFULL;
    }
  }

 private:
  static constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  static constexpr std::uint64_t kHigh = 0x8080808080808080ULL;

  // The high bit of every byte that is zero, exactly.
  static std::uint64_t zeros(std::uint64_t word) noexcept { return ~(((word & ~kHigh) + ~kHigh) | word | ~kHigh); }

  // The high bits of the eight bytes, side by side.
  static std::uint64_t pack(std::uint64_t high_bits) noexcept {
    return ((high_bits >> 7) * 0x0102040810204080ULL) >> 56;
  }

  std::uint64_t words_[8];
};

}  // namespace
}  // namespace kin::kernels
