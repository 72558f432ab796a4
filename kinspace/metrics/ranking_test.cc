#include "kinspace/metrics/ranking.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"

namespace kin {
namespace {

double value(const char* metric, const std::vector<std::int64_t>& ranks) {
  return ranking_value(parse_metric(metric), ranks);
}

std::string message_of(const std::vector<std::string>& texts) {
  try {
    parse_metrics(texts);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    return e.message();
  }
  return "no error";
}

TEST(RankingValue, OfThreeTargetsAtRanksTwoFiveAndUnreachable) {
  const std::vector<std::int64_t> ranks = {5, kUnreachable, 2};
  EXPECT_EQ(value("hr@1", ranks), 0.0);
  EXPECT_EQ(value("hr@2", ranks), 1.0);
  EXPECT_DOUBLE_EQ(value("recall@4", ranks), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value("recall@5", ranks), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value("ndcg@5", ranks), (1 / std::log2(3.0) + 1 / std::log2(6.0)) / (1 + 1 / std::log2(3.0) + 0.5));
  EXPECT_DOUBLE_EQ(value("map@5", ranks), (1.0 / 2 + 2.0 / 5) / 3);
  EXPECT_DOUBLE_EQ(value("mrr", ranks), 0.5);
}

TEST(RankingValue, DividesByTheCutoffWhereThereAreMoreTargetsThanPlaces) {
  const std::vector<std::int64_t> ranks = {1, 2, 3, 9};
  EXPECT_DOUBLE_EQ(value("recall@2", ranks), 1.0);
  EXPECT_DOUBLE_EQ(value("ndcg@2", ranks), 1.0);
  EXPECT_DOUBLE_EQ(value("map@2", ranks), 1.0);
}

TEST(RankingValue, OfOneTargetIsTheDiscountOfItsRank) {
  EXPECT_DOUBLE_EQ(value("ndcg@10", {7}), 1 / std::log2(8.0));
  EXPECT_DOUBLE_EQ(value("map@10", {7}), 1.0 / 7);
  EXPECT_EQ(value("ndcg@6", {7}), 0.0);
}

TEST(RankingValue, IsZeroWhenAllTargetsAreUnreachableOrThereAreNone) {
  for (const char* metric : {"hr@10", "recall@10", "ndcg@10", "map@10", "mrr"}) {
    EXPECT_EQ(value(metric, {kUnreachable, kUnreachable}), 0.0) << metric;
    EXPECT_EQ(value(metric, {}), 0.0) << metric;
  }
}

TEST(RankingValue, KeepsUnreachableTargetsInTheDenominator) {
  EXPECT_DOUBLE_EQ(value("recall@20", {1, kUnreachable}), 0.5);
  EXPECT_DOUBLE_EQ(value("ndcg@20", {1, kUnreachable}), 1 / (1 + 1 / std::log2(3.0)));
}

TEST(ParseMetric, ReadsWhatMetricNameWrites) {
  for (const char* text : {"hr@10", "recall@20", "ndcg@100", "mrr", "map@5", "coverage@1", "popularity@1000000"}) {
    EXPECT_EQ(metric_name(parse_metric(text)), text);
  }
  EXPECT_EQ(parse_metric(" ndcg@20 "), (Metric{MetricKind::kNdcg, 20}));
}

TEST(ParseMetric, NamesTheTextAndWhatIsWrongWithIt) {
  EXPECT_EQ(message_of({"recal@20"}), "metric 'recal@20': there is no metric of that name, did you mean 'recall'?");
  EXPECT_EQ(message_of({"ndcg"}), "metric 'ndcg': the cut-off is missing");
  EXPECT_EQ(message_of({"mrr@10"}), "metric 'mrr@10': mrr has no cut-off: it looks at all ranks");
  for (const char* text :
       {"hr@", "hr@0", "hr@-3", "hr@1.5", "hr@10x", "hr@1000001", "hr@99999999999999999999", "hr@ 5"}) {
    EXPECT_NE(message_of({text}).find("whole number from 1 to 1000000"), std::string::npos) << text;
  }
  EXPECT_NE(message_of({""}).find("no metric of that name"), std::string::npos);
}

TEST(ParseMetrics, LendsCoverageAndPopularityTheNearestCutoffBefore) {
  const std::vector<std::string> texts = {"recall@50", "ndcg@20", "mrr", "coverage", "popularity", "coverage@5"};
  const std::vector<Metric> metrics = parse_metrics(texts);
  EXPECT_EQ(metrics[3], (Metric{MetricKind::kCoverage, 20}));
  EXPECT_EQ(metrics[4], (Metric{MetricKind::kPopularity, 20}));
  EXPECT_EQ(metrics[5], (Metric{MetricKind::kCoverage, 5}));
  EXPECT_EQ(message_of({"coverage", "ndcg@20"}), "metric 'coverage': the cut-off is missing");
}

TEST(ParseMetrics, RefusesAMetricTwice) {
  EXPECT_EQ(message_of({"ndcg@20", "coverage", "coverage@20"}), "metric 'coverage@20' is asked for twice");
  EXPECT_TRUE(parse_metrics({}).empty());
}

}  // namespace
}  // namespace kin
