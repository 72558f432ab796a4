#include "kinspace/estimator/stopping.h"

#include <gtest/gtest.h>

#include <limits>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using Kind = StoppingRule::Kind;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::optional<std::int64_t> stops(const std::vector<MetricRow>& rows, const StoppingRule& rule) {
  const auto reason = reason_to_stop(rows, rule);
  return reason ? std::optional(reason->step) : std::nullopt;
}

TEST(Stopping, ATieIsNoImprovement) {
  const StoppingRule rule{.kind = Kind::kNoDecrease, .max_steps = 20};
  EXPECT_EQ(stops({{10, 2}, {20, 2}}, rule), std::nullopt);
  EXPECT_EQ(stops({{10, 2}, {20, 2}, {30, 2}}, rule), 30);
  EXPECT_EQ(stops({{10, 2}, {20, 1.999}, {30, 2}}, rule), std::nullopt);
}

TEST(Stopping, TheFirstReasonCountsWhateverComesLater) {
  const StoppingRule rule{.kind = Kind::kNoIncrease, .max_steps = 5};
  const std::vector<MetricRow> rows = {{0, 3}, {5, 1}, {10, 9}, {30, 0}};
  const auto reason = reason_to_stop(rows, rule, "auc");
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(reason->step, 5);
  EXPECT_EQ(reason->best, (MetricRow{0, 3}));
  EXPECT_EQ(reason->text, "auc did not increase for 5 steps: 3 at step 0 was the best");
}

TEST(Stopping, OnlyEvaluationsMoveTheClock) {
  const StoppingRule rule{.kind = Kind::kNoDecrease, .max_steps = 25};
  EXPECT_EQ(stops({{10, 1}, {20, 2}, {30, 2}, {40, 2}}, rule), 40);
}

TEST(Stopping, ThresholdsAreStrict) {
  EXPECT_EQ(stops({{1, 2.0}, {2, 1.9}}, {.kind = Kind::kLower, .threshold = 2}), 2);
  EXPECT_EQ(stops({{1, 2.0}}, {.kind = Kind::kLower, .threshold = 2}), std::nullopt);
  EXPECT_EQ(stops({{1, 2.0}, {2, 2.5}}, {.kind = Kind::kHigher, .threshold = 2}), 2);
  const auto reason =
      reason_to_stop(std::vector<MetricRow>{{7, kInf}}, {.kind = Kind::kHigher, .threshold = 2}, "loss");
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(reason->text, "loss is inf at step 7, above 2");
}

TEST(Stopping, EvaluationsBeforeMinStepsAreAsIfNotThere) {
  const std::vector<MetricRow> rows = {{10, 0}, {20, 5}, {30, 5}, {40, 5}};
  EXPECT_EQ(stops(rows, {.kind = Kind::kNoDecrease, .max_steps = 20, .min_steps = 20}), 40);
  EXPECT_EQ(stops(rows, {.kind = Kind::kLower, .threshold = 1, .min_steps = 11}), std::nullopt);
  EXPECT_EQ(stops(rows, {.kind = Kind::kLower, .threshold = 1, .min_steps = 10}), 10);
  EXPECT_EQ(stops(rows, {.kind = Kind::kNoDecrease, .max_steps = 1, .min_steps = 41}), std::nullopt);
}

TEST(Stopping, NothingIsNoReason) {
  for (const Kind kind : {Kind::kNoDecrease, Kind::kNoIncrease, Kind::kLower, Kind::kHigher}) {
    EXPECT_EQ(stops({}, {.kind = kind, .max_steps = 1}), std::nullopt);
  }
}

TEST(Stopping, NaNIsNeverTheBest) {
  const StoppingRule rule{.kind = Kind::kNoDecrease, .max_steps = 20};
  EXPECT_EQ(stops({{10, kNan}, {20, 5}, {30, kNan}}, rule), std::nullopt);
  EXPECT_EQ(stops({{10, kNan}, {20, 5}, {30, kNan}, {40, kNan}}, rule), 40);
  EXPECT_EQ(stops({{10, kNan}, {30, kNan}}, rule), 30);
  EXPECT_EQ(stops({{10, kNan}}, {.kind = Kind::kLower, .threshold = 1}), std::nullopt);
  EXPECT_EQ(stops({{10, kNan}}, {.kind = Kind::kHigher, .threshold = 1}), std::nullopt);
}

TEST(Stopping, RefusesImpossibleRulesAndUnsortedEvaluations) {
  const auto refused = [](const std::vector<MetricRow>& rows, const StoppingRule& rule) {
    try {
      reason_to_stop(rows, rule);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInvalidArgument;
    }
    return false;
  };
  EXPECT_TRUE(refused({}, {.kind = Kind::kNoDecrease, .max_steps = 0}));
  EXPECT_FALSE(refused({}, {.kind = Kind::kLower, .max_steps = 0}));
  EXPECT_TRUE(refused({}, {.kind = Kind::kLower, .threshold = kNan}));
  EXPECT_TRUE(refused({}, {.kind = Kind::kNoDecrease, .max_steps = 1, .min_steps = -1}));
  EXPECT_TRUE(refused({{5, 1}, {5, 2}}, {.kind = Kind::kHigher}));
  EXPECT_TRUE(refused({{5, 1}, {4, 2}}, {.kind = Kind::kHigher}));
}

}  // namespace
}  // namespace kin
