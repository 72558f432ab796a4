#include "kinspace/base/random.h"

#include "kinspace/base/hash.h"

namespace kin {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t index) noexcept {
  const std::uint64_t key = mix64(seed ^ mix64(step ^ 0x5bf03635d0d7ca1dULL));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  counter_ = {0, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
              static_cast<std::uint32_t>(purpose)};
}

std::uint32_t RandomStream::next_u32() noexcept {
  if (used_ == 4) {
    block_ = philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

std::uint64_t RandomStream::next_u64() noexcept {
  const std::uint64_t low = next_u32();
  return low | (std::uint64_t{next_u32()} << 32);
}

float RandomStream::uniform() noexcept {
  return static_cast<float>(next_u32() >> 8) * 0x1p-24f;
}

double RandomStream::uniform_double() noexcept {
  return static_cast<double>(next_u64() >> 11) * 0x1p-53;
}

std::uint64_t RandomStream::below(std::uint64_t n) noexcept {
  if (n == 0) return 0;
  using Wide = unsigned __int128;
  Wide product = Wide{next_u64()} * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t threshold = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < threshold) product = Wide{next_u64()} * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

float RandomStream::truncated_normal() noexcept {
  // Rejection from the uniform distribution on [-2, 2), six tries in ten succeed. The density exp(-x^2 / 2) is
  // (exp(-y))^16 with y = x^2 / 32 <= 1/8, where the first terms of the series suffice: no function of the C library,
  // whose last bit may depend on the processor.
  for (;;) {
    const double x = 4.0 * uniform_double() - 2.0;
    const double y = x * x / 32.0;
    double density = 1.0 - y / 8.0;
    for (int term = 7; term >= 1; --term) density = 1.0 - y / term * density;
    for (int square = 0; square < 4; ++square) density *= density;
    if (uniform_double() < density) return static_cast<float>(x);
  }
}

Permutation::Permutation(std::uint64_t n, std::uint64_t seed, Purpose purpose, std::uint64_t step) noexcept
    : n_(n), half_bits_(1) {
  while (half_bits_ < 32 && (std::uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
  RandomStream stream(seed, purpose, step, ~std::uint64_t{0});
  for (std::uint32_t& key : round_keys_) key = stream.next_u32();
}

std::uint64_t Permutation::operator()(std::uint64_t i) const noexcept {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t x = i;
  do {
    std::uint64_t left = x >> half_bits_;
    std::uint64_t right = x & mask;
    for (const std::uint32_t key : round_keys_) {
      // The multiply-xorshift of murmur3's finalizer mixes a 32-bit half well enough for a shuffle.
      auto f = static_cast<std::uint32_t>(right) ^ key;
      f *= 0x85ebca6bU;
      f ^= f >> 13;
      f *= 0xc2b2ae35U;
      f ^= f >> 16;
      const std::uint64_t next = left ^ (f & mask);
      left = right;
      right = next;
    }
    x = (left << half_bits_) | right;
  } while (x >= n_);
  return x;
}

}  // namespace kin
