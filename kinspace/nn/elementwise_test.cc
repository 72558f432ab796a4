#include "kinspace/nn/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

/// Worst disagreement with differences of f(x, y), both [70, 9].
GradcheckResult check(FunctionRef<Var(Tape&, Var, Var)> f) {
  ThreadPool pool(2);
  ParameterStore store(5, {});
  Parameter& x = testing::random_parameter(store, pool, "x", 70, 9);
  Parameter& y = testing::random_parameter(store, pool, "y", 70, 9);
  const Matrix upstream = testing::random_matrix(2, 70, 9);
  Parameter* const parameters[] = {&x, &y};
  return gradcheck(pool, parameters, [&](Tape& tape) {
    return testing::weighted_sum(tape, f(tape, tape.variable(x), tape.variable(y)), upstream);
  });
}

TEST(Elementwise, GradientsAgreeWithDifferences) {
  GradcheckResult result = check([](Tape& t, Var x, Var y) { return add(t, x, scale(t, y, -1.5F)); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
  result = check([](Tape& t, Var x, Var y) { return add(t, activate(t, x, kernels::Activation::kTanh), y); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
  result = check([](Tape& t, Var x, Var y) { return add(t, normalize_rows(t, x), normalize_rows(t, y)); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
  result = check([](Tape& t, Var x, Var y) { return add(t, dropout(t, x, 0.4F), dropout(t, y, 0.4F)); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
  result = check([](Tape& t, Var x, Var) { return add(t, x, x); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

TEST(NormalizeRows, MakesLengthOneAndKeepsAZeroRow) {
  ThreadPool pool(1);
  Matrix x = testing::random_matrix(1, 3, 4);
  std::fill_n(x.row(1), 4, 0.0F);
  Tape tape(pool, 1);
  tape.begin({});
  const Var out = normalize_rows(tape, tape.constant(x.view()));
  for (const std::int64_t r : {0, 2}) {
    double squares = 0;
    for (int i = 0; i < 4; ++i) squares += std::pow(double(out.value().row(r)[i]), 2);
    EXPECT_NEAR(squares, 1.0, 1e-6);
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out.value().row(1)[i], 0.0F);
}

TEST(NormalizeRows, ATinyRowIsOnlyScaled) {
  ThreadPool pool(1);
  ParameterStore store(5, {});
  Parameter& x = store.add("x", 1, 2);
  x.row(0)[0] = 3e-9F;
  Matrix upstream(1, 2);
  upstream.values()[0] = 2.0F;
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var v = tape.variable(x);
  const Var out = normalize_rows(tape, v);
  EXPECT_FLOAT_EQ(out.value().data[0], 3e-3F);
  tape.backward(testing::weighted_sum(tape, out, upstream));
  EXPECT_FLOAT_EQ(tape.gradient(v).data[0], 2e6F);
}

TEST(Dropout, KeepsTheMeanAndDropsItsShare) {
  ThreadPool pool(2);
  Matrix x(400, 50);
  std::fill(x.values().begin(), x.values().end(), 1.0F);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var out = dropout(tape, tape.constant(x.view()), 0.3F);
  std::int64_t zeros = 0;
  for (std::int64_t i = 0; i < 20000; ++i) {
    const float value = out.value().data[i];
    zeros += value == 0.0F ? 1 : 0;
    if (value != 0.0F) {
      ASSERT_FLOAT_EQ(value, 1.0F / 0.7F);
    }
  }
  // Four standard deviations of 20000 draws.
  EXPECT_NEAR(double(zeros) / 20000, 0.3, 4 * std::sqrt(0.21 / 20000));
}

TEST(Dropout, IsAFunctionOfSeedStepAndPlaceOnly) {
  const Matrix x = testing::random_matrix(1, 200, 7);
  const auto dropped = [&](int threads, std::uint64_t seed, std::int64_t step, bool second) {
    ThreadPool pool(threads);
    Tape tape(pool, seed);
    tape.begin({.step = step, .training = true});
    const Var first = dropout(tape, tape.constant(x.view()), 0.5F);
    const Var out = second ? dropout(tape, tape.constant(x.view()), 0.5F) : first;
    return std::vector<float>(out.value().data, out.value().data + 1400);
  };
  EXPECT_EQ(dropped(1, 1, 1, false), dropped(3, 1, 1, false));
  EXPECT_NE(dropped(1, 1, 1, false), dropped(1, 2, 1, false));
  EXPECT_NE(dropped(1, 1, 1, false), dropped(1, 1, 2, false));
  EXPECT_NE(dropped(1, 1, 1, false), dropped(1, 1, 1, true));
}

TEST(Dropout, DoesNothingWithoutTrainingOrRate) {
  ThreadPool pool(1);
  const Matrix x = testing::random_matrix(1, 2, 2);
  Tape tape(pool, 1);
  tape.begin({.training = false});
  EXPECT_EQ(dropout(tape, tape.constant(x.view()), 0.5F).value().data, x.view().data);
  tape.begin({.training = true});
  EXPECT_EQ(dropout(tape, tape.constant(x.view()), 0.0F).value().data, x.view().data);
  EXPECT_THROW(dropout(tape, tape.constant(x.view()), 1.0F), Error);
  EXPECT_THROW(dropout(tape, tape.constant(x.view()), -0.1F), Error);
}

TEST(Add, RefusesDifferentShapes) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  EXPECT_THROW(add(tape, tape.constant(tape.zeros(2, 3)), tape.constant(tape.zeros(3, 2))), Error);
}

}  // namespace
}  // namespace kin
