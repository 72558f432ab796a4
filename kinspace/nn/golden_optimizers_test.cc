#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "kinspace/nn/apply.h"
#include "kinspace/nn/golden_testing.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/schedule.h"
#include "kinspace/nn/tape.h"

// Every optimizer of TensorFlow, step by step: weights, slots and scalars.

namespace kin {
namespace {

const std::map<std::string, std::string> kNames = {{"GradientDescentOptimizer", "sgd"},
                                                   {"MomentumOptimizer", "momentum"},
                                                   {"AdagradOptimizer", "adagrad"},
                                                   {"AdamOptimizer", "adam"},
                                                   {"FtrlOptimizer", "ftrl"},
                                                   {"RMSPropOptimizer", "rmsprop"},
                                                   {"AdadeltaOptimizer", "adadelta"},
                                                   {"ProximalAdagradOptimizer", "proximal_adagrad"},
                                                   {"SGD", "sgd"},
                                                   {"Adagrad", "adagrad"},
                                                   {"Adam", "adam"},
                                                   {"Ftrl", "ftrl"},
                                                   {"RMSprop", "rmsprop"},
                                                   {"Adadelta", "adadelta"},
                                                   {"Adamax", "adamax"},
                                                   {"Nadam", "nadam"}};

/// Our options for a case; the arguments that it does not list keep our default of the form.
OptimizerOptions options_of(const testing::GoldenOptimizer& c) {
  const auto argument = [&](std::initializer_list<const char*> names, float otherwise) {
    for (const char* name : names) {
      if (const auto found = c.arguments.find(name); found != c.arguments.end()) {
        return static_cast<float>(found->second);
      }
    }
    return otherwise;
  };
  OptimizerOptions o;
  const bool keras = c.name.starts_with("v2/");
  o.compat = keras ? "keras" : "tf1";
  o.name = kNames.at(c.class_name);
  o.momentum = argument({"momentum"}, -1);
  if (o.name == "sgd" && o.momentum > 0) o.name = "momentum";
  o.lr = c.schedule.empty() ? argument({"learning_rate"}, -1)
                            : static_cast<float>(c.schedule_arguments.at("initial_learning_rate"));
  o.nesterov = argument({"use_nesterov", "nesterov"}, 0) != 0;
  o.beta1 = argument({"beta1", "beta_1"}, 0.9F);
  o.beta2 = argument({"beta2", "beta_2"}, 0.999F);
  o.epsilon = argument({"epsilon"}, -1);
  o.initial_accumulator = argument({"initial_accumulator_value"}, -1);
  o.rho = keras ? argument({"rho"}, -1) : argument({"decay", "rho"}, -1);
  o.centered = argument({"centered"}, 0) != 0;
  o.amsgrad = argument({"amsgrad"}, 0) != 0;
  o.l1 = argument({"l1_regularization_strength"}, 0);
  o.l2 = argument({"l2_regularization_strength"}, 0);
  o.l2_shrinkage = argument({"l2_shrinkage_regularization_strength"}, 0);
  o.beta = argument({"beta"}, 0);
  o.lr_power = argument({"learning_rate_power"}, -0.5F);
  o.clip_norm = argument({"clipnorm"}, 0);
  o.clip_value = argument({"clipvalue"}, 0);
  o.global_clip_norm = argument({"global_clipnorm"}, 0);
  return o;
}

/// The `decay` of Keras' optimizers is an inverse time decay; schedules are learning rates of their own.
ScheduleOptions schedule_of(const testing::GoldenOptimizer& c) {
  if (c.schedule.empty()) {
    const auto decay = c.arguments.find("decay");
    if (c.name.starts_with("v1/") || decay == c.arguments.end() || decay->second == 0) return {.kind = "constant"};
    return {.kind = "inverse_time", .decay_steps = 1, .decay_rate = static_cast<float>(decay->second)};
  }
  EXPECT_EQ(c.schedule, "ExponentialDecay");
  return {.kind = "exponential",
          .decay_steps = static_cast<std::int64_t>(c.schedule_arguments.at("decay_steps")),
          .decay_rate = static_cast<float>(c.schedule_arguments.at("decay_rate")),
          .staircase = c.schedule_arguments.at("staircase") != 0};
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

void expect_state(ParameterStore& store, const testing::GoldenStep& want, std::int64_t t) {
  const std::string after = " after step " + std::to_string(t);
  for (const auto& [name, weights] : want.weights) expect_close(store.get(name).weights(), weights, name + after);
  for (const auto& [name, slots] : want.slots) {
    Parameter& p = store.get(name);
    // TensorFlow 1 has a slot for the momentum of rmsprop even where there is none.
    std::set<std::string> names;
    for (const Slot& slot : p.slots()) names.insert(std::string(slot.name));
    for (const auto& [slot, unused] : slots) EXPECT_TRUE(names.contains(slot)) << slot;
    ASSERT_EQ(p.slots().size(), slots.size());
    for (const Slot& slot : p.slots()) {
      expect_close(p.slot(slot), slots.at(std::string(slot.name)), name + "/" + std::string(slot.name) + after);
    }
  }
  std::map<std::string, double> scalars;
  for (const OptimizerScalar& s : store.optimizer()->scalars(t)) scalars[std::string(s.name)] = s.value;
  for (const auto& [name, value] : want.scalars) {
    ASSERT_TRUE(scalars.contains(name)) << name;
    EXPECT_NEAR(scalars.at(name), value, 1e-6 + 1e-5 * std::abs(value)) << name << after;
  }
}

void follow(const testing::GoldenOptimizers& golden, const testing::GoldenOptimizer& c, ThreadPool& pool) {
  SCOPED_TRACE(c.name + " on " + c.gradients);
  ParameterStore store(1, options_of(c));
  const ScheduleOptions schedule = schedule_of(c);
  for (const auto& [name, start] : golden.variables) {
    const bool table = start.shape.size() == 2;
    fill(store.add(name, table ? start.shape[0] : 1, start.shape.back()).weights(), start.values);
  }
  Tape tape(pool, 1);
  for (std::size_t i = 0; i < c.steps.size(); ++i) {
    const auto t = static_cast<std::int64_t>(i) + 1;
    tape.begin({.step = t - 1, .training = true});
    add_gradients(tape, store, golden.gradients.at(c.gradients)[i]);
    apply_gradients(tape, store, {.step = t, .rate_factor = rate_factor(schedule, t - 1, 1), .clip_slices = true});
    expect_state(store, c.steps[i], t);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(GoldenOptimizers, FollowTensorFlowStepByStep) {
  const testing::GoldenOptimizers golden = testing::golden_optimizers();
  ThreadPool pool(2);
  for (const testing::GoldenOptimizer& c : golden.cases) follow(golden, c, pool);
  EXPECT_GE(golden.cases.size(), 80U);
}

TEST(GoldenOptimizers, OurDefaultsAreTensorFlowsWhereItHasThem) {
  // Cases whose arguments are all TensorFlow's own defaults, but for the learning rate of tf1.
  const std::set<std::string> plain = {"v1/adam", "v1/rmsprop", "v2/adagrad", "v2/adam",
                                       "v2/ftrl", "v2/rmsprop", "v2/adamax",  "v2/nadam"};
  std::size_t seen = 0;
  for (const testing::GoldenOptimizer& c : testing::golden_optimizers().cases) {
    if (!plain.contains(c.name)) continue;
    ++seen;
    const OptimizerOptions given = resolve(options_of(c));
    const OptimizerOptions ours = resolve({.name = given.name, .compat = given.compat});
    EXPECT_EQ(ours.epsilon, given.epsilon) << c.name;
    EXPECT_EQ(ours.initial_accumulator, given.initial_accumulator) << c.name;
    EXPECT_EQ(ours.rho, given.rho) << c.name;
    EXPECT_EQ(ours.momentum, given.momentum) << c.name;
    EXPECT_EQ(ours.beta1, given.beta1) << c.name;
    EXPECT_EQ(ours.beta2, given.beta2) << c.name;
    EXPECT_EQ(ours.lr_power, given.lr_power) << c.name;
  }
  EXPECT_EQ(seen, 2 * plain.size());
}

}  // namespace
}  // namespace kin
