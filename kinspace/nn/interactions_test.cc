#include "kinspace/nn/interactions.h"

#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/layers.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

TEST(FactorizationMachine, IsTheSumOverAllPairs) {
  ThreadPool pool(2);
  for (const std::int64_t fields : {1, 2, 7}) {
    for (const std::int64_t width : {1, 17}) {
      const Matrix x = testing::random_matrix(1, 70, fields * width);
      Tape tape(pool, 1);
      tape.begin({});
      const Var v = tape.constant(x.view());
      const Var products = field_products(tape, v, fields);
      const Var sum = factorization_machine(tape, v, fields);
      for (std::int64_t b = 0; b < 70; ++b) {
        double total = 0;
        for (std::int64_t c = 0; c < width; ++c) {
          double pairs = 0;
          for (std::int64_t f = 0; f < fields; ++f) {
            for (std::int64_t g = f + 1; g < fields; ++g) {
              pairs += double(x.row(b)[f * width + c]) * double(x.row(b)[g * width + c]);
            }
          }
          EXPECT_NEAR(products.value().row(b)[c], pairs, 1e-5);
          total += pairs;
        }
        EXPECT_NEAR(sum.value().row(b)[0], total, 1e-5);
      }
    }
  }
}

TEST(FactorizationMachine, GradientsAgreeWithDifferencesAtAwkwardSizes) {
  ThreadPool pool(2);
  for (const std::int64_t rows : {1, 17, 70}) {
    for (const std::int64_t width : {1, 17, 33}) {
      ParameterStore store(1, {});
      const Matrix x = testing::random_matrix(1, rows, 3 * width);
      const GradcheckResult result = gradcheck(pool, store, layers::factorization_machine(3), x.view(), {.most = 60});
      EXPECT_LT(result.worst, 2e-3) << result.where;
    }
  }
}

TEST(FactorizationMachine, RefusesColumnsThatAreNoFields) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Var x = tape.constant(tape.zeros(2, 7));
  EXPECT_THROW(factorization_machine(tape, x, 2), Error);
  EXPECT_THROW(factorization_machine(tape, x, 0), Error);
  EXPECT_EQ(field_products(tape, tape.constant(tape.zeros(0, 6)), 2).cols(), 3);
}

TEST(Cross, AgreesWithADoubleReference) {
  ThreadPool pool(2);
  ParameterStore store(5, {});
  const Matrix x0 = testing::random_matrix(1, 70, 7);
  const Matrix x = testing::random_matrix(2, 70, 7);
  Parameter& u = testing::random_parameter(store, pool, "u", 7, 2);
  Parameter& v = testing::random_parameter(store, pool, "v", 2, 7);
  Parameter& bias = testing::random_parameter(store, pool, "bias", 1, 7);
  Matrix kernel(7, 7);  // u v, so that both forms give the same
  for (std::int64_t i = 0; i < 7; ++i) {
    for (std::int64_t j = 0; j < 7; ++j) kernel.row(i)[j] = u.row(i)[0] * v.row(0)[j] + u.row(i)[1] * v.row(1)[j];
  }
  Tape tape(pool, 1);
  tape.begin({});
  const Var a = tape.constant(x0.view());
  const Var b = tape.constant(x.view());
  const Var full = cross(tape, a, b, tape.constant(kernel.view()), tape.variable(bias));
  const Var low = cross(tape, a, b, tape.variable(u), tape.variable(v), tape.variable(bias));
  for (std::int64_t r = 0; r < 70; ++r) {
    for (std::int64_t c = 0; c < 7; ++c) {
      double mixed = double(bias.row(0)[c]);
      for (std::int64_t i = 0; i < 7; ++i) mixed += double(x.row(r)[i]) * double(kernel.row(i)[c]);
      const double want = double(x0.row(r)[c]) * mixed + double(x.row(r)[c]);
      EXPECT_NEAR(full.value().row(r)[c], want, 2e-6);
      EXPECT_NEAR(low.value().row(r)[c], want, 5e-6);
    }
  }
  EXPECT_THROW(cross(tape, a, b, tape.variable(u), Var()), Error);
}

TEST(Cross, StackedGradientsAgreeWithDifferences) {
  ThreadPool pool(2);
  for (const std::int64_t width : {1, 17}) {
    for (const std::int64_t rank : {0, 3}) {
      ParameterStore store(1, {});
      const Matrix x = testing::random_matrix(1, 17, width, 0.7F);
      const GradcheckResult result =
          gradcheck(pool, store, layers::cross(3, {.rank = rank}), x.view(), {.step = 0.01, .most = 40});
      EXPECT_LT(result.worst, 2e-3) << result.where;
      EXPECT_EQ(store.all().size(), rank == 0 ? 6U : 9U);
    }
  }
}

}  // namespace
}  // namespace kin
