#pragma once

#include <array>
#include <cstdint>

namespace kin {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 128 random bits as a pure
/// function of a counter and a key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept;

/// What random numbers are drawn for. Streams of two purposes never share a number.
enum class Purpose : std::uint32_t {
  kInit = 1,
  kShuffle = 2,
  kPick = 3,
  kNegatives = 4,
  kDropout = 5,
  kBootstrap = 6,
  kRounding = 7
};

/// A sequence of random numbers that is a function of (seed, purpose, step, index) alone: the order of calls elsewhere,
/// the number of threads and a restart do not change it.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t index) noexcept;

  std::uint32_t next_u32() noexcept;
  std::uint64_t next_u64() noexcept;

  /// Uniform in [0, 1), a multiple of 2^-24.
  float uniform() noexcept;

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform_double() noexcept;

  /// Uniform in [0, n), without bias (Lemire, arXiv:1805.10941); 0 when n is 0.
  std::uint64_t below(std::uint64_t n) noexcept;

  /// Normal with mean 0 and standard deviation 1, redrawn while it lies beyond 2 (so its standard deviation is
  /// 0.8796): the distribution of TensorFlow's truncated normal.
  float truncated_normal() noexcept;

  /// The key of the stream and the counter of its next block of four words, for those who draw many at a time.
  const std::array<std::uint32_t, 2>& key() const noexcept { return key_; }
  const std::array<std::uint32_t, 4>& counter() const noexcept { return counter_; }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

/// A permutation of [0, n) that needs no memory: a Feistel network over the next power of four, walked until it lands
/// inside (Black & Rogaway, "Ciphers with arbitrary finite domains", 2002).
class Permutation {
 public:
  Permutation(std::uint64_t n, std::uint64_t seed, Purpose purpose, std::uint64_t step) noexcept;

  /// Image of i; i must be below n.
  std::uint64_t operator()(std::uint64_t i) const noexcept;

 private:
  std::uint64_t n_;
  int half_bits_;
  std::array<std::uint32_t, 8> round_keys_{};
};

}  // namespace kin
