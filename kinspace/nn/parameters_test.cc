#include "kinspace/nn/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

TEST(Parameter, RowsArePaddedToCacheLinesWhereThatIsCheap) {
  const auto stride = [](std::int64_t dim, const char* name) {
    const Optimizer optimizer({.name = name});
    return Parameter("p", 3, dim, true, &optimizer).stride();
  };
  EXPECT_EQ(Parameter("p", 3, 64, true, nullptr).stride(), 64);
  EXPECT_EQ(Parameter("p", 3, 60, true, nullptr).stride(), 64);
  EXPECT_EQ(Parameter("p", 3, 1, true, nullptr).stride(), 1);
  EXPECT_EQ(stride(64, "adagrad"), 128);
  EXPECT_EQ(stride(50, "adam"), 160);
  EXPECT_EQ(stride(256, "adagrad"), 528);  // 512 floats apart, rows would share a set of the cache
  EXPECT_EQ(stride(64, "rowwise_adagrad"), 65);
  EXPECT_EQ(stride(10, "adam"), 32);
  EXPECT_EQ(stride(5, "adam"), 16);
  EXPECT_EQ(Parameter::bytes_needed(1000000, 64, nullptr), 256000000U);
}

TEST(Parameter, UsesWeightsThatLieInMemoryAlready) {
  auto memory = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6});
  const std::weak_ptr<std::vector<float>> alive = memory;
  {
    ParameterStore store;
    const Parameter& p = store.add("p", 2, 3, std::shared_ptr<float>(memory, memory->data()));
    memory.reset();
    EXPECT_EQ(p.row(1), alive.lock()->data() + 3);
    EXPECT_EQ(p.weights().stride, 3);
    EXPECT_TRUE(p.slots().empty());
    EXPECT_FALSE(p.trainable());
    EXPECT_THROW(store.add("p", 2, 3, std::shared_ptr<float>()), Error);
  }
  EXPECT_TRUE(alive.expired());
}

TEST(Parameter, SlotsLieBehindTheWeightsAndStartAtTheirInitialValue) {
  const Optimizer optimizer({.name = "adagrad", .initial_accumulator = 0.25F});
  Parameter p("p", 5, 3, true, &optimizer);
  ASSERT_EQ(p.slots().size(), 1U);
  EXPECT_EQ(p.slots()[0].name, "accumulator");
  for (std::int64_t r = 0; r < 5; ++r) {
    EXPECT_EQ(p.slot(p.slots()[0]).row(r), p.row(r) + 3);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(p.row(r)[i], 0.0F);
      EXPECT_EQ(p.row(r)[3 + i], 0.25F);
    }
  }
}

TEST(Parameter, ARowsStartIsAFunctionOfSeedNameAndKey) {
  ThreadPool one(1);
  ThreadPool three(3);
  const Initial normal = Initial::truncated_normal(0.5F);
  Parameter a("table", 1000, 4, true, nullptr);
  Parameter reversed("table", 1000, 4, true, nullptr);
  a.initialize(one, 7, normal, [](std::int64_t row) { return static_cast<std::uint64_t>(row * 10); });
  reversed.initialize(three, 7, normal, [](std::int64_t row) { return static_cast<std::uint64_t>((999 - row) * 10); });
  for (std::int64_t r = 0; r < 1000; ++r) {
    for (std::int64_t i = 0; i < 4; ++i) ASSERT_EQ(a.row(r)[i], reversed.row(999 - r)[i]);
  }
  Parameter single("table", 1, 4, true, nullptr);
  single.initialize_row(7, normal, 0, 420);
  EXPECT_EQ(single.row(0)[0], a.row(42)[0]);
  single.initialize_row(8, normal, 0, 420);
  EXPECT_NE(single.row(0)[0], a.row(42)[0]);
  Parameter other("other", 1, 4, true, nullptr);
  other.initialize_row(7, normal, 0, 420);
  EXPECT_NE(other.row(0)[0], a.row(42)[0]);
}

TEST(Parameter, InitialDistributionsHaveTheirBoundsAndSpread) {
  ThreadPool pool(2);
  const auto spread = [&](Initial initial, double* most) {
    Parameter p("p", 300, 100, true, nullptr);
    p.initialize(pool, 3, initial, [](std::int64_t row) { return static_cast<std::uint64_t>(row); });
    double squares = 0;
    for (std::int64_t r = 0; r < 300; ++r) {
      for (std::int64_t i = 0; i < 100; ++i) {
        squares += double(p.row(r)[i]) * double(p.row(r)[i]);
        *most = std::max(*most, std::abs(double(p.row(r)[i])));
      }
    }
    return std::sqrt(squares / 30000);
  };
  double most = 0;
  // The standard error of the deviation of 30000 draws is about 0.4 %; 2 % is five times that.
  EXPECT_NEAR(spread(Initial::truncated_normal(0.1F), &most), 0.1 * 0.8796, 0.002);
  EXPECT_LE(most, 0.2 + 1e-8);
  most = 0;
  const double limit = std::sqrt(6.0 / 400);
  EXPECT_NEAR(spread(Initial::glorot_uniform(), &most), limit / std::sqrt(3.0), 0.02 * limit);
  EXPECT_LE(most, limit + 1e-8);
  most = 0;
  EXPECT_EQ(spread(Initial::constant(-2.0F), &most), 2.0);
}

