// Tables in bf16: the same arithmetic as over floats of these values, and updates that are rounded by chance.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/sampled_softmax.h"

namespace kin {
namespace {

constexpr std::int64_t kRows = 40;
constexpr std::int64_t kDim = 19;

OptimizerOptions adagrad() {
  return {.name = "adagrad", .lr = 0.1F};
}

/// A table in bf16, and one of floats with the same values.
struct Twins {
  ThreadPool pool{3};
  ParameterStore rounded;
  ParameterStore exact;
  Parameter& half;
  Parameter& whole;

  explicit Twins(const OptimizerOptions& optimizer = adagrad())
      : rounded(1, optimizer, {}, {}, Precision::kBf16),
        exact(1, optimizer),
        half(rounded.parameter(pool, "table", kRows, kDim,
                               {.initial = Initial::truncated_normal(1.0F), .by_row = true})),
        whole(exact.add("table", kRows, kDim)) {
    whole.stored().write(0, half.stored().copy().view());
  }
};

bool same(const Matrix& a, const Matrix& b) {
  return a.values().size() == b.values().size() && std::memcmp(a.row(0), b.row(0), a.values().size_bytes()) == 0;
}

Matrix copy_of(ConstMatrixView m) {
  Matrix out(m.rows, m.cols);
  for (std::int64_t r = 0; r < m.rows; ++r) std::copy_n(m.row(r), m.cols, out.row(r));
  return out;
}

/// What an op gives over a table, and the table's gradient.
template <class Op>
std::pair<Matrix, Matrix> taken(ThreadPool& pool, Parameter& table, Op op) {
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var out = op(tape, table);
  tape.backward(testing::weighted_sum(tape, out, testing::random_matrix(5, out.rows(), out.cols())));
  return {copy_of(out.value()), total_gradient(tape, table)};
}

TEST(Bf16Tables, TakeHalfTheMemoryOfTheWeights) {
  const Optimizer optimizer(adagrad());
  EXPECT_EQ(Parameter::bytes_needed(1000, 64, nullptr, Precision::kBf16), 1000U * 128);
  EXPECT_EQ(Parameter::bytes_needed(1000, 64, &optimizer, Precision::kBf16), 1000U * (128 + 256));
  const Twins twins;
  EXPECT_EQ(twins.half.precision(), Precision::kBf16);
  EXPECT_EQ(twins.half.stride(), 32) << "10 of weights and 19 of a slot, in whole cache lines";
}

TEST(Bf16Tables, OnlyWhatIsReadByRowIsOne) {
  Twins twins;
  EXPECT_EQ(twins.rounded.add("kernel", 4, 4).precision(), Precision::kFp32);
  EXPECT_EQ(twins.rounded.add("weights", 4, 1, {.by_row = true}).precision(), Precision::kFp32)
      << "a column of bf16 takes as much room as floats";
  Tape tape(twins.pool, 1);
  tape.begin({.training = true});
  EXPECT_THROW(tape.variable(twins.half), Error);
  EXPECT_THROW(twins.half.weights(), Error);
}

TEST(Bf16Tables, StartFromTheNearestOfTheSameNumbers) {
  ThreadPool pool(2);
  ParameterStore exact(1, adagrad());
  const Parameter& whole =
      exact.parameter(pool, "table", kRows, kDim, {.initial = Initial::truncated_normal(1.0F), .by_row = true});
  const Matrix half = Twins().half.stored().copy();
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kDim; ++c) {
      EXPECT_LE(std::abs(half.row(r)[c] - whole.row(r)[c]), std::abs(whole.row(r)[c]) / 256);
    }
  }
}

