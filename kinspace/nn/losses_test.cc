#include "kinspace/nn/losses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/take_columns.h"

namespace kin {
namespace {

constexpr LossReduction kReductions[] = {LossReduction::kMean, LossReduction::kSum, LossReduction::kWeightedMean,
                                         LossReduction::kNonzeroMean};
enum class Loss { kSigmoid, kSoftmax, kSquared, kAbsolute, kHuber, kPoisson, kPoissonFull };
constexpr Loss kLosses[] = {Loss::kSigmoid, Loss::kSoftmax, Loss::kSquared,    Loss::kAbsolute,
                            Loss::kHuber,   Loss::kPoisson, Loss::kPoissonFull};
constexpr float kDelta = 0.75F;  // some errors are larger

struct Problem {
  ThreadPool pool;
  ParameterStore store{5, {}};
  Parameter& logits;
  Matrix labels;
  std::vector<std::int64_t> classes;
  std::vector<float> weights;
  std::vector<std::uint8_t> mask;

  Problem(std::int64_t rows, std::int64_t cols, int threads = 2)
      : pool(threads),
        logits(testing::random_parameter(store, pool, "logits", rows, cols)),
        labels(testing::random_matrix(7, rows, cols)) {
    for (float& y : labels.values()) y = std::abs(y);
    for (std::int64_t b = 0; b < rows; ++b) {
      labels.row(b)[0] *= static_cast<float>(b % 4);  // of Poisson's: below and above 1
      classes.push_back((b * 7) % cols);
      weights.push_back(static_cast<float>(b % 3) * 0.75F);
      mask.push_back(b % 5 != 2);
    }
  }

  LossTargets targets(Loss loss) const {
    switch (loss) {
      case Loss::kSoftmax:
        return LossTargets::softmax(classes);
      case Loss::kSquared:
        return LossTargets::squared(labels.view());
      case Loss::kAbsolute:
        return LossTargets::absolute(labels.view());
      case Loss::kHuber:
        return LossTargets::huber(labels.view(), kDelta);
      case Loss::kPoisson:
      case Loss::kPoissonFull:
        return LossTargets::poisson(labels.view(), loss == Loss::kPoissonFull);
      case Loss::kSigmoid:
        break;
    }
    return LossTargets::sigmoid(labels.view());
  }

  /// Of element k of row b; a row of the softmax is one element.
  double element(Loss loss, std::int64_t b, std::int64_t k) const {
    const double z = double(logits.row(b)[k]);
    const double y = double(labels.row(b)[k]);
    switch (loss) {
      case Loss::kSigmoid:
        return -y * std::log(1 / (1 + std::exp(-z))) - (1 - y) * std::log(1 / (1 + std::exp(z)));
      case Loss::kSquared:
        return (z - y) * (z - y);
      case Loss::kAbsolute:
        return std::abs(z - y);
      case Loss::kHuber: {
        const double delta = double(kDelta);
        return std::abs(z - y) <= delta ? (z - y) * (z - y) / 2 : delta * std::abs(z - y) - delta * delta / 2;
      }
      case Loss::kPoisson:
        return std::exp(z) - z * y;
      case Loss::kPoissonFull:
        return std::exp(z) - z * y + (y > 1 ? y * std::log(y) - y + 0.5 * std::log(2 * M_PI * y) : 0);
      case Loss::kSoftmax:
        break;
    }
    double sum = 0;
    for (std::int64_t i = 0; i < logits.dim(); ++i) sum += std::exp(double(logits.row(b)[i]));
    return std::log(sum) - double(logits.row(b)[classes[static_cast<std::size_t>(b)]]);
  }

