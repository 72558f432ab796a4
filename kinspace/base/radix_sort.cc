#include "kinspace/base/radix_sort.h"

#include <array>
#include <cstddef>
#include <utility>

namespace kin {
namespace {

constexpr std::size_t kFew = 32;
constexpr std::size_t kMany = 4096;
constexpr int kNumberBits = 64;

template <class Key>
void insertion_sort(std::span<std::uint64_t> numbers, Key key) {
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const std::uint64_t number = numbers[i];
    std::size_t at = i;
    for (; at > 0 && key(numbers[at - 1]) > key(number); --at) numbers[at] = numbers[at - 1];
    numbers[at] = number;
  }
}

/// Fewer numbers are worth smaller digits: each has to be counted.
template <int kDigitBits>
std::span<std::uint64_t> sort_by_digits(std::span<std::uint64_t> from, std::span<std::uint64_t> to, int low, int bits) {
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  for (int done = 0; done < bits; done += kDigitBits) {
    const std::size_t digits = bits - done < kDigitBits ? std::size_t{1} << (bits - done) : kDigits;
    const int shift = low + done;
    std::array<std::uint32_t, kDigits> place{};
    for (const std::uint64_t number : from) ++place[(number >> shift) & (digits - 1)];
    std::uint32_t before = 0;
    for (std::size_t d = 0; d < digits; ++d) before += std::exchange(place[d], before);
    for (const std::uint64_t number : from) to[place[(number >> shift) & (digits - 1)]++] = number;
    std::swap(from, to);
  }
  return from;
}

}  // namespace

std::span<std::uint64_t> radix_sort(std::span<std::uint64_t> numbers, std::span<std::uint64_t> room, int low,
                                    int bits) {
  if (bits <= 0) return numbers;
  if (numbers.size() <= kFew) {
    insertion_sort(numbers, [=](std::uint64_t number) { return number >> low << (kNumberBits - bits); });
    return numbers;
  }
  room = room.first(numbers.size());
  return numbers.size() < kMany ? sort_by_digits<8>(numbers, room, low, bits)
                                : sort_by_digits<11>(numbers, room, low, bits);
}

}  // namespace kin
