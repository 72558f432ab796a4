#include "kinspace/base/radix_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kinspace/base/random.h"

namespace kin {
namespace {

struct Bits {
  int low;
  int bits;
};

class RadixSort : public ::testing::TestWithParam<Bits> {};

TEST_P(RadixSort, SortsByTheseBitsAndKeepsTheOrderOfEquals) {
  const auto [low, bits] = GetParam();
  const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  for (const std::size_t n : {0, 1, 2, 31, 32, 33, 1000, 4095, 4096, 10'000}) {
    RandomStream stream(3, Purpose::kPick, n, static_cast<std::uint64_t>(bits));
    std::vector<std::uint64_t> numbers(n);
    for (std::uint64_t& number : numbers) number = stream.next_u64();
    std::vector<std::uint64_t> want = numbers;
    std::stable_sort(want.begin(), want.end(),
                     [=](std::uint64_t a, std::uint64_t b) { return (a >> low & mask) < (b >> low & mask); });
    std::vector<std::uint64_t> room(n + 5, 99);
    const auto sorted = radix_sort(numbers, room, low, bits);
    EXPECT_EQ(std::vector<std::uint64_t>(sorted.begin(), sorted.end()), want) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(SomeBits, RadixSort,
                         ::testing::Values(Bits{0, 0}, Bits{0, 1}, Bits{0, 8}, Bits{0, 64}, Bits{3, 11}, Bits{32, 20},
                                           Bits{32, 32}, Bits{63, 1}));

}  // namespace
}  // namespace kin
