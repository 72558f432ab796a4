#include "kinspace/nn/softmax_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using testing::Ids;

struct Problem {
  ThreadPool pool{2};
  ParameterStore store{5, {}};
  Parameter& query;
  Parameter& items;
  Parameter& bias;
  Ids targets;
  Ids masked;

  Problem(std::int64_t examples, std::int64_t count, std::int64_t dim)
      : query(testing::random_parameter(store, pool, "query", examples, dim)),
        items(testing::random_parameter(store, pool, "items", count, dim)),
        bias(testing::random_parameter(store, pool, "bias", count, 1)),
        targets(testing::random_ids(1, examples, 0, 4, count, /*negative=*/true)),
        masked(testing::random_ids(2, examples, 0, 3, count, /*negative=*/true)) {
    RandomStream stream(3, Purpose::kPick, 0, 0);
    for (std::size_t i = 0; i < targets.ids.size(); ++i) targets.weights.push_back(0.1F + stream.uniform());
  }

  Var loss(Tape& tape, const SoftmaxOptions& options, bool mask, bool with_bias = true) {
    const SparseTensor m = masked.tensor();
    return softmax_loss(tape, tape.variable(query), tape.variable(items), with_bias ? tape.variable(bias) : Var(),
                        targets.tensor(), options, mask ? &m : nullptr);
  }

  double reference(const SoftmaxOptions& options, bool mask) const {
    double total = 0;
    std::int64_t counted = 0;
    for (std::int64_t b = 0; b < query.rows(); ++b) {
      const auto e = static_cast<std::size_t>(b);
      std::set<std::int64_t> left_out;
      for (auto i = masked.offsets[e]; mask && i < masked.offsets[e + 1]; ++i)
        left_out.insert(masked.ids[static_cast<std::size_t>(i)]);
      double weights = 0;
      for (auto i = targets.offsets[e]; i < targets.offsets[e + 1]; ++i) {
        const auto t = static_cast<std::size_t>(i);
        if (targets.ids[t] < 0) continue;
        weights += double(targets.weights[t]);
        left_out.erase(targets.ids[t]);
      }
      if (weights == 0) continue;
      ++counted;
      std::vector<double> z;
      double sum = 0;
      for (std::int64_t n = 0; n < items.rows(); ++n) {
        double dot = 0;
        for (std::int64_t d = 0; d < items.dim(); ++d) dot += double(query.row(b)[d]) * double(items.row(n)[d]);
        z.push_back(double(options.scale) * dot + double(*bias.row(n)));
        if (left_out.count(n) == 0) sum += std::exp(z.back());
      }
      for (auto i = targets.offsets[e]; i < targets.offsets[e + 1]; ++i) {
        const auto t = static_cast<std::size_t>(i);
        if (targets.ids[t] < 0) continue;
        total += double(targets.weights[t]) / weights * (std::log(sum) - z[static_cast<std::size_t>(targets.ids[t])]);
      }
    }
    return options.reduction == Reduction::kSum ? total : total / double(counted);
  }
};

TEST(SoftmaxLoss, AgreesWithADoubleReference) {
  for (const std::int64_t examples : {1, 33, 300}) {
    Problem p(examples, 50, 6);
    Tape tape(p.pool, 1);
    for (const Reduction reduction : {Reduction::kMean, Reduction::kSum}) {
      for (const bool mask : {false, true}) {
        const SoftmaxOptions options{.scale = 1.5F, .reduction = reduction};
        tape.begin({});
        const double want = p.reference(options, mask);
        if (std::isnan(want)) continue;  // the only example has no target
        EXPECT_NEAR(p.loss(tape, options, mask).scalar(), want, 1e-5 * (1 + std::abs(want))) << examples;
      }
    }
  }
}

TEST(SoftmaxLoss, GradientsAgreeWithDifferences) {
  Problem p(40, 30, 5);
  Parameter* const parameters[] = {&p.query, &p.items, &p.bias};
  for (const Reduction reduction : {Reduction::kMean, Reduction::kSum}) {
    for (const bool mask : {false, true}) {
      const GradcheckResult result = gradcheck(
          p.pool, parameters, [&](Tape& tape) { return p.loss(tape, {.scale = 0.7F, .reduction = reduction}, mask); });
      EXPECT_LT(result.worst, 4e-3) << result.where;
    }
  }
}

