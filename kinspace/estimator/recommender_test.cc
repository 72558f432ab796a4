#include "kinspace/estimator/canned/recommender.h"

#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/estimator/model_scorer.h"
#include "kinspace/estimator/spec_io.h"

namespace kin {
namespace {

Spec spec_of(const std::string& model, const std::string& head) {
  return parse_spec(
      "spec = 1\ndata = { path = 'x.csv', group_by = 'user', order_by = 'time' }\n"
      "columns.item = { kind = 'vocabulary', embed = { dim = 8 } }\n"
      "model = { kind = 'recommender', " +
          model + " }\nhead = { target = 'item', " + head + " }\n" +
          "split = { by = 'group', folds = 5 }\neval = { protocol = 'window', metrics = ['ndcg@5'] }\n",
      "test.toml");
}

/// A model over six items whose parameters are made by one step of training on a fixed batch.
struct Small {
  explicit Small(Spec s, bool unknown = false) : spec(std::move(s)) {
    vocabulary = Vocabulary(KeyList(std::vector<std::int64_t>{10, 20, 30, 40, 50, 60}), {9, 8, 7, 6, 5, 4});
    context.spec = &spec;
    context.vocabulary = &vocabulary;
    context.unknown_row = unknown ? 6 : -1;
  }

  void make_parameters() {
    ExampleBatch batch;
    batch.clear();
    batch.context_rows = {0, 1, 2};
    batch.context_offsets = {0, 3};
    batch.target_rows = {3, 4};
    batch.target_offsets = {0, 2};
    tape.begin({.step = 0, .training = true});
    Step step(context, store, tape, Mode::kTrain, batch);
    loss = recommender(step).loss.scalar();
  }

