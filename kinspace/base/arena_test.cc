#include "kinspace/base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace kin {
namespace {

TEST(Arena, PiecesStartOnCacheLinesAndDoNotOverlap) {
  Arena arena;
  std::vector<std::span<unsigned char>> pieces;
  for (std::size_t n : {0, 1, 63, 64, 65, 1000, 3000000, 5}) {
    pieces.push_back(arena.array<unsigned char>(n));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pieces.back().data()) % 64, 0U);
    std::memset(pieces.back().data(), static_cast<int>(pieces.size()), n);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    for (const unsigned char byte : pieces[i]) ASSERT_EQ(byte, i + 1);
  }
}

TEST(Arena, ARepeatedStepUsesTheSameBlockAgain) {
  Arena arena;
  const auto step = [&] {
    for (int i = 0; i < 40; ++i) arena.array<float>(100000);
  };
  step();
  const std::size_t used = arena.used();
  arena.reset();
  EXPECT_EQ(arena.used(), 0U);
  const std::size_t capacity = arena.capacity();
  EXPECT_GE(capacity, used);
  float* first = arena.array<float>(1).data();
  arena.reset();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(arena.array<float>(1).data(), first);
    arena.reset();
    step();
    arena.reset();
    EXPECT_EQ(arena.capacity(), capacity);
  }
}

TEST(Arena, CreatesObjectsInPlace) {
  struct Point {
    int x;
    double y;
  };
  Arena arena;
  const Point* point = arena.create<Point>(3, 0.5);
  EXPECT_EQ(point->x, 3);
  EXPECT_EQ(point->y, 0.5);
}

}  // namespace
}  // namespace kin
