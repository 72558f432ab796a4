#include "kinspace/nn/normalization.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/layers.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

/// The parameters of one batch norm.
struct Norm {
  Norm(ThreadPool& pool, std::int64_t cols)
      : gamma(testing::random_parameter(store, pool, "gamma", 1, cols)),
        beta(testing::random_parameter(store, pool, "beta", 1, cols)),
        mean(store.parameter(pool, "mean", 1, cols, {.initial = Initial::constant(0.25F), .trainable = false})),
        variance(store.parameter(pool, "variance", 1, cols, {.initial = Initial::constant(2.0F), .trainable = false})) {
  }

  Var operator()(Tape& tape, Var x, const BatchNormOptions& options = {}) {
    return batch_norm(tape, x, tape.variable(gamma), tape.variable(beta), mean, variance, options);
  }

  ParameterStore store{5, {}};
  Parameter& gamma;
  Parameter& beta;
  Parameter& mean;
  Parameter& variance;
};

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments_of(const Matrix& x, std::int64_t column) {
  Moments m;
  for (std::int64_t r = 0; r < x.rows(); ++r) m.mean += double(x.row(r)[column]) / double(x.rows());
  for (std::int64_t r = 0; r < x.rows(); ++r) {
    m.variance += std::pow(double(x.row(r)[column]) - m.mean, 2) / double(x.rows());
  }
  return m;
}

TEST(BatchNorm, TrainsWithTheBatchAndMovesTheAverages) {
  ThreadPool pool(2);
  for (const std::int64_t rows : {1, 17, 130}) {
    const std::int64_t cols = 19;
    Norm norm(pool, cols);
    const Matrix x = testing::random_matrix(1, rows, cols, 3.0F);
    Tape tape(pool, 1);
    tape.begin({.training = true});
    const Var out = norm(tape, tape.constant(x.view()), {.momentum = 0.9});
    for (std::int64_t c = 0; c < cols; ++c) {
      const Moments m = moments_of(x, c);
      for (std::int64_t r = 0; r < rows; ++r) {
        const double want = (x.row(r)[c] - m.mean) / std::sqrt(m.variance + 1e-3) * norm.gamma.row(0)[c];
        ASSERT_NEAR(out.value().row(r)[c], want + norm.beta.row(0)[c], rows == 1 ? 2e-5 : 1e-5);
      }
      EXPECT_NEAR(norm.mean.row(0)[c], 0.9 * 0.25 + 0.1 * m.mean, 1e-6);
      EXPECT_NEAR(norm.variance.row(0)[c], 0.9 * 2.0 + 0.1 * m.variance, 1e-6);
    }
  }
}

TEST(BatchNorm, PredictsWithTheMovingAveragesRowByRow) {
  ThreadPool pool(2);
  Norm norm(pool, 3);
  const Matrix x = testing::random_matrix(1, 70, 3);
  Tape tape(pool, 1);
  tape.begin({.training = false});
  const Var out = norm(tape, tape.constant(x.view()));
  for (std::int64_t r = 0; r < 70; ++r) {
    for (std::int64_t c = 0; c < 3; ++c) {
      const double want = (double(x.row(r)[c]) - 0.25) / std::sqrt(2.001) * norm.gamma.row(0)[c];
      EXPECT_NEAR(out.value().row(r)[c], want + norm.beta.row(0)[c], 1e-6);
    }
  }
  EXPECT_EQ(norm.mean.row(0)[0], 0.25F);
  EXPECT_EQ(norm.variance.row(0)[2], 2.0F);
}

TEST(BatchNorm, FrozenUsesAndKeepsTheMovingAveragesWhileTraining) {
  ThreadPool pool(1);
  Norm norm(pool, 2);
  const Matrix x = testing::random_matrix(1, 5, 2);
  Tape tape(pool, 1);
  tape.begin({.training = false});
  const Var predicted = norm(tape, tape.constant(x.view()));
  const std::vector<float> want(predicted.value().data, predicted.value().data + 10);
  tape.begin({.training = true});
  const Var out = norm(tape, tape.constant(x.view()), {.frozen = true});
  EXPECT_EQ(std::vector<float>(out.value().data, out.value().data + 10), want);
  EXPECT_EQ(norm.mean.row(0)[0], 0.25F);
}

