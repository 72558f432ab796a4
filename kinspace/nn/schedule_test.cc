#include "kinspace/nn/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "kinspace/base/error.h"
#include "kinspace/nn/golden_testing.h"

namespace kin {
namespace {

/// Our options for a schedule of TensorFlow's, and the learning rate that goes with them.
std::pair<ScheduleOptions, double> options_of(const testing::GoldenSchedule& golden) {
  const auto argument = [&](const char* name, double otherwise = 0) {
    const auto found = golden.arguments.find(name);
    return found == golden.arguments.end() ? otherwise : found->second;
  };
  static const std::map<std::string, std::string> kKinds = {{"exponential_decay", "exponential"},
                                                            {"inverse_time_decay", "inverse_time"},
                                                            {"natural_exp_decay", "natural_exp"},
                                                            {"polynomial_decay", "polynomial"},
                                                            {"cosine_decay", "cosine"},
                                                            {"cosine_decay_restarts", "cosine_restarts"},
                                                            {"linear_cosine_decay", "linear_cosine"},
                                                            {"piecewise_constant", "piecewise_constant"}};
  double rate = golden.learning_rate;
  ScheduleOptions o;
  o.kind = kKinds.at(golden.name.substr(3));
  o.decay_steps = static_cast<std::int64_t>(argument("decay_steps", argument("first_decay_steps")));
  o.decay_rate = static_cast<float>(argument("decay_rate", 0.5));
  o.staircase = argument("staircase") != 0;
  o.power = static_cast<float>(argument("power", 1));
  o.cycle = argument("cycle") != 0;
  o.t_mul = static_cast<float>(argument("t_mul", 2));
  o.m_mul = static_cast<float>(argument("m_mul", 1));
  o.num_periods = static_cast<float>(argument("num_periods", 0.5));
  if (o.kind == "polynomial") o.end_factor = static_cast<float>(argument("end_learning_rate") / rate);
  if (o.kind.starts_with("cosine")) o.end_factor = static_cast<float>(argument("alpha"));
  if (o.kind == "linear_cosine") {
    o.alpha = static_cast<float>(argument("alpha"));
    o.end_factor = static_cast<float>(argument("beta"));
  }
  for (const double boundary : golden.boundaries) o.boundaries.push_back(static_cast<std::int64_t>(boundary));
  for (const double value : golden.values) o.factors.push_back(value / rate);
  if (golden.arguments.contains("warmup_target")) {
    // TensorFlow's rate is where the warm-up starts, ours where it ends.
    o.warmup_start = static_cast<float>(rate / argument("warmup_target"));
    o.warmup_steps = static_cast<std::int64_t>(argument("warmup_steps"));
    rate = argument("warmup_target");
  }
  return {o, rate};
}

TEST(Schedule, FollowsTensorFlow) {
  int checked = 0;
  for (const testing::GoldenSchedule& golden : testing::golden_schedules()) {
    const auto [options, full_rate] = options_of(golden);
    ++checked;
    for (std::size_t i = 0; i < golden.steps.size(); ++i) {
      // TensorFlow computes in float32, the step too: half an ulp of the cosine is 6e-8 of the full rate.
      const auto step = static_cast<std::int64_t>(static_cast<float>(golden.steps[i]));
      const double rate = full_rate * rate_factor(options, step, 1);
      EXPECT_NEAR(rate, golden.rates[i], 1e-7 * full_rate + 1e-5 * std::abs(golden.rates[i]))
          << golden.name << " at " << golden.steps[i];
    }
  }
  EXPECT_GE(checked, 27);
}

TEST(Schedule, WarmsUpEvenlyToTheFullRate) {
  const ScheduleOptions options{.kind = "constant", .warmup_steps = 4};
  EXPECT_EQ(rate_factor(options, 0, 10), 0.25);
  EXPECT_EQ(rate_factor(options, 2, 10), 0.75);
  EXPECT_EQ(rate_factor(options, 3, 10), 1.0);
  EXPECT_EQ(rate_factor(options, 4, 10), 1.0);
  EXPECT_EQ(rate_factor(options, 9, 10), 1.0);
}

TEST(Schedule, DecaysOverTheRestOfTheRunByDefault) {
  const ScheduleOptions linear{.kind = "linear", .warmup_steps = 2, .end_factor = 0.2F};
  EXPECT_NEAR(rate_factor(linear, 2, 12), 1.0, 1e-12);
  EXPECT_NEAR(rate_factor(linear, 7, 12), 0.6, 1e-6);
  EXPECT_NEAR(rate_factor(linear, 12, 12), 0.2, 1e-6);
  EXPECT_NEAR(rate_factor(linear, 100, 12), 0.2, 1e-6);
  const ScheduleOptions cosine{.kind = "cosine"};
  EXPECT_NEAR(rate_factor(cosine, 5, 10), 0.5, 1e-12);
  EXPECT_NEAR(rate_factor(cosine, 10, 10), 0.0, 1e-12);
}

TEST(Schedule, ExponentialDecayStopsAtTheEndFactor) {
  const ScheduleOptions options{.kind = "exponential", .decay_steps = 1, .decay_rate = 0.5F, .end_factor = 0.1F};
  EXPECT_EQ(rate_factor(options, 3, 100), 0.125);
  EXPECT_NEAR(rate_factor(options, 4, 100), 0.1, 1e-7);
}

TEST(Schedule, AWarmUpAsLongAsTheRunIsNoError) {
  EXPECT_EQ(rate_factor({.kind = "cosine", .warmup_steps = 5}, 4, 5), 1.0);
  EXPECT_EQ(rate_factor({.kind = "cosine", .warmup_steps = 5}, 5, 5), 1.0);
}

TEST(Schedule, AWarmUpMayStartAtAnyShare) {
  const ScheduleOptions options{.kind = "constant", .warmup_steps = 4, .warmup_start = 0.5F};
  EXPECT_EQ(rate_factor(options, 0, 10), 0.5);
  EXPECT_EQ(rate_factor(options, 2, 10), 0.75);
  EXPECT_EQ(rate_factor(options, 4, 10), 1.0);
}

TEST(Schedule, RestartsBeginExactlyWhereAPeriodEnds) {
  for (const float longer : {1.0F, 1.5F, 2.0F, 3.0F, 10.0F}) {
    const ScheduleOptions options{.kind = "cosine_restarts", .decay_steps = 64, .t_mul = longer, .m_mul = 0.5F};
    double start = 0;
    for (int period = 0; period < 6; ++period) {
      EXPECT_NEAR(rate_factor(options, static_cast<std::int64_t>(start), 1), std::pow(0.5, period), 1e-9) << longer;
      start += 64 * std::pow(double(longer), period);
      EXPECT_LT(rate_factor(options, static_cast<std::int64_t>(start) - 1, 1), 0.001) << longer;
    }
  }
}

TEST(Schedule, PiecesNeedOneFactorMoreThanBoundaries) {
  const auto factor = [](ScheduleOptions o, std::int64_t done) {
    o.kind = "piecewise_constant";
    return rate_factor(o, done, 100);
  };
  EXPECT_EQ(factor({.factors = {0.25}}, 7), 0.25);
  EXPECT_EQ(factor({.warmup_steps = 5, .boundaries = {10}, .factors = {1, 0.5}}, 15), 1.0);
  EXPECT_EQ(factor({.warmup_steps = 5, .boundaries = {10}, .factors = {1, 0.5}}, 16), 0.5);
  EXPECT_THROW(factor({}, 0), Error);
  EXPECT_THROW(factor({.boundaries = {10}, .factors = {1}}, 0), Error);
  EXPECT_THROW(factor({.boundaries = {10, 10}, .factors = {1, 2, 3}}, 0), Error);
  EXPECT_THROW(factor({.factors = {-1}}, 0), Error);
  EXPECT_THROW(check_schedule({.t_mul = 0.5F}), Error);
  EXPECT_THROW(check_schedule({.decay_rate = NAN}), Error);
  EXPECT_THROW(check_schedule({.power = 0.0F}), Error);
  EXPECT_THROW(check_schedule({.warmup_start = -0.5F}), Error);
}

TEST(Schedule, RefusesAnUnknownKind) {
  try {
    rate_factor({.kind = "cosin"}, 0, 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(e.message().find("'cosin'"), std::string::npos);
  }
}

}  // namespace
}  // namespace kin
