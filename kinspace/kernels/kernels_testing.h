#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/kernels/kernels.h"

/// Values and comparisons that the tests of the kernels share.
namespace kin::kernels::testing {

inline constexpr std::int64_t kAwkwardLengths[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 1000};
inline constexpr Activation kActivations[] = {
    Activation::kLinear, Activation::kRelu, Activation::kTanh,     Activation::kSigmoid, Activation::kGelu,
    Activation::kElu,    Activation::kSelu, Activation::kSoftplus, Activation::kSwish,   Activation::kLeakyRelu};
inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kEpsilon = std::numeric_limits<float>::epsilon();

/// Uniform in [low, high).
inline std::vector<float> uniform_values(std::int64_t n, std::uint64_t seed, float low, float high) {
  RandomStream stream(seed, Purpose::kInit, 0, 0);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& v : values) v = low + (high - low) * stream.uniform();
  return values;
}

/// Everything that is not usual among usual values: NaN, infinities, both zeros, denormals, the largest and smallest.
inline std::vector<float> special_values(std::int64_t n, std::uint64_t seed) {
  const float specials[] = {0.0F,    -0.0F,  kInf,     -kInf,     kNaN,       0x1p-149F,  -0x1p-149F, 0x1.8p-130F,
                            1e-38F,  3e38F,  -3.4e38F, 0x1p-126F, -0x1p-126F, 88.722839F, 88.7229F,   -87.4F,
                            -103.9F, -104.F, 1.0F,     -1.0F,     0.625F,     -0.625F,    13.0F,      -13.0F};
  RandomStream stream(seed, Purpose::kInit, 1, 0);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& v : values) {
    v = stream.below(2) == 0 ? specials[stream.below(std::size(specials))] : 20.0F * stream.uniform() - 10.0F;
  }
  return values;
}

/// Equal to the bit; all NaN count as one, since the operand that hands on its payload is the compiler's choice.
inline bool same_bits(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// Distance of `got` from `want` in units of the last place of a float near `want`.
inline double ulps(float got, double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : kInf;
  const auto rounded = static_cast<float>(want);
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : kInf;
  int exponent = -126;
  if (std::fabs(want) >= 0x1p-126) exponent = std::ilogb(want);
  return std::fabs(got - want) / std::ldexp(1.0, exponent - 23);
}

/// Every float from `low` to `high` whose bits are a multiple of `step` apart.
inline std::vector<float> sweep(float low, float high, std::uint32_t step) {
  // Bits mapped so that they rise with the value.
  const auto order = [](float x) {
    const auto bits = static_cast<std::int64_t>(__builtin_bit_cast(std::uint32_t, std::fabs(x)));
    return std::signbit(x) ? -bits : bits;
  };
  std::vector<float> values;
  for (std::int64_t i = order(low); i <= order(high); i += step) {
    const float magnitude = __builtin_bit_cast(float, static_cast<std::uint32_t>(i < 0 ? -i : i));
    values.push_back(i < 0 ? -magnitude : magnitude);
  }
  return values;
}

/// `n` floats at an odd address between two guards that must not change.
class Guarded {
 public:
  explicit Guarded(const std::vector<float>& values) : memory_(values.size() + 2 * kGuard, kCanary), n_(values.size()) {
    std::copy(values.begin(), values.end(), memory_.begin() + kGuard);
  }

  float* data() { return memory_.data() + kGuard; }
  std::size_t size() const { return n_; }
  bool intact() const {
    for (std::size_t i = 0; i < kGuard; ++i) {
      if (memory_[i] != kCanary || memory_[kGuard + n_ + i] != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuard = 17;
  static constexpr float kCanary = -12345.5F;
  std::vector<float> memory_;
  std::size_t n_;
};

}  // namespace kin::kernels::testing
