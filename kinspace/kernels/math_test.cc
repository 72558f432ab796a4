#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/kernels_testing.h"

namespace kin::kernels {
namespace {

using testing::kInf;
using testing::kNaN;
using testing::sweep;
using testing::ulps;

const Table& widest() {
  return table(supported_isas().back());
}

std::vector<float> exp_of(std::vector<float> x) {
  widest().exp(x.data(), x.data(), static_cast<std::int64_t>(x.size()));
  return x;
}

std::vector<float> log_of(std::vector<float> x) {
  widest().log(x.data(), x.data(), static_cast<std::int64_t>(x.size()));
  return x;
}

std::vector<float> activated(Activation f, std::vector<float> x) {
  widest().activate(f, x.data(), x.data(), static_cast<std::int64_t>(x.size()));
  return x;
}

/// The largest error in ulp, and where.
struct Worst {
  double error = 0;
  float at = 0;
};

Worst worst_error(const std::vector<float>& x, const std::vector<float>& y, const std::function<double(double)>& f) {
  Worst worst;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(y[i], f(x[i]));
    if (error > worst.error) worst = {error, x[i]};
  }
  return worst;
}

TEST(Exp, IsWithinTwoUlpFromDenormalsToOverflow) {
  const auto x = sweep(-110.0F, 90.0F, 4099);
  const Worst worst = worst_error(x, exp_of(x), [](double v) { return std::exp(v); });
  EXPECT_LE(worst.error, 2) << "at " << worst.at;
}

TEST(Exp, HandlesTheEdges) {
  const auto y = exp_of({0.0F, -0.0F, kInf, -kInf, kNaN, 88.72283F, 88.72284F, 3.4e38F, -104.0F, -3.4e38F, 0x1p-149F});
  EXPECT_EQ(y[0], 1.0F);
  EXPECT_EQ(y[1], 1.0F);
  EXPECT_EQ(y[2], kInf);
  EXPECT_EQ(y[3], 0.0F);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_LT(y[5], kInf);
  EXPECT_EQ(y[6], kInf);
  EXPECT_EQ(y[7], kInf);
  EXPECT_EQ(y[8], 0.0F);
  EXPECT_EQ(y[9], 0.0F);
  EXPECT_EQ(y[10], 1.0F);
}

TEST(Log, IsWithinTwoUlpOverAllPositiveFloats) {
  for (const auto& x : {sweep(0x1p-149F, std::numeric_limits<float>::max(), 1999), sweep(0.5F, 2.0F, 13)}) {
    const Worst worst = worst_error(x, log_of(x), [](double v) { return std::log(v); });
    EXPECT_LE(worst.error, 2) << "at " << worst.at;
  }
}

TEST(Log1p, IsWithinFourUlp) {
  auto x = sweep(-1.0F, 1.0F, 37);
  const auto large = sweep(1.0F, 1e30F, 1999);
  x.insert(x.end(), large.begin(), large.end());
  std::vector<float> y(x.size());
  widest().log1p(x.data(), y.data(), static_cast<std::int64_t>(x.size()));
  const Worst worst = worst_error(x, y, [](double v) { return std::log1p(v); });
  EXPECT_LE(worst.error, 4) << "at " << worst.at;
}

TEST(LogExpectedCount, IsThatOfDrawsWithReplacement) {
  const auto p = sweep(1e-12F, 1.0F, 199);
  std::vector<float> y(p.size());
  for (const float draws : {1.0F, 7.0F, 1500.0F, 0x1p24F}) {
    widest().log_expected_count(draws, p.data(), y.data(), static_cast<std::int64_t>(p.size()));
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double want = std::log(-std::expm1(double(draws) * std::log1p(-double(p[i]))));
      ASSERT_NEAR(y[i], want, 1e-6 * (1 + std::fabs(want))) << draws << " draws of " << p[i];
    }
  }
  const float none = 0.0F;
  widest().log_expected_count(5.0F, &none, y.data(), 1);
  EXPECT_EQ(y[0], 0.0F);
}

