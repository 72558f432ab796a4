#include "kinspace/nn/concat.h"

#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

TEST(Concat, PutsMatricesSideBySide) {
  ThreadPool pool(2);
  Tape tape(pool, 1);
  tape.begin({});
  const Matrix a = testing::random_matrix(1, 130, 3);
  const Matrix b = testing::random_matrix(2, 130, 1);
  const Var parts[] = {tape.constant(a.view()), tape.constant(b.view())};
  const Var out = concat(tape, parts);
  ASSERT_EQ(out.cols(), 4);
  for (std::int64_t r = 0; r < 130; ++r) {
    for (std::int64_t c = 0; c < 3; ++c) EXPECT_EQ(out.value().row(r)[c], a.row(r)[c]);
    EXPECT_EQ(out.value().row(r)[3], b.row(r)[0]);
  }
  EXPECT_FALSE(out.tracked());
}

TEST(Concat, PassesGradientsToItsParts) {
  ThreadPool pool(2);
  ParameterStore store(1, {});
  Parameter& a = testing::random_parameter(store, pool, "a", 7, 3);
  Parameter& b = testing::random_parameter(store, pool, "b", 7, 2);
  const Matrix fixed = testing::random_matrix(4, 7, 2);
  const Matrix upstream = testing::random_matrix(5, 7, 10);
  Parameter* const parameters[] = {&a, &b};
  const GradcheckResult result = gradcheck(pool, parameters, [&](Tape& tape) {
    const Var va = tape.variable(a);
    const Var parts[] = {va, tape.constant(fixed.view()), tape.variable(b), va};
    return testing::weighted_sum(tape, concat(tape, parts), upstream);
  });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

TEST(Concat, WantsGradientsOfTheColumnsBetweenItsFirstAndLastTrackedPart) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& a = testing::random_parameter(store, pool, "a", 7, 3);
  const Matrix fixed = testing::random_matrix(4, 7, 2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var va = tape.variable(a);
  const Var numbers = tape.constant(fixed.view());
  const Var within[] = {numbers, va, numbers, va, numbers};
  const Var joined = concat(tape, within);
  EXPECT_EQ(joined.wanted().begin, 2);
  EXPECT_EQ(joined.wanted().end, 10);
  const Var around[] = {numbers, joined, numbers};
  EXPECT_EQ(concat(tape, around).wanted().begin, 4);
  EXPECT_EQ(concat(tape, around).wanted().end, 12);
  EXPECT_EQ(va.wanted().begin, 0);
  EXPECT_EQ(va.wanted().end, 3);
}

TEST(Concat, RefusesUnlikeRowsAndNothing) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Matrix a(3, 1);
  const Matrix b(2, 1);
  const Var parts[] = {tape.constant(a.view()), tape.constant(b.view())};
  EXPECT_THROW(concat(tape, parts), Error);
  EXPECT_THROW(concat(tape, {}), Error);
}

TEST(AddRow, PassesGradientsToBoth) {
  ThreadPool pool(2);
  ParameterStore store(1, {});
  Parameter& x = testing::random_parameter(store, pool, "x", 70, 3);
  Parameter& row = testing::random_parameter(store, pool, "row", 1, 3);
  const Matrix upstream = testing::random_matrix(5, 70, 3);
  Parameter* const parameters[] = {&x, &row};
  const GradcheckResult result = gradcheck(pool, parameters, [&](Tape& tape) {
    return testing::weighted_sum(tape, add_row(tape, tape.variable(x), tape.variable(row)), upstream);
  });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

}  // namespace
}  // namespace kin
