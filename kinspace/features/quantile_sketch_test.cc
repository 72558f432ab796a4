#include "kinspace/features/quantile_sketch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kN = 1'000'000;
const std::vector<double> kShares = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

TEST(QuantilesOf, AreNumbersThatOccur) {
  const WeightedNumbers numbers = {{-1, 1}, {2, 2}, {10, 1}};
  EXPECT_THAT(quantiles_of(numbers, {0, 0.25, 0.26, 0.5, 0.75, 0.76, 1}), ElementsAre(-1, -1, 2, 2, 2, 10, 10));
}

TEST(QuantileSketch, IsExactWhileItHoldsEverything) {
  QuantileSketch sketch;
  for (int i = 1000; i > 0; --i) sketch.add(i);
  const auto numbers = sketch.numbers();
  ASSERT_EQ(numbers.size(), 1000U);
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], (std::pair<double, std::int64_t>(i + 1, 1)));
}

/// Largest difference between the rank of a quantile and what was asked for.
double worst(const std::function<double(std::int64_t)>& number, std::int64_t n) {
  QuantileSketch sketch;
  std::vector<double> all;
  for (std::int64_t i = 0; i < n; ++i) {
    sketch.add(number(i));
    all.push_back(number(i));
  }
  std::sort(all.begin(), all.end());
  const auto found = quantiles_of(sketch.numbers(), kShares);
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto below = std::lower_bound(all.begin(), all.end(), found[i]) - all.begin();
    const auto up_to = std::upper_bound(all.begin(), all.end(), found[i]) - all.begin();
    const double wanted = kShares[i] * static_cast<double>(n);
    worst = std::max({worst, (static_cast<double>(below) - wanted) / static_cast<double>(n),
                      (wanted - static_cast<double>(up_to)) / static_cast<double>(n)});
  }
  return worst;
}

TEST(QuantileSketch, RanksAreRightInEveryOrder) {
  EXPECT_LT(worst([](std::int64_t i) { return static_cast<double>(i); }, kN), 0.002);
  EXPECT_LT(worst([](std::int64_t i) { return static_cast<double>(-i); }, kN), 0.002);
  EXPECT_LT(worst([](std::int64_t i) { return static_cast<double>(mix64(static_cast<std::uint64_t>(i)) % 1000); }, kN),
            0.002);
  EXPECT_LT(worst([](std::int64_t i) { return std::exp(static_cast<double>(i % 997) / 50); }, kN), 0.002);
}

TEST(QuantileSketch, CountsStandForRepetition) {
  QuantileSketch sketch;
  for (int i = 0; i < 20000; ++i) sketch.add(i, i < 10000 ? 1 : 9);  // nine tenths lie above
  EXPECT_EQ(sketch.count(), 100'000);
  EXPECT_NEAR(quantiles_of(sketch.numbers(), {0.55})[0], 15000, 100);  // 0.9 ranks of 9 for each
  std::int64_t weights = 0;
  for (const auto& [number, count] : sketch.numbers()) weights += count;
  EXPECT_NEAR(static_cast<double>(weights), 100'000, 100);
}

TEST(QuantileSketch, HeavyNumbersDoNotMakeItCoarse) {
  QuantileSketch sketch;
  WeightedNumbers all;
  for (std::int64_t rank = 1; rank <= 300'000; ++rank) {  // as when exact counts of a skewed column are given up
    all.emplace_back(static_cast<double>(mix64(static_cast<std::uint64_t>(rank)) % 1'000'000), 1 + 1'000'000 / rank);
  }
  for (const auto& [number, count] : all) sketch.add(number, count);
  std::sort(all.begin(), all.end());
  const auto found = quantiles_of(sketch.numbers(), kShares);
  for (std::size_t i = 0; i < found.size(); ++i) {
    double below = 0;
    double up_to = 0;
    for (const auto& [number, count] : all) {
      if (number < found[i]) below += static_cast<double>(count);
      if (number <= found[i]) up_to += static_cast<double>(count);
    }
    const double wanted = kShares[i] * static_cast<double>(sketch.count());
    EXPECT_LE(below - wanted, 0.002 * static_cast<double>(sketch.count())) << kShares[i];
    EXPECT_LE(wanted - up_to, 0.002 * static_cast<double>(sketch.count())) << kShares[i];
  }
}

TEST(QuantileSketch, KeepsLittle) {
  QuantileSketch sketch;
  for (std::int64_t i = 0; i < 10 * kN; ++i) sketch.add(static_cast<double>(i % 100'003));
  EXPECT_LT(sketch.numbers().size(), 15'000U);
}

TEST(QuantileSketch, GivesEvenQuantiles) {
  QuantileSketch sketch;
  for (int i = 0; i < 1001; ++i) sketch.add(static_cast<double>((i * 5) % 1001));
  const std::vector<double> got = sketch.quantiles(10);
  for (std::size_t i = 0; i <= 10; ++i) EXPECT_EQ(got[i], 100.0 * static_cast<double>(i));
}

TEST(QuantileSketch, AWideOneIsClose) {
  constexpr std::size_t kWidth = std::size_t{1} << 18;
  QuantileSketch sketch(kWidth);
  constexpr std::uint64_t kCount = 3000000;
  for (std::uint64_t i = 0; i < kCount; ++i) sketch.add(static_cast<double>(mix64(i) >> 11) * 0x1.0p-53);
  const double chance = 5 / std::sqrt(static_cast<double>(kCount));  // of what was drawn
  const std::vector<double> got = sketch.quantiles(100);
  for (std::size_t i = 0; i <= 100; ++i) EXPECT_NEAR(got[i], static_cast<double>(i) / 100, 8.0 / kWidth + chance);
}

}  // namespace
}  // namespace kin
