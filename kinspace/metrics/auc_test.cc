#include "kinspace/metrics/auc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/metrics/binary_counts.h"
#include "kinspace/metrics/errors.h"
#include "kinspace/metrics/weighted_mean.h"

namespace kin {
namespace {

TEST(ThresholdCounts, CountsAreThoseOfAComparisonWithEveryThreshold) {
  const std::vector<double> thresholds = {0.5, -1.0, 0.25, 0.5, 2.0, 0.0};
  ThresholdCounts counts(thresholds);
  RandomStream stream(1, Purpose::kPick, 0, 0);
  std::vector<BinaryCounts> want(thresholds.size());
  for (int i = 0; i < 500; ++i) {
    const float p = static_cast<float>(stream.below(9)) / 8;
    const bool positive = stream.below(2) == 0;
    const double weight = double(stream.below(3));
    counts.add(positive, p, weight);
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      const bool above = double(p) > thresholds[t];
      (positive ? above ? want[t].tp : want[t].fn : above ? want[t].fp : want[t].tn) += weight;
    }
  }
  const std::vector<BinaryCounts> got = counts.counts();
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    EXPECT_EQ(got[t].tp, want[t].tp) << t;
    EXPECT_EQ(got[t].fp, want[t].fp) << t;
    EXPECT_EQ(got[t].tn, want[t].tn) << t;
    EXPECT_EQ(got[t].fn, want[t].fn) << t;
  }
}

TEST(ThresholdCounts, EvenThresholdsAreFoundWithoutASearch) {
  ThresholdCounts even(ThresholdCounts::spread(5), ThresholdCounts::Rule::kEven);
  ThresholdCounts compare(ThresholdCounts::spread(5));
  for (const float p : {0.0F, 0.1F, 0.25F, 0.26F, 0.5F, 0.75F, 0.99F, 1.0F}) {
    even.add(true, p);
    compare.add(true, p);
  }
  for (std::size_t t = 0; t < 5; ++t) EXPECT_EQ(even.counts()[t].tp, compare.counts()[t].tp) << t;
  EXPECT_EQ(even.counts()[0].tp, 8);
  EXPECT_EQ(even.counts()[4].tp, 0);
}

TEST(ThresholdCounts, APredictionThatIsNoNumberIsNegative) {
  for (const auto rule : {ThresholdCounts::Rule::kCompare, ThresholdCounts::Rule::kEven}) {
    ThresholdCounts counts(ThresholdCounts::spread(5), rule);
    counts.add(true, NAN, 2);
    EXPECT_EQ(counts.counts()[0].fn, 2);
    EXPECT_EQ(counts.counts()[0].tp, 0);
  }
}

TEST(ThresholdCounts, RefusesThresholdsThatAreNone) {
  EXPECT_THROW(ThresholdCounts({}), Error);
  EXPECT_THROW(ThresholdCounts({0.5, NAN}), Error);
  EXPECT_THROW(ThresholdCounts({0.5}, ThresholdCounts::Rule::kEven), Error);
  EXPECT_THROW(ThresholdCounts::spread(1), Error);
}

TEST(ThresholdCounts, KnowsEvenThresholds) {
  EXPECT_TRUE(ThresholdCounts::evenly_spaced(std::vector<double>{0, 0.5, 1}));
  EXPECT_TRUE(ThresholdCounts::evenly_spaced(ThresholdCounts::spread(200)));
  EXPECT_FALSE(ThresholdCounts::evenly_spaced(std::vector<double>{0, 1}));
  EXPECT_FALSE(ThresholdCounts::evenly_spaced(std::vector<double>{0, 0.4, 1}));
  EXPECT_FALSE(ThresholdCounts::evenly_spaced(std::vector<double>{0, NAN, 1}));
}

TEST(Area, IsThatOfTheGivenPoints) {
  // Points (fall-out, recall): (1, 1), (0.5, 1), (0, 0.5), (0, 0).
  const std::vector<BinaryCounts> counts = {{2, 2, 0, 0}, {2, 1, 1, 0}, {1, 0, 2, 1}, {0, 0, 2, 2}};
  EXPECT_DOUBLE_EQ(area_under_curve(counts), 0.875);
  EXPECT_DOUBLE_EQ(area_under_curve(counts, {.summation = Summation::kMinoring}), 0.75);
  EXPECT_DOUBLE_EQ(area_under_curve(counts, {.summation = Summation::kMajoring}), 1.0);
  // Precision 1 up to recall 1/2; then positives 1 to 2 of 1 to 3: 1/2 + (1 + log(3) / 2) / 2 / 2.
  const AreaOptions pr{.curve = Curve::kPrecisionRecall};
  EXPECT_NEAR(area_under_curve(counts, pr), 0.5 + 0.25 * (1 + 0.5 * std::log(3.0)), 1e-12);
  EXPECT_EQ(area_under_curve({}), 0);
}

