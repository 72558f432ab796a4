#include "kinspace/estimator/keep_checkpoints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using Steps = std::vector<std::int64_t>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<CheckpointRow> with_metrics(const std::vector<double>& metrics) {
  std::vector<CheckpointRow> rows;
  for (const double metric : metrics) {
    const auto step = static_cast<std::int64_t>(rows.size() + 1) * 10;
    rows.push_back({.step = step, .time = 60.0 * static_cast<double>(step), .metric = metric});
  }
  return rows;
}

TEST(KeepCheckpoints, TheLastStay) {
  const auto rows = with_metrics({1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(checkpoints_to_keep(rows, {}), (Steps{30, 40, 50, 60, 70}));
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1}), (Steps{70}));
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 0}), (Steps{10, 20, 30, 40, 50, 60, 70}));
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 100}).size(), 7U);
  EXPECT_EQ(checkpoints_to_keep({}, {.best = 3}), Steps{});
}

TEST(KeepCheckpoints, TheBestStayBesideTheLast) {
  const auto rows = with_metrics({5, 1, kNan, 1, 0.5, 7, 6});
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1, .best = 1}), (Steps{50, 70}));
  // The older of the two with 1.
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1, .best = 2}), (Steps{20, 50, 70}));
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1, .best = 2, .metric_rises = true}), (Steps{60, 70}));
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1, .best = 9}), (Steps{10, 20, 40, 50, 60, 70}));
  auto without = rows;
  without[4].metric.reset();
  EXPECT_EQ(checkpoints_to_keep(without, {.last = 1, .best = 1}), (Steps{20, 70}));
}

TEST(KeepCheckpoints, OneOfEachPeriodStaysForever) {
  // A checkpoint every 25 minutes for 10 hours, the others deleted at once each time.
  const KeepRule rule{.last = 2, .every_hours = 1, .start = 500};
  std::vector<CheckpointRow> all;
  std::vector<CheckpointRow> there;
  Steps kept;
  for (std::int64_t step = 0; step < 24; ++step) {
    all.push_back({.step = step, .time = 500 + 1500.0 * static_cast<double>(step)});
    there.push_back(all.back());
    kept = checkpoints_to_keep(there, rule);
    std::erase_if(there,
                  [&](const CheckpointRow& row) { return !std::binary_search(kept.begin(), kept.end(), row.step); });
    EXPECT_EQ(checkpoints_to_keep(all, rule), kept) << step;
    EXPECT_EQ(kept.back(), step);
  }
  // Minutes 75, 125, 200, 250, 300, 375, 425, 500 and 550 are the first of hours 1 to 9.
  EXPECT_EQ(kept, (Steps{3, 5, 8, 10, 12, 15, 17, 20, 22, 23}));
}

TEST(KeepCheckpoints, AnEmptyPeriodIsPassedOver) {
  const std::vector<CheckpointRow> rows = {{.step = 1, .time = 0},
                                           {.step = 2, .time = 5 * 3600},
                                           {.step = 3, .time = 5.5 * 3600},
                                           {.step = 4, .time = 6 * 3600},
                                           {.step = 5, .time = 6 * 3600}};
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1, .every_hours = 1}), (Steps{2, 4, 5}));
  EXPECT_EQ(checkpoints_to_keep(rows, {.last = 1, .every_hours = 10000}), (Steps{5}));
}

TEST(KeepCheckpoints, RefusesImpossibleRulesAndUnsortedRows) {
  const auto refused = [](const std::vector<CheckpointRow>& rows, const KeepRule& rule) {
    try {
      checkpoints_to_keep(rows, rule);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInvalidArgument;
    }
    return false;
  };
  EXPECT_TRUE(refused({}, {.last = -1}));
  EXPECT_TRUE(refused({}, {.best = -1}));
  EXPECT_TRUE(refused({}, {.every_hours = -1}));
  EXPECT_TRUE(refused({}, {.every_hours = kNan}));
  EXPECT_TRUE(refused({}, {.start = kNan}));
  EXPECT_TRUE(refused({{.step = 2}, {.step = 2}}, {}));
  EXPECT_TRUE(refused({{.step = 1, .time = 5}, {.step = 2, .time = 4}}, {}));
  EXPECT_TRUE(refused({{.step = 1, .time = kNan}}, {}));
}

}  // namespace
}  // namespace kin
