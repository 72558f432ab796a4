#pragma once

#include <cstdint>
#include <span>

namespace kin {

/// Sorts numbers by `bits` bits from bit `low` on; what is equal there keeps its order.
///
/// Result   lies in `numbers` or in `room`, which is as large and holds anything; the other one is used up.
/// Cost     two passes for each digit of 8 bits (11 from 4,096 numbers on); up to 32 numbers are compared instead.
/// Source   least significant digit first, Knuth, TAOCP 3, 5.2.5.
std::span<std::uint64_t> radix_sort(std::span<std::uint64_t> numbers, std::span<std::uint64_t> room, int low, int bits);

}  // namespace kin
