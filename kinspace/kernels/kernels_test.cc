#include "kinspace/kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kinspace/kernels/kernels_testing.h"

// That every instruction set has the bits of the scalar one is shown by isa_test.cc; here the values are compared with
// double arithmetic, on the widest set.
namespace kin::kernels {
namespace {

using testing::kAwkwardLengths;
using testing::kEpsilon;
using testing::kInf;
using testing::kNaN;
using testing::uniform_values;

const Table& widest() {
  return table(supported_isas().back());
}

TEST(Dot, AgreesWithDoubleReference) {
  for (const std::int64_t n : kAwkwardLengths) {
    const auto a = uniform_values(n, 1, -1, 1);
    const auto b = uniform_values(n, 2, -1, 1);
    double want = 0;
    double scale = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      want += double{a[i]} * b[i];
      scale += std::fabs(double{a[i]} * b[i]);
    }
    // n / 16 + 4 rounding steps, each at most half an ulp of a partial sum no larger than `scale`.
    const double tolerance = (static_cast<double>(n) / 16 + 5) * scale * kEpsilon / 2;
    EXPECT_NEAR(widest().dot(a.data(), b.data(), n), want, tolerance) << n;
  }
}

TEST(Sum, AgreesWithDoubleReference) {
  for (const std::int64_t n : kAwkwardLengths) {
    const auto a = uniform_values(n, 1, -1, 1);
    double want = 0;
    double scale = 0;
    for (const float x : a) {
      want += x;
      scale += std::fabs(x);
    }
    EXPECT_NEAR(widest().sum(a.data(), n), want, (static_cast<double>(n) / 16 + 5) * scale * kEpsilon / 2) << n;
  }
}

TEST(SquaredDistance, AgreesWithDoubleReference) {
  for (const std::int64_t n : kAwkwardLengths) {
    const auto a = uniform_values(n, 1, -1, 1);
    const auto b = uniform_values(n, 2, -1, 1);
    double want = 0;
    for (std::size_t i = 0; i < a.size(); ++i) want += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    // As for a dot product, and the difference is rounded before it is squared: two half ulps more.
    EXPECT_NEAR(widest().squared_distance(a.data(), b.data(), n), want,
                (static_cast<double>(n) / 16 + 7) * want * kEpsilon / 2)
        << n;
  }
}

TEST(Max, SkipsNaNAndIsMinusInfinityForNothing) {
  EXPECT_EQ(widest().max(nullptr, 0), -kInf);
  for (const std::int64_t n : kAwkwardLengths) {
    if (n == 0) continue;
    auto a = uniform_values(n, 1, -9, -1);  // all below zero, so that a wrong padding would win
    const auto last = static_cast<std::size_t>(n - 1);
    a[last] = -0.5F;
    EXPECT_EQ(widest().max(a.data(), n), -0.5F) << n;
    a[last] = kNaN;
    const float without = n == 1 ? -kInf : *std::max_element(a.begin(), a.end() - 1);
    EXPECT_EQ(widest().max(a.data(), n), without) << n;
    a[last] = kInf;
    EXPECT_EQ(widest().max(a.data(), n), kInf) << n;
  }
}

TEST(AtLeast, FindsThePlacesInOrderAndNoNaN) {
  for (const std::int64_t n : kAwkwardLengths) {
    auto a = uniform_values(n, 1, -1, 1);
    for (std::size_t i = 0; i < a.size(); i += 7) a[i] = i % 2 == 0 ? kNaN : 0.5F;
    for (const float least : {-kInf, -0.9F, 0.5F, 0.999F, 2.0F}) {
      std::vector<std::uint32_t> want;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] >= least) want.push_back(static_cast<std::uint32_t>(i));
      }
      for (const Isa isa : supported_isas()) {
        std::vector<std::uint32_t> places(a.size());
        places.resize(static_cast<std::size_t>(table(isa).at_least(least, a.data(), n, places.data())));
        EXPECT_EQ(places, want) << n << " from " << least;
      }
    }
  }
}

TEST(AllFinite, SeesOneBadValueAnywhere) {
  for (const std::int64_t n : kAwkwardLengths) {
    auto a = uniform_values(n, 1, -1e38F, 1e38F);
    if (n > 0) a.back() = -std::numeric_limits<float>::max();
    EXPECT_TRUE(widest().all_finite(a.data(), n)) << n;
    for (const float bad : {kNaN, -kNaN, kInf, -kInf}) {
      for (float& x : a) {
        const float good = x;
        x = bad;
        EXPECT_FALSE(widest().all_finite(a.data(), n)) << n << " with " << bad;
        x = good;
      }
    }
  }
}