TEST(Bf16Tables, RowsAreCombinedAsFloatsOfTheirValues) {
  Twins twins;
  const testing::Ids ids = testing::random_ids(3, 70, 0, 4, kRows, /*negative=*/true);
  for (const Combiner combiner : {Combiner::kSum, Combiner::kMean, Combiner::kSqrtN}) {
    for (const float max_norm : {0.0F, 2.0F}) {
      const auto op = [&](Tape& tape, Parameter& table) {
        return combine(tape, table, ids.tensor(), CombineOptions{combiner, max_norm, true});
      };
      const auto half = taken(twins.pool, twins.half, op);
      const auto whole = taken(twins.pool, twins.whole, op);
      EXPECT_TRUE(same(half.first, whole.first));
      EXPECT_TRUE(same(half.second, whole.second)) << "the gradient, max_norm = " << max_norm;
    }
  }
}

TEST(Bf16Tables, TheGradientOfTheWeightsOfIdsIsThatOverFloats) {
  Twins twins;
  const testing::Ids ids = testing::random_ids(4, 70, 1, 4, kRows);
  const auto count = static_cast<std::int64_t>(ids.ids.size());
  const auto gradient_of = [&](ParameterStore& store, Parameter& table) {
    Parameter& weights = store.parameter(twins.pool, "weights", 1, count, {.initial = Initial::truncated_normal(1.0F)});
    Tape tape(twins.pool, 1);
    tape.begin({.training = true});
    const Var out = combine(tape, table, ids.tensor(), CombineOptions{Combiner::kSum}, tape.variable(weights));
    tape.backward(testing::weighted_sum(tape, out, testing::random_matrix(5, out.rows(), out.cols())));
    return total_gradient(tape, weights);
  };
  EXPECT_TRUE(same(gradient_of(twins.rounded, twins.half), gradient_of(twins.exact, twins.whole)));
}

TEST(Bf16Tables, TheSampledSoftmaxReadsThemAsFloatsOfTheirValues) {
  Twins twins;
  const testing::Ids targets = testing::random_ids(6, 100, 0, 5, kRows, /*negative=*/true);
  const std::vector<std::int64_t> drawn = {1, 3, 4, 5, 9, 17, 20, 21, 29, 3};
  for (const bool normalize : {false, true}) {
    const auto loss = [&](ParameterStore& store, Parameter& table) {
      Parameter& query = store.parameter(twins.pool, "query", 100, kDim, {.initial = Initial::truncated_normal(1.0F)});
      Tape tape(twins.pool, 1);
      tape.begin({.training = true});
      const Var out = sampled_softmax_loss(tape, tape.variable(query), table, nullptr, targets.tensor(), {},
                                           Negatives{.ids = drawn}, {.scale = 0.5F, .normalize = normalize});
      tape.backward(out);
      return std::tuple(copy_of(out.value()), total_gradient(tape, table), total_gradient(tape, query));
    };
    const auto half = loss(twins.rounded, twins.half);
    const auto whole = loss(twins.exact, twins.whole);
    EXPECT_TRUE(same(std::get<0>(half), std::get<0>(whole)));
    EXPECT_TRUE(same(std::get<1>(half), std::get<1>(whole))) << "the table's gradient, normalize = " << normalize;
    EXPECT_TRUE(same(std::get<2>(half), std::get<2>(whole))) << "that of the query, normalize = " << normalize;
  }
}

/// One step in which rows 3 and 7 get gradients.
void step(ThreadPool& pool, ParameterStore& store, Parameter& table, std::int64_t number,
          const ApplyOptions& options = {}) {
  Tape tape(pool, 1);
  tape.begin({.step = number, .training = true});
  const Matrix g = testing::random_matrix(9, 2, kDim);
  const auto rows = tape.row_gradient(table).add(3);
  rows[0] = {3, g.row(0), 1.0F};
  rows[1] = {7, g.row(1), 0.5F};
  rows[2] = {3, nullptr, 0.25F};  // along the row itself
  ApplyOptions own = options;
  own.step = number + 1;
  apply_gradients(tape, store, own);
}

