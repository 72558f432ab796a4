#include "kinspace/nn/constant_logit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

double constant(const LossTargets& loss, const std::vector<float>& labels, const std::vector<float>& weights = {}) {
  ConstantLogit logit(loss);
  for (std::size_t i = 0; i < labels.size(); ++i) logit.add(labels[i], weights.empty() ? 1.0F : weights[i]);
  return logit.value();
}

double loss_of(const LossTargets& targets, const std::vector<float>& weights, double z) {
  const auto rows = static_cast<std::int64_t>(weights.size());
  const std::vector<float> logits(weights.size(), static_cast<float>(z));
  std::vector<double> sums(weights.size());
  loss_rows({logits.data(), rows, 1, 1}, targets, {}, sums);
  return reduce_losses(sums, 1, {.weights = weights, .reduction = LossReduction::kWeightedMean});
}

TEST(ConstantLogit, NoOtherConstantHasASmallerLoss) {
  const Matrix random = testing::random_matrix(3, 201, 2);
  std::vector<float> labels;
  std::vector<float> weights;
  for (std::int64_t b = 0; b < random.rows(); ++b) {
    const float u = std::abs(random.row(b)[0]);
    labels.push_back(u / (1 + u));  // of shares, counts and numbers alike
    weights.push_back(b % 7 == 0 ? 0.0F : std::abs(random.row(b)[1]));
  }
  const ConstMatrixView y(labels.data(), 201, 1, 1);
  for (const LossTargets& loss :
       {LossTargets::squared(y), LossTargets::absolute(y), LossTargets::huber(y, 0.05F), LossTargets::huber(y, 0.3F),
        LossTargets::huber(y, 9.0F), LossTargets::sigmoid(y), LossTargets::poisson(y, true)}) {
    const double best = constant(loss, labels, weights);
    const double least = loss_of(loss, weights, best);
    for (const double step : {-1.0, -0.1, -0.01, 0.01, 0.1, 1.0}) EXPECT_GT(loss_of(loss, weights, best + step), least);
  }
}

TEST(ConstantLogit, OfTheAbsoluteErrorIsTheMedianByWeight) {
  const LossTargets absolute = LossTargets::absolute({});
  EXPECT_EQ(constant(absolute, {7}), 7);
  EXPECT_EQ(constant(absolute, {1000, 1, 3}), 3);
  EXPECT_EQ(constant(absolute, {1000, 1, 3, 4}), 3.5);
  EXPECT_EQ(constant(absolute, {1, 3, 1000}, {1, 1, 3}), 1000);
  EXPECT_EQ(constant(absolute, {1, 3, 1000}, {2, 1, 1}), 2);
  EXPECT_EQ(constant(absolute, {5, 9, 1}, {1, 0, 0}), 5);
}

TEST(ConstantLogit, OfHubersLossLiesFromTheMedianToTheMean) {
  const std::vector<float> labels = {0, 1, 2, 3, 100};
  EXPECT_NEAR(constant(LossTargets::huber({}, 1e-3F), labels), 2, 1e-3);
  // 100 pulls with 4: 0 + 1 + 2 + 3 - 4 c + 4 = 0.
  EXPECT_NEAR(constant(LossTargets::huber({}, 4), labels), 2.5, 1e-12);
  EXPECT_NEAR(constant(LossTargets::huber({}, 1000), labels), 21.2, 1e-12);
  EXPECT_EQ(constant(LossTargets::huber({}, 1), {-3, -3, -3}), -3);
}

TEST(ConstantLogit, IsFiniteWhateverTheLabels) {
  EXPECT_NEAR(constant(LossTargets::sigmoid({}), {1, 1}), std::log(1e6), 1e-5);
  EXPECT_NEAR(constant(LossTargets::sigmoid({}), {0, 0}), -std::log(1e6), 1e-5);
  EXPECT_NEAR(constant(LossTargets::poisson({}, false), {0}), std::log(1e-6), 1e-9);
  EXPECT_NEAR(constant(LossTargets::softmax({}), {1, 0, 0, 0}), std::log(0.25), 1e-12);
  for (const LossTargets& loss : {LossTargets::squared({}), LossTargets::absolute({}), LossTargets::huber({}, 1)}) {
    EXPECT_TRUE(std::isfinite(constant(loss, {3e38F, -3e38F, 3e38F})));
    EXPECT_EQ(constant(loss, {}), 0);
    EXPECT_EQ(constant(loss, {5}, {0}), 0);
  }
}

}  // namespace
}  // namespace kin
