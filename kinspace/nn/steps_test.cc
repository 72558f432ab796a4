#include "kinspace/nn/steps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/layers.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

/// Random steps of rows of the given lengths; what stands behind the end of a row is not zero.
struct Sequences {
  Sequences(ThreadPool& pool, std::vector<std::int64_t> row_lengths, std::int64_t cols)
      : lengths(std::move(row_lengths)), width(cols) {
    for (const std::int64_t n : lengths) longest = std::max(longest, n);
    const auto rows = static_cast<std::int64_t>(lengths.size()) * longest;
    parameter = &testing::random_parameter(store, pool, "steps", rows, width);
  }

  SequenceInput on(Tape& tape) const { return {tape.variable(*parameter), longest, lengths}; }
  const float* step(std::size_t b, std::int64_t t) const {
    return parameter->row(static_cast<std::int64_t>(b) * longest + t);
  }

  std::vector<std::int64_t> lengths;
  std::int64_t width;
  std::int64_t longest = 0;
  ParameterStore store{5, {}};
  Parameter* parameter;
};

const std::vector<std::int64_t> kLengths = {3, 0, 1, 5, 2, 4, 5};

/// Worst disagreement of the gradients by the steps and `others`.
GradcheckResult check(ThreadPool& pool, const Sequences& x, std::vector<Parameter*> others,
                      FunctionRef<Var(Tape&, const SequenceInput&)> f) {
  Matrix upstream;
  others.push_back(x.parameter);
  return gradcheck(pool, others,
                   [&](Tape& tape) {
                     const Var out = f(tape, x.on(tape));
                     if (upstream.rows() == 0) upstream = testing::random_matrix(2, out.rows(), out.cols());
                     return testing::weighted_sum(tape, out, upstream);
                   },
                   {.step = 0.01, .most = 60});
}

TEST(PoolSteps, TakesTheStepsOfEachRowOnly) {
  ThreadPool pool(2);
  const Sequences x(pool, kLengths, 17);
  Tape tape(pool, 1);
  tape.begin({});
  const Var sum = pool_steps(tape, x.on(tape), StepPooling::kSum);
  const Var mean = pool_steps(tape, x.on(tape), StepPooling::kMean);
  const Var greatest = pool_steps(tape, x.on(tape), StepPooling::kMax);
  for (std::size_t b = 0; b < x.lengths.size(); ++b) {
    for (std::int64_t c = 0; c < 17; ++c) {
      double total = 0;
      double most = x.lengths[b] == 0 ? 0 : -HUGE_VAL;
      for (std::int64_t t = 0; t < x.lengths[b]; ++t) {
        total += double(x.step(b, t)[c]);
        most = std::max(most, double(x.step(b, t)[c]));
      }
      const auto row = static_cast<std::int64_t>(b);
      EXPECT_NEAR(sum.value().row(row)[c], total, 1e-6);
      EXPECT_NEAR(mean.value().row(row)[c], x.lengths[b] == 0 ? 0 : total / double(x.lengths[b]), 1e-6);
      EXPECT_EQ(greatest.value().row(row)[c], most);
    }
  }
}

TEST(PoolSteps, GradientsAgreeWithDifferencesAtAwkwardSizes) {
  ThreadPool pool(2);
  for (const std::int64_t width : {1, 17, 33}) {
    const Sequences x(pool, kLengths, width);
    for (const StepPooling pooling : {StepPooling::kSum, StepPooling::kMean}) {
      const GradcheckResult result =
          check(pool, x, {}, [&](Tape& t, const SequenceInput& s) { return pool_steps(t, s, pooling); });
      EXPECT_LT(result.worst, 2e-3) << result.where;
    }
  }
  // The greatest value has no derivative where two steps are near; these are at least 1 apart.
  const Sequences apart(pool, kLengths, 3);
  for (std::int64_t r = 0; r < apart.parameter->rows(); ++r) {
    for (std::int64_t c = 0; c < 3; ++c) apart.parameter->row(r)[c] = static_cast<float>((r * 7 + c) % 11);
  }
  const GradcheckResult result =
      check(pool, apart, {}, [](Tape& t, const SequenceInput& s) { return pool_steps(t, s, StepPooling::kMax); });
  EXPECT_LT(result.worst, 2e-3) << result.where;
}

