#include "kinspace/estimator/early_stop.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace kin {
namespace {

/// EarlyStopOptions whose members may be left out.
struct Rules {
  std::string metric = {};
  std::int64_t patience = 0;
  std::int64_t no_improvement_steps = 0;
  std::vector<double> above = {};
  std::vector<double> below = {};
  std::int64_t min_steps = 0;

  EarlyStopOptions options() const { return {metric, patience, no_improvement_steps, above, below, min_steps}; }
};

/// The step of the evaluation after which training ends; 0: it does not.
std::int64_t stops_at(const Rules& rules, bool rises, const std::vector<double>& values) {
  std::vector<MetricRow> rows;
  for (const double value : values) {
    rows.push_back({static_cast<std::int64_t>(rows.size() + 1) * 10, value});
    if (early_stop_reason(rules.options(), rises, rows)) return rows.back().step;
  }
  return 0;
}

const std::vector<double> kLosses = {5, 3, 4, 2, 2.5, 2, 1, 6, 6, 6};

TEST(EarlyStop, WithoutARuleNothingEndsTraining) {
  EXPECT_EQ(stops_at({}, false, kLosses), 0);
}

TEST(EarlyStop, PatienceCountsEvaluationsAfterTheBest) {
  EXPECT_EQ(stops_at({.patience = 1}, false, kLosses), 30);
  EXPECT_EQ(stops_at({.patience = 2}, false, kLosses), 60);  // a tie is no better
  EXPECT_EQ(stops_at({.patience = 3}, false, kLosses), 100);
  EXPECT_EQ(stops_at({.patience = 4}, false, kLosses), 0);
  EXPECT_EQ(stops_at({.patience = 2}, true, kLosses), 30);
}

TEST(EarlyStop, StepsWithoutImprovementAreThoseOfTensorFlow) {
  EXPECT_EQ(stops_at({.no_improvement_steps = 20}, false, kLosses), 60);
  EXPECT_EQ(stops_at({.no_improvement_steps = 25}, false, kLosses), 100);
  EXPECT_EQ(stops_at({.no_improvement_steps = 30}, false, kLosses), 100);
}

TEST(EarlyStop, ThresholdsAreCrossedStrictly) {
  EXPECT_EQ(stops_at({.below = {2.0}}, false, kLosses), 70);
  EXPECT_EQ(stops_at({.above = {4.5}}, false, kLosses), 10);
  EXPECT_EQ(stops_at({.above = {4.5}, .min_steps = 25}, false, kLosses), 80);
  EXPECT_EQ(stops_at({.above = {5.5}, .below = {2.2}}, false, kLosses), 40);
}

TEST(EarlyStop, EarlierEvaluationsThanMinStepsAreAsIfTheyWereNotThere) {
  EXPECT_EQ(stops_at({.patience = 1, .min_steps = 40}, false, kLosses), 50);
  EXPECT_EQ(stops_at({.patience = 1, .min_steps = 60}, false, kLosses), 80);
}

TEST(EarlyStop, SaysWhy) {
  const std::vector<MetricRow> rows = {{10, 0.5}, {20, 0.4}, {30, 0.3}};
  EXPECT_EQ(early_stop_reason(Rules{.metric = "auc", .patience = 2}.options(), true, rows),
            "auc was not better in 2 evaluations: 0.5 at step 10 was the best");
  EXPECT_EQ(early_stop_reason(Rules{.metric = "auc", .below = {0.45}}.options(), true, rows),
            "auc is 0.4 at step 20, below 0.45");
}

TEST(EarlyStop, NanIsNeverTheBest) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(is_better(1, nan, false));
  EXPECT_FALSE(is_better(nan, 1, false));
  EXPECT_FALSE(is_better(nan, nan, true));
  EXPECT_EQ(stops_at({.patience = 2}, true, {nan, nan, 0.1, nan, nan}), 50);
  EXPECT_EQ(stops_at({.patience = 3}, true, {nan, nan, 0.1, nan, nan}), 0);
  EXPECT_EQ(stops_at({.patience = 1}, true, {nan, nan, 0.1}), 20);
}

}  // namespace
}  // namespace kin
