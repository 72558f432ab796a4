#include "kinspace/nn/sampled_softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/golden_testing.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using testing::Ids;

std::vector<float> logs(const std::vector<float>& values) {
  std::vector<float> out(values.size());
  std::transform(values.begin(), values.end(), out.begin(), [](float value) { return std::log(value); });
  return out;
}

void fill(Parameter& p, const std::vector<float>& values) {
  for (std::int64_t r = 0; r < p.rows(); ++r) std::copy_n(values.data() + r * p.dim(), p.dim(), p.row(r));
}

void expect_gradient(Tape& tape, Parameter& p, const std::vector<float>& want) {
  const Matrix have = total_gradient(tape, p);
  ASSERT_EQ(have.values().size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(have.values()[i], want[i], 2e-6 + 1e-5 * std::abs(want[i])) << p.name() << " at " << i;
  }
}

/// The variables of the golden losses, and one batch on them.
struct Golden {
  ThreadPool pool{2};
  ParameterStore store{1, {}};
  Parameter& table;
  Parameter& bias;
  Parameter& query;
  Tape tape{pool, 1};

  explicit Golden(const testing::GoldenSampled& g)
      : table(store.add("weights", g.weights.shape[0], g.weights.shape[1])),
        bias(store.add("biases", g.biases.shape[0], 1)),
        query(store.add("inputs", g.inputs.shape[0], g.inputs.shape[1])) {
    fill(table, g.weights.values);
    fill(bias, g.biases.values);
    fill(query, g.inputs.values);
  }

  /// Sum of the losses of the examples that `use` admits; the others have no targets.
  float run(const testing::GoldenSampledLoss& c, const std::function<bool(std::int64_t)>& use) {
    std::vector<std::vector<std::int64_t>> targets;
    for (std::int64_t b = 0; b < query.rows(); ++b) {
      const auto first = c.labels.begin() + b * c.num_true;
      targets.emplace_back(first, first + c.num_true);
      if (!use(b)) std::fill(targets.back().begin(), targets.back().end(), -1);
    }
    const Ids ids(targets);
    const std::vector<float> target_logs = logs(c.true_expected);
    const std::vector<float> sampled_logs = logs(c.sampled_expected);
    tape.begin({.training = true});
    const Var loss =
        sampled_softmax_loss(tape, tape.variable(query), table, &bias, ids.tensor(), target_logs,
                             {.ids = c.sampled, .log_expected = sampled_logs},
                             {.reduction = Reduction::kSum, .remove_accidental_hits = c.remove_accidental_hits});
    tape.backward(loss);
    return loss.scalar();
  }
};

TEST(SampledSoftmax, LossesAndGradientsFollowTensorFlow) {
  const testing::GoldenSampled golden = testing::golden_sampled();
  Golden g(golden);
  int checked = 0;
  for (const testing::GoldenSampledLoss& c : golden.losses) {
    if (c.remove_accidental_hits) continue;
    const double want = std::accumulate(c.loss.begin(), c.loss.end(), 0.0);
    EXPECT_NEAR(g.run(c, [](std::int64_t) { return true; }), want, 1e-5 * want);
    expect_gradient(g.tape, g.table, c.d_weights);
    expect_gradient(g.tape, g.bias, c.d_biases);
    expect_gradient(g.tape, g.query, c.d_inputs);
    ++checked;
  }
  EXPECT_EQ(checked, 4);
}

// Of a negative that was drawn twice TensorFlow removes one, and we both; where none is hit twice the two agree.
TEST(SampledSoftmax, RemovesAccidentalHitsAsTensorFlow) {
  const testing::GoldenSampled golden = testing::golden_sampled();
  Golden g(golden);
  int checked = 0;
  for (const testing::GoldenSampledLoss& c : golden.losses) {
    if (!c.remove_accidental_hits) continue;
    for (std::int64_t b = 0; b < g.query.rows(); ++b) {
      bool hit_twice = false;
      for (std::int64_t t = b * c.num_true; t < (b + 1) * c.num_true; ++t) {
        hit_twice |= std::count(c.sampled.begin(), c.sampled.end(), c.labels[static_cast<std::size_t>(t)]) > 1;
      }
      if (hit_twice) continue;
      ++checked;
      const float want = c.loss[static_cast<std::size_t>(b)];
      EXPECT_NEAR(g.run(c, [&](std::int64_t e) { return e == b; }), want, 1e-5 * want);
      const Matrix d_query = total_gradient(g.tape, g.query);
      for (std::int64_t i = 0; i < g.query.dim(); ++i) {
        const float d = c.d_inputs[static_cast<std::size_t>(b * g.query.dim() + i)];
        EXPECT_NEAR(d_query.row(b)[i], d, 2e-6 + 1e-5 * std::abs(d));
      }
    }
  }
  EXPECT_EQ(checked, 14);
}

struct Problem {
  ThreadPool pool{2};
  ParameterStore store{5, {}};
  Parameter& query;
  Parameter& table;
  Parameter& bias;
  Ids targets;
  std::vector<std::int64_t> negatives;
  std::vector<float> negative_logs;
  std::vector<float> target_logs;

  explicit Problem(std::int64_t examples, std::int64_t dim = 5)
      : query(testing::random_parameter(store, pool, "query", examples, dim)),
        table(testing::random_parameter(store, pool, "table", 30, dim)),
        bias(testing::random_parameter(store, pool, "bias", 30, 1)),
        targets(testing::random_ids(1, examples, 0, 4, 30, /*negative=*/true)),
        negatives{1, 4, 5, 9, 17, 20, 21, 29} {
    RandomStream stream(3, Purpose::kPick, 0, 0);
    for (std::size_t i = 0; i < targets.ids.size(); ++i) {
      targets.weights.push_back(0.1F + stream.uniform());
      target_logs.push_back(-stream.uniform());
    }
    for (std::size_t i = 0; i < negatives.size(); ++i) negative_logs.push_back(-stream.uniform());
  }