TEST(PoolSteps, GivesTheGradientOfATieToItsFirstStepAndLetsNaNThrough) {
  ThreadPool pool(1);
  Sequences x(pool, {3}, 1);
  for (std::int64_t t = 0; t < 3; ++t) *x.parameter->row(t) = t == 0 ? 1.0F : 2.0F;
  Matrix upstream(1, 1);
  *upstream.row(0) = 5.0F;
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const SequenceInput s = x.on(tape);
  tape.backward(testing::weighted_sum(tape, pool_steps(tape, s, StepPooling::kMax), upstream));
  EXPECT_EQ(tape.gradient(s.steps).row(0)[0], 0.0F);
  EXPECT_EQ(tape.gradient(s.steps).row(1)[0], 5.0F);
  EXPECT_EQ(tape.gradient(s.steps).row(2)[0], 0.0F);
  *x.parameter->row(1) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(pool_steps(tape, x.on(tape), StepPooling::kMax).scalar()));
}

TEST(PoolSteps, RefusesLengthsThatDoNotFit) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Var steps = tape.constant(tape.zeros(6, 2));
  const std::vector<std::int64_t> longer = {3, 4};
  const std::vector<std::int64_t> three = {1, 1, 1};
  const std::vector<std::int64_t> negative = {3, -1};
  EXPECT_THROW(pool_steps(tape, {steps, 3, longer}, StepPooling::kSum), Error);
  EXPECT_THROW(pool_steps(tape, {steps, 3, three}, StepPooling::kSum), Error);
  EXPECT_THROW(pool_steps(tape, {steps, 3, negative}, StepPooling::kSum), Error);
}

TEST(AttentionPool, AgreesWithADoubleReference) {
  ThreadPool pool(2);
  const Sequences x(pool, kLengths, 17);
  const Matrix query = testing::random_matrix(3, 7, 17, 2.0F);
  const Matrix values = testing::random_matrix(4, 35, 5);
  for (const bool shared : {false, true}) {
    Tape tape(pool, 1);
    tape.begin({});
    const Var q = tape.constant(shared ? ConstMatrixView(query.row(0), 1, 17, 17) : query.view());
    const Var out = attention_pool(tape, q, x.on(tape), tape.constant(values.view()));
    for (std::size_t b = 0; b < x.lengths.size(); ++b) {
      const auto row = static_cast<std::int64_t>(b);
      double sum = 0;
      std::vector<double> want(5, 0.0);
      for (std::int64_t t = 0; t < x.lengths[b]; ++t) {
        double score = 0;
        for (std::int64_t c = 0; c < 17; ++c) score += double(query.row(shared ? 0 : row)[c]) * double(x.step(b, t)[c]);
        const double weight = std::exp(score / std::sqrt(17.0));
        sum += weight;
        for (std::size_t c = 0; c < 5; ++c) want[c] += weight * double(values.row(row * x.longest + t)[c]);
      }
      for (std::size_t c = 0; c < 5; ++c) {
        EXPECT_NEAR(out.value().row(row)[c], sum == 0 ? 0.0 : want[c] / sum, 2e-6);
      }
    }
  }
}

TEST(AttentionPool, GradientsAgreeWithDifferencesAtAwkwardSizes) {
  ThreadPool pool(2);
  for (const std::int64_t width : {1, 17, 33}) {
    Sequences x(pool, kLengths, width);
    Parameter& query = testing::random_parameter(x.store, pool, "query", 7, width);
    Parameter& one = testing::random_parameter(x.store, pool, "one", 1, width);
    Parameter& values = testing::random_parameter(x.store, pool, "values", 35, 3);
    for (Parameter* q : {&query, &one}) {
      GradcheckResult result = check(pool, x, {q, &values}, [&](Tape& t, const SequenceInput& s) {
        return attention_pool(t, t.variable(*q), s, t.variable(values));
      });
      EXPECT_LT(result.worst, 2e-3) << result.where;
      result = check(pool, x, {q},
                     [&](Tape& t, const SequenceInput& s) { return attention_pool(t, t.variable(*q), s, s.steps); });
      EXPECT_LT(result.worst, 2e-3) << result.where;
    }
  }
}

