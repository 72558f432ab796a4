#include "kinspace/nn/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"

namespace kin {
namespace {

using ::testing::HasSubstr;

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
  Parameter& bias = store.add("bias", 1, 2, {.decay = false});
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

TEST(Optimizer, NoScheduleMovesTheRateOfOurFtrl) {
  for (const char* compat : {"none", "tf1", "keras"}) {
    ParameterStore whole(1, {.name = "ftrl", .lr = 0.1F, .compat = compat});
    ParameterStore falling(1, {.name = "ftrl", .lr = 0.1F, .compat = compat});
    run_series(whole, {});
    run_series(falling, {.rate_factor = 0.01});
    const bool ours = std::string(compat) == "none";
    EXPECT_EQ(testing::bytes_of(whole) == testing::bytes_of(falling), ours) << compat;
    EXPECT_EQ(falling.optimizer()->rate(0.5), double(0.1F) * (ours ? 1.0 : 0.5));
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
  EXPECT_EQ(resolve({.name = "momentum"}).momentum, 0.9F);
  EXPECT_EQ(resolve({.name = "rmsprop"}).momentum, 0.0F);
  EXPECT_EQ(resolve({.name = "rmsprop"}).initial_accumulator, 0.0F);
  EXPECT_EQ(resolve({.name = "rmsprop", .compat = "tf1"}).initial_accumulator, 1.0F);
  EXPECT_EQ(resolve({.name = "adagrad", .compat = "keras"}).epsilon, 1e-7F);
  EXPECT_EQ(resolve({.name = "ftrl"}).lr, 0.2F);
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
  EXPECT_THAT(message({.name = "ftrl", .initial_accumulator = 0.0F}), HasSubstr("above 0 when l2 and beta are 0"));
  EXPECT_EQ(message({.name = "ftrl", .initial_accumulator = 0.0F, .beta = 1.0F}), "accepted");
  EXPECT_THAT(message({.name = "ftrl", .l1 = -1.0F}), HasSubstr("l1 = -1"));
  EXPECT_THAT(message({.name = "ftrl", .lr_power = 0.5F}), HasSubstr("lr_power = 0.5"));
  EXPECT_THAT(message({.epsilon = 0.0F}), HasSubstr("epsilon = 0"));
  EXPECT_THAT(message({.name = "rmsprop", .rho = 1.0F}), HasSubstr("rho = 1"));
  EXPECT_THAT(message({.compat = "tf1", .amsgrad = true}), HasSubstr("amsgrad"));
  EXPECT_THAT(message({.clip_value = NAN}), HasSubstr("clip_value = nan"));
  EXPECT_THAT(message({.name = "nadam", .compat = "tf1"}), HasSubstr("it has none, keras"));
  EXPECT_THAT(message({.compat = "tf3"}), HasSubstr("adam has no form compat = 'tf3'"));
}

}  // namespace
}  // namespace kin
