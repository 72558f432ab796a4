#include "kinspace/estimator/ranking_eval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/estimator/histories_fixture.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();

/// The same scores for every case.
class FixedScorer final : public Scorer {
 public:
  explicit FixedScorer(std::vector<float> scores) : scores_(std::move(scores)) {}
  void score(std::span<const Case> cases, MatrixView scores) override {
    for (std::size_t c = 0; c < cases.size(); ++c) {
      std::copy(scores_.begin(), scores_.end(), scores.row(static_cast<std::int64_t>(c)));
    }
  }

 private:
  std::vector<float> scores_;
};

/// A few different values, so that ties abound; some items cannot be recommended.
class CoarseScorer final : public Scorer {
 public:
  static float value(std::int64_t group, std::uint32_t last_of_context, std::int64_t item) {
    const std::uint64_t h =
        mix64(mix64(static_cast<std::uint64_t>(group) * 1000 + last_of_context) + static_cast<std::uint64_t>(item));
    return h % 11 == 0 ? -kInf : static_cast<float>(h % 7) - 3.0F;
  }
  void score(std::span<const Case> cases, MatrixView scores) override {
    for (std::size_t c = 0; c < cases.size(); ++c) {
      for (std::int64_t i = 0; i < scores.cols; ++i) {
        scores.row(static_cast<std::int64_t>(c))[i] = value(cases[c].group, cases[c].context.back(), i);
      }
    }
  }
};

std::vector<Metric> metrics_of(const std::vector<std::string>& texts) {
  return parse_metrics(texts);
}

/// Five items that all train; one case of group 0: context {1}, targets {3, 2}.
struct SmallWorld {
  std::vector<std::uint32_t> context = {1};
  std::vector<std::uint32_t> targets = {3, 2};
  TrainingPart training{.lengths = {}, .item_events = {6, 1, 2, 1, 2}, .groups = 4, .events = 12, .catalogue = 5};

  Evaluation run(std::vector<float> scores, const std::vector<std::string>& metrics) const {
    ThreadPool pool(1);
    FixedScorer scorer(std::move(scores));
    const Case one{0, context, targets};
    return evaluate_ranking(pool, scorer, training, {&one, 1}, metrics_of(metrics));
  }
};

TEST(EvaluateRanking, RanksTiesBySmallerItemAndLeavesTheContextOut) {
  const SmallWorld world;
  // Candidates 0, 2, 3, 4 in the order 4, 0, 2, 3: items 0, 2 and 3 tie; item 1 is the context.
  const Evaluation e = world.run({1, 9, 1, 1, 2}, {"hr@2", "hr@3", "recall@3", "recall@4", "mrr", "ndcg@4"});
  EXPECT_THAT(e.users, ElementsAre(0));
  const double ndcg = (1 / std::log2(4.0) + 1 / std::log2(5.0)) / (1 + 1 / std::log2(3.0));
  EXPECT_THAT(e.values, ElementsAre(0.0, 1.0, 0.5, 1.0, 1.0 / 3, ::testing::DoubleEq(ndcg)));
}

TEST(EvaluateRanking, CountsWhatTheTopHolds) {
  const SmallWorld world;
  const Evaluation e = world.run({1, 9, 1, 1, 2}, {"coverage@2", "coverage@100", "popularity@2", "popularity@100"});
  EXPECT_DOUBLE_EQ(e.coverage[0], 2.0 / 5);
  EXPECT_DOUBLE_EQ(e.coverage[1], 4.0 / 5);  // the context's item is never recommended
  EXPECT_DOUBLE_EQ(e.values[2], (2.0 + 6.0) / 2 / 4);
  EXPECT_DOUBLE_EQ(e.values[3], (2.0 + 6.0 + 2.0 + 1.0) / 4 / 4);
  EXPECT_DOUBLE_EQ(figure_of(e, 0), e.coverage[0]);
  EXPECT_DOUBLE_EQ(figure_of(e, 2), e.values[2]);
}

TEST(EvaluateRanking, TakesTargetsOutsideTheCatalogueOrInTheContextAsMisses) {
  SmallWorld world;
  world.training.item_events[2] = 0;
  world.training.catalogue = 4;
  world.targets = {2, 1, 3, 3};
  const Evaluation e = world.run({1, 9, 8, 7, 2}, {"recall@5", "mrr", "coverage@5"});
  EXPECT_EQ(e.targets, 3);
  EXPECT_EQ(e.reachable, 1);
  EXPECT_THAT(e.values, ElementsAre(1.0 / 3, 1.0, 0.0));  // item 3 is the first of the candidates 3, 4, 0
  EXPECT_DOUBLE_EQ(e.coverage[2], 3.0 / 4);
}