TEST(Parameter, RefusesImpossibleShapes) {
  for (const auto& [rows, dim] :
       {std::pair<std::int64_t, std::int64_t>{0, 4}, {4, 0}, {-1, 4}, {std::int64_t{1} << 32, 1}}) {
    try {
      const Parameter p("user/kernel", rows, dim, true, nullptr);
      FAIL() << rows << " x " << dim;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(e.message().find("'user/kernel'"), std::string::npos);
    }
  }
}

TEST(ParameterStore, MakesAParameterOnceAndChecksItsShape) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& first = store.parameter(pool, "a", 2, 3, {.initial = Initial::constant(1.5F)});
  first.row(0)[0] = 9.0F;
  EXPECT_EQ(&store.parameter(pool, "a", 2, 3, {}), &first);
  EXPECT_EQ(first.row(0)[0], 9.0F);
  EXPECT_THROW(store.parameter(pool, "a", 3, 2, {}), Error);
  EXPECT_THROW(store.add("a", 2, 3), Error);
  EXPECT_EQ(store.find("b"), nullptr);
  try {
    store.get("A");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.message().find("did you mean 'a'?"), std::string::npos);
  }
}

TEST(ParameterStore, ListsMatricesByNameWithTheirSlots) {
  ParameterStore store(1, {.name = "adam"});
  store.add("b", 2, 3);
  store.add("a/kernel", 4, 1);
  std::vector<std::string> names;
  for (const NamedMatrix& m : store.matrices(true)) names.push_back(m.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/kernel", "a/kernel/m", "a/kernel/v", "b", "b/m", "b/v"}));
  EXPECT_EQ(store.matrices(false).size(), 2U);
  EXPECT_EQ(store.matrices(true)[1].matrix.rows, 4);

  ParameterStore prediction;
  prediction.add("b", 2, 3);
  EXPECT_EQ(prediction.matrices(true).size(), 1U);
}

TEST(ParameterStore, TrainingGoesOnFromTheMatricesOfAnotherStore) {
  ThreadPool pool(1);
  for (const OptimizerOptions& options : testing::every_optimizer()) {
    SCOPED_TRACE(options.name + " " + options.compat);
    const auto train = [&](ParameterStore& store, std::int64_t first, std::int64_t last) {
      Tape tape(pool, 1);
      for (std::int64_t t = first; t < last; ++t) {
        tape.begin({.step = t, .training = true});
        const Matrix g = testing::random_matrix(static_cast<std::uint64_t>(t), 3, 5);
        const auto rows = tape.row_gradient(store.get("p")).add(2);
        for (std::size_t i = 0; i < 2; ++i) rows[i] = {(t + 2 * static_cast<std::int64_t>(i)) % 4, g.row(1), 1.0F};
        apply_gradients(tape, store, {.step = t + 1});
      }
    };
    ParameterStore whole(1, options);
    testing::random_parameter(whole, pool, "p", 4, 5);
    train(whole, 0, 3);
    ParameterStore resumed(2, options);
    resumed.add("p", 4, 5);
    const auto from = whole.matrices(true);
    const auto to = resumed.matrices(true);
    ASSERT_EQ(from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      ASSERT_EQ(from[i].name, to[i].name);
      to[i].matrix.write(0, from[i].matrix.copy().view());
    }
    const std::string before = testing::bytes_of(whole);
    train(whole, 3, 6);
    train(resumed, 3, 6);
    EXPECT_TRUE(testing::bytes_of(whole) == testing::bytes_of(resumed));
    EXPECT_FALSE(testing::bytes_of(whole) == before);
  }
}

TEST(ParameterStore, SlotsOfEveryOptimizerLieOneBehindTheOther) {
  for (const OptimizerOptions& options : testing::every_optimizer()) {
    const Optimizer optimizer(options);
    std::int64_t end = 0;
    for (const Slot& slot : optimizer.slots(7)) {
      EXPECT_EQ(slot.offset, end) << options.name << "/" << slot.name;
      end += slot.width;
    }
    EXPECT_EQ(optimizer.slot_floats(7), end) << options.name;
  }
}

TEST(ParameterStore, FindsAWeightThatIsNotFinite) {
  ThreadPool pool(2);
  ParameterStore store(1, {.name = "adagrad"});
  store.add("a", 3000, 2);
  Parameter& b = store.add("b", 2, 5);
  EXPECT_TRUE(store.all_finite(pool));
  b.row(1)[4] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(store.all_finite(pool));
  b.row(1)[4] = 0.0F;
  store.get("a").row(2999)[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(store.all_finite(pool));
}

}  // namespace
}  // namespace kin
