#include "kinspace/estimator/floors.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kinspace/estimator/histories_fixture.h"

namespace kin {
namespace {

struct DemoRun {
  std::vector<Evaluation> splits;

  /// Pooled figures as the protocol page prints them.
  std::string text(int decimals = 5) const {
    ThreadPool pool(1);
    std::string line;
    for (const PooledFigure& f : pooled_figures(pool, splits, {.draws = 1})) {
      line += fmt::format("{} {:.{}f} ", metric_name(f.metric), f.value, decimals);
    }
    return line;
  }
};

template <class MakeScorer>
DemoRun run_demo(const Histories& histories, ProtocolKind kind, const std::vector<std::string>& metrics,
                 MakeScorer make) {
  ThreadPool pool(2);
  DemoRun run;
  for (std::int64_t s = 0; s < (kind == ProtocolKind::kNextItem ? 1 : 5); ++s) {
    const std::vector<Part> parts =
        kind == ProtocolKind::kNextItem ? std::vector<Part>{} : test::fold_parts(histories, s);
    const TrainingPart training = training_part(histories, {.kind = kind}, parts);
    const std::vector<Case> cases = make_cases(histories, {.kind = kind}, parts, Part::kTest);
    auto scorer = make(pool, training);
    run.splits.push_back(evaluate_ranking(pool, scorer, training, cases, parse_metrics(metrics)));
  }
  return run;
}

struct CheckFigures {
  ProtocolKind kind;
  std::vector<std::string> metrics;
  std::string figures;
  std::string reachable;  ///< share of the targets, by split
};

TEST(Popularity, ReproducesTheCheckFiguresOfTheProtocolPage) {
  const std::optional<Histories> histories = test::demo_histories();
  if (!histories) GTEST_SKIP() << "no " << test::demo_path() << ": make demo, or set KIN_DEMO_DATA";
  const CheckFigures checks[] = {
      {ProtocolKind::kNextItem,
       {"hr@10", "ndcg@10", "hr@20", "mrr", "coverage@10"},
       "hr@10 0.04322 ndcg@10 0.01973 hr@20 0.06408 mrr 0.01829 coverage@10 0.01298 ",
       "0.9478 "},
      {ProtocolKind::kWindow,
       {"recall@20", "ndcg@20", "coverage@20"},
       "recall@20 0.08656 ndcg@20 0.06486 coverage@20 0.00275 ",
       "0.9576 0.9839 0.9739 0.9694 0.9890 "},
      {ProtocolKind::kWindowLong,
       {"recall@20", "ndcg@20", "coverage@20"},
       "recall@20 0.09966 ndcg@20 0.07793 coverage@20 0.00773 ",
       "0.9828 0.9832 0.9813 0.9855 0.9919 "},
      {ProtocolKind::kFoldIn,
       {"recall@20", "ndcg@100", "coverage@20"},
       "recall@20 0.09969 ndcg@100 0.13596 coverage@20 0.00929 ",
       "0.9148 0.9737 0.9625 0.9471 0.9857 "},
  };
  for (const CheckFigures& check : checks) {
    const DemoRun run = run_demo(*histories, check.kind, check.metrics,
                                 [](ThreadPool&, const TrainingPart& t) { return PopularityScorer(t); });
    EXPECT_EQ(run.text(), check.figures);
    std::string reachable;
    for (const Evaluation& e : run.splits) {
      reachable += fmt::format("{:.4f} ", static_cast<double>(e.reachable) / static_cast<double>(e.targets));
    }
    EXPECT_EQ(reachable, check.reachable);
  }
}

TEST(ItemKnn, ReproducesItsFigureOfTheMainJob) {
  const std::optional<Histories> histories = test::demo_histories();
  if (!histories) GTEST_SKIP() << "no " << test::demo_path() << ": make demo, or set KIN_DEMO_DATA";
  const DemoRun run =
      run_demo(*histories, ProtocolKind::kWindow, {"ndcg@20"},
               [&](ThreadPool& pool, const TrainingPart& t) { return ItemKnnScorer(pool, *histories, t); });
  EXPECT_EQ(run.text(4), "ndcg@20 0.1110 ");
}

/// c(i, j) / (sqrt(n(i) n(j)) + 10) from the sets of groups.
double slow_similarity(const Histories& histories, const TrainingPart& training, std::uint32_t i, std::uint32_t j) {
  double both = 0, with_i = 0, with_j = 0;
  for (std::int64_t g = 0; g < histories.group_count(); ++g) {
    const auto items =
        histories.group(g).first(static_cast<std::size_t>(training.lengths[static_cast<std::size_t>(g)]));
    const bool has_i = std::find(items.begin(), items.end(), i) != items.end();
    const bool has_j = std::find(items.begin(), items.end(), j) != items.end();
    with_i += has_i;
    with_j += has_j;
    both += has_i && has_j;
  }
  return i == j ? 0.0 : both / (std::sqrt(with_i * with_j) + 10.0);
}

TEST(ItemKnn, AgreesWithTheDefinitionOnRandomHistories) {
  constexpr std::int64_t kItems = 40;
  const Histories histories = test::random_histories(50, 30, kItems, 11);
  const std::vector<Part> parts = test::fold_parts(histories, 2);
  const Protocol protocol{.kind = ProtocolKind::kFoldIn, .min_events = 4};
  const TrainingPart training = training_part(histories, protocol, parts);
  const std::vector<Case> cases = make_cases(histories, protocol, parts, Part::kTest);
  ASSERT_GT(cases.size(), 1U);
  ThreadPool pool(3);
  ItemKnnScorer scorer(pool, histories, training);
  Matrix scores(static_cast<std::int64_t>(cases.size()), kItems);
  scorer.score(cases, scores.view());
  for (std::size_t c = 0; c < cases.size(); ++c) {
    for (std::uint32_t j = 0; j < kItems; ++j) {
      double want = 0;
      for (const std::uint32_t i : cases[c].context) want += slow_similarity(histories, training, i, j);
      // At most 30 additions of values below 1, each to half an ulp.
      EXPECT_NEAR(scores.row(static_cast<std::int64_t>(c))[j], want, 30 * 30 * 6e-8);
    }
  }
}

TEST(ItemKnn, DoesNotDependOnTheThreads) {
  const Histories histories = test::random_histories(120, 60, 200, 12);
  const std::vector<Part> parts = test::fold_parts(histories, 0);
  const TrainingPart training = training_part(histories, {}, parts);
  const std::vector<Case> cases = make_cases(histories, {}, parts, Part::kTest);
  const auto run = [&](int threads) {
    ThreadPool pool(threads);
    ItemKnnScorer scorer(pool, histories, training);
    Matrix scores(static_cast<std::int64_t>(cases.size()), 200);
    scorer.score(cases, scores.view());
    return std::vector<float>(scores.values().begin(), scores.values().end());
  };
  const std::vector<float> want = run(1);
  for (const int threads : {2, 3, 8}) EXPECT_EQ(run(threads), want);
}

TEST(ItemKnn, GivesItemsThatNobodyTrainedOnNothing) {
  const Histories histories = test::make_histories({{0, 1}, {0, 1, 2}, {3, 3, 4}}, 6);
  const std::vector<Part> parts = {Part::kTrain, Part::kTrain, Part::kTest};
  const TrainingPart training = training_part(histories, {}, parts);
  ThreadPool pool(1);
  ItemKnnScorer scorer(pool, histories, training);
  const std::vector<std::uint32_t> context = {0, 0, 5};
  const Case one{2, context, {}};
  Matrix scores(1, 6);
  scorer.score({&one, 1}, scores.view());
  EXPECT_FLOAT_EQ(scores.row(0)[1], static_cast<float>(2 * 2.0 / (2 + 10)));
  EXPECT_FLOAT_EQ(scores.row(0)[2], static_cast<float>(2 * 1.0 / (std::sqrt(2.0) + 10)));
  EXPECT_EQ(scores.row(0)[0], 0.0F);
  EXPECT_EQ(scores.row(0)[3], 0.0F);
  EXPECT_EQ(scores.row(0)[5], 0.0F);
}

TEST(ItemKnn, CostCountsTheWalksAndTheAdditions) {
  const Histories histories = test::make_histories({{0, 1}, {0, 1, 2}, {3, 3, 4}}, 6);
  const std::vector<Part> parts = {Part::kTrain, Part::kTrain, Part::kTest};
  const TrainingPart training = training_part(histories, {}, parts);
  ThreadPool pool(1);
  const ItemKnnScorer scorer(pool, histories, training);
  const std::vector<std::uint32_t> context = {0, 2};
  const std::vector<Case> cases = {{2, context, {}}, {2, context, {}}};
  // Walks once: item 0 meets 5 items, item 2 meets 3. Each case: 6 scores cleared and 5 + 3 additions.
  EXPECT_EQ(scorer.cost(cases), 8 + 2 * (6 + 8));
}

}  // namespace
}  // namespace kin
