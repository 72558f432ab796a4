#include "kinspace/nn/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/golden_testing.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"

namespace kin {
namespace {

using ::testing::HasSubstr;

/// Our options for a case of TensorFlow's; nothing if we have no such optimizer.
std::optional<OptimizerOptions> options_of(const testing::GoldenOptimizer& golden) {
  const auto argument = [&](const char* name, float otherwise) {
    const auto found = golden.arguments.find(name);
    return found == golden.arguments.end() ? otherwise : static_cast<float>(found->second);
  };
  OptimizerOptions o;
  o.lr = argument("learning_rate", -1);
  o.epsilon = argument("epsilon", -1);
  o.initial_accumulator = argument("initial_accumulator_value", -1);
  o.lazy = false;
  const std::string& name = golden.name;
  if (name == "v1/sgd" || name == "v2/sgd") {
    o.name = "sgd";
  } else if (name == "v1/momentum" || name == "v1/nesterov" || name == "v2/momentum" || name == "v2/nesterov") {
    o.name = "momentum";
    o.momentum = argument("momentum", 0);
    o.nesterov = argument("use_nesterov", argument("nesterov", 0)) != 0;
  } else if (name == "v1/adagrad" || name == "v1/adagrad_acc1" || name == "v2/adagrad" || name == "v2/adagrad_args") {
    o.name = "adagrad";
  } else if (name == "v1/adam" || name == "v1/adam_betas" || name == "v2/adam" || name == "v2/adam_args") {
    o.name = "adam";
    o.beta1 = argument("beta1", argument("beta_1", 0));
    o.beta2 = argument("beta2", argument("beta_2", 0));
  } else {
    return std::nullopt;
  }
  return o;
}

void expect_close(MatrixView have, const std::vector<float>& want, const std::string& what) {
  ASSERT_EQ(static_cast<std::size_t>(have.rows * have.cols), want.size()) << what;
  for (std::int64_t i = 0; i < have.rows * have.cols; ++i) {
    const float value = have.row(i / have.cols)[i % have.cols];
    const float golden = want[static_cast<std::size_t>(i)];
    // The tolerance that tests/golden/README.md states: TensorFlow sums float32 in its own order.
    ASSERT_NEAR(value, golden, 1e-6 + 1e-5 * std::abs(golden)) << what << " at " << i;
  }
}

void fill(MatrixView m, const std::vector<float>& values) {
  for (std::int64_t r = 0; r < m.rows; ++r) std::copy_n(values.data() + r * m.cols, m.cols, m.row(r));
}

/// Adds the gradients of one golden step to the tape.
void add_gradients(Tape& tape, ParameterStore& store, const std::map<std::string, testing::GoldenGradient>& gradients) {
  for (const auto& [name, g] : gradients) {
    Parameter& p = store.get(name);
    if (!g.sparse) {
      const MatrixView d = tape.matrix(1, p.dim());
      fill(d, g.values);
      tape.add_gradient(tape.variable(p), d);
      continue;
    }
    const auto rows = tape.row_gradient(p).add(static_cast<std::int64_t>(g.rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = {g.rows[i], g.values.data() + i * static_cast<std::size_t>(p.dim()), 1.0F};
    }
  }
}

TEST(Optimizer, FollowsTensorFlowStepByStep) {
  const testing::GoldenOptimizers golden = testing::golden_optimizers();
  ThreadPool pool(2);
  int checked = 0;
  for (const testing::GoldenOptimizer& c : golden.cases) {
    const auto options = options_of(c);
    if (!options) continue;
    SCOPED_TRACE(c.name + " on " + c.gradients);
    ParameterStore store(1, *options);
    for (const auto& [name, start] : golden.variables) {
      const bool table = start.shape.size() == 2;
      fill(store.add(name, table ? start.shape[0] : 1, start.shape.back()).weights(), start.values);
    }
    Tape tape(pool, 1);
    for (std::size_t t = 0; t < c.steps.size(); ++t) {
      tape.begin({.step = static_cast<std::int64_t>(t), .training = true});
      add_gradients(tape, store, golden.gradients.at(c.gradients)[t]);
      apply_gradients(tape, store, {.step = static_cast<std::int64_t>(t) + 1});
      for (const auto& [name, want] : c.steps[t].weights) {
        expect_close(store.get(name).weights(), want, name + " after step " + std::to_string(t + 1));
      }
      // The momentum of Keras has the learning rate in it, ours and that of TensorFlow 1 has not.
      if (options->name == "momentum" && c.name[1] == '2') continue;
      for (const auto& [name, slots] : c.steps[t].slots) {
        Parameter& p = store.get(name);
        ASSERT_EQ(p.slots().size(), slots.size());
        for (const Slot& slot : p.slots()) {
          expect_close(p.slot(slot), slots.at(std::string(slot.name)), name + "/" + std::string(slot.name));
        }
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 28);
}

/// Rows of width 3 for five steps; some rows get no gradient in some steps.
struct Series {
  static constexpr std::int64_t kRows = 4;
  static constexpr std::int64_t kDim = 3;
  static bool touches(std::int64_t t, std::int64_t row) { return (t + row) % 3 != 0; }
  static float gradient(std::int64_t t, std::int64_t row, std::int64_t i) {
    return 0.3F * static_cast<float>(t - 2) + 0.2F * static_cast<float>(row) - 0.25F * static_cast<float>(i);
  }
};

/// Runs the series through the engine.
void run_series(ParameterStore& store, const ApplyOptions& base) {
  ThreadPool pool(1);
  Parameter& p = store.add("w", Series::kRows, Series::kDim);
  for (std::int64_t r = 0; r < Series::kRows; ++r) std::fill_n(p.row(r), Series::kDim, 0.5F);
  Tape tape(pool, 1);
  for (std::int64_t t = 0; t < 5; ++t) {
    tape.begin({.step = t, .training = true});
    const MatrixView g = tape.matrix(Series::kRows, Series::kDim);
    for (std::int64_t r = 0; r < Series::kRows; ++r) {
      for (std::int64_t i = 0; i < Series::kDim; ++i) g.row(r)[i] = Series::gradient(t, r, i);
      if (Series::touches(t, r)) tape.row_gradient(p).add(1)[0] = {r, g.row(r), 1.0F};
    }
    ApplyOptions options = base;
    options.step = t + 1;
    apply_gradients(tape, store, options);
  }
}

TEST(Optimizer, LazyAdamMovesOnlyRowsWithAGradientByTheGlobalStep) {
  ParameterStore store(1, {.name = "adam", .lr = 0.1F});
  run_series(store, {});
  const double beta1 = 0.9F;
  const double beta2 = 0.999F;
  for (std::int64_t r = 0; r < Series::kRows; ++r) {
    for (std::int64_t i = 0; i < Series::kDim; ++i) {
      double w = 0.5;
      double m = 0;
      double v = 0;
      for (std::int64_t t = 0; t < 5; ++t) {
        if (!Series::touches(t, r)) continue;
        const double g = Series::gradient(t, r, i);
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        const double rate = 0.1F * std::sqrt(1 - std::pow(beta2, t + 1)) / (1 - std::pow(beta1, t + 1));
        w -= rate * m / (std::sqrt(v) + 1e-8);
      }
      EXPECT_NEAR(store.get("w").row(r)[i], w, 1e-5);
    }
  }
}

TEST(Optimizer, RowwiseAdagradSharesOneAccumulatorInARow) {
  ParameterStore store(1, {.name = "rowwise_adagrad", .lr = 0.1F});
  run_series(store, {});
  Parameter& p = store.get("w");
  ASSERT_EQ(p.slots().size(), 1U);
  EXPECT_EQ(p.slots()[0].width, 1);
  for (std::int64_t r = 0; r < Series::kRows; ++r) {
    double accumulator = 0.1F;
    double w[Series::kDim] = {0.5, 0.5, 0.5};
    for (std::int64_t t = 0; t < 5; ++t) {
      if (!Series::touches(t, r)) continue;
      double squares = 0;
      for (std::int64_t i = 0; i < Series::kDim; ++i) squares += std::pow(double(Series::gradient(t, r, i)), 2);
      accumulator += squares / Series::kDim;
      for (std::int64_t i = 0; i < Series::kDim; ++i) {
        w[i] -= 0.1F * double(Series::gradient(t, r, i)) / std::sqrt(accumulator);
      }
    }
    EXPECT_NEAR(*p.slot(p.slots()[0]).row(r), accumulator, 1e-6);
    for (std::int64_t i = 0; i < Series::kDim; ++i) EXPECT_NEAR(p.row(r)[i], w[i], 1e-6);
  }
}

TEST(Optimizer, L2AndWeightDecayShrinkTouchedRowsOnly) {
  ParameterStore plain(1, {.name = "sgd", .lr = 0.1F, .weight_decay = 0.5F});
  run_series(plain, {.l2 = 0.25F});
  for (std::int64_t r = 0; r < Series::kRows; ++r) {
    for (std::int64_t i = 0; i < Series::kDim; ++i) {
      double w = 0.5;
      for (std::int64_t t = 0; t < 5; ++t) {
        if (!Series::touches(t, r)) continue;
        const double g = double(Series::gradient(t, r, i)) + 0.25 * w;
        w = w * (1 - double(0.1F) * 0.5) - double(0.1F) * g;
      }
      EXPECT_NEAR(plain.get("w").row(r)[i], w, 1e-6);
    }
  }
}

TEST(Optimizer, AParameterWithoutDecayIsNotRegularized) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "sgd", .lr = 0.1F, .weight_decay = 0.5F});
  Parameter& bias = store.add("bias", 1, 2, /*decay=*/false);
  std::fill_n(bias.row(0), 2, 3.0F);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  tape.add_gradient(tape.variable(bias), tape.zeros(1, 2));
  apply_gradients(tape, store, {.l2 = 0.25F});
  EXPECT_EQ(bias.row(0)[0], 3.0F);
  EXPECT_EQ(bias.row(0)[1], 3.0F);
}

TEST(Optimizer, TheScheduleScalesTheRate) {
  ParameterStore whole(1, {.name = "adam", .lr = 0.1F});
  ParameterStore half(1, {.name = "adam", .lr = 0.2F});
  run_series(whole, {});
  run_series(half, {.rate_factor = 0.5});
  for (std::int64_t r = 0; r < Series::kRows; ++r) {
    for (std::int64_t i = 0; i < Series::kDim; ++i) {
      EXPECT_NEAR(whole.get("w").row(r)[i], half.get("w").row(r)[i], 1e-6);
    }
  }
}

TEST(OptimizerOptions, DefaultsGoByTheName) {
  EXPECT_EQ(resolve({}).name, "adam");
  EXPECT_EQ(resolve({}).lr, 0.006F);
  EXPECT_EQ(resolve({}).epsilon, 1e-8F);
  EXPECT_EQ(resolve({.name = "adagrad"}).lr, 0.1F);
  EXPECT_EQ(resolve({.name = "adagrad"}).epsilon, 0.0F);
  EXPECT_EQ(resolve({.name = "adagrad"}).initial_accumulator, 0.1F);
  EXPECT_EQ(resolve({.name = "adagrad", .lr = 0.0F, .epsilon = 1e-7F}).lr, 0.0F);
  EXPECT_EQ(resolve({.name = "adagrad", .epsilon = 1e-7F}).epsilon, 1e-7F);
}

TEST(OptimizerOptions, RefusesWhatCannotBe) {
  const auto message = [](const OptimizerOptions& options) -> std::string {
    try {
      resolve(options);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return e.message();
    }
    return "accepted";
  };
  EXPECT_THAT(message({.name = "adagrd"}), HasSubstr("did you mean 'adagrad'?"));
  EXPECT_THAT(message({.lr = -0.5F}), HasSubstr("lr = -0.5"));
  EXPECT_THAT(message({.lr = NAN}), HasSubstr("lr = nan"));
  EXPECT_THAT(message({.momentum = 1.0F}), HasSubstr("momentum = 1"));
  EXPECT_THAT(message({.beta1 = 1.0F}), HasSubstr("beta1 = 1"));
  EXPECT_THAT(message({.beta2 = -0.1F}), HasSubstr("beta2 = -0.1"));
  EXPECT_THAT(message({.epsilon = -2.0F}), HasSubstr("epsilon = -2"));
  EXPECT_THAT(message({.name = "adagrad", .initial_accumulator = 0.0F}), HasSubstr("initial_accumulator = 0"));
  EXPECT_THAT(message({.weight_decay = -1.0F}), HasSubstr("weight_decay = -1"));
}

}  // namespace
}  // namespace kin
