#pragma once

#include <cstddef>

namespace kin {

/// Asks for the cache lines of `bytes` bytes from `data` on, as far as the second cache. It never faults, and changes
/// nothing but time.
///
/// The empty statement is what keeps it: GCC takes a function that only prefetches for one without any effect, and
/// drops the calls.
inline void prefetch(const void* data, std::size_t bytes) noexcept {
  constexpr std::size_t kLine = 64;
  const auto* at = static_cast<const std::byte*>(data);
  for (std::size_t i = 0; i < bytes; i += kLine) {
    __builtin_prefetch(at + i, 0, 2);
    asm volatile("");
  }
}

}  // namespace kin
