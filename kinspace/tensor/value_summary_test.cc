#include "kinspace/tensor/value_summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

ConstMatrixView row_of(const std::vector<float>& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return {values.data(), 1, n, n};
}

Matrix random_matrix(std::int64_t rows, std::int64_t cols) {
  Matrix m(rows, cols);
  for (std::size_t i = 0; i < m.values().size(); ++i) {
    RandomStream random(1, Purpose::kPick, 0, i);
    m.values()[i] = static_cast<float>(random.next_u32()) / 4294967296.0F - 0.25F;
  }
  return m;
}

TEST(ValueSummary, CountsFallIntoBucketsOfEqualWidthWhoseLastIsClosed) {
  ThreadPool pool(1);
  const ValueSummary s = summarize_values(pool, row_of({0, 1, 2, 3, 4, 4}), 4);
  EXPECT_EQ(s.histogram.edges, (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(s.histogram.counts, (std::vector<double>{1, 1, 1, 3}));
  EXPECT_EQ(s.count, 6);
  EXPECT_EQ(s.zeros, 1);
  EXPECT_EQ(s.min, 0);
  EXPECT_EQ(s.max, 4);
  EXPECT_DOUBLE_EQ(s.mean, 14.0 / 6);
  EXPECT_DOUBLE_EQ(s.norm, std::sqrt(46.0));
}

TEST(ValueSummary, EqualValuesLieInTheLastBucketOfNoWidth) {
  ThreadPool pool(1);
  const ValueSummary s = summarize_values(pool, row_of({-2, -2, -2}), 3);
  EXPECT_EQ(s.histogram.edges, (std::vector<double>{-2, -2, -2, -2}));
  EXPECT_EQ(s.histogram.counts, (std::vector<double>{0, 0, 3}));
  EXPECT_EQ(s.mean, -2);
}

TEST(ValueSummary, OfNothingIsZero) {
  ThreadPool pool(1);
  for (const ConstMatrixView nothing :
       {ConstMatrixView(), ConstMatrixView(nullptr, 5, 0, 0), ConstMatrixView(nullptr, 0, 4, 4)}) {
    const ValueSummary s = summarize_values(pool, nothing, 2);
    EXPECT_EQ(s.count, 0);
    EXPECT_EQ(s.not_finite, 0);
    EXPECT_EQ(s.mean, 0);
    EXPECT_EQ(s.histogram.edges, (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(s.histogram.counts, (std::vector<double>{0, 0}));
  }
}

TEST(ValueSummary, LeavesNaNAndInfinityOut) {
  ThreadPool pool(1);
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const ValueSummary s = summarize_values(pool, row_of({kNan, 1, kInf, -kInf, 3, -0.0F}), 3);
  EXPECT_EQ(s.count, 3);
  EXPECT_EQ(s.not_finite, 3);
  EXPECT_EQ(s.zeros, 1);
  EXPECT_EQ(s.min, 0);
  EXPECT_EQ(s.max, 3);
  EXPECT_EQ(s.histogram.counts, (std::vector<double>{1, 1, 1}));
  const ValueSummary none = summarize_values(pool, row_of({kNan, kInf}), 3);
  EXPECT_EQ(none.count, 0);
  EXPECT_EQ(none.not_finite, 2);
  EXPECT_EQ(none.norm, 0);
}

TEST(ValueSummary, HoldsTheWholeRangeOfFloat32) {
  ThreadPool pool(1);
  constexpr float kMax = std::numeric_limits<float>::max();
  const ValueSummary s = summarize_values(pool, row_of({-kMax, kMax, std::numeric_limits<float>::denorm_min()}), 30);
  EXPECT_EQ(s.histogram.edges.front(), -double{kMax});
  EXPECT_EQ(s.histogram.edges.back(), double{kMax});
  EXPECT_EQ(s.histogram.counts[0] + s.histogram.counts[14] + s.histogram.counts[15] + s.histogram.counts[29], 3);
  const ValueSummary tiny = summarize_values(pool, row_of({0, std::numeric_limits<float>::denorm_min()}), 2);
  EXPECT_EQ(tiny.histogram.counts, (std::vector<double>{1, 1}));
}

TEST(ValueSummary, DoesNotDependOnTheNumberOfThreadsOrTheStride) {
  const Matrix m = random_matrix(7001, 33);
  ThreadPool one(1);
  const ValueSummary want = summarize_values(one, m.view());
  EXPECT_EQ(want.count, 7001 * 33);
  EXPECT_EQ(std::accumulate(want.histogram.counts.begin(), want.histogram.counts.end(), 0.0), 7001 * 33);
  Matrix wide(7001, 40);
  for (std::int64_t r = 0; r < m.rows(); ++r) std::copy_n(m.row(r), 33, wide.row(r));
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (const ConstMatrixView view : {m.view(), ConstMatrixView(wide.row(0), 7001, 33, 40)}) {
      const ValueSummary got = summarize_values(pool, view);
      EXPECT_EQ(got.histogram, want.histogram) << threads;
      EXPECT_EQ(got.mean, want.mean) << threads;
      EXPECT_EQ(got.norm, want.norm) << threads;
    }
  }
}

TEST(ValueSummary, AgreesWithADirectCount) {
  const Matrix m = random_matrix(123, 7);
  ThreadPool pool(2);
  const ValueSummary s = summarize_values(pool, m.view(), 10);
  double sum = 0;
  double squares = 0;
  std::vector<double> counts(10);
  for (const float v : m.values()) {
    sum += double{v};
    squares += double{v} * double{v};
    std::size_t bucket = 0;
    while (bucket < 9 && double{v} >= s.histogram.edges[bucket + 1]) ++bucket;
    ++counts[bucket];
  }
  EXPECT_EQ(s.histogram.counts, counts);
  // 861 additions of numbers below 1, each rounded by at most 2^-53 of a partial sum below 861.
  EXPECT_NEAR(s.mean, sum / 861, 1e-10);
  EXPECT_NEAR(s.norm, std::sqrt(squares), 1e-10);
}

TEST(ValueSummary, RefusesImpossibleNumbersOfBuckets) {
  ThreadPool pool(1);
  EXPECT_THROW(summarize_values(pool, {}, 0), Error);
  EXPECT_THROW(summarize_values(pool, {}, 65537), Error);
}

}  // namespace
}  // namespace kin
