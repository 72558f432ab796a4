#include "kinspace/nn/tape.h"

#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

TEST(Tape, AddsUpGradientsThatReachAValueByTwoWays) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& p = testing::random_parameter(store, pool, "p", 3, 4);
  const Matrix weights = testing::random_matrix(1, 3, 4);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var x = tape.variable(p);
  tape.backward(testing::weighted_sum(tape, add(tape, scale(tape, x, 3.0F), x), weights));
  const Matrix gradient = total_gradient(tape, p);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_FLOAT_EQ(gradient.values()[i], 4.0F * weights.values()[i]);
}

TEST(Tape, OneParameterIsOneVariableInAStep) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& p = testing::random_parameter(store, pool, "p", 2, 2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  tape.gradient_target(tape.variable(p)).matrix.data[0] = 5.0F;
  EXPECT_FALSE(tape.gradient_target(tape.variable(p)).fresh);
  tape.begin({.training = true});
  EXPECT_TRUE(tape.gradient_target(tape.variable(p)).fresh);
}

TEST(Tape, RecordsNothingWithoutTraining) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& p = testing::random_parameter(store, pool, "p", 2, 2);
  const Matrix weights = testing::random_matrix(1, 2, 2);
  Tape tape(pool, 1);
  tape.begin({.training = false});
  const Var loss = testing::weighted_sum(tape, tape.variable(p), weights);
  EXPECT_FALSE(loss.tracked());
  EXPECT_THROW(tape.backward(loss), Error);
}

TEST(Tape, RefusesALossThatIsNoNumber) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& p = testing::random_parameter(store, pool, "p", 2, 2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  EXPECT_THROW(tape.backward(tape.variable(p)), Error);
}

TEST(Tape, AConstantGetsNoGradient) {
  ThreadPool pool(1);
  const Matrix weights = testing::random_matrix(1, 2, 2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  EXPECT_FALSE(scale(tape, tape.constant(weights.view()), 2.0F).tracked());
}

TEST(Tape, RepeatedStepsTakeNoMoreMemory) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& p = testing::random_parameter(store, pool, "p", 300, 400);
  const Matrix weights = testing::random_matrix(1, 300, 400);
  Tape tape(pool, 1);
  std::size_t settled = 0;
  for (std::int64_t step = 0; step < 6; ++step) {
    tape.begin({.step = step, .training = true});
    tape.backward(testing::weighted_sum(tape, scale(tape, tape.variable(p), 2.0F), weights));
    apply_gradients(tape, store, {.step = step + 1});
    if (step == 2) settled = tape.arena().capacity();
  }
  EXPECT_EQ(tape.arena().capacity(), settled);
}

}  // namespace
}  // namespace kin
