#include "kinspace/nn/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "kinspace/base/error.h"
#include "kinspace/nn/activation.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/layers.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using kernels::Activation;

/// A store and a tape, with parameters made on demand.
struct Bench {
  explicit Bench(int threads = 2) : pool(threads) { tape.begin({.training = true}); }

  Var run(const Sequential& network, const Matrix& x, const std::string& scope = "net") {
    const auto source = [this](const std::string& name, std::int64_t rows, std::int64_t cols,
                               const ParameterOptions& options, KeyNumber key) -> Parameter& {
      return store.parameter(pool, name, rows, cols, options, key);
    };
    LayerContext context{tape, source};
    return network(context, scope, tape.constant(x.view()));
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Parameter* p : store.all()) out.push_back(p->name());
    return out;
  }

  ThreadPool pool;
  ParameterStore store{5, {.name = "adam", .lr = 0.01F}};
  Tape tape{pool, 1};
};

Sequential tower() {
  return Sequential({layers::dense(8, {.activation = Activation::kTanh}), layers::dropout(0.2F), layers::batch_norm(),
                     layers::dense(3, {.bias = false}), layers::dense(1).named("logits")});
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Sequential, NamesParametersByScopeAndKind) {
  Bench bench;
  const Var out = bench.run(tower(), testing::random_matrix(1, 5, 4));
  EXPECT_EQ(out.rows(), 5);
  EXPECT_EQ(out.cols(), 1);
  EXPECT_THAT(bench.names(),
              ::testing::ElementsAre("net/batch_norm_0/beta", "net/batch_norm_0/gamma", "net/batch_norm_0/moving_mean",
                                     "net/batch_norm_0/moving_variance", "net/dense_0/bias", "net/dense_0/kernel",
                                     "net/dense_1/kernel", "net/logits/bias", "net/logits/kernel"));
  EXPECT_EQ(bench.store.get("net/dense_0/kernel").rows(), 4);
  EXPECT_EQ(bench.store.get("net/logits/kernel").rows(), 3);
  EXPECT_FALSE(bench.store.get("net/batch_norm_0/moving_mean").trainable());
  EXPECT_FALSE(bench.store.get("net/dense_0/bias").decay());
}

TEST(Sequential, NeedsNoScopeAndIsTheInputWithoutLayers) {
  Bench bench;
  const Matrix x = testing::random_matrix(1, 2, 3);
  EXPECT_EQ(bench.run(Sequential(), x).value().data, x.view().data);
  bench.run(Sequential({layers::dense(2)}), x, "");
  EXPECT_NE(bench.store.find("dense_0/kernel"), nullptr);
}

TEST(Sequential, RefusesTheSameNameTwice) {
  EXPECT_THROW(Sequential({layers::dense(1).named("a"), layers::dense(2).named("a")}), Error);
  EXPECT_THROW(Sequential({layers::dense(1), layers::dense(2).named("dense_0")}), Error);
  EXPECT_THROW(layers::dense(1).named(""), Error);
  EXPECT_NO_THROW(Sequential({layers::dense(1), layers::dropout(0.1F), layers::dense(1)}));
}

TEST(Sequential, IsAValueWhoseCopiesDoTheSame) {
  Bench bench;
  const Matrix x = testing::random_matrix(1, 5, 4);
  const Sequential network({layers::dense(3), layers::layer_norm()});
  const Sequential copy = network;
  const Var a = bench.run(network, x);
  const Var b = bench.run(copy, x);
  for (std::int64_t i = 0; i < 15; ++i) EXPECT_EQ(a.value().data[i], b.value().data[i]);
}

TEST(Sequential, DescribesAndSummarizesItself) {
  const Sequential network({layers::dense(8, {.activation = Activation::kRelu}),
                            layers::residual(Sequential({layers::dropout(0.5F), layers::dense(6)})),
                            layers::batch_norm(), layers::concat({Sequential({layers::cross(2, {.rank = 3})}), {}})});
  std::vector<std::string> lines;
  for (const LayerInfo& one : network.describe()) lines.push_back(one.name + ": " + one.kind + " " + one.settings);
  EXPECT_THAT(lines, ::testing::ElementsAre("dense_0: dense 8, relu", "residual_0: residual ",
                                            "residual_0/dropout_0: dropout 0.5", "residual_0/dense_0: dense 6",
                                            "batch_norm_0: batch_norm ", "concat_0: concat 2",
                                            "concat_0/branch_0/cross_0: cross 2, rank 3"));
  std::vector<std::pair<std::int64_t, std::int64_t>> shapes;
  for (const LayerSummary& one : network.summarize(5)) shapes.emplace_back(one.width, one.weights);
  EXPECT_THAT(shapes, ::testing::ElementsAre(std::pair(8, 48), std::pair(6, 8 * 6 + 6 + 8 * 6), std::pair(6, 24),
                                             std::pair(12, 2 * (6 * 3 + 3 * 6 + 6))));
}

