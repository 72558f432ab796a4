#include "kinspace/base/large_vector.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <numeric>

namespace kin {
namespace {

TEST(LargeVector, KeepsItsValuesWhileItGrowsFromSmallToHuge) {
  LargeVector<std::uint32_t> values;
  const std::size_t sizes[] = {1, 1000, kHugePage / 4 - 1, kHugePage / 4, kHugePage / 4 + 1, kHugePage, 3 * kHugePage};
  for (const std::size_t size : sizes) {
    const std::size_t before = values.size();
    values.resize(size);
    std::iota(values.begin() + static_cast<std::ptrdiff_t>(before), values.end(), static_cast<std::uint32_t>(before));
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(values[i], i);
  }
  const LargeVector<std::uint32_t> copy = values;
  EXPECT_EQ(copy, values);
}

TEST(LargeVector, HugeMemoryStartsOnAHugePage) {
  const LargeVector<float> values(kHugePage / sizeof(float) + 1, 2.5F);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % kHugePage, 0U);
  EXPECT_EQ(values.back(), 2.5F);
}

TEST(LargeVector, MoreThanThereIsThrows) {
  LargeAllocator<std::uint64_t> allocator;
  EXPECT_THROW(static_cast<void>(allocator.allocate(std::numeric_limits<std::size_t>::max())),
               std::bad_array_new_length);
  EXPECT_THROW(static_cast<void>(allocator.allocate(std::numeric_limits<std::size_t>::max() / 8)), std::bad_alloc);
}

}  // namespace
}  // namespace kin