TEST(BatchNorm, AnEmptyBatchMovesNothing) {
  ThreadPool pool(1);
  Norm norm(pool, 2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  EXPECT_EQ(norm(tape, tape.constant(tape.zeros(0, 2))).rows(), 0);
  EXPECT_EQ(norm.mean.row(0)[0], 0.25F);
  EXPECT_EQ(norm.variance.row(0)[0], 2.0F);
}

TEST(BatchNorm, GradientsAgreeWithDifferencesAtAwkwardSizes) {
  ThreadPool pool(2);
  for (const std::int64_t rows : {2, 17, 70}) {
    for (const std::int64_t cols : {1, 17, 33}) {
      for (const bool frozen : {false, true}) {
        ParameterStore store(3, {});
        testing::random_parameter(store, pool, "batch_norm/gamma", 1, cols);
        const Matrix x = testing::random_matrix(static_cast<std::uint64_t>(rows), rows, cols, 2.0F);
        const Layer layer = layers::batch_norm({.norm = {.frozen = frozen}});
        const GradcheckResult result = gradcheck(pool, store, layer, x.view(), {.step = 0.005, .most = 40});
        EXPECT_LT(result.worst, 3e-3) << rows << " x " << cols << ": " << result.where;
      }
    }
  }
}

TEST(BatchNorm, DoesNotDependOnThreads) {
  const Matrix x = testing::random_matrix(1, 300, 5);
  const Matrix upstream = testing::random_matrix(2, 300, 5);
  const auto train = [&](int threads) {
    ThreadPool pool(threads);
    Norm norm(pool, 5);
    Tape tape(pool, 1);
    for (int step = 1; step <= 3; ++step) {
      tape.begin({.step = step, .training = true});
      tape.backward(testing::weighted_sum(tape, norm(tape, tape.constant(x.view())), upstream));
      apply_gradients(tape, norm.store, {.step = step});
    }
    return testing::bytes_of(norm.store);
  };
  EXPECT_EQ(train(1), train(3));
}

TEST(BatchNorm, RefusesImpossibleOptionsAndShapes) {
  ThreadPool pool(1);
  Norm norm(pool, 2);
  Tape tape(pool, 1);
  tape.begin({});
  EXPECT_THROW(norm(tape, tape.constant(tape.zeros(4, 3))), Error);
  const Var x = tape.constant(tape.zeros(4, 2));
  EXPECT_THROW(norm(tape, x, {.momentum = 1.1}), Error);
  EXPECT_THROW(norm(tape, x, {.momentum = -0.1}), Error);
  EXPECT_THROW(norm(tape, x, {.epsilon = 0}), Error);
  EXPECT_THROW(norm(tape, x, {.epsilon = NAN}), Error);
}

TEST(LayerNorm, AgreesWithADoubleReference) {
  ThreadPool pool(2);
  for (const std::int64_t cols : {1, 17, 100}) {
    ParameterStore store(5, {});
    Parameter& gamma = testing::random_parameter(store, pool, "gamma", 1, cols);
    Parameter& beta = testing::random_parameter(store, pool, "beta", 1, cols);
    const Matrix x = testing::random_matrix(1, 70, cols, 2.0F);
    Tape tape(pool, 1);
    tape.begin({});
    const Var out = layer_norm(tape, tape.constant(x.view()), tape.variable(gamma), tape.variable(beta));
    for (std::int64_t r = 0; r < 70; ++r) {
      double mean = 0;
      double variance = 0;
      for (std::int64_t c = 0; c < cols; ++c) mean += double(x.row(r)[c]) / double(cols);
      for (std::int64_t c = 0; c < cols; ++c) variance += std::pow(double(x.row(r)[c]) - mean, 2) / double(cols);
      for (std::int64_t c = 0; c < cols; ++c) {
        const double want = (x.row(r)[c] - mean) / std::sqrt(variance + 1e-3) * gamma.row(0)[c] + beta.row(0)[c];
        ASSERT_NEAR(out.value().row(r)[c], want, 1e-5);
      }
    }
  }
}

TEST(LayerNorm, GradientsAgreeWithDifferencesAtAwkwardSizes) {
  ThreadPool pool(2);
  for (const std::int64_t rows : {1, 70}) {
    for (const std::int64_t cols : {3, 17, 33}) {
      ParameterStore store(3, {});
      testing::random_parameter(store, pool, "layer_norm/gamma", 1, cols);
      const Matrix x = testing::random_matrix(4, rows, cols, 2.0F);
      const GradcheckResult result =
          gradcheck(pool, store, layers::layer_norm(), x.view(), {.step = 0.005, .most = 40});
      EXPECT_LT(result.worst, 3e-3) << rows << " x " << cols << ": " << result.where;
    }
  }
}

TEST(LayerNorm, WorksWithoutGammaAndBetaAndRefusesBadEpsilon) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Matrix x = testing::random_matrix(4, 2, 9);
  const Var v = tape.constant(x.view());
  double squares = 0;
  const Var out = layer_norm(tape, v, Var(), Var(), 1e-12);
  for (int c = 0; c < 9; ++c) squares += std::pow(double(out.value().row(1)[c]), 2);
  EXPECT_NEAR(squares, 9.0, 1e-5);
  EXPECT_THROW(layer_norm(tape, v, Var(), Var(), 0.0), Error);
  EXPECT_THROW(layer_norm(tape, v, v, Var()), Error);
}

}  // namespace
}  // namespace kin