  Var loss(Tape& tape, const SampledSoftmaxOptions& options, bool with_bias = true) {
    return sampled_softmax_loss(tape, tape.variable(query), table, with_bias ? &bias : nullptr, targets.tensor(),
                                target_logs, {.ids = negatives, .log_expected = negative_logs}, options);
  }
};

TEST(SampledSoftmax, GradientsAgreeWithDifferences) {
  Problem p(40);
  Parameter* const parameters[] = {&p.query, &p.table, &p.bias};
  for (const bool normalize : {false, true}) {
    for (const Reduction reduction : {Reduction::kMean, Reduction::kSum}) {
      const SampledSoftmaxOptions options{.scale = 1.3F, .reduction = reduction, .normalize = normalize};
      const GradcheckResult result = gradcheck(p.pool, parameters, [&](Tape& tape) {
        return add(tape, scale(tape, p.loss(tape, options), 2.0F), p.loss(tape, {.normalize = normalize}, false));
      });
      EXPECT_LT(result.worst, 4e-3) << result.where;
    }
  }
}

TEST(SampledSoftmax, NormalizingIsTheSameAsATableOfRowsOfLengthOne) {
  Problem p(300);
  Tape tape(p.pool, 1);
  tape.begin({});
  const float normalized = p.loss(tape, {.scale = 3.0F, .normalize = true}).scalar();
  const Var rows = normalize_rows(tape, tape.variable(p.table));
  for (std::int64_t r = 0; r < 30; ++r) std::copy_n(rows.value().row(r), 5, p.table.row(r));
  EXPECT_NEAR(p.loss(tape, {.scale = 3.0F}).scalar(), normalized, 1e-5);
}

TEST(SampledSoftmax, IsTheFullSoftmaxWhenEveryOtherItemIsANegative) {
  Problem p(60);
  p.targets = testing::random_ids(4, 60, 1, 1, 30);
  p.negatives.resize(30);
  std::iota(p.negatives.begin(), p.negatives.end(), 0);
  p.target_logs.clear();
  p.negative_logs.clear();
  Tape tape(p.pool, 1);
  tape.begin({.training = true});
  const Var sampled = p.loss(tape, {.scale = 0.8F});
  tape.backward(sampled);
  const Matrix d_table = total_gradient(tape, p.table);
  const Matrix d_bias = total_gradient(tape, p.bias);
  const float value = sampled.scalar();
  tape.begin({.training = true});
  const Var full = softmax_loss(tape, tape.variable(p.query), tape.variable(p.table), tape.variable(p.bias),
                                p.targets.tensor(), {.scale = 0.8F});
  tape.backward(full);
  EXPECT_NEAR(value, full.scalar(), 1e-5);
  const Matrix want_table = total_gradient(tape, p.table);
  const Matrix want_bias = total_gradient(tape, p.bias);
  for (std::size_t i = 0; i < 150; ++i) EXPECT_NEAR(d_table.values()[i], want_table.values()[i], 1e-6);
  for (std::size_t i = 0; i < 30; ++i) EXPECT_NEAR(d_bias.values()[i], want_bias.values()[i], 1e-6);
}

TEST(SampledSoftmax, TouchesOnlyTheRowsOfTargetsAndNegatives) {
  Problem p(3);
  p.targets = testing::ids_of({{3}, {}, {9}});
  p.target_logs = {0, 0};
  Tape tape(p.pool, 1);
  tape.begin({.training = true});
  tape.backward(p.loss(tape, {}));
  const RowGroups groups = tape.row_gradient(p.table).group();
  EXPECT_EQ(std::vector<std::uint32_t>(groups.rows.begin(), groups.rows.end()),
            (std::vector<std::uint32_t>{1, 3, 4, 5, 9, 17, 20, 21, 29}));
}

TEST(SampledSoftmax, ABatchWithoutTargetsHasNoLossAndNoGradient) {
  Problem p(2);
  p.targets = testing::ids_of({{}, {-1}});
  p.target_logs.clear();
  Tape tape(p.pool, 1);
  tape.begin({.training = true});
  const Var loss = p.loss(tape, {});
  EXPECT_EQ(loss.scalar(), 0.0F);
  tape.backward(loss);
  for (Parameter* parameter : {&p.query, &p.table, &p.bias}) {
    const Matrix gradient = total_gradient(tape, *parameter);
    for (const float g : gradient.values()) EXPECT_EQ(g, 0.0F) << parameter->name();
  }
}

TEST(SampledSoftmax, RefusesIdsBeyondTheTableAndOtherShapes) {
  Problem p(2);
  p.targets = testing::ids_of({{0}, {30}});
  p.target_logs.clear();
  Tape tape(p.pool, 1);
  tape.begin({});
  EXPECT_THROW(p.loss(tape, {}), Error);
  p.targets = testing::ids_of({{0}, {1}});
  p.negatives[2] = 30;
  EXPECT_THROW(p.loss(tape, {}), Error);
  p.negatives[2] = 5;
  p.negative_logs.pop_back();
  EXPECT_THROW(p.loss(tape, {}), Error);
  p.negative_logs.clear();
  p.target_logs = {0.0F};
  EXPECT_THROW(p.loss(tape, {}), Error);
  EXPECT_THROW(sampled_softmax_loss(tape, tape.variable(p.bias), p.table, nullptr, p.targets.tensor(), {},
                                    {.ids = p.negatives}, {}),
               Error);
}

}  // namespace
}  // namespace kin
