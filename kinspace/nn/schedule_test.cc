#include "kinspace/nn/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/nn/golden_testing.h"

namespace kin {
namespace {

/// Our options for a schedule of TensorFlow's; nothing if we have no such schedule.
std::optional<ScheduleOptions> options_of(const testing::GoldenSchedule& golden) {
  const auto argument = [&](const char* name) {
    const auto found = golden.arguments.find(name);
    return found == golden.arguments.end() ? 0.0 : found->second;
  };
  const std::string kind = golden.name.substr(3);
  ScheduleOptions o;
  o.decay_steps = static_cast<std::int64_t>(argument("decay_steps"));
  if (kind == "exponential_decay") {
    o.kind = "exponential";
    o.decay_rate = static_cast<float>(argument("decay_rate"));
    o.staircase = argument("staircase") != 0;
  } else if (kind == "polynomial_decay" && argument("power") == 1 && argument("cycle") == 0) {
    o.kind = "linear";
    o.end_factor = static_cast<float>(argument("end_learning_rate") / golden.learning_rate);
  } else if (kind == "cosine_decay" && argument("warmup_steps") == 0) {
    o.kind = "cosine";
    o.end_factor = static_cast<float>(argument("alpha"));
  } else {
    return std::nullopt;
  }
  return o;
}

TEST(Schedule, FollowsTensorFlow) {
  int checked = 0;
  for (const testing::GoldenSchedule& golden : testing::golden_schedules()) {
    const auto options = options_of(golden);
    if (!options) continue;
    ++checked;
    for (std::size_t i = 0; i < golden.steps.size(); ++i) {
      const double rate = golden.learning_rate * rate_factor(*options, golden.steps[i], 1);
      // TensorFlow computes in float32: half an ulp of the cosine is 6e-8 of the full rate of 0.1.
      EXPECT_NEAR(rate, golden.rates[i], 1e-8 + 1e-5 * std::abs(golden.rates[i]))
          << golden.name << " at " << golden.steps[i];
    }
  }
  EXPECT_EQ(checked, 12);
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
