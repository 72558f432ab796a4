// What becomes of a step whose products take factors of bf16.

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/nn/apply.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/products.h"
#include "kinspace/nn/sampled_softmax.h"
#include "kinspace/nn/softmax_loss.h"

namespace kin {
namespace {

using kernels::Activation;

enum class Loss { kFull, kSampled, kMatmul };

/// A recommender of two layers.
struct Net {
  static constexpr std::int64_t kItems = 200, kExamples = 400, kDim = 24;

  Parameter& table;
  Parameter& hidden;
  Parameter& hidden_bias;
  Parameter& query;
  Sampler sampler = Sampler::log_uniform(kItems);
  Matrix weights = testing::random_matrix(3, kExamples, kItems, 0.01F);
  testing::Ids context, targets;  // of the current step

  Net(ParameterStore& store, ThreadPool& pool)
      : table(testing::random_parameter(store, pool, "table", kItems, kDim, 0.3F)),
        hidden(testing::random_parameter(store, pool, "hidden/kernel", kDim, 40, 0.3F)),
        hidden_bias(testing::random_parameter(store, pool, "hidden/bias", 1, 40, 0.3F)),
        query(testing::random_parameter(store, pool, "query/kernel", 40, kDim, 0.3F)) {}

  Var loss(Tape& tape, Loss kind) {
    const auto seed = static_cast<std::uint64_t>(tape.step());
    context = testing::random_ids(seed, kExamples, 1, 5, kItems);
    targets = testing::random_ids(seed + 100, kExamples, 1, 7, kItems);
    Var x = combine(tape, table, context.tensor(), Combiner::kSqrtN);
    x = dense(tape, x, tape.variable(hidden), tape.variable(hidden_bias), Activation::kTanh);
    x = dense(tape, x, tape.variable(query), Var(), Activation::kLinear);
    if (kind == Loss::kFull) return softmax_loss(tape, x, tape.variable(table), Var(), targets.tensor(), {});
    if (kind == Loss::kMatmul) {
      const Var scores = matmul(tape, x, tape.variable(table), {.transpose_b = true});
      return testing::weighted_sum(tape, scores, weights);
    }
    const Negatives negatives = sampler.draw(tape, 50);
    const auto expected = sampler.log_expected(tape, targets.ids, negatives);
    return sampled_softmax_loss(tape, x, table, nullptr, targets.tensor(), expected, negatives, {});
  }
};

/// Weights and slots after some steps, and the losses.
std::string trained(int threads, Loss kind, Precision precision) {
  ThreadPool pool(threads);
  ParameterStore store(5, {.name = "adam", .lr = 0.01F});
  Net net(store, pool);
  Tape tape(pool, 9);
  std::string losses;
  for (std::int64_t step = 0; step < 4; ++step) {
    tape.begin({.step = step, .training = true, .precision = precision});
    const Var loss = net.loss(tape, kind);
    losses += std::to_string(loss.scalar()) + " ";
    tape.backward(loss);
    apply_gradients(tape, store, {.step = step + 1});
  }
  return testing::bytes_of(store) + losses;
}

class Bf16Training : public ::testing::TestWithParam<Loss> {};

TEST_P(Bf16Training, HasNearlyTheGradientsOfFp32) {
  const auto gradients = [](Precision precision) {
    ThreadPool pool(2);
    ParameterStore store(5, {});
    Net net(store, pool);
    Tape tape(pool, 9);
    tape.begin({.step = 0, .training = true, .precision = precision});
    tape.backward(net.loss(tape, GetParam()));
    std::vector<Matrix> out;
    for (Parameter* p : store.all()) out.push_back(total_gradient(tape, *p));
    return out;
  };
  const auto exact = gradients(Precision::kFp32), rounded = gradients(Precision::kBf16);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    double squares = 0, errors = 0;
    for (std::size_t at = 0; at < exact[i].values().size(); ++at) {
      const double want = exact[i].values()[at];
      squares += want * want;
      errors += std::pow(want - double(rounded[i].values()[at]), 2);
    }
    EXPECT_GT(squares, 0);
    // A few products follow each other, and each rounds its two factors by at most 2^-9 of them.
    EXPECT_LT(std::sqrt(errors / squares), 8 * 0x1p-9) << "parameter " << i;
    EXPECT_GT(errors, 0) << "parameter " << i << ": nothing was rounded";
  }
}

TEST_P(Bf16Training, HasTheSameBytesAtAnyNumberOfThreads) {
  const std::string one = trained(1, GetParam(), Precision::kBf16);
  EXPECT_TRUE(one != trained(1, GetParam(), Precision::kFp32));
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(trained(threads, GetParam(), Precision::kBf16) == one) << threads;
}

INSTANTIATE_TEST_SUITE_P(Losses, Bf16Training, ::testing::Values(Loss::kFull, Loss::kSampled, Loss::kMatmul));

TEST(Bf16, LeavesNarrowProductsAsTheyAre) {
  ThreadPool pool(1);
  for (const std::int64_t width : {1, 15, 16}) {
    ParameterStore store(5, {});
    Parameter& kernel = testing::random_parameter(store, pool, "kernel", 40, width);
    const Matrix x = testing::random_matrix(1, 30, 40);
    const auto layer = [&](Precision precision) {
      Tape tape(pool, 1);
      tape.begin({.step = 0, .training = true, .precision = precision});
      const Var out = dense(tape, tape.constant(x.view()), tape.variable(kernel), Var(), Activation::kLinear);
      std::vector<float> values;
      for (std::int64_t r = 0; r < out.rows(); ++r) {
        values.insert(values.end(), out.value().row(r), out.value().row(r) + width);
      }
      return values;
    };
    EXPECT_EQ(layer(Precision::kBf16) == layer(Precision::kFp32), width < 16) << width;
  }
}

TEST(Bf16, EndsWithTheStep) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({.step = 0, .training = true, .precision = Precision::kBf16});
  EXPECT_EQ(tape.precision(16), Precision::kBf16);
  tape.begin({.step = 0});
  EXPECT_EQ(tape.precision(16), Precision::kFp32);
}

}  // namespace
}  // namespace kin
