#include "kinspace/metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

std::vector<double> random_values(std::size_t n, std::uint64_t seed) {
  RandomStream random(seed, Purpose::kInit, 0, 0);
  std::vector<double> values(n);
  for (double& v : values) v = random.uniform_double();
  return values;
}

std::vector<double> side_by_side(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> both;
  for (std::size_t i = 0; i < a.size(); ++i) both.insert(both.end(), {a[i], b[i]});
  return both;
}

TEST(StandardError, IsTheSampleDeviationOverTheRootOfN) {
  const std::vector<double> values = {1, 2, 3, 6};
  EXPECT_DOUBLE_EQ(mean(values), 3.0);
  EXPECT_DOUBLE_EQ(standard_error(values), std::sqrt(14.0 / 3 / 4));
  EXPECT_EQ(standard_error(std::vector<double>{5.0}), 0.0);
  EXPECT_EQ(mean({}), 0.0);
}

TEST(BootstrapMeans, LieAboutTwoStandardErrorsAroundTheMean) {
  ThreadPool pool(2);
  const std::vector<double> values = random_values(300, 5);
  const Interval interval = bootstrap_means(pool, values, 1, {}).front();
  const double half = 1.96 * standard_error(values);
  // The ends are quantiles of 10,000 draws: their own error is about 2 % of half the interval.
  EXPECT_NEAR(interval.low, mean(values) - half, 0.1 * half);
  EXPECT_NEAR(interval.high, mean(values) + half, 0.1 * half);
}

TEST(BootstrapMeans, OfAColumnDoNotDependOnTheOtherColumnsOrTheThreads) {
  const std::vector<double> a = random_values(57, 1);
  const std::vector<double> b = random_values(57, 2);
  ThreadPool one(1);
  const Interval alone = bootstrap_means(one, b, 1, {.draws = 1000}).front();
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    const std::vector<Interval> both = bootstrap_means(pool, side_by_side(a, b), 2, {.draws = 1000});
    EXPECT_EQ(both[1].low, alone.low) << threads;
    EXPECT_EQ(both[1].high, alone.high) << threads;
  }
}

TEST(BootstrapMeans, FollowTheSeed) {
  ThreadPool pool(1);
  const std::vector<double> values = random_values(40, 3);
  const double first = bootstrap_means(pool, values, 1, {.draws = 200, .seed = 1}).front().low;
  EXPECT_EQ(bootstrap_means(pool, values, 1, {.draws = 200, .seed = 1}).front().low, first);
  EXPECT_NE(bootstrap_means(pool, values, 1, {.draws = 200, .seed = 2}).front().low, first);
}

TEST(BootstrapMeans, OfConstantOrNoValuesHaveNoWidth) {
  ThreadPool pool(1);
  const Interval constant = bootstrap_means(pool, std::vector<double>(9, 0.25), 1, {.draws = 100}).front();
  EXPECT_EQ(constant.low, 0.25);
  EXPECT_EQ(constant.high, 0.25);
  const std::vector<Interval> none = bootstrap_means(pool, {}, 3, {});
  ASSERT_EQ(none.size(), 3U);
  EXPECT_EQ(none[2].high, 0.0);
}

TEST(BootstrapMeans, OfVeryManyUsersAreThoseOfTheNormalDistribution) {
  ThreadPool pool(1);
  const std::vector<double> values = random_values(static_cast<std::size_t>(kBootstrapUsers) + 1, 4);
  const Interval interval = bootstrap_means(pool, values, 1, {}).front();
  EXPECT_NEAR(interval.high - mean(values), 1.9599639845 * standard_error(values), 1e-9);
  EXPECT_NEAR(mean(values) - interval.low, 1.9599639845 * standard_error(values), 1e-9);
}

TEST(BootstrapMeans, RefuseImpossibleOptions) {
  ThreadPool pool(1);
  const std::vector<double> values = {1, 2};
  for (const BootstrapOptions& options : {BootstrapOptions{.draws = 0}, BootstrapOptions{.confidence = 0.0},
                                          BootstrapOptions{.confidence = 1.0}, BootstrapOptions{.confidence = NAN}}) {
    try {
      bootstrap_means(pool, values, 1, options);
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(e.message().find("bootstrap: "), std::string::npos);
    }
  }
}

TEST(PairedDifferenceOfUsers, SeesASmallGainThatTwoIntervalsWouldHide) {
  ThreadPool pool(2);
  const std::vector<double> worse = random_values(200, 6);
  std::vector<double> better = worse;
  for (std::size_t u = 0; u < better.size(); ++u) better[u] += u % 2 == 0 ? 0.01 : 0.0;
  const PairedDifference paired = paired_difference(pool, better, worse, {.draws = 2000});
  EXPECT_NEAR(paired.difference, 0.005, 1e-12);
  EXPECT_GT(paired.interval.low, 0.0);
  const std::vector<Interval> apart = bootstrap_means(pool, side_by_side(better, worse), 2, {.draws = 2000});
  EXPECT_LT(apart[0].low, apart[1].high);
}

}  // namespace
}  // namespace kin