TEST(AttentionPool, HugeScoresDoNotOverflow) {
  ThreadPool pool(1);
  Sequences x(pool, {2}, 1);
  *x.parameter->row(0) = 1e4F;
  *x.parameter->row(1) = -1e4F;
  Tape tape(pool, 1);
  tape.begin({});
  const Matrix query = [] {
    Matrix q(1, 1);
    *q.row(0) = 1e4F;
    return q;
  }();
  const SequenceInput s = x.on(tape);
  EXPECT_EQ(attention_pool(tape, tape.constant(query.view()), s, s.steps).scalar(), 1e4F);
}

/// What Conv1D makes of one row alone: [windows, filters].
std::vector<std::vector<double>> convolved(const Sequences& x, std::size_t b, const Parameter& kernel,
                                           const Parameter& bias, const ConvOptions& o) {
  const std::int64_t length = x.lengths[b];
  std::vector<std::vector<double>> out;
  if (length == 0) return out;
  const bool same = o.padding == Padding::kSame;
  const std::int64_t count =
      same ? (length + o.stride - 1) / o.stride : std::max<std::int64_t>(1, (length - o.size) / o.stride + 1);
  const std::int64_t padding = std::max<std::int64_t>((count - 1) * o.stride + o.size - length, 0);
  const std::int64_t before = same ? padding / 2 : 0;
  for (std::int64_t w = 0; w < (length < o.size && !same ? 1 : count); ++w) {
    out.emplace_back(static_cast<std::size_t>(kernel.dim()), 0.0);
    for (std::int64_t f = 0; f < kernel.dim(); ++f) {
      double& sum = out.back()[static_cast<std::size_t>(f)];
      sum = bias.row(0)[f];
      for (std::int64_t i = 0; i < o.size; ++i) {
        const std::int64_t t = w * o.stride - before + i;
        if (t < 0 || t >= length) continue;
        for (std::int64_t c = 0; c < x.width; ++c)
          sum += double(x.step(b, t)[c]) * double(kernel.row(i * x.width + c)[f]);
      }
      if (o.activation == kernels::Activation::kTanh) sum = std::tanh(sum);
    }
  }
  return out;
}

TEST(Conv1d, AgreesWithADoubleReferenceAndDifferences) {
  ThreadPool pool(2);
  for (const Padding padding : {Padding::kValid, Padding::kSame}) {
    for (const std::int64_t size : {1, 2, 3, 7}) {
      for (const std::int64_t stride : {1, 2, 3}) {
        SCOPED_TRACE(::testing::Message() << "size " << size << " stride " << stride);
        Sequences x(pool, kLengths, 3);
        Parameter& kernel = testing::random_parameter(x.store, pool, "kernel", size * 3, 17, 0.5F);
        Parameter& bias = testing::random_parameter(x.store, pool, "bias", 1, 17, 0.5F);
        const ConvOptions options{size, stride, padding, kernels::Activation::kTanh};
        Tape tape(pool, 1);
        tape.begin({});
        const SequenceInput out = conv1d(tape, x.on(tape), tape.variable(kernel), tape.variable(bias), options);
        ASSERT_EQ(out.steps.rows(), 7 * out.length);
        for (std::size_t b = 0; b < x.lengths.size(); ++b) {
          const auto want = convolved(x, b, kernel, bias, options);
          ASSERT_EQ(out.lengths[b], static_cast<std::int64_t>(want.size())) << b;
          for (std::int64_t t = 0; t < out.length; ++t) {
            const float* have = out.steps.value().row(static_cast<std::int64_t>(b) * out.length + t);
            for (std::size_t f = 0; f < 17; ++f) {
              const bool there = t < out.lengths[b];
              ASSERT_NEAR(have[f], there ? want[static_cast<std::size_t>(t)][f] : 0.0, 2e-6) << b << " " << t;
            }
          }
        }
        const GradcheckResult result = check(pool, x, {&kernel, &bias}, [&](Tape& t, const SequenceInput& s) {
          return conv1d(t, s, t.variable(kernel), t.variable(bias), options).steps;
        });
        EXPECT_LT(result.worst, 2e-3) << result.where;
      }
    }
  }
}