TEST(Bf16Tables, AnUpdateIsThatOfFloatsRoundedToOneOfTheNeighbours) {
  int moved = 0;
  for (const OptimizerOptions& optimizer : testing::every_optimizer()) {
    for (const ApplyOptions& options :
         {ApplyOptions{}, ApplyOptions{.l2 = 0.01F}, ApplyOptions{.l2 = 0.01F, .clip_norm = 0.5F},
          ApplyOptions{.clip_norm = 0.5F, .clip_slices = true}}) {
      SCOPED_TRACE(optimizer.name + " " + optimizer.compat);
      Twins twins(optimizer);
      const Matrix before = twins.half.stored().copy();
      step(twins.pool, twins.rounded, twins.half, 0, options);
      step(twins.pool, twins.exact, twins.whole, 0, options);
      const Matrix after = twins.half.stored().copy();
      for (std::int64_t r = 0; r < kRows; ++r) {
        for (std::int64_t c = 0; c < kDim; ++c) {
          const float want = twins.whole.row(r)[c];
          EXPECT_LE(std::abs(after.row(r)[c] - want), std::abs(want) / 128 + 1e-30F) << r << ", " << c;
          if (want == before.row(r)[c]) {
            EXPECT_EQ(after.row(r)[c], want) << "what does not move is not rounded";
          }
          moved += after.row(r)[c] != before.row(r)[c] ? 1 : 0;
        }
      }
      for (const Slot& slot : twins.half.slots()) {
        EXPECT_TRUE(same(copy_of(twins.half.slot(slot)), copy_of(twins.whole.slot(slot)))) << slot.name;
      }
    }
  }
  EXPECT_GT(moved, 1000);
}

TEST(Bf16Tables, TheBytesDoNotDependOnThreadsButOnTheSeedAndTheStep) {
  const auto trained = [](int threads, std::uint64_t seed, std::int64_t first) {
    ThreadPool pool(threads);
    ParameterStore store(seed, adagrad(), {}, {}, Precision::kBf16);
    Parameter& table = store.parameter(pool, "table", 5000, kDim, {.initial = Initial::constant(0.3F), .by_row = true});
    const Matrix g = testing::random_matrix(11, 1, kDim);
    for (std::int64_t t = first; t < first + 3; ++t) {
      Tape tape(pool, 1);
      tape.begin({.step = t, .training = true});
      const auto rows = tape.row_gradient(table).add(4000);
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = {static_cast<std::int64_t>(i * 7 % 5000), g.row(0), 1.0F};
      apply_gradients(tape, store, {.step = t + 1});
    }
    return testing::bytes_of(store);
  };
  const std::string wanted = trained(1, 1, 0);
  EXPECT_TRUE(trained(4, 1, 0) == wanted);
  EXPECT_FALSE(trained(1, 2, 0) == wanted);
  EXPECT_FALSE(trained(1, 1, 5) == wanted);
}

TEST(Bf16Tables, StepsSmallerThanTheLastBitAddUp) {
  constexpr std::int64_t kMany = 256;
  constexpr int kSteps = 400;
  constexpr double kStep = 1.0 / 4096;  // of which 16 are the distance of neighbours below 1
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "sgd", .lr = static_cast<float>(kStep)}, {}, {}, Precision::kBf16);
  Parameter& table = store.parameter(pool, "table", 1, kMany, {.initial = Initial::constant(1.0F), .by_row = true});
  const std::vector<float> ones(kMany, 1.0F);
  for (int t = 0; t < kSteps; ++t) {
    Tape tape(pool, 1);
    tape.begin({.step = t, .training = true});
    tape.row_gradient(table).add(1)[0] = {0, ones.data(), 1.0F};
    apply_gradients(tape, store, {.step = t + 1});
  }
  const Matrix after = table.stored().copy();
  double mean = 0;
  for (const float value : after.values()) mean += double(value) / kMany;
  // A step has the variance p (1 - p) of a bit of 1 / 256, p = 1 / 16.
  const double deviation = std::sqrt(kSteps * (15.0 / 256) / kMany) / 256;
  EXPECT_NEAR(mean, 1.0 - kSteps * kStep, 5 * deviation);
}

}  // namespace
}  // namespace kin
