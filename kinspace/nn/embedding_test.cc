#include "kinspace/nn/embedding.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/golden_testing.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using testing::Ids;

void expect_equal_or_near(float have, float want, const std::string& what) {
  if (std::isnan(want) || std::isinf(want)) {
    EXPECT_EQ(std::isnan(have), std::isnan(want)) << what;
    if (std::isinf(want)) {
      EXPECT_EQ(have, want) << what;
    }
  } else {
    EXPECT_NEAR(have, want, 2e-6 + 2e-6 * std::abs(want)) << what;
  }
}

void check_lookup(ThreadPool& pool, const testing::GoldenLookup& golden) {
  ParameterStore store(1, {});
  const std::int64_t dim = golden.table.shape[1];
  Parameter& table = store.add("table", golden.table.shape[0], dim);
  for (std::int64_t r = 0; r < table.rows(); ++r) std::copy_n(golden.table.values.data() + r * dim, dim, table.row(r));
  std::vector<std::vector<std::int64_t>> examples(static_cast<std::size_t>(golden.examples));
  for (std::size_t i = 0; i < golden.ids.size(); ++i) {
    examples[static_cast<std::size_t>(golden.example_of[i])].push_back(golden.ids[i]);
  }
  const Ids ids(examples);
  Parameter weights("weights", 1, std::max<std::int64_t>(1, static_cast<std::int64_t>(golden.ids.size())), true,
                    nullptr);
  std::copy(golden.weights.begin(), golden.weights.end(), weights.row(0));

  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var w = golden.weighted ? tape.variable(weights) : Var();
  const auto lookup = [&] {
    return combine(tape, table, ids.tensor(),
                   CombineOptions{combiner_from_name(golden.combiner), golden.max_norm, true}, w);
  };
  if (golden.refused) {
    EXPECT_THROW(lookup(), Error);
    return;
  }
  const Var out = lookup();
  ASSERT_EQ(out.rows() * out.cols(), static_cast<std::int64_t>(golden.dense.size()));
  for (std::size_t i = 0; i < golden.dense.size(); ++i)
    expect_equal_or_near(out.value().data[i], golden.dense[i], "value");
  if (golden.dense.empty()) return;

  Matrix upstream(out.rows(), out.cols());
  std::copy(golden.upstream.begin(), golden.upstream.end(), upstream.values().begin());
  tape.backward(testing::weighted_sum(tape, out, upstream));
  const Matrix gradient = total_gradient(tape, table);
  Matrix want(table.rows(), dim);
  for (std::size_t i = 0; i < golden.gradient_rows.size(); ++i) {
    std::copy_n(golden.gradient_values.data() + i * static_cast<std::size_t>(dim), dim,
                want.row(golden.gradient_rows[i]));
  }
  for (std::size_t i = 0; i < want.values().size(); ++i) {
    expect_equal_or_near(gradient.values()[i], want.values()[i], "gradient " + std::to_string(i));
  }
  const Matrix d_weights = total_gradient(tape, weights);
  for (std::size_t i = 0; i < golden.gradient_weights.size(); ++i) {
    expect_equal_or_near(d_weights.values()[i], golden.gradient_weights[i], "weight " + std::to_string(i));
  }
}

TEST(Combine, FollowsTensorFlow) {
  ThreadPool pool(2);
  const auto lookups = testing::golden_lookups();
  for (const testing::GoldenLookup& golden : lookups) {
    SCOPED_TRACE(golden.name);
    check_lookup(pool, golden);
  }
  EXPECT_GE(lookups.size(), 20U);
}

class Combiners : public ::testing::TestWithParam<Combiner> {};