double pairs(const std::vector<double>& label, const std::vector<float>& p, const std::vector<double>& w) {
  double right = 0;
  double all = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    for (std::size_t j = 0; j < p.size(); ++j) {
      const double weight = w[i] * label[i] * w[j] * (1 - label[j]);
      all += weight;
      right += weight * (p[i] > p[j] ? 1.0 : p[i] == p[j] ? 0.5 : 0.0);
    }
  }
  return right / all;
}

TEST(ExactAuc, IsTheShareOfPairsInOrder) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    RandomStream stream(seed, Purpose::kPick, 0, 0);
    ExactAuc auc;
    std::vector<double> labels, weights;
    std::vector<float> predictions;
    for (int i = 0; i < 60; ++i) {
      labels.push_back(seed == 3 ? double(stream.uniform()) : double(stream.below(2)));
      weights.push_back(double(stream.below(4)) / 2);
      predictions.push_back(static_cast<float>(stream.below(20)));
      auc.add(labels.back(), predictions.back(), weights.back());
    }
    EXPECT_NEAR(auc.value(), pairs(labels, predictions, weights), 1e-12) << seed;
  }
}

TEST(ExactAuc, SaysOneHalfWhereThereAreNoPairs) {
  ExactAuc auc;
  EXPECT_EQ(auc.value(), 0.5);
  auc.add(1, 0.2F);
  EXPECT_EQ(auc.value(), 0.5);
  auc.add(0, 0.1F, 0);
  EXPECT_EQ(auc.value(), 0.5);
  auc.add(0, NAN);
  EXPECT_EQ(auc.value(), 1);
}

TEST(Rates, AreTheBestUnderTheirCondition) {
  const std::vector<BinaryCounts> counts = {{2, 2, 0, 0}, {2, 1, 1, 0}, {1, 0, 2, 1}, {0, 0, 2, 2}};
  EXPECT_DOUBLE_EQ(best_rate(counts, BinaryRate::kRecall, BinaryRate::kSpecificity, 0.5), 1.0);
  EXPECT_DOUBLE_EQ(best_rate(counts, BinaryRate::kRecall, BinaryRate::kSpecificity, 0.6), 0.5);
  EXPECT_DOUBLE_EQ(best_rate(counts, BinaryRate::kRecall, BinaryRate::kPrecision, 0.9), 0.5);
  EXPECT_DOUBLE_EQ(best_rate({}, BinaryRate::kRecall, BinaryRate::kPrecision, 0.9), 0.0);
  EXPECT_NEAR(recall_nearest_specificity(counts, 0.6), 1.0, 1e-6);
}

TEST(WeightedMean, OfNothingIsZeroAndWeightlessValuesAreNotHeard) {
  WeightedMean mean;
  EXPECT_EQ(mean.value(), 0);
  mean.add(INFINITY, 0);
  mean.add(1, 3);
  mean.add(5);
  EXPECT_EQ(mean.value(), 2);
  EXPECT_EQ(mean.total(), 8);
  EXPECT_EQ(mean.weight(), 4);
}

TEST(Errors, StayFiniteAtTheEdges) {
  EXPECT_EQ(percentage_difference(0, 0), 0);
  EXPECT_NEAR(log_cosh(0, 1e6), 1e6 - std::log(2.0), 1e-6);
  EXPECT_NEAR(log_cosh(1, 1), 0, 1e-15);
  EXPECT_NEAR(binary_cross_entropy(1, 0.0F), -std::log(2e-7), 1e-5);
  EXPECT_LT(binary_cross_entropy(0, 1.0F), 16.2);
  EXPECT_EQ(cosine_similarity({}, {}), 0);
  const float up[] = {0, 2};
  const float down[] = {0, -3};
  EXPECT_DOUBLE_EQ(cosine_similarity(up, down), -1);
}

}  // namespace
}  // namespace kin
