#include "kinspace/nn/dense.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kinspace/base/error.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using kernels::Activation;

class DenseActivations : public ::testing::TestWithParam<Activation> {};

double reference(Activation f, double x) {
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
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kElu:
      return x > 0 ? x : std::expm1(x);
    case Activation::kSelu:
      return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543773 * std::expm1(x));
    case Activation::kSoftplus:
      return std::log1p(std::exp(x));
    case Activation::kSwish:
      return x / (1 + std::exp(-x));
    case Activation::kLeakyRelu:
      return x > 0 ? x : 0.2 * x;
  }
  return 0;
}

TEST_P(DenseActivations, AgreesWithADoubleReference) {
  ThreadPool pool(2);
  ParameterStore store(5, {});
  Parameter& kernel = testing::random_parameter(store, pool, "kernel", 7, 19, 0.5F);
  Parameter& bias = testing::random_parameter(store, pool, "bias", 1, 19, 0.5F);
  const Matrix x = testing::random_matrix(1, 130, 7);
  Tape tape(pool, 1);
  tape.begin({});
  const Var out = dense(tape, tape.constant(x.view()), tape.variable(kernel), tape.variable(bias), GetParam());
  // The tanh form of gelu differs from the exact one by up to 5e-4.
  const double tolerance = GetParam() == Activation::kGelu ? 1e-3 : 1e-5;
  for (std::int64_t b = 0; b < 130; ++b) {
    for (std::int64_t o = 0; o < 19; ++o) {
      double sum = bias.row(0)[o];
      for (std::int64_t i = 0; i < 7; ++i) sum += double(x.row(b)[i]) * double(kernel.row(i)[o]);
      ASSERT_NEAR(out.value().row(b)[o], reference(GetParam(), sum), tolerance);
    }
  }
}

TEST_P(DenseActivations, GradientsAgreeWithDifferences) {
  ThreadPool pool(2);
  ParameterStore store(5, {});
  Parameter& x = testing::random_parameter(store, pool, "x", 6, 7);
  Parameter& kernel = testing::random_parameter(store, pool, "kernel", 7, 5, 0.5F);
  Parameter& bias = testing::random_parameter(store, pool, "bias", 1, 5, 0.5F);
  const Matrix upstream = testing::random_matrix(2, 6, 5);
  Parameter* const parameters[] = {&x, &kernel, &bias};
  const bool relu = GetParam() == Activation::kRelu;
  // Close to the kink of relu differences say nothing: smaller steps meet it rarely, and a linear function allows them.
  const GradcheckResult result = gradcheck(
      pool, parameters,
      [&](Tape& tape) {
        return testing::weighted_sum(
            tape, dense(tape, tape.variable(x), tape.variable(kernel), tape.variable(bias), GetParam()), upstream);
      },
      {.step = relu ? 2e-3 : 2e-2});
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

INSTANTIATE_TEST_SUITE_P(All, DenseActivations,
                         ::testing::Values(Activation::kLinear, Activation::kRelu, Activation::kTanh,
                                           Activation::kSigmoid, Activation::kGelu, Activation::kElu, Activation::kSelu,
                                           Activation::kSoftplus, Activation::kSwish, Activation::kLeakyRelu));

TEST(Dense, WorksWithoutBiasAndWithoutExamples) {
  ThreadPool pool(1);
  ParameterStore store(5, {});
  Parameter& kernel = testing::random_parameter(store, pool, "kernel", 2, 3);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var none = dense(tape, tape.constant(tape.matrix(0, 2)), tape.variable(kernel), Var(), Activation::kRelu);
  EXPECT_EQ(none.rows(), 0);
  const Matrix x = testing::random_matrix(1, 1, 2);
  const Var one = dense(tape, tape.constant(x.view()), tape.variable(kernel), Var(), Activation::kLinear);
  EXPECT_NEAR(one.value().data[2], double(x.row(0)[0]) * kernel.row(0)[2] + double(x.row(0)[1]) * kernel.row(1)[2],
              1e-6);
}

TEST(Dense, ComputesOnlyTheGradientsThatAreWanted) {
  ThreadPool pool(2);
  ParameterStore store(5, {});
  Parameter& all = testing::random_parameter(store, pool, "all", 30, 50);
  Parameter& kernel = testing::random_parameter(store, pool, "kernel", 50, 40);
  const Matrix upstream = testing::random_matrix(2, 30, 40);
  Tape tape(pool, 1);
  const auto gradient = [&](Var x) {
    tape.backward(
        testing::weighted_sum(tape, dense(tape, x, tape.variable(kernel), Var(), Activation::kRelu), upstream));
    return tape.gradient(x);
  };
  tape.begin({.training = true});
  const MatrixView full = gradient(tape.variable(all));
  Matrix want(30, 50);
  for (std::int64_t b = 0; b < 30; ++b) std::copy_n(full.row(b) + 3, 20, want.row(b) + 3);

  tape.begin({.training = true});
  const MatrixView part = gradient(tape.result(all.weights(), ColumnRange{3, 23}));
  for (std::int64_t b = 0; b < 30; ++b) {
    EXPECT_EQ(std::memcmp(part.row(b), want.row(b), 50 * sizeof(float)), 0) << b;
  }
}

TEST(Dense, NamesTheShapeThatDoesNotFit) {
  ThreadPool pool(1);
  ParameterStore store(5, {});
  Parameter& kernel = testing::random_parameter(store, pool, "kernel", 2, 3);
  Parameter& bias = testing::random_parameter(store, pool, "bias", 1, 2);
  Tape tape(pool, 1);
  tape.begin({});
  const Var x = tape.constant(tape.zeros(4, 2));
  const Var wide = tape.constant(tape.zeros(4, 5));
  EXPECT_THROW(dense(tape, x, tape.variable(kernel), tape.variable(bias), Activation::kLinear), Error);
  try {
    dense(tape, wide, tape.variable(kernel), Var(), Activation::kLinear);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
    EXPECT_NE(e.message().find("kernel is [2, 3] and has to be [5, 3]"), std::string::npos) << e.message();
  }
}

}  // namespace
}  // namespace kin