TEST(Elementwise, RoundsOncePerElement) {
  for (const std::int64_t n : kAwkwardLengths) {
    const auto x = uniform_values(n, 1, -3, 3);
    const auto y = uniform_values(n, 2, -3, 3);
    auto axpy = y;
    widest().axpy(0.7F, x.data(), axpy.data(), n);
    auto scaled = y;
    widest().scale(0.7F, x.data(), scaled.data(), n);
    auto added = y;
    widest().add(x.data(), added.data(), n);
    auto multiplied = y;
    widest().multiply(x.data(), multiplied.data(), n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(axpy[i], std::fma(0.7F, x[i], y[i]));
      EXPECT_EQ(scaled[i], 0.7F * x[i]);
      EXPECT_EQ(added[i], y[i] + x[i]);
      EXPECT_EQ(multiplied[i], y[i] * x[i]);
    }
  }
}

TEST(ExpShiftSum, ReplacesValuesAndReturnsTheirSum) {
  for (const std::int64_t n : kAwkwardLengths) {
    const auto x = uniform_values(n, 1, -6, 6);
    auto values = x;
    const float total = widest().exp_shift_sum(6.5F, values.data(), n);
    double want = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double e = std::exp(double{x[i] - 6.5F});
      want += e;
      EXPECT_LE(testing::ulps(values[i], e), 2) << x[i];
    }
    // Two ulp of each exponential (an ulp is at most epsilon), then the roundings of a sum.
    EXPECT_NEAR(total, want, (2 + (static_cast<double>(n) / 16 + 5) / 2) * want * kEpsilon) << n;
  }
}

TEST(ExpShiftSum, EndsInZerosAndKeepsNaN) {
  std::vector<float> values = {1.0F, -85.9F, -86.1F, -testing::kInf, -3e38F};
  EXPECT_GE(widest().exp_shift_sum(1.0F, values.data(), 5), 1.0F);
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_GT(values[1], 0.0F);
  EXPECT_EQ(values[2], 0.0F);
  EXPECT_EQ(values[3], 0.0F);
  EXPECT_EQ(values[4], 0.0F);
  values = {0.0F, testing::kNaN};
  EXPECT_TRUE(std::isnan(widest().exp_shift_sum(0.0F, values.data(), 2)));
  EXPECT_TRUE(std::isnan(values[1]));
}

struct Slots {
  std::vector<float> g, w, m, v;
  explicit Slots(std::int64_t n)
      : g(uniform_values(n, 1, -2, 2)),
        w(uniform_values(n, 2, -2, 2)),
        m(uniform_values(n, 3, -1, 1)),
        v(uniform_values(n, 4, 0.1F, 2)) {}
};

// Each reference below is the formula in double. The kernels need at most 8 roundings on the way from values no larger
// than 4, each half an ulp.
constexpr double kUpdateTolerance = 8 * 4 * 0.5 * 1.2e-7;

TEST(Sgd, SubtractsRateTimesGradient) {
  for (const std::int64_t n : kAwkwardLengths) {
    Slots s(n);
    const auto w = s.w;
    widest().sgd(0.1F, s.g.data(), s.w.data(), n);
    for (std::size_t i = 0; i < w.size(); ++i) EXPECT_EQ(s.w[i], std::fma(-0.1F, s.g[i], w[i]));
  }
}

TEST(Momentum, FollowsTensorFlow) {
  for (const bool nesterov : {false, true}) {
    for (const std::int64_t n : kAwkwardLengths) {
      Slots s(n);
      const Slots old(n);
      widest().momentum({0.9F, 1.0F, -0.1F, nesterov}, s.g.data(), s.w.data(), s.m.data(), n);
      for (std::size_t i = 0; i < s.w.size(); ++i) {
        const double m = 0.9 * old.m[i] + s.g[i];
        EXPECT_NEAR(s.m[i], m, kUpdateTolerance);
        EXPECT_NEAR(s.w[i], nesterov ? old.w[i] - (s.g[i] * 0.1 + m * 0.9 * 0.1) : old.w[i] - 0.1 * m,
                    kUpdateTolerance);
      }
    }
  }
}

TEST(Adagrad, FollowsTensorFlow) {
  for (const std::int64_t n : kAwkwardLengths) {
    Slots s(n);
    const Slots old(n);
    widest().adagrad(0.5F, 1e-3F, s.g.data(), s.w.data(), s.v.data(), n);
    for (std::size_t i = 0; i < s.w.size(); ++i) {
      const double v = old.v[i] + double{s.g[i]} * s.g[i];
      EXPECT_NEAR(s.v[i], v, 2 * kUpdateTolerance);
      EXPECT_NEAR(s.w[i], old.w[i] - 0.5 * s.g[i] / (std::sqrt(v) + 1e-3), kUpdateTolerance);
    }
  }
}