  double reference(Loss loss, const LossOptions& options) const {
    const std::int64_t elements = loss == Loss::kSoftmax ? 1 : logits.dim();
    double total = 0;
    double count = 0;
    double weight = 0;
    double nonzero = 0;
    for (std::int64_t b = 0; b < logits.rows(); ++b) {
      const auto row = static_cast<std::size_t>(b);
      if (!options.mask.empty() && options.mask[row] == 0) continue;
      const double w = options.weights.empty() ? 1 : double(options.weights[row]);
      double sum = 0;
      for (std::int64_t k = 0; k < elements; ++k) sum += element(loss, b, k);
      const double parts = options.row_mean ? 1 : double(elements);
      total += w * (options.row_mean ? sum / double(elements) : sum);
      count += parts;
      weight += w * parts;
      nonzero += w != 0 ? parts : 0;
    }
    switch (options.reduction) {
      case LossReduction::kMean:
        return count == 0 ? 0 : total / count;
      case LossReduction::kWeightedMean:
        return weight == 0 ? 0 : total / weight;
      case LossReduction::kNonzeroMean:
        return nonzero == 0 ? 0 : total / nonzero;
      case LossReduction::kSum:
        break;
    }
    return total;
  }
};

std::vector<LossOptions> all_options(const Problem& p) {
  std::vector<LossOptions> out;
  for (const LossReduction reduction : kReductions) {
    for (const bool row_mean : {false, true}) {
      out.push_back({.reduction = reduction, .row_mean = row_mean});
      out.push_back({.weights = p.weights, .reduction = reduction, .row_mean = row_mean});
      out.push_back({.weights = p.weights, .mask = p.mask, .reduction = reduction, .row_mean = row_mean});
    }
  }
  return out;
}

TEST(Losses, AgreeWithADoubleReferenceUnderEveryReduction) {
  for (const auto& [rows, cols] : {std::pair{1, 1}, {3, 2}, {64, 1}, {65, 17}, {200, 3}}) {
    const Problem p(rows, cols);
    for (const Loss loss : kLosses) {
      for (const LossOptions& options : all_options(p)) {
        Tape tape(const_cast<ThreadPool&>(p.pool), 1);
        tape.begin({.training = true});
        const Var out = weighted_loss(tape, tape.constant(p.logits.weights()), p.targets(loss), options);
        const double want = p.reference(loss, options);
        // A few float32 roundings in each element; sums are in double.
        EXPECT_NEAR(out.scalar(), want, 1e-6 + 1e-6 * std::abs(want)) << int(loss) << " " << rows << "x" << cols;
        EXPECT_FALSE(out.tracked());

        std::vector<double> sums(static_cast<std::size_t>(rows));
        loss_rows(p.logits.weights(), p.targets(loss), options.mask, sums);
        EXPECT_EQ(static_cast<float>(reduce_losses(sums, p.targets(loss).elements(cols), options)), out.scalar());
      }
    }
  }
}

TEST(Losses, GradientsAgreeWithDifferences) {
  Problem p(13, 4);
  Parameter* const parameters[] = {&p.logits};
  for (const Loss loss : kLosses) {
    for (const LossOptions& options : all_options(p)) {
      const GradcheckResult result = gradcheck(p.pool, parameters, [&](Tape& tape) {
        return scale(tape, weighted_loss(tape, tape.variable(p.logits), p.targets(loss), options), 1.5F);
      });
      EXPECT_LT(result.worst, 4e-3) << int(loss) << " " << result.where;
    }
  }
}

TEST(Losses, NumberOfThreadsDoesNotMatter) {
  for (const Loss loss : kLosses) {
    std::vector<float> seen[2];
    for (const int threads : {1, 5}) {
      Problem p(700, 3, threads);
      Tape tape(p.pool, 1);
      tape.begin({.training = true});
      const Var out = weighted_loss(tape, tape.variable(p.logits), p.targets(loss), {.weights = p.weights});
      tape.backward(out);
      std::vector<float>& values = seen[threads == 1 ? 0 : 1];
      values.push_back(out.scalar());
      const Matrix gradient = total_gradient(tape, p.logits);
      values.insert(values.end(), gradient.values().begin(), gradient.values().end());
    }
    EXPECT_EQ(seen[0], seen[1]);
  }
}

struct OneRow {
  double loss;
  std::vector<float> gradient;
};

OneRow one_row(const std::vector<float>& logits, const LossTargets& targets, const LossOptions& options = {}) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& z = store.add("z", 1, static_cast<std::int64_t>(logits.size()));
  std::copy(logits.begin(), logits.end(), z.row(0));
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var loss = weighted_loss(tape, tape.variable(z), targets, options);
  tape.backward(loss);
  const Matrix gradient = total_gradient(tape, z);
  return {double(loss.scalar()), {gradient.values().begin(), gradient.values().end()}};
}

TEST(Losses, SigmoidCrossEntropyKeepsItsDigitsFarOut) {
  for (const float z : {1000.0F, 104.0F, 88.8F, 20.0F, 17.0F, 1e-6F, 0.0F}) {
    for (const float y : {0.0F, 0.25F, 1.0F}) {
      for (const float sign : {-1.0F, 1.0F}) {
        const OneRow got = one_row({sign * z}, LossTargets::sigmoid({&y, 1, 1, 1}));
        const double x = double(sign * z);
        const double want = std::max(x, 0.0) - x * double(y) + std::log1p(std::exp(-std::abs(x)));
        EXPECT_NEAR(got.loss, want, 4e-7 * want + 1e-44) << x << " " << y;
        EXPECT_NEAR(double(got.gradient[0]), 1 / (1 + std::exp(-x)) - double(y), 1e-7) << x << " " << y;
      }
    }
  }
}

TEST(Losses, SoftmaxCrossEntropyOfHugeLogitsIsExact) {
  const std::int64_t first = 0;
  const std::int64_t last = 2;
  EXPECT_EQ(one_row({1000, -1000, 0}, LossTargets::softmax({&first, 1})).loss, 0.0);
  const OneRow wrong = one_row({-1000, 1000, 999}, LossTargets::softmax({&last, 1}));
  EXPECT_NEAR(wrong.loss, 1.3132616875, 1e-6);
  EXPECT_NEAR(double(wrong.gradient[2]), 0.2689414214 - 1, 1e-6);
  EXPECT_EQ(wrong.gradient[0], 0.0F);
}

TEST(Losses, RobustErrorsHaveBoundedGradients) {
  const float labels[4] = {3, 3, 3, 3};
  const ConstMatrixView y{labels, 1, 4, 4};
  const OneRow absolute =
      one_row({3, 3.5F, -1e30F, 1e30F}, LossTargets::absolute(y), {.reduction = LossReduction::kSum});
  EXPECT_EQ(absolute.gradient, (std::vector<float>{0, 1, -1, 1}));
  const OneRow huber = one_row({3, 3.5F, -7, 4}, LossTargets::huber(y, 2), {.reduction = LossReduction::kSum});
  EXPECT_EQ(huber.gradient, (std::vector<float>{0, 0.5F, -2, 1}));
  EXPECT_EQ(huber.loss, 0.125 + (20 - 2) + 0.5);
}

TEST(Losses, LogitsThatAreNoNumberStaySo) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float y = 1;
  const std::int64_t c = 1;
  const float labels[2] = {0, 1};
  EXPECT_TRUE(std::isnan(one_row({nan}, LossTargets::sigmoid({&y, 1, 1, 1})).loss));
  EXPECT_TRUE(std::isnan(one_row({nan, 0}, LossTargets::softmax({&c, 1})).loss));
  EXPECT_TRUE(std::isnan(one_row({nan, 0}, LossTargets::squared({labels, 1, 2, 2})).loss));
  for (const LossTargets& t : {LossTargets::absolute({&y, 1, 1, 1}), LossTargets::huber({&y, 1, 1, 1}, 1)}) {
    EXPECT_TRUE(std::isnan(one_row({nan}, t).loss));
    EXPECT_TRUE(std::isnan(one_row({nan}, t).gradient[0]));
  }
  EXPECT_TRUE(std::isinf(one_row({100}, LossTargets::poisson({&y, 1, 1, 1}, true)).loss));
}

