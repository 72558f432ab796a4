#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kin {

/// The finalizer of SplitMix64 after one step: a bijection of 64-bit integers. mix64(0) = 0xe220a8397b1dcdaf.
/// User splits are functions of it (docs/guide/evaluation.md), so it never changes.
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// 64-bit FNV-1a of the bytes; stands for a string wherever a key must be a number.
constexpr std::uint64_t fnv1a64(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

/// XXH3 of 128 bits over a stream of bytes; what the checksums of model files are made of.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void update(const void* data, std::size_t bytes);

  /// 32 hexadecimal digits of all bytes so far; the stream may go on.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Checksum of one piece of memory, as 32 hexadecimal digits.
std::string checksum_hex(std::string_view bytes);

}  // namespace kin
