#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/sampled_softmax.h"
#include "kinspace/nn/softmax_loss.h"

// Parameters that do not train, and parameters that different optimizers train.

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string weights_of(const Parameter& p) {
  std::string bytes;
  for (std::int64_t r = 0; r < p.rows(); ++r) {
    bytes.append(reinterpret_cast<const char*>(p.row(r)), static_cast<std::size_t>(p.dim()) * sizeof(float));
  }
  return bytes;
}

TEST(Pattern, AStarIsAnyCharactersAQuestionMarkIsOne) {
  EXPECT_TRUE(matches_pattern("linear/*", "linear/linear_model/age/weights"));
  EXPECT_TRUE(matches_pattern("linear/*", "linear/"));
  EXPECT_FALSE(matches_pattern("linear/*", "linear"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("*/bias", "dnn/hidden/bias"));
  EXPECT_FALSE(matches_pattern("*/bias", "dnn/bias/m"));
  EXPECT_TRUE(matches_pattern("a*b*c", "aXbXbc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "aXcXb"));
  EXPECT_TRUE(matches_pattern("w?", "w1"));
  EXPECT_FALSE(matches_pattern("w?", "w"));
  EXPECT_FALSE(matches_pattern("w", "w1"));
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("", "w"));
  // Quadratic, not exponential.
  EXPECT_FALSE(matches_pattern("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

TEST(ParameterStore, GivesEachParameterTheOptimizerOfItsPattern) {
  ParameterStore store(1, {.name = "adam"}, {{"linear/*", {.name = "ftrl"}}, {"*/bias", {.name = "sgd"}}});
  EXPECT_EQ(store.add("dnn/kernel", 2, 3).optimizer(), store.optimizer());
  const Parameter& linear = store.add("linear/age", 2, 1);
  EXPECT_EQ(linear.optimizer()->options().name, "ftrl");
  EXPECT_EQ(linear.slots().size(), 2U);
  EXPECT_THAT(store.add("dnn/bias", 1, 3).slots(), IsEmpty());
  try {
    store.add("linear/bias", 1, 1);
    FAIL() << "two patterns match";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(e.message(), HasSubstr("'*/bias' and 'linear/*'"));
  }
  EXPECT_EQ(store.find("linear/bias"), nullptr);
  EXPECT_THROW(ParameterStore(1, {}, {{"x", {.name = "adm"}}}), Error);
}

TEST(ParameterStore, SaysWhichPatternsMatchNothing) {
  ParameterStore store(1, {}, {{"linear/*", {.name = "ftrl"}}, {"lineer/*", {.name = "ftrl"}}}, {"table", "tabel"});
  store.add("linear/age", 1, 1);
  store.add("table", 1, 1);
  EXPECT_THAT(store.idle_patterns(), ElementsAre("tabel", "lineer/*"));
}

TEST(ParameterStore, MayBeMovedWithTheOptimizersOfItsParameters) {
  ThreadPool pool(1);
  ParameterStore first(1, {.name = "sgd", .lr = 1.0F}, {{"b", {.name = "sgd", .lr = 2.0F}}});
  Parameter& a = first.add("a", 1, 1);
  Parameter& b = first.add("b", 1, 1);
  ParameterStore store = std::move(first);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const float one = 1.0F;
  tape.row_gradient(a).add(1)[0] = {0, &one, 1.0F};
  tape.row_gradient(b).add(1)[0] = {0, &one, 1.0F};
  apply_gradients(tape, store, {.rate_factor = 0.5});
  EXPECT_EQ(*a.row(0), -0.5F);
  EXPECT_EQ(*b.row(0), -1.0F);
}

TEST(Frozen, HasNoSlotsAndNoOptimizer) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "adam"}, {}, {"*/table"});
  EXPECT_FALSE(store.add("city/table", 5, 3).trainable());
  EXPECT_EQ(store.get("city/table").optimizer(), nullptr);
  EXPECT_THAT(store.get("city/table").slots(), IsEmpty());
  const Parameter& average = store.parameter(pool, "average", 1, 3, {.trainable = false});
  EXPECT_FALSE(average.trainable());
  EXPECT_EQ(average.stride(), Parameter("p", 1, 3, true, nullptr).stride());
  EXPECT_TRUE(store.add("other", 5, 3).trainable());
  EXPECT_EQ(store.matrices(true).size(), 5U);
}

/// A net of a table, a kernel with its bias, and an output table with its bias; `frozen` does not train.
class Net {
 public:
  Net(ThreadPool& pool, std::vector<std::string> frozen, bool lazy = true, float l2 = 0.0F, float clip = 0.0F)
      : store_(1, {.name = "adam", .lr = 0.1F, .lazy = lazy, .weight_decay = 0.1F}, {}, std::move(frozen)),
        tape_(pool, 1),
        l2_(l2),
        clip_(clip) {
    for (const auto& [name, rows, dim] : {std::tuple<const char*, std::int64_t, std::int64_t>{"table", 20, 4},
                                          {"kernel", 4, 4},
                                          {"bias", 1, 4},
                                          {"items", 20, 4},
                                          {"popular", 20, 1}}) {
      testing::random_parameter(store_, pool, name, rows, dim);
    }
  }

  ParameterStore& store() { return store_; }

  /// One step; returns whether the loss depended on anything that trains.
  bool step(bool sampled) {
    tape_.begin({.step = t_, .training = true});
    Var x = combine(tape_, store_.get("table"), context_.tensor(), {.combiner = Combiner::kMean});
    x = dense(tape_, x, tape_.variable(store_.get("kernel")), tape_.variable(store_.get("bias")),
              kernels::Activation::kTanh);
    const std::vector<std::int64_t> drawn{1, 5, 7, 11};
    Parameter& items = store_.get("items");
    Parameter& popular = store_.get("popular");
    const Var loss =
        sampled ? sampled_softmax_loss(tape_, x, items, &popular, targets_.tensor(), {},
                                       {.ids = drawn, .log_expected = {}}, {})
                : softmax_loss(tape_, x, tape_.variable(items), tape_.variable(popular), targets_.tensor(), {});
    if (!loss.tracked()) return false;
    tape_.backward(loss);
    apply_gradients(tape_, store_, {.step = ++t_, .l2 = l2_, .clip_norm = clip_});
    return true;
  }

 private:
  ParameterStore store_;
  Tape tape_;
  float l2_;
  float clip_;
  std::int64_t t_ = 0;
  testing::Ids context_ = testing::ids_of({{1, 2, 2}, {}, {4, 5}});
  testing::Ids targets_ = testing::ids_of({{2}, {9}, {11}});
};

const std::vector<std::string> kAll = {"table", "kernel", "bias", "items", "popular"};

TEST(Frozen, NoStepChangesAByteAndTheRestMoves) {
  ThreadPool pool(2);
  for (const std::string& frozen : kAll) {
    for (const bool sampled : {false, true}) {
      for (const bool lazy : {true, false}) {
        for (const float clip : {0.0F, 0.5F}) {
          Net net(pool, {frozen}, lazy, /*l2=*/0.1F, clip);
          std::map<std::string, std::string> before;
          for (const std::string& name : kAll) before[name] = weights_of(net.store().get(name));
          for (int i = 0; i < 3; ++i) ASSERT_TRUE(net.step(sampled));
          for (const std::string& name : kAll) {
            EXPECT_EQ(weights_of(net.store().get(name)) == before[name], name == frozen) << name << ", not " << frozen;
          }
        }
      }
    }
  }
}

TEST(Frozen, TheGradientsOfTheRestAreThoseWithoutFreezing) {
  ThreadPool pool(2);
  for (const bool sampled : {false, true}) {
    Net whole(pool, {});
    whole.step(sampled);
    for (const std::string& frozen : kAll) {
      Net net(pool, {frozen});
      net.step(sampled);
      for (const std::string& name : kAll) {
        if (name == frozen) continue;
        EXPECT_TRUE(weights_of(net.store().get(name)) == weights_of(whole.store().get(name))) << name << ", " << frozen;
      }
    }
  }
}

TEST(Frozen, ALossOfFrozenParametersOnlyIsNotTracked) {
  ThreadPool pool(1);
  for (const bool sampled : {false, true}) {
    Net net(pool, {"*"});
    EXPECT_FALSE(net.step(sampled));
  }
}

TEST(Frozen, AFrozenTableStillTrainsTheWeightsOfItsRows) {
  ThreadPool pool(1);
  const testing::Ids ids = testing::ids_of({{1, 2}, {2}, {}});
  const Matrix upstream = testing::random_matrix(4, 3, 3);
  const auto gradient = [&](std::vector<std::string> frozen) {
    ParameterStore store(1, {}, {}, std::move(frozen));
    Parameter& table = testing::random_parameter(store, pool, "table", 4, 3);
    Parameter& weights = testing::random_parameter(store, pool, "weights", 1, 3);
    Tape tape(pool, 1);
    tape.begin({.training = true});
    const Var w = tape.variable(weights);
    tape.backward(
        testing::weighted_sum(tape, combine(tape, table, ids.tensor(), {.combiner = Combiner::kSum}, w), upstream));
    const MatrixView d = tape.gradient(w);
    return std::vector<float>(d.data, d.data + 3);
  };
  EXPECT_EQ(gradient({"table"}), gradient({}));
}

TEST(Frozen, AddingRowsToItsGradientIsOurMistake) {
  ThreadPool pool(1);
  ParameterStore store(1, {}, {}, {"p"});
  Parameter& p = store.add("p", 2, 2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  EXPECT_FALSE(tape.variable(p).tracked());
  EXPECT_THROW(tape.row_gradient(p), Error);
}

}  // namespace
}  // namespace kin