TEST_P(Combiners, GradientsAgreeWithDifferences) {
  ThreadPool pool(2);
  ParameterStore store(2, {});
  Parameter& table = testing::random_parameter(store, pool, "table", 9, 5);
  const Ids ids = testing::random_ids(4, 40, 0, 6, 9, /*negative=*/true);
  const auto nnz = static_cast<std::int64_t>(ids.ids.size());
  Parameter& weights = store.parameter(pool, "weights", 1, nnz, {.initial = Initial::constant(0.5F)});
  for (std::int64_t i = 0; i < nnz; ++i) weights.row(0)[i] += 0.1F * static_cast<float>(i % 7);
  const Matrix upstream = testing::random_matrix(3, 40, 5);
  Parameter* const parameters[] = {&table, &weights};
  const GradcheckResult result = gradcheck(pool, parameters, [&](Tape& tape) {
    return testing::weighted_sum(tape, combine(tape, table, ids.tensor(), GetParam(), tape.variable(weights)),
                                 upstream);
  });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

TEST_P(Combiners, GradientsOfClippedRowsAgreeWithDifferences) {
  ThreadPool pool(2);
  ParameterStore store(3, {});
  Parameter& table = testing::random_parameter(store, pool, "table", 9, 5);
  const Ids ids = testing::random_ids(5, 20, 0, 6, 9, /*negative=*/true);
  const Matrix upstream = testing::random_matrix(3, 20, 5);
  Parameter* const parameters[] = {&table};
  float longest = 0;
  for (std::int64_t r = 0; r < 9; ++r)
    longest = std::max(longest, std::sqrt(kernels::active().dot(table.row(r), table.row(r), 5)));
  const GradcheckResult result = gradcheck(pool, parameters, [&](Tape& tape) {
    return testing::weighted_sum(
        tape, combine(tape, table, ids.tensor(), CombineOptions{GetParam(), 0.7F * longest, true}), upstream);
  });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

INSTANTIATE_TEST_SUITE_P(All, Combiners, ::testing::Values(Combiner::kSum, Combiner::kMean, Combiner::kSqrtN));

TEST(Combine, WeightsMayComeWithTheIds) {
  ThreadPool pool(1);
  ParameterStore store;
  Parameter& table = store.add("table", 3, 1);
  for (std::int64_t r = 0; r < 3; ++r) table.row(r)[0] = static_cast<float>(r + 1);
  const Ids ids = testing::ids_of({{0, 2}, {}, {1}}, {1.0F, 3.0F, 2.0F});
  Tape tape(pool, 1);
  tape.begin({});
  const Var out = combine(tape, table, ids.tensor(), Combiner::kMean);
  EXPECT_FLOAT_EQ(*out.value().row(0), (1.0F + 9.0F) / 4.0F);
  EXPECT_EQ(*out.value().row(1), 0.0F);
  EXPECT_FLOAT_EQ(*out.value().row(2), 2.0F);
}

TEST(Combine, SaysWhichIdIsBeyondTheTable) {
  ThreadPool pool(1);
  ParameterStore store;
  Parameter& table = store.add("movies/embedding", 3, 2);
  Tape tape(pool, 1);
  tape.begin({});
  try {
    combine(tape, table, testing::ids_of({{0}, {1, 3}}).tensor(), Combiner::kSum);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(e.message().find("id 3 of example 1"), std::string::npos) << e.message();
    EXPECT_NE(e.message().find("'movies/embedding'"), std::string::npos) << e.message();
  }
}

TEST(Combine, RefusesBrokenOffsetsAndWeights) {
  ThreadPool pool(1);
  ParameterStore store;
  Parameter& table = store.add("t", 3, 2);
  Tape tape(pool, 1);
  tape.begin({});
  const std::vector<std::int64_t> ids{0, 1, 2};
  const std::vector<float> two{1.0F, 1.0F};
  for (const std::vector<std::int64_t>& offsets : {std::vector<std::int64_t>{0, 2}, {0, 2, 1, 3}, {1, 3}, {0, 4}}) {
    EXPECT_THROW(combine(tape, table, {offsets, ids, {}}, Combiner::kSum), Error);
  }
  const std::vector<std::int64_t> good{0, 3};
  EXPECT_THROW(combine(tape, table, {good, ids, two}, Combiner::kSum), Error);
  EXPECT_THROW(combine(tape, table, {good, ids, {}}, Combiner::kSum, tape.constant(tape.zeros(1, 2))), Error);
  EXPECT_THROW(combiner_from_name("max"), Error);
}

TEST(RecencyWeights, HalveByAge) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Var w = recency_weights(tape, testing::ids_of({{5, 6, 7}, {}, {8}}).tensor(), 2.0);
  ASSERT_EQ(w.cols(), 4);
  EXPECT_FLOAT_EQ(w.value().data[0], 0.5F);
  EXPECT_FLOAT_EQ(w.value().data[1], std::sqrt(0.5F));
  EXPECT_FLOAT_EQ(w.value().data[2], 1.0F);
  EXPECT_FLOAT_EQ(w.value().data[3], 1.0F);
  EXPECT_THROW(recency_weights(tape, testing::ids_of({{5}}).tensor(), 0.0), Error);
}

TEST(PositionWeights, AreLearnedByAge) {
  ThreadPool pool(2);
  ParameterStore store(2, {});
  Parameter& table = testing::random_parameter(store, pool, "table", 9, 5);
  Parameter& logits = testing::random_parameter(store, pool, "logits", 3, 1, 0.5F);
  const Ids ids = testing::random_ids(4, 40, 0, 6, 9, /*negative=*/true);
  const Matrix upstream = testing::random_matrix(3, 40, 5);
  const auto weights = [&](Tape& tape) { return position_weights(tape, tape.variable(logits), ids.tensor()); };

  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var w = weights(tape);
  for (std::size_t b = 0; b < 40; ++b) {
    for (std::int64_t i = ids.offsets[b]; i < ids.offsets[b + 1]; ++i) {
      const std::int64_t age = std::min<std::int64_t>(2, ids.offsets[b + 1] - 1 - i);
      EXPECT_NEAR(w.value().data[i], std::exp(double(*logits.row(age))), 1e-5);
    }
  }
  Parameter* const parameters[] = {&table, &logits};
  const GradcheckResult result = gradcheck(pool, parameters, [&](Tape& t) {
    return testing::weighted_sum(t, combine(t, table, ids.tensor(), Combiner::kSqrtN, weights(t)), upstream);
  });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

TEST(PositionWeights, StartAsRecencyWeightsOfTheirHalfLife) {
  ThreadPool pool(1);
  ParameterStore store(2, {});
  Parameter& logits = store.parameter(pool, "logits", 8, 1, {.initial = Initial::constant(0), .decay = false});
  const Ids ids = testing::random_ids(4, 40, 0, 6, 9, /*negative=*/true);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var learned = position_weights(tape, tape.variable(logits), ids.tensor(), /*half_life=*/2.5);
  const Var recency = recency_weights(tape, ids.tensor(), 2.5);
  for (std::size_t i = 0; i < ids.ids.size(); ++i) EXPECT_NEAR(learned.value().data[i], recency.value().data[i], 1e-6);
}

TEST(DropIds, DropsAShareAndSparesOneOfEachExample) {
  ThreadPool pool(2);
  const Ids ids = testing::random_ids(1, 3000, 0, 5, 100);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const SparseTensor kept = drop_ids(tape, ids.tensor(), 0.7F);
  std::int64_t dropped = 0;
  std::int64_t of = 0;
  for (std::size_t b = 0; b < 3000; ++b) {
    std::int64_t left = 0;
    for (auto i = static_cast<std::size_t>(ids.offsets[b]); i < static_cast<std::size_t>(ids.offsets[b + 1]); ++i) {
      if (kept.ids[i] == -1) continue;
      EXPECT_EQ(kept.ids[i], ids.ids[i]);
      ++left;
    }
    const std::int64_t size = ids.offsets[b + 1] - ids.offsets[b];
    EXPECT_EQ(left > 0, size > 0);
    if (size == 5) {
      of += 5;
      dropped += 5 - left;
    }
  }
  // About 2500 ids; the one that is spared of all five (0.7^5 of the examples) makes the share 0.666.
  EXPECT_NEAR(double(dropped) / double(of), 0.7 - std::pow(0.7, 5) / 5, 0.04);
}

TEST(DropIds, ActsInTrainingOnlyAndDiffersByStep) {
  ThreadPool pool(1);
  const Ids ids = testing::random_ids(1, 50, 3, 5, 100);
  Tape tape(pool, 1);
  tape.begin({.training = false});
  EXPECT_EQ(drop_ids(tape, ids.tensor(), 0.5F).ids.data(), ids.ids.data());
  const auto drawn = [&](std::int64_t step) {
    tape.begin({.step = step, .training = true});
    const auto kept = drop_ids(tape, ids.tensor(), 0.5F).ids;
    return std::vector<std::int64_t>(kept.begin(), kept.end());
  };
  EXPECT_EQ(drawn(3), drawn(3));
  EXPECT_NE(drawn(3), drawn(4));
  EXPECT_THROW(drop_ids(tape, ids.tensor(), 1.0F), Error);
}

}  // namespace
}  // namespace kin
