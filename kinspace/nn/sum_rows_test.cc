#include "kinspace/nn/sum_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using testing::Ids;

/// Three tables, one value, a bias; ids below 0 and examples without any among them, and a column of one id each.
struct Model {
  Model(int threads, std::int64_t dim, const OptimizerOptions& optimizer)
      : pool(threads),
        store(3, optimizer),
        few(testing::random_parameter(store, pool, "few", 9, dim)),
        many(testing::random_parameter(store, pool, "many", 5000, dim)),
        one(testing::random_parameter(store, pool, "one", 300, dim)),
        kernel(testing::random_parameter(store, pool, "kernel", kExamples, dim)),
        bias(testing::random_parameter(store, pool, "bias", 1, dim)),
        tape(pool, 1) {}

  Var sum() {
    const TableRows columns[] = {{&few, of_few.tensor()}, {&many, of_many.tensor()}, {&one, of_one.tensor()}};
    const Var others[] = {tape.variable(kernel)};
    return sum_rows(tape, columns, others, tape.variable(bias));
  }

  Var sum_by_single_ops() {
    Var out = tape.variable(kernel);
    out = add(tape, out, combine(tape, few, of_few.tensor(), Combiner::kSum));
    out = add(tape, out, combine(tape, many, of_many.tensor(), Combiner::kSum));
    out = add(tape, out, combine(tape, one, of_one.tensor(), Combiner::kSum));
    return add_row(tape, out, tape.variable(bias));
  }

  /// Weights and slots after a few steps by either.
  std::string trained(bool at_once) {
    const Matrix slopes = testing::random_matrix(7, kExamples, bias.dim());
    for (std::int64_t step = 0; step < 4; ++step) {
      tape.begin({.step = step, .training = true});
      tape.backward(testing::weighted_sum(tape, at_once ? sum() : sum_by_single_ops(), slopes));
      apply_gradients(tape, store, {.step = step + 1, .l2 = 0.01F});
    }
    return testing::bytes_of(store);
  }

  static constexpr std::int64_t kExamples = 700;
  Ids of_few = testing::random_ids(1, kExamples, 0, 3, 9, /*negative=*/true);
  Ids of_many = testing::random_ids(2, kExamples, 0, 2, 5000);
  Ids of_one = testing::random_ids(3, kExamples, 1, 1, 300, /*negative=*/true);
  ThreadPool pool;
  ParameterStore store;
  Parameter& few;
  Parameter& many;
  Parameter& one;
  Parameter& kernel;
  Parameter& bias;
  Tape tape;
};

TEST(SumRows, IsTheSumOfSingleOpsToTheBit) {
  for (const std::int64_t dim : {1, 3}) {
    Model m(2, dim, {});
    m.tape.begin({.training = false});
    const Var at_once = m.sum();
    const Var want = m.sum_by_single_ops();
    for (std::int64_t b = 0; b < Model::kExamples; ++b) {
      for (std::int64_t j = 0; j < dim; ++j) ASSERT_EQ(at_once.value().row(b)[j], want.value().row(b)[j]) << b;
    }
  }
}

TEST(SumRows, TrainsToTheBytesOfSingleOpsWithEveryOptimizerAndAnyThreads) {
  for (const OptimizerOptions& optimizer : testing::every_optimizer()) {
    for (const std::int64_t dim : {1, 2}) {
      const std::string want = Model(1, dim, optimizer).trained(false);
      for (const int threads : {1, 3}) {
        EXPECT_TRUE(Model(threads, dim, optimizer).trained(true) == want)
            << optimizer.name << " " << optimizer.compat << " " << dim;
      }
    }
  }
}

TEST(SumRows, DifferencesGiveItsGradient) {
  Model m(1, 2, {});
  const Matrix slopes = testing::random_matrix(7, Model::kExamples, 2);
  Parameter* const all[] = {&m.few, &m.many, &m.one, &m.kernel, &m.bias};
  const auto loss = [&](Tape& tape) {
    const TableRows columns[] = {
        {&m.few, m.of_few.tensor()}, {&m.many, m.of_many.tensor()}, {&m.one, m.of_one.tensor()}};
    const Var others[] = {tape.variable(m.kernel)};
    return testing::weighted_sum(tape, sum_rows(tape, columns, others, tape.variable(m.bias)), slopes);
  };
  const GradcheckResult found = gradcheck(m.pool, all, loss, {.most = 20});
  EXPECT_LT(found.worst, 5e-3) << found.where;
}

TEST(SumRows, RefusesIdsThatATableLacks) {
  Model m(1, 1, {});
  m.of_few.ids[4] = 9;
  m.tape.begin({.training = true});
  try {
    m.sum();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(error.message().find("not in table 'few', which has 9 rows"), std::string::npos) << error.message();
  }
}

TEST(SumRows, WithoutColumnsThereAreOtherValuesAndTheBias) {
  Model m(1, 1, {});
  m.tape.begin({.training = true});
  const Var others[] = {m.tape.variable(m.kernel)};
  const Var out = sum_rows(m.tape, {}, others, m.tape.variable(m.bias));
  EXPECT_EQ(*out.value().row(5), *m.kernel.row(5) + *m.bias.row(0));
}

}  // namespace
}  // namespace kin