TEST(Log, HandlesTheEdges) {
  const auto y = log_of({1.0F, 0.0F, -0.0F, kInf, -kInf, -1.0F, -0x1p-149F, kNaN});
  EXPECT_EQ(y[0], 0.0F);
  EXPECT_EQ(y[1], -kInf);
  EXPECT_EQ(y[2], -kInf);
  EXPECT_EQ(y[3], kInf);
  for (std::size_t i = 4; i < y.size(); ++i) EXPECT_TRUE(std::isnan(y[i])) << i;
}

TEST(Tanh, IsWithinFourUlpEverywhere) {
  const auto x = sweep(-20.0F, 20.0F, 4099);
  const Worst worst = worst_error(x, activated(Activation::kTanh, x), [](double v) { return std::tanh(v); });
  EXPECT_LE(worst.error, 4) << "at " << worst.at;
}

TEST(Sigmoid, IsWithinFourUlpEverywhere) {
  const auto x = sweep(-103.0F, 40.0F, 4099);
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const Worst worst = worst_error(x, activated(Activation::kSigmoid, x), sigmoid);
  EXPECT_LE(worst.error, 4) << "at " << worst.at;
}

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

TEST(Gelu, AgreesWithItsFormula) {
  const auto x = sweep(-20.0F, 20.0F, 4099);
  const auto y = activated(Activation::kGelu, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    // The argument of the sigmoid carries 5 roundings, and exp turns its relative into absolute error; the result is at
    // most |x|. In double 1 + tanh also loses digits below -5, hence a bound that is relative to x and not to gelu(x).
    // A result that is no normal float may be one step of those off.
    ASSERT_NEAR(y[i], gelu(x[i]), 16.0 * testing::kEpsilon * std::fabs(x[i]) + 0x1p-149) << x[i];
  }
}

constexpr double kSeluScale = 1.0507009873554804934193349852946;
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

double swish(double x) {
  return x / (1 + std::exp(-x));
}

TEST(Elu, IsWithinSevenUlpEverywhere) {
  const auto x = sweep(-30.0F, 30.0F, 4099);
  const auto elu = [](double v) { return v > 0 ? v : std::expm1(v); };
  Worst worst = worst_error(x, activated(Activation::kElu, x), elu);
  EXPECT_LE(worst.error, 7) << "at " << worst.at;
  worst = worst_error(x, activated(Activation::kSelu, x),
                      [&](double v) { return kSeluScale * (v > 0 ? v : kSeluAlpha * elu(v)); });
  EXPECT_LE(worst.error, 8) << "at " << worst.at;
}

TEST(Softplus, IsWithinFourUlpEverywhere) {
  const auto x = sweep(-100.0F, 100.0F, 4099);
  const Worst worst = worst_error(x, activated(Activation::kSoftplus, x), softplus);
  EXPECT_LE(worst.error, 4) << "at " << worst.at;
}

TEST(Swish, IsWithinFiveUlpEverywhere) {
  const auto x = sweep(-80.0F, 40.0F, 4099);
  const Worst worst = worst_error(x, activated(Activation::kSwish, x), swish);
  EXPECT_LE(worst.error, 5) << "at " << worst.at;
}

TEST(LeakyRelu, PassesAFifthBelowZero) {
  const auto y = activated(Activation::kLeakyRelu, {-10.0F, 10.0F, 0.0F});
  EXPECT_EQ(y, (std::vector<float>{-2.0F, 10.0F, 0.0F}));
}

