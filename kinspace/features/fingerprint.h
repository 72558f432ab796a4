#pragma once

#include <cstdint>
#include <string_view>

// The hashes that give ids to strings and to crosses. Models and TensorFlow's ids depend on their bits.

namespace kin {

/// FarmHash's Fingerprint64 of the bytes: TensorFlow's hash of a string.
std::uint64_t fingerprint64(std::string_view bytes) noexcept;

/// That of an integer written in decimal.
std::uint64_t fingerprint64(std::int64_t integer) noexcept;

/// FingerprintCat64: TensorFlow's hash of the sequence a, b.
constexpr std::uint64_t concatenate(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t kFactor = 0xc6a4a7935bd1e995ULL;
  constexpr auto shift = [](std::uint64_t x) { return x ^ (x >> 47); };
  const std::uint64_t r = ((a ^ kFactor) ^ shift(b * kFactor) * kFactor) * kFactor;
  return shift(shift(r) * kFactor);
}

struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// SipHash-2-4 (Aumasson and Bernstein, 2012) of 64 bits: ids that nobody without the key can make collide.
std::uint64_t siphash64(SipKey key, std::string_view bytes) noexcept;

/// That of an integer written in decimal.
std::uint64_t siphash64(SipKey key, std::int64_t integer) noexcept;

/// Remainders of one divisor, by a multiplication.
class Modulus {
 public:
  explicit Modulus(std::uint64_t divisor) noexcept : divisor_(divisor), reciprocal_(~std::uint64_t{0} / divisor) {}

  std::uint64_t divisor() const noexcept { return divisor_; }
  std::uint64_t reciprocal() const noexcept { return reciprocal_; }  ///< (2^64 - 1) / divisor, rounded down

  /// x mod divisor. The reciprocal is at most 1 too small, so the quotient is too.
  std::uint64_t of(std::uint64_t x) const noexcept {
    const auto quotient = static_cast<std::uint64_t>((static_cast<unsigned __int128>(x) * reciprocal_) >> 64);
    const std::uint64_t rest = x - quotient * divisor_;
    return rest - (rest >= divisor_ ? divisor_ : 0);
  }

 private:
  std::uint64_t divisor_;
  std::uint64_t reciprocal_;
};

}  // namespace kin