TEST(EvaluateRanking, TakesItemsThatCannotBeRecommendedAsMisses) {
  const SmallWorld world;
  const Evaluation e = world.run({-kInf, 0, -kInf, -5, -kInf}, {"recall@5", "mrr", "coverage@5"});
  EXPECT_THAT(e.values, ElementsAre(0.5, 1.0, 0.0));
  EXPECT_DOUBLE_EQ(e.coverage[2], 1.0 / 5);
  EXPECT_EQ(e.reachable, 2);
}

TEST(EvaluateRanking, StopsAtAScoreThatIsNoNumber) {
  SmallWorld world;
  for (const std::size_t item : {0, 2, 3, 4}) {
    for (const float bad : {NAN, kInf}) {
      std::vector<float> scores = {1, 2, 3, 4, 5};
      scores[item] = bad;
      try {
        world.run(scores, {"mrr"});
        ADD_FAILURE() << "no error for item " << item;
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::kDiverged);
        EXPECT_THAT(e.message(), HasSubstr("item number " + std::to_string(item)));
      }
    }
  }
  EXPECT_NO_THROW(world.run({1, NAN, 3, 4, 5}, {"mrr"}));  // the context's own item is no candidate
  world.training.item_events[4] = 0;
  EXPECT_NO_THROW(world.run({1, 2, 3, 4, kInf}, {"mrr"}));
}

TEST(EvaluateRanking, OfNoCasesIsEmpty) {
  ThreadPool pool(1);
  FixedScorer scorer({1, 2});
  const TrainingPart training{.lengths = {}, .item_events = {1, 0}, .groups = 1, .events = 1, .catalogue = 1};
  const Evaluation e = evaluate_ranking(pool, scorer, training, {}, metrics_of({"mrr", "coverage@3"}));
  EXPECT_EQ(e.cases, 0);
  EXPECT_EQ(figure_of(e, 0), 0.0);
  EXPECT_EQ(figure_of(e, 1), 0.0);
  EXPECT_EQ(pooled_figures(pool, {&e, 1}, {}).size(), 2U);
}

TEST(EvaluateRanking, RefusesCasesWhoseGroupsDoNotRise) {
  ThreadPool pool(1);
  FixedScorer scorer({1, 2});
  const TrainingPart training{.lengths = {}, .item_events = {1, 1}, .groups = 1, .events = 2, .catalogue = 2};
  const std::vector<Case> cases = {{1, {}, {}}, {0, {}, {}}};
  EXPECT_THROW(evaluate_ranking(pool, scorer, training, cases, {}), Error);
}

/// The protocol page, word by word, for one case.
std::vector<std::int64_t> slow_ranks(const Case& one, const TrainingPart& training) {
  const auto score = [&](std::int64_t i) { return CoarseScorer::value(one.group, one.context.back(), i); };
  const auto candidate = [&](std::uint32_t i) {
    return training.in_catalogue(i) && std::find(one.context.begin(), one.context.end(), i) == one.context.end();
  };
  std::vector<std::int64_t> ranks;
  for (const std::uint32_t t : std::set<std::uint32_t>(one.targets.begin(), one.targets.end())) {
    std::int64_t rank = kUnreachable;
    if (candidate(t) && score(t) > -kInf) {
      rank = 1;
      for (std::uint32_t i = 0; i < training.item_events.size(); ++i) {
        if (candidate(i) && (score(i) > score(t) || (score(i) == score(t) && i < t))) ++rank;
      }
    }
    ranks.push_back(rank);
  }
  return ranks;
}