TEST(Activations, HandleTheEdges) {
  const std::vector<float> x = {kInf, -kInf, 3.4e38F, -3.4e38F, 0.0F, kNaN};
  const auto expect = [&](Activation f, std::vector<float> want) {
    const auto y = activated(f, x);
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(y[i], want[i]) << static_cast<int>(f) << " of " << x[i];
    EXPECT_TRUE(std::isnan(y.back())) << static_cast<int>(f);
  };
  expect(Activation::kLinear, {kInf, -kInf, 3.4e38F, -3.4e38F, 0});
  expect(Activation::kRelu, {kInf, 0, 3.4e38F, 0, 0});
  expect(Activation::kTanh, {1, -1, 1, -1, 0});
  expect(Activation::kSigmoid, {1, 0, 1, 0, 0.5F});
  expect(Activation::kGelu, {kInf, 0, 3.4e38F, 0, 0});
  expect(Activation::kElu, {kInf, -1, 3.4e38F, -1, 0});
  expect(Activation::kSelu, {kInf, -1.7580993F, kInf, -1.7580993F, 0});
  expect(Activation::kSoftplus, {kInf, 0, 3.4e38F, 0, 0.693147181F});
  expect(Activation::kSwish, {kInf, 0, 3.4e38F, 0, 0});
  expect(Activation::kLeakyRelu, {kInf, -kInf, 3.4e38F, -0.68e38F, 0});
}

class Slope : public ::testing::TestWithParam<Activation> {};

TEST_P(Slope, AgreesWithCentralDifferences) {
  const auto formula = [f = GetParam()](double x) {
    switch (f) {
      case Activation::kLinear:
        return x;
      case Activation::kRelu:
        return std::max(x, 0.0);
      case Activation::kTanh:
        return std::tanh(x);
      case Activation::kSigmoid:
        return 1 / (1 + std::exp(-x));
      case Activation::kGelu:
        return gelu(x);
      case Activation::kElu:
        return x > 0 ? x : std::expm1(x);
      case Activation::kSelu:
        return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x));
      case Activation::kSoftplus:
        return softplus(x);
      case Activation::kSwish:
        return swish(x);
      case Activation::kLeakyRelu:
        return x > 0 ? x : 0.2 * x;
    }
    return 0.0;
  };
  std::vector<float> x;
  for (int i = -600; i < 600; ++i) x.push_back((static_cast<float>(i) + 0.5F) / 50);
  const auto n = static_cast<std::int64_t>(x.size());
  const auto y = activated(GetParam(), x);
  const std::vector<float> d_out(x.size(), 1.5F);
  std::vector<float> d_in(x.size());
  widest().activate_backward(GetParam(), x.data(), y.data(), d_out.data(), d_in.data(), n);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double h = 1e-5;
    const double want = 1.5 * (formula(x[i] + h) - formula(x[i] - h)) / (2 * h);
    // Differences are good to about 1e-10; the slopes carry some 16 roundings of values no larger than 4.
    EXPECT_NEAR(d_in[i], want, 16 * 4 * testing::kEpsilon) << x[i];
  }
}

TEST_P(Slope, IsFiniteForHugeArguments) {
  const std::vector<float> x = {3.4e38F, -3.4e38F, kInf, -kInf};
  const auto y = activated(GetParam(), x);
  const std::vector<float> d_out(x.size(), 1.0F);
  std::vector<float> d_in(x.size());
  widest().activate_backward(GetParam(), x.data(), y.data(), d_out.data(), d_in.data(), 4);
  const float above = GetParam() == Activation::kSelu ? static_cast<float>(kSeluScale) : 1.0F;
  const float below = GetParam() == Activation::kLinear ? 1.0F : GetParam() == Activation::kLeakyRelu ? 0.2F : 0.0F;
  const std::vector<float> want = {above, below, above, below};
  for (std::size_t i = 0; i < want.size(); ++i) {
    // tanh has no slope on either side.
    EXPECT_TRUE(d_in[i] == want[i] || (d_in[i] == 0 && std::fabs(y[i]) <= 1)) << x[i] << ": " << d_in[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Activations, Slope, ::testing::ValuesIn(testing::kActivations));

TEST(Relu, GivesNoGradientAtZeroAndBelow) {
  const std::vector<float> x = {0.0F, -0.0F, -1.0F, 1.0F};
  const std::vector<float> d_out = {5, 5, kNaN, 5};
  std::vector<float> d_in(4);
  widest().activate_backward(Activation::kRelu, x.data(), x.data(), d_out.data(), d_in.data(), 4);
  EXPECT_EQ(d_in, (std::vector<float>{0, 0, 0, 5}));
}

}  // namespace
}  // namespace kin::kernels
