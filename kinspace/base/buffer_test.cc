#include "kinspace/base/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kinspace/base/error.h"

namespace kin {
namespace {

constexpr std::size_t kHuge = std::size_t{2} << 20;

TEST(Buffer, IsZeroedAndStartsOnACacheLine) {
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, kHuge - 1, kHuge, kHuge + 1}) {
    Buffer<std::uint8_t> buffer(bytes);
    ASSERT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U) << bytes;
    EXPECT_TRUE(std::all_of(buffer.span().begin(), buffer.span().end(), [](std::uint8_t b) { return b == 0; }));
    buffer[0] = 1;
    buffer[bytes - 1] = 2;
  }
}

TEST(Buffer, OfNothingHasNoMemory) {
  const Buffer<float> none;
  const Buffer<float> zero(0);
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(zero.data(), nullptr);
  EXPECT_TRUE(zero.span().empty());
}

TEST(Buffer, MovesItsMemory) {
  for (const std::size_t size : {std::size_t{10}, kHuge}) {
    Buffer<float> from(size);
    from[3] = 7;
    const float* memory = from.data();
    Buffer<float> to(std::move(from));
    EXPECT_EQ(to.data(), memory);
    EXPECT_EQ(to[3], 7);
    EXPECT_EQ(from.size(), 0U);  // NOLINT(bugprone-use-after-move): what is left is promised to be empty
    Buffer<float> assigned(5);
    assigned = std::move(to);
    EXPECT_EQ(assigned.data(), memory);
    EXPECT_EQ(assigned.size(), size);
  }
}

TEST(Buffer, SaysHowMuchMemoryIsNotToBeHad) {
  for (const std::size_t size :
       {std::numeric_limits<std::size_t>::max() / 8, std::numeric_limits<std::size_t>::max()}) {
    try {
      Buffer<double> buffer(size);
      ADD_FAILURE() << size;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kResourceLimit);
      EXPECT_NE(e.message().find("PiB"), std::string::npos) << e.message();
    }
  }
}

}  // namespace
}  // namespace kin