TEST(EvaluateRanking, AgreesWithTheDefinitionOnRandomHistories) {
  const std::vector<Metric> metrics = metrics_of({"recall@5", "ndcg@20", "mrr", "map@10", "hr@1"});
  const Histories histories = test::random_histories(60, 45, 150, 7);
  const std::vector<Part> parts = test::fold_parts(histories, 1);
  for (const ProtocolKind kind : {ProtocolKind::kWindow, ProtocolKind::kFoldIn}) {
    const Protocol protocol{.kind = kind, .min_events = 5};
    const TrainingPart training = training_part(histories, protocol, parts);
    const std::vector<Case> cases = make_cases(histories, protocol, parts, Part::kTest);
    ASSERT_GT(cases.size(), 3U);
    ThreadPool pool(3);
    CoarseScorer scorer;
    const Evaluation e = evaluate_ranking(pool, scorer, training, cases, metrics);
    for (std::size_t u = 0; u < e.users.size(); ++u) {
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        double sum = 0;
        int count = 0;
        for (const Case& one : cases) {
          if (one.group != e.users[u]) continue;
          sum += ranking_value(metrics[m], slow_ranks(one, training));
          ++count;
        }
        EXPECT_DOUBLE_EQ(e.values[u * metrics.size() + m], sum / count);
      }
    }
  }
}

TEST(EvaluateRanking, DoesNotDependOnTheThreads) {
  const Histories histories = test::random_histories(90, 60, 300, 3);
  const std::vector<Part> parts = test::fold_parts(histories, 0);
  const TrainingPart training = training_part(histories, {}, parts);
  const std::vector<Case> cases = make_cases(histories, {}, parts, Part::kTest);
  const std::vector<Metric> metrics = metrics_of({"ndcg@20", "coverage@3", "popularity@3"});
  CoarseScorer scorer;
  ThreadPool one(1);
  const Evaluation want = evaluate_ranking(one, scorer, training, cases, metrics);
  ASSERT_GT(want.cases, 8);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    const Evaluation got = evaluate_ranking(pool, scorer, training, cases, metrics);
    EXPECT_EQ(got.values, want.values);
    EXPECT_EQ(got.coverage, want.coverage);
  }
}

Evaluation with_values(std::vector<std::int64_t> users, const std::vector<double>& mrr, double coverage) {
  Evaluation e;
  e.metrics = metrics_of({"mrr", "coverage@10"});
  e.users = std::move(users);
  for (const double v : mrr) e.values.insert(e.values.end(), {v, 0.0});
  e.coverage = {0.0, coverage};
  return e;
}

TEST(PooledFigures, AreMeansOverAllUsersAndCoverageTheMeanOverSplits) {
  ThreadPool pool(1);
  const std::vector<Evaluation> splits = {with_values({0, 3}, {0.2, 0.4}, 0.1), with_values({1}, {0.9}, 0.3)};
  const std::vector<PooledFigure> figures = pooled_figures(pool, splits, {.draws = 500});
  EXPECT_DOUBLE_EQ(figures[0].value, 0.5);
  EXPECT_DOUBLE_EQ(figures[0].standard_error, std::sqrt((0.09 + 0.01 + 0.16) / 2 / 3));
  ASSERT_TRUE(figures[0].interval.has_value());
  EXPECT_LE(figures[0].interval->low, 0.5);
  EXPECT_GE(figures[0].interval->high, 0.5);
  EXPECT_DOUBLE_EQ(figures[1].value, 0.2);
  EXPECT_FALSE(figures[1].interval.has_value());
}

TEST(PooledFigures, RefuseEvaluationsOfDifferentMetrics) {
  ThreadPool pool(1);
  std::vector<Evaluation> splits = {with_values({0}, {0.2}, 0.1), with_values({1}, {0.9}, 0.3)};
  splits[1].metrics[1].k = 20;
  EXPECT_THROW(pooled_figures(pool, splits, {}), Error);
  EXPECT_THROW(pooled_figures(pool, {}, {}), Error);
}

TEST(PairedDifferenceOfEvaluations, ComparesUserByUser) {
  ThreadPool pool(1);
  const std::vector<Evaluation> a = {with_values({0, 3}, {0.3, 0.5}, 0.1), with_values({1}, {0.9}, 0.3)};
  const std::vector<Evaluation> b = {with_values({0, 3}, {0.1, 0.3}, 0.1), with_values({1}, {0.8}, 0.3)};
  const PairedDifference d = paired_difference(pool, a, b, 0, {.draws = 200});
  EXPECT_NEAR(d.difference, 0.5 / 3, 1e-12);
  EXPECT_GE(d.interval.low, 0.1 - 1e-12);
  EXPECT_THROW(paired_difference(pool, a, std::span(b).first(1), 0, {}), Error);
  EXPECT_THROW(paired_difference(pool, a, b, 1, {}), Error);
}

}  // namespace
}  // namespace kin
