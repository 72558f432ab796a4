#pragma once

#include <bit>
#include <cstdint>

namespace kin::kernels {
namespace {

/// Eight integers of 64 bits, without intrinsics.
class ScalarWords {
 public:
  static ScalarWords load(const std::uint64_t* from) noexcept {
    return make([&](int i) { return from[i]; });
  }
  static ScalarWords all(std::uint64_t value) noexcept {
    return make([&](int) { return value; });
  }
  void store(std::uint64_t* to) const noexcept {
    for (int i = 0; i < kWords; ++i) to[i] = words_[i];
  }

  friend ScalarWords operator+(const ScalarWords& a, const ScalarWords& b) noexcept {
    return make([&](int i) { return a.words_[i] + b.words_[i]; });
  }
  friend ScalarWords operator*(const ScalarWords& a, const ScalarWords& b) noexcept {
    return make([&](int i) { return a.words_[i] * b.words_[i]; });
  }
  friend ScalarWords operator^(const ScalarWords& a, const ScalarWords& b) noexcept {
    return make([&](int i) { return a.words_[i] ^ b.words_[i]; });
  }
  template <int kBits>
  ScalarWords shift_right() const noexcept {
    return make([&](int i) { return words_[i] >> kBits; });
  }
  template <int kBits>
  ScalarWords rotate_right() const noexcept {
    return make([&](int i) { return std::rotr(words_[i], kBits); });
  }

  /// The remainders by `divisor`; reciprocal = floor((2^64 - 1) / divisor).
  ScalarWords remainder(std::uint64_t divisor, std::uint64_t reciprocal) const noexcept {
    return make([&](int i) {
      const std::uint64_t x = words_[i];
      const auto quotient = static_cast<std::uint64_t>((static_cast<unsigned __int128>(x) * reciprocal) >> 64);
      const std::uint64_t rest = x - quotient * divisor;
      return rest - (rest >= divisor ? divisor : 0);
    });
  }

 private:
  static constexpr int kWords = 8;

  template <class Word>
  static ScalarWords make(Word word) noexcept {
    ScalarWords out;
    for (int i = 0; i < kWords; ++i) out.words_[i] = word(i);
    return out;
  }

  std::uint64_t words_[kWords];
};

}  // namespace
}  // namespace kin::kernels
