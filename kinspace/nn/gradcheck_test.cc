#include "kinspace/nn/gradcheck.h"

#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/layers.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

/// y = 2 x w by column, whose gradient by w is `error` times what it should be.
Layer scaled(float error) {
  return Layer("scaled", [error](LayerContext& context, const std::string& name, Var x) {
    const Var w = context.variable(name + "/w", 1, x.cols(), {.initial = Initial::truncated_normal(1.0F)});
    Tape& tape = context.tape;
    const MatrixView out = tape.matrix(x.rows(), x.cols());
    for (std::int64_t r = 0; r < out.rows; ++r) {
      for (std::int64_t c = 0; c < out.cols; ++c) out.row(r)[c] = 2.0F * x.value().row(r)[c] * w.value().data[c];
    }
    const Var result = tape.result(out, true);
    tape.record(result, [&tape, x, w, error](ConstMatrixView d) {
      const MatrixView dx = tape.matrix(d.rows, d.cols);
      const MatrixView dw = tape.zeros(1, d.cols);
      for (std::int64_t r = 0; r < d.rows; ++r) {
        for (std::int64_t c = 0; c < d.cols; ++c) {
          dx.row(r)[c] = 2.0F * d.row(r)[c] * w.value().data[c];
          dw.data[c] += error * 2.0F * d.row(r)[c] * x.value().row(r)[c];
        }
      }
      tape.add_gradient(x, dx);
      tape.add_gradient(w, dw);
    });
    return result;
  });
}

TEST(Gradcheck, AcceptsARightLayerAndNamesWhatIsWrong) {
  ThreadPool pool(1);
  const Matrix x = testing::random_matrix(1, 5, 3);
  ParameterStore store(1, {});
  EXPECT_LT(gradcheck(pool, store, scaled(1.0F), x.view()).worst, 1e-3);
  const GradcheckResult wrong = gradcheck(pool, store, scaled(1.1F), x.view());
  EXPECT_GT(wrong.worst, 0.05);
  EXPECT_EQ(wrong.where.rfind("scaled/w[", 0), 0U) << wrong.where;
}

TEST(Gradcheck, LeavesWeightsAndStateAsTheyWere) {
  ThreadPool pool(1);
  const Matrix x = testing::random_matrix(1, 9, 3);
  ParameterStore store(1, {});
  const Layer network = layers::sequential(
      Sequential({layers::dense(4, {.activation = kernels::Activation::kTanh}), layers::batch_norm()}));
  gradcheck(pool, store, network, x.view(), {.most = 5});
  const std::string before = testing::bytes_of(store);
  EXPECT_EQ(store.get("sequential/batch_norm_0/moving_mean").row(0)[1], 0.0F);
  gradcheck(pool, store, network, x.view(), {.seed = 2, .most = 5});
  EXPECT_EQ(testing::bytes_of(store), before);
}

TEST(Gradcheck, SeesTheSameDropoutAtEveryPoint) {
  ThreadPool pool(1);
  const Matrix x = testing::random_matrix(1, 17, 5);
  ParameterStore store(1, {});
  const GradcheckResult result =
      gradcheck(pool, store, layers::sequential(Sequential({layers::dropout(0.5F), layers::dense(2)})), x.view());
  EXPECT_LT(result.worst, 1e-3) << result.where;
}

TEST(Gradcheck, LeavesOutWhatIsFrozenAndRefusesNoInput) {
  ThreadPool pool(1);
  const Matrix x = testing::random_matrix(1, 5, 3);
  ParameterStore store(1, {}, {}, {"*/bias"});
  const GradcheckResult result = gradcheck(pool, store, layers::dense(2), x.view());
  EXPECT_LT(result.worst, 1e-3) << result.where;
  EXPECT_THROW(gradcheck(pool, store, layers::dense(2), ConstMatrixView()), Error);
}

}  // namespace
}  // namespace kin
