#include "kinspace/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace kin {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, HasTheKnownAnswersOfRandom123) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<std::uint32_t> draws(RandomStream stream, int n) {
  std::vector<std::uint32_t> out;
  for (int i = 0; i < n; ++i) out.push_back(stream.next_u32());
  return out;
}

TEST(RandomStream, IsAFunctionOfItsFourArguments) {
  const auto base = draws({7, Purpose::kInit, 3, 5}, 20);
  EXPECT_EQ(draws({7, Purpose::kInit, 3, 5}, 20), base);
  EXPECT_NE(draws({8, Purpose::kInit, 3, 5}, 20), base);
  EXPECT_NE(draws({7, Purpose::kShuffle, 3, 5}, 20), base);
  EXPECT_NE(draws({7, Purpose::kInit, 4, 5}, 20), base);
  EXPECT_NE(draws({7, Purpose::kInit, 3, 6}, 20), base);
  EXPECT_NE(draws({7, Purpose::kInit, 3, 5 + (std::uint64_t{1} << 32)}, 20), base);
}

TEST(RandomStream, NeighbouringStreamsShareNoRun) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::uint64_t step = 0; step < 10; ++step) {
    for (std::uint64_t index = 0; index < 10; ++index) {
      const auto d = draws({1, Purpose::kPick, step, index}, 8);
      for (std::size_t i = 0; i + 1 < d.size(); ++i) EXPECT_TRUE(seen.insert({d[i], d[i + 1]}).second);
    }
  }
}

// The bits below are promised for ever: a model of today is trained again tomorrow from the same seed.
TEST(RandomStream, NeverChanges) {
  RandomStream stream(42, Purpose::kInit, 1, 2);
  EXPECT_EQ(stream.next_u32(), 2993346699U);
  EXPECT_EQ(stream.below(1000), 293U);
  EXPECT_EQ(stream.uniform(), 0x1.9bbe12p-1F);
  EXPECT_EQ(stream.truncated_normal(), 0x1.53401ap-1F);
}

TEST(Uniform, FillsTheUnitIntervalEvenly) {
  RandomStream stream(1, Purpose::kInit, 0, 0);
  constexpr int kDraws = 100'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const float u = stream.uniform();
    const double d = stream.uniform_double();
    ASSERT_TRUE(u >= 0 && u < 1 && d >= 0 && d < 1);
    ASSERT_EQ(std::ldexp(u, 24), std::floor(std::ldexp(u, 24)));
    sum += u + d;
    squares += double{u} * u + d * d;
  }
  // Five standard errors of 200,000 draws: sd 0.289 of u, 0.298 of u^2.
  EXPECT_NEAR(sum / (2 * kDraws), 0.5, 5 * 0.289 / std::sqrt(2.0 * kDraws));
  EXPECT_NEAR(squares / (2 * kDraws), 1.0 / 3, 5 * 0.298 / std::sqrt(2.0 * kDraws));
}

TEST(Below, IsEvenAndStaysBelow) {
  RandomStream stream(2, Purpose::kInit, 0, 0);
  EXPECT_EQ(stream.below(0), 0U);
  EXPECT_EQ(stream.below(1), 0U);
  constexpr int kDraws = 70'000;
  std::vector<int> counts(7);
  for (int i = 0; i < kDraws; ++i) ++counts.at(stream.below(7));
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 7.0, 5 * std::sqrt(kDraws * (1 / 7.0) * (6 / 7.0)));
  // Just above half of 2^64 every other draw must be rejected; a biased method would favour the lower half.
  const std::uint64_t n = (std::uint64_t{1} << 63) + 1;
  int low = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t x = stream.below(n);
    ASSERT_LT(x, n);
    low += x < n / 2 ? 1 : 0;
  }
  EXPECT_NEAR(low, 5000, 5 * 50);
}

TEST(TruncatedNormal, HasTheMomentsAndTheShapeOfANormalCutAtTwo) {
  RandomStream stream(3, Purpose::kInit, 0, 0);
  constexpr int kDraws = 200'000;
  double sum = 0, squares = 0;
  int within_half = 0, within_one = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.truncated_normal();
    ASSERT_LE(std::fabs(x), 2);
    sum += x;
    squares += x * x;
    within_half += std::fabs(x) < 0.5 ? 1 : 0;
    within_one += std::fabs(x) < 1 ? 1 : 0;
  }
  const double inside = std::erf(2 / std::sqrt(2.0));
  const double error = 5 / std::sqrt(static_cast<double>(kDraws));  // five standard errors of a unit deviation
  EXPECT_NEAR(sum / kDraws, 0, error * 0.88);
  EXPECT_NEAR(std::sqrt(squares / kDraws), 0.8796, error * 0.88);
  EXPECT_NEAR(within_half / double{kDraws}, std::erf(0.5 / std::sqrt(2.0)) / inside, error * 0.5);
  EXPECT_NEAR(within_one / double{kDraws}, std::erf(1 / std::sqrt(2.0)) / inside, error * 0.5);
}

TEST(Permutation, IsABijectionOfEverySize) {
  for (const std::uint64_t n : {1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000, 4096, 4097, 65537}) {
    const Permutation permutation(n, 9, Purpose::kShuffle, 1);
    std::vector<bool> seen(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t image = permutation(i);
      ASSERT_LT(image, n);
      ASSERT_FALSE(seen[image]) << n;
      seen[image] = true;
    }
  }
}

TEST(Permutation, StaysInsideHugeRanges) {
  for (const std::uint64_t n : {(std::uint64_t{1} << 33) + 1, (std::uint64_t{1} << 62) + 1, ~std::uint64_t{0}}) {
    const Permutation permutation(n, 9, Purpose::kShuffle, 1);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const std::uint64_t image = permutation(i * (n / 1000));
      ASSERT_LT(image, n);
      ASSERT_TRUE(seen.insert(image).second);
    }
  }
}

TEST(Permutation, DependsOnSeedPurposeAndStep) {
  const auto order = [](std::uint64_t seed, Purpose purpose, std::uint64_t step) {
    const Permutation permutation(100, seed, purpose, step);
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < 100; ++i) out.push_back(permutation(i));
    return out;
  };
  const auto base = order(1, Purpose::kShuffle, 0);
  EXPECT_EQ(order(1, Purpose::kShuffle, 0), base);
  EXPECT_NE(order(2, Purpose::kShuffle, 0), base);
  EXPECT_NE(order(1, Purpose::kBootstrap, 0), base);
  EXPECT_NE(order(1, Purpose::kShuffle, 1), base);
}

TEST(Permutation, SendsEveryElementEverywhereEqually) {
  // 2,000 permutations of 10 elements: each of the 100 (element, place) pairs is expected 200 times.
  constexpr int kTrials = 2000;
  std::vector<int> counts(100);
  for (int trial = 0; trial < kTrials; ++trial) {
    const Permutation permutation(10, static_cast<std::uint64_t>(trial), Purpose::kShuffle, 0);
    for (std::uint64_t i = 0; i < 10; ++i) ++counts[i * 10 + permutation(i)];
  }
  for (const int count : counts) EXPECT_NEAR(count, kTrials / 10, 5 * std::sqrt(kTrials * 0.1 * 0.9));
}

}  // namespace
}  // namespace kin