TEST(Conv1d, ARowDoesNotDependOnItsBatch) {
  ThreadPool pool(2);
  Sequences x(pool, kLengths, 3);
  Parameter& kernel = testing::random_parameter(x.store, pool, "kernel", 9, 2);
  for (const Padding padding : {Padding::kValid, Padding::kSame}) {
    const ConvOptions options{.size = 3, .stride = 2, .padding = padding};
    Tape tape(pool, 1);
    tape.begin({});
    const SequenceInput all = conv1d(tape, x.on(tape), tape.variable(kernel), Var(), options);
    const std::int64_t alone_length[] = {3};
    const SequenceInput first{tape.constant({x.step(0, 0), 3, 3, x.parameter->stride()}), 3, alone_length};
    const SequenceInput alone = conv1d(tape, first, tape.variable(kernel), Var(), options);
    ASSERT_EQ(alone.lengths[0], all.lengths[0]);
    for (std::int64_t t = 0; t < alone.length; ++t) {
      for (std::int64_t f = 0; f < 2; ++f) EXPECT_EQ(alone.steps.value().row(t)[f], all.steps.value().row(t)[f]);
    }
  }
}

TEST(Conv1d, RefusesImpossibleOptionsAndTakesAnEmptyBatch) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const SequenceInput none{tape.constant(tape.zeros(0, 2)), 0, {}};
  const Var kernel = tape.constant(tape.zeros(6, 4));
  EXPECT_EQ(conv1d(tape, none, kernel, Var(), {}).steps.rows(), 0);
  EXPECT_THROW(conv1d(tape, none, kernel, Var(), {.size = 0}), Error);
  EXPECT_THROW(conv1d(tape, none, kernel, Var(), {.stride = 0}), Error);
  EXPECT_THROW(conv1d(tape, none, kernel, Var(), {.size = 2}), Error);
}

TEST(TextCnn, JoinsTheGreatestOfEachSizeAndLearns) {
  ThreadPool pool(2);
  Sequences x(pool, kLengths, 4);
  ParameterStore store(3, {.name = "sgd", .lr = 0.1F});
  const auto source = [&](const std::string& name, std::int64_t rows, std::int64_t cols,
                          const ParameterOptions& options, KeyNumber key) -> Parameter& {
    return store.parameter(pool, name, rows, cols, options, key);
  };
  Tape tape(pool, 1);
  const auto run = [&](const layers::TextCnnOptions& options) {
    tape.begin({.training = true});
    LayerContext context{tape, source};
    return layers::text_cnn(context, "text", x.on(tape), options);
  };
  const Var out = run({.sizes = {2, 3}, .filters = 5});
  EXPECT_EQ(out.rows(), 7);
  EXPECT_EQ(out.cols(), 10);
  for (std::int64_t c = 0; c < 10; ++c) EXPECT_EQ(out.value().row(1)[c], 0.0F);  // the row without steps
  ASSERT_NE(store.find("text/conv_3/kernel"), nullptr);
  EXPECT_EQ(store.find("text/conv_3/kernel")->rows(), 12);
  Parameter* const parameters[] = {store.find("text/conv_2/kernel"), store.find("text/conv_3/bias"), x.parameter};
  const Matrix upstream = testing::random_matrix(2, 7, 10);
  const GradcheckResult result =
      gradcheck(pool, parameters,
                [&](Tape& t) {
                  LayerContext context{t, source};
                  const layers::TextCnnOptions options{{2, 3}, 5, kernels::Activation::kLinear};
                  return testing::weighted_sum(t, layers::text_cnn(context, "text", x.on(t), options), upstream);
                },
                {.step = 1e-3, .most = 30});
  EXPECT_LT(result.worst, 2e-2) << result.where;  // so small a step leaves few digits
  EXPECT_THROW(run({.sizes = {}}), Error);
  EXPECT_THROW(run({.sizes = {2, 2}}), Error);
  EXPECT_THROW(run({.sizes = {0}}), Error);
}

}  // namespace
}  // namespace kin