TEST(SoftmaxLoss, TheGradientIsThatOfTheScaledLoss) {
  Problem p(40, 30, 5);
  Parameter* const parameters[] = {&p.query, &p.items, &p.bias};
  const GradcheckResult result = gradcheck(p.pool, parameters, [&](Tape& tape) {
    return add(tape, scale(tape, p.loss(tape, {}, false), 3.0F), p.loss(tape, {.scale = 0.2F}, true, false));
  });
  EXPECT_LT(result.worst, 4e-3) << result.where;
}

TEST(SoftmaxLoss, CosinesComeFromNormalizedRows) {
  Problem p(10, 30, 5);
  Parameter* const parameters[] = {&p.query, &p.items};
  const GradcheckResult result = gradcheck(p.pool, parameters, [&](Tape& tape) {
    return softmax_loss(tape, normalize_rows(tape, tape.variable(p.query)),
                        normalize_rows(tape, tape.variable(p.items)), Var(), p.targets.tensor(), {.scale = 5.0F});
  });
  EXPECT_LT(result.worst, 4e-3) << result.where;
}

TEST(SoftmaxLoss, StaysFiniteForHugeLogits) {
  Problem p(1, 4, 1);
  p.targets = testing::ids_of({{0, 2}});
  p.query.row(0)[0] = 1e4F;
  for (std::int64_t n = 0; n < 4; ++n) p.items.row(n)[0] = static_cast<float>(n) - 1.5F;
  Tape tape(p.pool, 1);
  tape.begin({.training = true});
  const Var loss = p.loss(tape, {}, false, false);
  EXPECT_NEAR(loss.scalar(), 0.5 * 3e4 + 0.5 * 1e4, 1e-2);
  tape.backward(loss);
  const Matrix gradient = total_gradient(tape, p.items);
  EXPECT_NEAR(gradient.values()[3], 1e4, 1e-2);
  EXPECT_NEAR(gradient.values()[0], -5e3, 1e-2);
}

TEST(SoftmaxLoss, ABatchWithoutTargetsHasNoLossAndNoGradient) {
  Problem p(3, 4, 2);
  p.targets = testing::ids_of({{}, {-1}, {}});
  Tape tape(p.pool, 1);
  tape.begin({.training = true});
  const Var loss = p.loss(tape, {}, false);
  EXPECT_EQ(loss.scalar(), 0.0F);
  tape.backward(loss);
  for (Parameter* parameter : {&p.query, &p.items, &p.bias}) {
    const Matrix gradient = total_gradient(tape, *parameter);
    for (const float g : gradient.values()) EXPECT_EQ(g, 0.0F) << parameter->name();
  }
}

TEST(SoftmaxLoss, ACatalogueOfOneItemIsCertain) {
  Problem p(2, 1, 3);
  p.targets = testing::ids_of({{0}, {0}});
  Tape tape(p.pool, 1);
  tape.begin({});
  EXPECT_NEAR(p.loss(tape, {}, false).scalar(), 0.0, 1e-6);
}

TEST(SoftmaxLoss, RefusesIdsBeyondTheItemsAndOtherShapes) {
  Problem p(2, 4, 3);
  Tape tape(p.pool, 1);
  tape.begin({});
  p.targets = testing::ids_of({{0}, {4}});
  EXPECT_THROW(p.loss(tape, {}, false), Error);
  p.targets = testing::ids_of({{0}, {3}});
  p.masked = testing::ids_of({{0}, {4}});
  EXPECT_THROW(p.loss(tape, {}, true), Error);
  p.masked = testing::ids_of({{0}});
  EXPECT_THROW(p.loss(tape, {}, true), Error);
  p.targets = testing::ids_of({{0}, {3}}, {1.0F, -1.0F});
  EXPECT_THROW(p.loss(tape, {}, false), Error);
  p.targets = testing::ids_of({{0}});
  EXPECT_THROW(p.loss(tape, {}, false), Error);
  EXPECT_THROW(softmax_loss(tape, tape.variable(p.query), tape.variable(p.bias), Var(),
                            testing::ids_of({{0}, {1}}).tensor(), {}),
               Error);
}

}  // namespace
}  // namespace kin