TEST(Adam, FollowsTensorFlow) {
  const AdamStep step{.rate = 0.02F, .beta1 = 0.9F, .beta2 = 0.99F, .epsilon = 1e-3F};
  for (const std::int64_t n : kAwkwardLengths) {
    Slots s(n);
    const Slots old(n);
    widest().adam(step, s.g.data(), s.w.data(), s.m.data(), s.v.data(), n);
    for (std::size_t i = 0; i < s.w.size(); ++i) {
      const double m = 0.9 * old.m[i] + 0.1 * s.g[i];
      const double v = 0.99 * old.v[i] + 0.01 * s.g[i] * s.g[i];
      EXPECT_NEAR(s.m[i], m, kUpdateTolerance);
      EXPECT_NEAR(s.v[i], v, kUpdateTolerance);
      EXPECT_NEAR(s.w[i], old.w[i] - 0.02 * m / (std::sqrt(v) + 1e-3), kUpdateTolerance);
    }
  }
}

TEST(Momentum, MayKeepTheRateInTheSlot) {
  for (const bool nesterov : {false, true}) {
    Slots s(33);
    const Slots old(33);
    widest().momentum({0.9F, -0.1F, 1.0F, nesterov}, s.g.data(), s.w.data(), s.m.data(), 33);
    for (std::size_t i = 0; i < s.w.size(); ++i) {
      const double m = 0.9 * old.m[i] - 0.1 * s.g[i];
      EXPECT_NEAR(s.m[i], m, kUpdateTolerance);
      EXPECT_NEAR(s.w[i], old.w[i] + (nesterov ? 0.9 * m - 0.1 * s.g[i] : m), kUpdateTolerance);
    }
  }
}

TEST(Ftrl, RaisesToAnyPower) {
  for (const float power : {0.0F, 0.05F, 0.3F, 0.5F, 0.7F, 1.0F, 1.5F}) {
    for (const std::int64_t n : kAwkwardLengths) {
      Slots s(n);
      const Slots old(n);
      widest().ftrl({0.5F, power, 0.2F, 0.3F, 0.1F}, s.g.data(), s.w.data(), s.v.data(), s.m.data(), n);
      for (std::size_t i = 0; i < s.w.size(); ++i) {
        const double v = old.v[i] + double{s.g[i]} * s.g[i];
        const double root = std::pow(v, double{power});
        const double sigma = (root - std::pow(double{old.v[i]}, double{power})) / 0.5;
        const double z = old.m[i] + s.g[i] + 0.1 * old.w[i] - sigma * old.w[i];
        const double clipped = std::clamp(z, -0.2, 0.2);
        // Powers reach 15 and are divided by 1/2.
        const double tolerance = 8 * kUpdateTolerance;
        EXPECT_NEAR(s.v[i], v, tolerance);
        EXPECT_NEAR(s.m[i], z, tolerance * (1 + std::abs(z)));
        EXPECT_NEAR(s.w[i], (clipped - z) / (root / 0.5 + 0.3), tolerance) << power;
      }
    }
  }
}

TEST(Ftrl, PowersAreRoundedOnce) {
  // With a gradient of 0, weight 1, rate 1 and no regularisation the new weight is -z / n^power: z = -1.
  for (const float power : {0.1F, 0.3F, 0.7F, 0.9F, 1.7F}) {
    const auto n = testing::sweep(1e-20F, 1e20F, 1000003);
    const std::vector<float> g(n.size(), 0.0F);
    std::vector<float> w(n.size(), 1.0F);
    std::vector<float> z(n.size(), -1.0F);
    std::vector<float> v = n;
    widest().ftrl({1.0F, power, 0.0F, 0.0F, 0.0F}, g.data(), w.data(), v.data(), z.data(),
                  static_cast<std::int64_t>(n.size()));
    for (std::size_t i = 0; i < n.size(); ++i) {
      EXPECT_LE(testing::ulps(w[i], std::pow(double{n[i]}, -double{power})), 1.5) << n[i] << " ^ " << power;
    }
  }
}

TEST(RmsProp, ARoundedVarianceBelowZeroIsZero) {
  // The mean's square is a little above the mean of squares, as rounding may leave it.
  float w = 1.0F;
  const float g = 1.001F;
  float squares = 1.0F;
  float mean = 1.001F;
  widest().rmsprop({0.1F, 0.9F, 0.0F, 1e-3F, false}, &g, &w, &squares, nullptr, &mean, 1);
  EXPECT_NEAR(squares, 1.0002, 1e-6);
  EXPECT_NEAR(w, 1.0 - 0.1 * 1.001 / 1e-3, 1e-3);
}

}  // namespace
}  // namespace kin::kernels
