// The ops together, as a recommender uses them.

#include <gtest/gtest.h>

#include "kinspace/nn/apply.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/sampled_softmax.h"
#include "kinspace/nn/softmax_loss.h"

namespace kin {
namespace {

using kernels::Activation;

enum class Loss { kFull, kSampled };

struct Net {
  std::int64_t items;
  Parameter& table;
  Parameter& positions;
  Parameter& hidden;
  Parameter& hidden_bias;
  Parameter& user;
  Parameter& item_bias;
  Sampler sampler;

  Net(ParameterStore& store, ThreadPool& pool, std::int64_t n, std::int64_t dim, float size)
      : items(n),
        table(testing::random_parameter(store, pool, "table", n, dim, size)),
        positions(testing::random_parameter(store, pool, "positions", 3, 1, size)),
        hidden(testing::random_parameter(store, pool, "hidden/kernel", dim, 11, size)),
        hidden_bias(testing::random_parameter(store, pool, "hidden/bias", 1, 11, size)),
        user(testing::random_parameter(store, pool, "user/kernel", 11, dim, size)),
        item_bias(testing::random_parameter(store, pool, "item/bias", n, 1, size)),
        sampler(Sampler::log_uniform(n)) {}

  Var loss(Tape& tape, const testing::Ids& context, const testing::Ids& targets, Activation activation, float drop,
           Loss kind) {
    const SparseTensor seen = drop_ids(tape, context.tensor(), drop);
    const Var weights = position_weights(tape, tape.variable(positions), seen);
    Var x = combine(tape, table, seen, Combiner::kSqrtN, weights);
    x = dense(tape, dropout(tape, x, drop), tape.variable(hidden), tape.variable(hidden_bias), activation);
    x = dense(tape, x, tape.variable(user), Var(), Activation::kLinear);
    if (kind == Loss::kFull) {
      return softmax_loss(tape, x, tape.variable(table), tape.variable(item_bias), targets.tensor(), {});
    }
    const Negatives negatives = sampler.draw(tape, items / 4);
    const auto expected = sampler.log_expected(tape, targets.ids, negatives);
    return sampled_softmax_loss(tape, x, table, &item_bias, targets.tensor(), expected, negatives, {});
  }
};

TEST(Recommender, WholeGradientsAgreeWithDifferences) {
  for (const Loss kind : {Loss::kFull, Loss::kSampled}) {
    for (const Activation activation : {Activation::kTanh, Activation::kGelu}) {
      ThreadPool pool(2);
      ParameterStore store(5, {});
      Net net(store, pool, 24, 6, 0.6F);
      const testing::Ids context = testing::random_ids(1, 30, 1, 4, 24);
      const testing::Ids targets = testing::random_ids(2, 30, 1, 3, 24);
      const std::vector<Parameter*> parameters = store.all();
      const GradcheckResult result = gradcheck(
          pool, parameters, [&](Tape& tape) { return net.loss(tape, context, targets, activation, 0.0F, kind); });
      EXPECT_LT(result.worst, 6e-3) << result.where;
    }
  }
}

TEST(Recommender, TheThreadsDoNotChangeAByteOfSeveralSteps) {
  const auto run = [](int threads, Loss kind, const char* optimizer, float clip) {
    ThreadPool pool(threads);
    ParameterStore store(5, {.name = optimizer});
    Net net(store, pool, 400, 24, 0.2F);
    Tape tape(pool, 9);
    std::string losses;
    for (std::int64_t step = 0; step < 4; ++step) {
      tape.begin({.step = step, .training = true});
      const auto seed = static_cast<std::uint64_t>(step);
      const testing::Ids context = testing::random_ids(seed, 300, 1, 5, 400);
      const testing::Ids targets = testing::random_ids(seed + 100, 300, 1, 7, 400);
      const Var loss = net.loss(tape, context, targets, Activation::kRelu, 0.2F, kind);
      losses += std::to_string(loss.scalar()) + " ";
      tape.backward(loss);
      apply_gradients(tape, store, {.step = step + 1, .l2 = 1e-4F, .clip_norm = clip});
    }
    return testing::bytes_of(store) + losses;
  };
  for (const Loss kind : {Loss::kFull, Loss::kSampled}) {
    const std::string one = run(1, kind, "adam", 0.0F);
    const std::string clipped = run(1, kind, "adagrad", 0.05F);
    EXPECT_TRUE(one != clipped);
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(run(threads, kind, "adam", 0.0F) == one);
      EXPECT_TRUE(run(threads, kind, "adagrad", 0.05F) == clipped);
    }
  }
}

TEST(Recommender, LearnsWhichItemFollowsWhich) {
  for (const Loss kind : {Loss::kFull, Loss::kSampled}) {
    ThreadPool pool(2);
    ParameterStore store(5, {.name = "adam", .lr = 0.02F});
    Net net(store, pool, 40, 16, 0.3F);
    std::vector<std::vector<std::int64_t>> from;
    std::vector<std::vector<std::int64_t>> to;
    for (std::int64_t i = 0; i < 40; ++i) {
      from.push_back({i});
      to.push_back({(7 * i + 3) % 40});
    }
    const testing::Ids context(from);
    const testing::Ids targets(to);
    Tape tape(pool, 9);
    for (std::int64_t step = 0; step < 300; ++step) {
      tape.begin({.step = step, .training = true});
      tape.backward(net.loss(tape, context, targets, Activation::kTanh, 0.0F, kind));
      apply_gradients(tape, store, {.step = step + 1});
    }
    tape.begin({.step = 300});
    // Guessing costs log 40 = 3.7.
    EXPECT_LT(net.loss(tape, context, targets, Activation::kTanh, 0.0F, Loss::kFull).scalar(), 0.5F);
  }
}

}  // namespace
}  // namespace kin
