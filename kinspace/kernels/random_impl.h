#pragma once

#include <cstdint>

#include "kinspace/kernels/kernels.h"

/// Random numbers of base/random.h, many at a time. Plain loops over sixteen lanes that the compiler turns into
/// vectors; nothing in them depends on how.
namespace kin::kernels {
namespace {

inline constexpr int kTries = 16;

struct PhiloxBlocks {
  std::uint32_t words[4][kTries];
};

/// philox4x32() of counters whose first words follow each other.
inline PhiloxBlocks philox_blocks(const RandomKey& random, std::uint32_t first) {
  PhiloxBlocks c;
  for (int i = 0; i < kTries; ++i) {
    c.words[0][i] = first + static_cast<std::uint32_t>(i);
    c.words[1][i] = random.counter[1];
    c.words[2][i] = random.counter[2];
    c.words[3][i] = random.counter[3];
  }
  std::uint32_t key0 = random.key[0];
  std::uint32_t key1 = random.key[1];
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kTries; ++i) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c.words[0][i];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c.words[2][i];
      c.words[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ c.words[1][i] ^ key0;
      c.words[1][i] = static_cast<std::uint32_t>(p1);
      c.words[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ c.words[3][i] ^ key1;
      c.words[3][i] = static_cast<std::uint32_t>(p0);
    }
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return c;
}

/// RandomStream::uniform_double() of 64 bits, whose upper 53 are converted in two exact halves.
inline double uniform_of(std::uint32_t low, std::uint32_t high) {
  const auto upper = static_cast<std::int32_t>(high >> 5);
  const auto lower = static_cast<std::int32_t>((high << 21 | low >> 11) & 0x3FFFFFF);
  return (double(upper) * 0x1p26 + double(lower)) * 0x1p-53;
}

/// A try of RandomStream::truncated_normal() takes the four words of one block.
inline void truncated_normals(const RandomKey& random, float scale, float* out, std::int64_t n) noexcept {
  std::uint32_t first = random.counter[0];
  for (std::int64_t found = 0; found < n; first += kTries) {
    const PhiloxBlocks c = philox_blocks(random, first);
    double x[kTries];
    double density[kTries];
    double level[kTries];
    for (int i = 0; i < kTries; ++i) {
      x[i] = 4.0 * uniform_of(c.words[0][i], c.words[1][i]) - 2.0;
      level[i] = uniform_of(c.words[2][i], c.words[3][i]);
      const double y = x[i] * x[i] / 32.0;
      double d = 1.0 - y / 8.0;
      d = 1.0 - y / 7.0 * d;
      d = 1.0 - y / 6.0 * d;
      d = 1.0 - y / 5.0 * d;
      d = 1.0 - y / 4.0 * d;
      d = 1.0 - y / 3.0 * d;
      d = 1.0 - y / 2.0 * d;
      d = 1.0 - y / 1.0 * d;
      d *= d;
      d *= d;
      d *= d;
      density[i] = d * d;
    }
    for (int i = 0; i < kTries && found < n; ++i) {
      out[found] = scale * static_cast<float>(x[i]);
      found += level[i] < density[i] ? 1 : 0;
    }
  }
}

}  // namespace
}  // namespace kin::kernels