TEST(Losses, RowsThatWeighNothingOrAreMaskedAddNothing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float y = 1;
  const float zero = 0;
  const std::uint8_t out = 0;
  for (const LossReduction reduction : kReductions) {
    const OneRow weightless =
        one_row({nan}, LossTargets::sigmoid({&y, 1, 1, 1}), {.weights = {&zero, 1}, .reduction = reduction});
    EXPECT_EQ(weightless.loss, 0);
    EXPECT_EQ(weightless.gradient[0], 0);
    const OneRow masked =
        one_row({nan}, LossTargets::sigmoid({&y, 1, 1, 1}), {.mask = {&out, 1}, .reduction = reduction});
    EXPECT_EQ(masked.loss, 0);
    EXPECT_EQ(masked.gradient[0], 0);
  }
}

TEST(Losses, WithoutRowsTheyAreZero) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var empty = tape.constant({nullptr, 0, 3, 3});
  for (const LossReduction reduction : kReductions) {
    EXPECT_EQ(sigmoid_cross_entropy(tape, empty, {nullptr, 0, 3, 3}, {.reduction = reduction}).scalar(), 0);
    EXPECT_EQ(softmax_cross_entropy(tape, empty, {}, {.reduction = reduction}).scalar(), 0);
  }
}

TEST(Losses, ShapesThatDoNotFitAreRefused) {
  Problem p(4, 3);
  Tape tape(p.pool, 1);
  tape.begin({.training = true});
  const Var z = tape.variable(p.logits);
  const Matrix wide(4, 2);
  const std::vector<float> short_weights(3);
  const std::vector<std::uint8_t> short_mask(3);
  EXPECT_THROW(squared_error(tape, z, wide.view()), Error);
  EXPECT_THROW(softmax_cross_entropy(tape, z, std::span(p.classes).first(3)), Error);
  EXPECT_THROW(squared_error(tape, z, p.labels.view(), {.weights = short_weights}), Error);
  EXPECT_THROW(squared_error(tape, z, p.labels.view(), {.mask = short_mask}), Error);
  p.classes[2] = 3;
  EXPECT_THROW(softmax_cross_entropy(tape, z, p.classes), Error);
  p.classes[2] = -1;
  EXPECT_THROW(softmax_cross_entropy(tape, z, p.classes), Error);
  p.mask = {1, 1, 0, 1};
  EXPECT_NO_THROW(softmax_cross_entropy(tape, z, p.classes, {.mask = p.mask}));
}

TEST(TakeColumns, ValuesAndGradientsAreThoseOfTheColumns) {
  Problem p(5, 6);
  Parameter* const parameters[] = {&p.logits};
  const Matrix weights = testing::random_matrix(3, 5, 2);
  const GradcheckResult result = gradcheck(p.pool, parameters, [&](Tape& tape) {
    const Var x = tape.variable(p.logits);
    const Var middle = take_columns(tape, x, 1, 2);
    EXPECT_EQ(middle.value().row(3)[1], x.value().row(3)[2]);
    return add(tape, testing::weighted_sum(tape, middle, weights),
               testing::weighted_sum(tape, take_columns(tape, x, 2, 2), weights));
  });
  EXPECT_LT(result.worst, 4e-3) << result.where;

  Tape tape(p.pool, 1);
  tape.begin({});
  EXPECT_THROW(take_columns(tape, tape.variable(p.logits), 5, 2), Error);
  EXPECT_THROW(take_columns(tape, tape.variable(p.logits), -1, 2), Error);
  EXPECT_EQ(take_columns(tape, tape.variable(p.logits), 6, 0).cols(), 0);
}

}  // namespace
}  // namespace kin