  Spec spec;
  Vocabulary vocabulary;
  ModelContext context;
  ThreadPool pool{2};
  ParameterStore store{7, {}};
  Tape tape{pool, 7};
  float loss = 0;
};

TEST(RuleOfThumb, IsTheFourthRootRoundedUp) {
  EXPECT_EQ(rule_of_thumb_dim(1), 1);
  EXPECT_EQ(rule_of_thumb_dim(16), 2);
  EXPECT_EQ(rule_of_thumb_dim(17), 3);
  EXPECT_EQ(rule_of_thumb_dim(10'000), 10);
  EXPECT_EQ(rule_of_thumb_dim(1'000'000), 32);
}

TEST(DefaultNegatives, AreNoneForASmallCatalogueAndSharedOnesForALargeOne) {
  EXPECT_EQ(default_negatives(9'066), 0);
  EXPECT_EQ(default_negatives(1'000'000), 1024);
}

TEST(FlopPerExample, CountsSixForEachWeightThatAnExampleMeets) {
  const Spec spec = spec_of("layers = [16]", "predict = 7");
  // 8 -> 16 -> 8 by the projection that joins the widths, then 8 for each scored item.
  EXPECT_EQ(flop_per_example(spec, 100, 0), 6.0 * (8 * 16 + 16 * 8 + 100 * 8));
  EXPECT_EQ(flop_per_example(spec, 1'000'000, 1024), 6.0 * (8 * 16 + 16 * 8 + (1024 + 7) * 8));
}

TEST(Recommender, MakesTheParametersThatItsOptionsName) {
  Small small(spec_of("layers = [16], position = 'learned'", "context = 5"));
  small.make_parameters();
  EXPECT_GT(small.loss, 0);
  const auto shape = [&](const std::string& name) {
    const Parameter& p = small.store.get(name);
    return std::pair(p.rows(), p.dim());
  };
  using Shape = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(shape("item/embedding"), Shape(6, 8));
  EXPECT_EQ(shape("item/bias"), Shape(6, 1));
  EXPECT_EQ(shape("item/position"), Shape(5, 1));
  EXPECT_EQ(shape("layer_0/kernel"), Shape(8, 16));
  EXPECT_EQ(shape("query/kernel"), Shape(16, 8));
  EXPECT_EQ(small.store.find("output/embedding"), nullptr);
}

TEST(ParameterCount, IsThatOfTheParametersThatAreMade) {
  for (const char* head : {"context = 5", "context = 5, share = ''"}) {
    for (const char* model : {"layers = [16]", "layers = [16, 8], residual = false", "layers = [], position = 'none'",
                              "layers = [16], residual = false, item_bias = 'none'"}) {
      Small small(spec_of(model, head));
      small.make_parameters();
      std::int64_t made = 0;
      for (const Parameter* p : small.store.all()) made += p->rows() * p->dim();
      EXPECT_EQ(parameter_count(small.spec, 6), made) << model << ", " << head;
    }
  }
}

TEST(Recommender, WithATableOfItsOwnScoresWithIt) {
  Small small(spec_of("layers = [16], residual = false, item_bias = 'none'", "share = ''"));
  small.make_parameters();
  EXPECT_EQ(small.store.get("output/embedding").dim(), 16);
  EXPECT_EQ(small.store.find("item/bias"), nullptr);
}

TEST(Recommender, AnUnknownItemInTheContextIsLeftOutOrTakesItsRow) {
  const std::vector<std::vector<std::int64_t>> histories = {{0, -1, 2}, {0, 2}};
  Small drop(spec_of("layers = []", "context = 3"));
  drop.make_parameters();
  const Matrix without = predict(recommender, drop.context, drop.store, drop.tape, histories).queries;
  for (std::int64_t d = 0; d < without.cols(); ++d) EXPECT_EQ(without.row(0)[d], without.row(1)[d]);

  Small row(spec_of("layers = []", "context = 3"), /*unknown=*/true);
  row.make_parameters();
  const Matrix with = predict(recommender, row.context, row.store, row.tape, histories).queries;
  EXPECT_NE(with.row(0)[0], with.row(1)[0]);
}

TEST(Recommender, LooksAtTheLastEventsOfTheContextOnly) {
  Small small(spec_of("dropout = 0.1", "context = 2"));
  small.make_parameters();
  const std::vector<std::vector<std::int64_t>> histories = {{5, 4, 1, 2}, {1, 2}};
  const Matrix queries = predict(recommender, small.context, small.store, small.tape, histories).queries;
  for (std::int64_t d = 0; d < queries.cols(); ++d) EXPECT_EQ(queries.row(0)[d], queries.row(1)[d]);
}

TEST(Step, NeverMakesAParameterWhilePredicting) {
  Small small(spec_of("dropout = 0.1", "context = 3"));
  const std::vector<std::vector<std::int64_t>> histories = {{0}};
  try {
    predict(recommender, small.context, small.store, small.tape, histories);
    FAIL() << "random weights would have answered";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruption);
    EXPECT_NE(error.message().find("item/embedding"), std::string::npos);
  }
}

TEST(Step, HasNoLabelsWhilePredicting) {
  Small small(spec_of("dropout = 0.1", "context = 3"));
  ExampleBatch batch;
  batch.clear();
  small.tape.begin({});
  const Step step(small.context, small.store, small.tape, Mode::kPredict, batch);
  EXPECT_THROW(step.labels(), Error);
}

TEST(OutputLayer, NormalizesRowsWhereTheModelDoes) {
  Small small(spec_of("normalize = true, temperature = 0.1", "context = 3"));
  small.make_parameters();
  const std::vector<std::vector<std::int64_t>> histories = {{0, 1}};
  const Queries prediction = predict(recommender, small.context, small.store, small.tape, histories);
  const OutputLayer layer = output_layer(small.pool, prediction.spec, 6);
  for (std::int64_t r = 0; r < 6; ++r) {
    double norm = 0;
    for (std::int64_t d = 0; d < 8; ++d) norm += double(layer.items.row(r)[d]) * layer.items.row(r)[d];
    EXPECT_NEAR(norm, 1.0, 1e-5);
  }
  double query = 0;
  for (std::int64_t d = 0; d < 8; ++d) query += double(prediction.queries.row(0)[d]) * prediction.queries.row(0)[d];
  EXPECT_NEAR(query, 100.0, 1e-2);  // a unit vector over the temperature
}

}  // namespace
}  // namespace kin
