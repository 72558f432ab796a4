#include "kinspace/nn/products.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/rearrange.h"
#include "kinspace/nn/reduce.h"

namespace kin {
namespace {

constexpr std::int64_t kAwkward[] = {1, 17, 33};

std::vector<float> values_of(Var v) {
  std::vector<float> out;
  for (std::int64_t r = 0; r < v.rows(); ++r) out.insert(out.end(), v.value().row(r), v.value().row(r) + v.cols());
  return out;
}

/// Worst disagreement with differences of f(x [rows, cols], y [rows, cols]).
GradcheckResult check(std::int64_t rows, std::int64_t cols, FunctionRef<Var(Tape&, Var, Var)> f) {
  ThreadPool pool(2);
  ParameterStore store(5, {});
  Parameter& x = testing::random_parameter(store, pool, "x", rows, cols);
  Parameter& y = testing::random_parameter(store, pool, "y", rows, cols);
  Matrix upstream;
  Parameter* const parameters[] = {&x, &y};
  return gradcheck(pool, parameters,
                   [&](Tape& tape) {
                     const Var out = f(tape, tape.variable(x), tape.variable(y));
                     if (upstream.rows() == 0) upstream = testing::random_matrix(2, out.rows(), out.cols());
                     return testing::weighted_sum(tape, out, upstream);
                   },
                   {.most = 60});
}

class MatmulShapes : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(MatmulShapes, AgreesWithADoubleReferenceAndDifferences) {
  const auto [ta, tb] = GetParam();
  ThreadPool pool(2);
  for (const std::int64_t m : kAwkward) {
    for (const std::int64_t k : kAwkward) {
      const std::int64_t n = m == 17 ? 5 : 17;
      ParameterStore store(3, {});
      Parameter& a = testing::random_parameter(store, pool, "a", ta ? k : m, ta ? m : k, 0.5F);
      Parameter& b = testing::random_parameter(store, pool, "b", tb ? n : k, tb ? k : n, 0.5F);
      Tape tape(pool, 1);
      tape.begin({});
      const MatmulOptions options{ta, tb};
      const Var out = matmul(tape, tape.variable(a), tape.variable(b), options);
      ASSERT_EQ(out.rows(), m);
      ASSERT_EQ(out.cols(), n);
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t c = 0; c < n; ++c) {
          double want = 0;
          for (std::int64_t i = 0; i < k; ++i) {
            want += double(ta ? a.row(i)[r] : a.row(r)[i]) * double(tb ? b.row(c)[i] : b.row(i)[c]);
          }
          // At most 33 products below 1, each rounded once.
          ASSERT_NEAR(out.value().row(r)[c], want, 33 * 33 * 6e-8);
        }
      }
      const Matrix upstream = testing::random_matrix(2, m, n);
      Parameter* const parameters[] = {&a, &b};
      const GradcheckResult result = gradcheck(
          pool, parameters,
          [&](Tape& t) { return testing::weighted_sum(t, matmul(t, t.variable(a), t.variable(b), options), upstream); },
          {.most = 40});
      EXPECT_LT(result.worst, 2e-3) << result.where;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Transposed, MatmulShapes, ::testing::Combine(::testing::Bool(), ::testing::Bool()));

TEST(Matmul, OfAValueWithItselfAddsBothGradients) {
  const GradcheckResult result =
      check(17, 5, [](Tape& t, Var x, Var) { return matmul(t, x, x, {.transpose_b = true}); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

TEST(Matmul, RefusesShapesThatDoNotFitAndTakesNone) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Var a = tape.constant(tape.zeros(2, 3));
  EXPECT_THROW(matmul(tape, a, a), Error);
  EXPECT_EQ(values_of(matmul(tape, tape.constant(tape.zeros(2, 0)), tape.constant(tape.zeros(0, 2)))),
            (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(matmul(tape, tape.constant(tape.zeros(0, 3)), tape.constant(tape.zeros(3, 4))).rows(), 0);
}

TEST(Products, GradientsAgreeWithDifferencesAtAwkwardSizes) {
  for (const std::int64_t rows : {1, 17, 70}) {
    for (const std::int64_t cols : kAwkward) {
      SCOPED_TRACE(rows);
      SCOPED_TRACE(cols);
      const auto agrees = [&](FunctionRef<Var(Tape&, Var, Var)> f) {
        const GradcheckResult result = check(rows, cols, f);
        EXPECT_LT(result.worst, 2e-3) << result.where;
      };
      agrees([](Tape& t, Var x, Var y) { return multiply(t, x, y); });
      agrees([](Tape& t, Var x, Var) { return multiply(t, x, x); });
      agrees([](Tape& t, Var x, Var y) { return scale_rows(t, x, mean_over_columns(t, y)); });
      agrees([](Tape& t, Var x, Var y) { return multiply(t, sum_over_rows(t, x), mean_over_rows(t, y)); });
      agrees([](Tape& t, Var x, Var y) { return matmul(t, transpose(t, x), y); });
      agrees([](Tape& t, Var x, Var y) {
        return multiply(t, reshape(t, x, 1, x.rows() * x.cols()), reshape(t, y, 1, x.rows() * x.cols()));
      });
      agrees([rows](Tape& t, Var x, Var y) {
        const std::int64_t taken[] = {rows - 1, 0, rows / 2, 0};
        return multiply(t, gather_rows(t, x, taken), gather_rows(t, y, taken));
      });
    }
  }
}

TEST(Products, SayWhatTheyAre) {
  ThreadPool pool(2);
  Tape tape(pool, 1);
  tape.begin({});
  const Matrix a = testing::random_matrix(1, 130, 3);
  const Matrix b = testing::random_matrix(2, 130, 3);
  const Matrix f = testing::random_matrix(3, 130, 1);
  const Var va = tape.constant(a.view());
  const Var product = multiply(tape, va, tape.constant(b.view()));
  const Var scaled = scale_rows(tape, va, tape.constant(f.view()));
  const Var across = transpose(tape, va);
  const Var total = sum_over_rows(tape, va);
  const Var mean = mean_over_rows(tape, va);
  const Var row_sums = sum_over_columns(tape, va);
  std::vector<double> sums(3, 0.0);
  for (std::int64_t r = 0; r < 130; ++r) {
    double sum = 0;
    for (std::int64_t c = 0; c < 3; ++c) {
      const float x = a.row(r)[c];
      EXPECT_EQ(product.value().row(r)[c], x * b.row(r)[c]);
      EXPECT_EQ(scaled.value().row(r)[c], x * f.row(r)[0]);
      EXPECT_EQ(across.value().row(c)[r], x);
      sums[static_cast<std::size_t>(c)] += double(x);
      sum += double(x);
    }
    EXPECT_NEAR(row_sums.value().row(r)[0], sum, 1e-6);
  }
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(total.value().data[c], sums[c], 1e-5);
    EXPECT_NEAR(mean.value().data[c], sums[c] / 130, 1e-7);
  }
}

TEST(Reductions, OfNothingAreZero) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  EXPECT_EQ(values_of(mean_over_rows(tape, tape.constant(tape.zeros(0, 2)))), (std::vector<float>{0, 0}));
  EXPECT_EQ(values_of(mean_over_columns(tape, tape.constant(tape.zeros(2, 0)))), (std::vector<float>{0, 0}));
}

TEST(Reductions, DoNotDependOnThreads) {
  const Matrix x = testing::random_matrix(1, 1000, 7);
  const auto sums = [&](int threads) {
    ThreadPool pool(threads);
    Tape tape(pool, 1);
    tape.begin({});
    return values_of(sum_over_rows(tape, tape.constant(x.view())));
  };
  EXPECT_EQ(sums(1), sums(3));
}

TEST(Reductions, OverManyRowsKeepTheirDigits) {
  ThreadPool pool(2);
  Tape tape(pool, 1);
  tape.begin({});
  const MatrixView x = tape.matrix(1 << 20, 1);
  std::fill_n(x.data, x.rows, 0.1F);
  // A chunk rounds 64 times, each time by at most half an ulp; a single float chain would be off by some hundreds.
  EXPECT_NEAR(sum_over_rows(tape, tape.constant(x)).scalar(), double(1 << 20) * double(0.1F), 64 * 6e-8 * 1.05e5);
}

TEST(Rearrange, TakesRowsAndKeepsValuesInOrder) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Matrix x = testing::random_matrix(1, 4, 3);
  const Var v = tape.constant(x.view());
  const std::int64_t rows[] = {3, 3, 0};
  const Var taken = gather_rows(tape, v, rows);
  for (std::int64_t c = 0; c < 3; ++c) {
    EXPECT_EQ(taken.value().row(0)[c], x.row(3)[c]);
    EXPECT_EQ(taken.value().row(1)[c], x.row(3)[c]);
    EXPECT_EQ(taken.value().row(2)[c], x.row(0)[c]);
  }
  EXPECT_EQ(values_of(reshape(tape, v, 2, 6)), values_of(v));
  EXPECT_EQ(reshape(tape, v, 2, 6).value().data, x.view().data);
  // Gaps between the rows are left out.
  const Var gaps = tape.constant(ConstMatrixView(x.view().data, 4, 2, 3));
  EXPECT_EQ(values_of(reshape(tape, gaps, 2, 4)), values_of(gaps));
}

TEST(Rearrange, RefusesRowsAndShapesThatAreNotThere) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Var x = tape.constant(tape.zeros(4, 3));
  const std::int64_t beyond[] = {4};
  const std::int64_t below[] = {-1};
  EXPECT_THROW(gather_rows(tape, x, beyond), Error);
  EXPECT_THROW(gather_rows(tape, x, below), Error);
  EXPECT_THROW(reshape(tape, x, 5, 2), Error);
  EXPECT_THROW(reshape(tape, x, -4, -3), Error);
  EXPECT_EQ(gather_rows(tape, x, {}).rows(), 0);
}

}  // namespace
}  // namespace kin
