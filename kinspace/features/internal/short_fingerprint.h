#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "kinspace/features/fingerprint.h"

namespace kin::internal {

static_assert(std::endian::native == std::endian::little);

template <class Word>
std::uint64_t load_word(const char* from) noexcept {
  Word word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

/// fingerprint64() where it is called for every value: strings of 4 to 16 bytes, which most keys are, without a call.
inline std::uint64_t short_fingerprint(std::string_view s) noexcept {
  constexpr std::uint64_t kFactor = 0x9ae16a3b2f90404fULL;
  const std::size_t n = s.size();
  if (n < 4 || n > 16) return fingerprint64(s);
  const std::uint64_t m = kFactor + 2 * n;
  const auto mix = [m](std::uint64_t u, std::uint64_t v) {
    std::uint64_t a = (u ^ v) * m;
    a ^= a >> 47;
    std::uint64_t b = (v ^ a) * m;
    b ^= b >> 47;
    return b * m;
  };
  if (n < 8) return mix(n + (load_word<std::uint32_t>(s.data()) << 3), load_word<std::uint32_t>(s.data() + n - 4));
  const std::uint64_t a = load_word<std::uint64_t>(s.data()) + kFactor;
  const std::uint64_t b = load_word<std::uint64_t>(s.data() + n - 8);
  return mix(std::rotr(b, 37) * m + a, (std::rotr(a, 25) + b) * m);
}

}  // namespace kin::internal