TEST(Layer, ErrorsNameTheLayerAndTheShapeOfItsInput) {
  Bench bench;
  const Matrix x = testing::random_matrix(1, 2, 7);
  const Sequential network({layers::sequential(Sequential({layers::factorization_machine(2)}))});
  const std::string message = message_of([&] { bench.run(network, x); });
  EXPECT_THAT(message, ::testing::StartsWith("net/sequential_0/factorization_machine_0: "));
  EXPECT_THAT(message, ::testing::HasSubstr("[2, 7]"));
  // The message is given once, by the layer where it happened.
  EXPECT_EQ(message.find("net/", 1), std::string::npos);

  bench.run(Sequential({layers::dense(3)}), x);
  const Matrix wider = testing::random_matrix(1, 2, 8);
  EXPECT_THAT(message_of([&] { bench.run(Sequential({layers::dense(3)}), wider); }),
              ::testing::AllOf(::testing::StartsWith("net/dense_0: "), ::testing::HasSubstr("[2, 8]")));
}

TEST(Layer, RefusesAMissingInputAndImpossibleOptions) {
  Bench bench;
  const auto source = [&](const std::string& name, std::int64_t rows, std::int64_t cols, const ParameterOptions& o,
                          KeyNumber key) -> Parameter& {
    return bench.store.parameter(bench.pool, name, rows, cols, o, key);
  };
  LayerContext context{bench.tape, source};
  EXPECT_THROW(layers::dense(1)(context, "d", Var()), Error);
  EXPECT_THROW(layers::dense(0), Error);
  EXPECT_THROW(layers::dropout(1.0F), Error);
  EXPECT_THROW(layers::batch_norm({.norm = {.momentum = 2}}), Error);
  EXPECT_THROW(layers::batch_norm({.norm = {.epsilon = 0}}), Error);
  EXPECT_THROW(layers::layer_norm({.epsilon = -1}), Error);
  EXPECT_THROW(layers::cross(0), Error);
  EXPECT_THROW(layers::cross(1, {.rank = -1}), Error);
  EXPECT_THROW(layers::factorization_machine(0), Error);
  EXPECT_THROW(layers::field_products(-1), Error);
  EXPECT_THROW(layers::concat({}), Error);
}

TEST(Layer, AnyFunctionMayBeOne) {
  Bench bench;
  const Layer doubled("double",
                      [](LayerContext& context, const std::string&, Var x) { return scale(context.tape, x, 2.0F); });
  const Matrix x = testing::random_matrix(1, 1, 3);
  const Var out = bench.run(Sequential({doubled, doubled}), x);
  EXPECT_EQ(out.value().data[2], 4.0F * x.row(0)[2]);
}

TEST(Layer, GradientsOfNetworksAgreeWithDifferences) {
  ThreadPool pool(2);
  const Matrix x = testing::random_matrix(1, 17, 6);
  const Layer networks[] = {
      layers::sequential(tower()),
      layers::residual(Sequential({layers::dense(6, {.activation = Activation::kSwish}), layers::layer_norm()})),
      layers::residual(Sequential({layers::dense(4, {.activation = Activation::kSoftplus})})),
      layers::concat({Sequential({layers::cross(2)}), Sequential({layers::field_products(3)}),
                      Sequential({layers::l2_normalize(), layers::activation(Activation::kElu)})}),
  };
  for (const Layer& network : networks) {
    ParameterStore store(7, {});
    const GradcheckResult result = gradcheck(pool, store, network, x.view(), {.step = 0.005, .most = 60});
    EXPECT_LT(result.worst, 5e-3) << network.kind() << ": " << result.where;
  }
}

TEST(Layer, BatchNormWhoseParametersAreFrozenUsesItsMovingAverages) {
  Bench bench;
  bench.store = ParameterStore(5, {.name = "adam"}, {}, {"net/batch_norm_0/*"});
  const Matrix x = testing::random_matrix(1, 40, 2);
  const Var out = bench.run(Sequential({layers::batch_norm()}), x);
  for (std::int64_t c = 0; c < 2; ++c) EXPECT_NEAR(out.value().row(3)[c], x.row(3)[c] / std::sqrt(1.001), 1e-6);
  EXPECT_EQ(bench.store.get("net/batch_norm_0/moving_mean").row(0)[0], 0.0F);
}

TEST(Sequential, TrainsTheSameWithAnyNumberOfThreads) {
  const auto train = [](int threads) {
    Bench bench(threads);
    const Matrix x = testing::random_matrix(1, 200, 6);
    const Matrix upstream = testing::random_matrix(2, 200, 7);
    const Sequential network({layers::concat({Sequential({layers::cross(2), layers::batch_norm()}),
                                              Sequential({layers::factorization_machine(3)})}),
                              layers::dropout(0.3F), layers::layer_norm()});
    for (int step = 1; step <= 3; ++step) {
      bench.tape.begin({.step = step, .training = true});
      bench.tape.backward(testing::weighted_sum(bench.tape, bench.run(network, x), upstream));
      apply_gradients(bench.tape, bench.store, {.step = step});
    }
    return testing::bytes_of(bench.store);
  };
  EXPECT_EQ(train(1), train(3));
}

TEST(Activation, NamesGoBothWays) {
  for (int i = 0; i <= static_cast<int>(Activation::kLeakyRelu); ++i) {
    const auto f = static_cast<Activation>(i);
    EXPECT_EQ(activation_named(activation_name(f)), f);
  }
  EXPECT_EQ(activation_named("silu"), Activation::kSwish);
  EXPECT_EQ(activation_named(""), Activation::kLinear);
  EXPECT_THROW(activation_named("Relu"), Error);
}

}  // namespace
}  // namespace kin
