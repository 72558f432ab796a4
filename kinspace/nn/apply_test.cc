#include "kinspace/nn/apply.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/golden_testing.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

TEST(ApplyGradients, ClipsByTheGlobalNormAsTensorFlow) {
  ThreadPool pool(2);
  int checked = 0;
  for (const testing::GoldenClipping& golden : testing::golden_clippings()) {
    ParameterStore store(1, {.name = "sgd", .lr = 1.0F});
    Tape tape(pool, 1);
    tape.begin({.training = true});
    for (std::size_t i = 0; i < golden.in.size(); ++i) {
      const auto& [shape, values] = golden.in[i];
      const std::int64_t dim = shape.back();
      const auto rows = static_cast<std::int64_t>(values.size()) / dim;
      Parameter& p = store.add(std::string(1, static_cast<char>('a' + i)), 2 * rows, dim);
      // Every row is given once, so that TensorFlow's norm over slices is the norm of the gradient.
      const auto to = tape.row_gradient(p).add(rows);
      for (std::int64_t r = 0; r < rows; ++r) to[static_cast<std::size_t>(r)] = {2 * r, values.data() + r * dim, 1.0F};
    }
    const double norm = apply_gradients(tape, store, {.clip_norm = static_cast<float>(golden.clip_norm)});
    if (std::isfinite(golden.norm)) {
      EXPECT_NEAR(norm, golden.norm, 1e-5 * golden.norm);
    } else {
      EXPECT_FALSE(std::isfinite(norm));
    }
    for (std::size_t i = 0; i < golden.out.size(); ++i) {
      const Parameter& p = *store.all()[i];
      for (std::size_t j = 0; j < golden.out[i].values.size(); ++j) {
        const auto at = static_cast<std::int64_t>(j);
        const float moved = -p.row(at / p.dim() * 2)[at % p.dim()];
        const float want = golden.out[i].values[j];
        if (std::isnan(want)) {
          EXPECT_TRUE(std::isnan(moved));
        } else {
          EXPECT_NEAR(moved, want, 1e-6 + 1e-5 * std::abs(want));
        }
      }
      EXPECT_EQ(p.row(1)[0], 0.0F) << "a row without a gradient moved";
    }
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

/// One parameter [4, 2] with a matrix gradient of ones and, for rows 1 and 3, contributions.
void mixed_gradient(Tape& tape, Parameter& p) {
  static const float kTwo[] = {2.0F, 3.0F};
  tape.begin({.training = true});
  const MatrixView whole = tape.matrix(4, 2);
  std::fill_n(whole.data, 8, 1.0F);
  tape.add_gradient(tape.variable(p), whole);
  const auto rows = tape.row_gradient(p).add(3);
  rows[0] = {3, kTwo, 1.0F};
  rows[1] = {1, kTwo, 10.0F};
  rows[2] = {3, kTwo, -2.0F};
}

TEST(ApplyGradients, AddsContributionsToAMatrixGradient) {
  const float want[4][2] = {{1, 1}, {21, 31}, {1, 1}, {-1, -2}};
  ThreadPool pool(1);
  for (const float clip : {0.0F, 1e6F}) {
    ParameterStore store(1, {.name = "sgd", .lr = 1.0F});
    Parameter& p = store.add("p", 4, 2);
    Tape tape(pool, 1);
    mixed_gradient(tape, p);
    const Matrix total = total_gradient(tape, p);
    const double norm = apply_gradients(tape, store, {.clip_norm = clip});
    double squares = 0;
    for (std::int64_t r = 0; r < 4; ++r) {
      for (std::int64_t i = 0; i < 2; ++i) {
        EXPECT_EQ(p.row(r)[i], -want[r][i]);
        EXPECT_EQ(total.row(r)[i], want[r][i]);
        squares += double(want[r][i]) * double(want[r][i]);
      }
    }
    EXPECT_NEAR(norm, clip > 0 ? std::sqrt(squares) : 0.0, 1e-9);
  }
}

TEST(ApplyGradients, RepeatedRowsAreSummedBeforeTheNormIsTaken) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "sgd", .lr = 1.0F});
  Parameter& p = store.add("p", 4, 1);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const float one = 1.0F;
  for (RowContribution& c : tape.row_gradient(p).add(5)) c = {2, &one, 1.0F};
  EXPECT_NEAR(apply_gradients(tape, store, {.clip_norm = 2.5F}), 5.0, 1e-12);
  EXPECT_NEAR(p.row(2)[0], -2.5, 1e-6);
}

TEST(ApplyGradients, SlicesAreClippedAsTheyWereGivenIfAskedFor) {
  ThreadPool pool(2);
  std::size_t seen = 0;
  for (const testing::GoldenSliceClipping& golden : testing::golden_slice_clippings()) {
    ++seen;
    ParameterStore store(1, {.name = "sgd", .lr = 1.0F});
    Tape tape(pool, 1);
    tape.begin({.training = true});
    for (const auto* name : {"a", "b"}) {
      const auto& [shape, values] = golden.dense[name[0] == 'a' ? 0 : 1];
      Parameter& p = store.add(name, static_cast<std::int64_t>(values.size()), 1);
      const MatrixView d = tape.matrix(p.rows(), 1);
      std::copy(values.begin(), values.end(), d.data);
      tape.add_gradient(tape.variable(p), d);
    }
    const std::int64_t dim = golden.slices.shape[1];
    Parameter& table = store.add("table", 6, dim);
    const auto to = tape.row_gradient(table).add(static_cast<std::int64_t>(golden.rows.size()));
    Matrix want(6, dim);
    for (std::size_t i = 0; i < golden.rows.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i) * dim;
      to[i] = {golden.rows[i], golden.slices.values.data() + at, 1.0F};
      for (std::int64_t j = 0; j < dim; ++j) {
        want.row(golden.rows[i])[j] += golden.clipped_slices.values[static_cast<std::size_t>(at + j)];
      }
    }
    const double norm =
        apply_gradients(tape, store, {.clip_norm = static_cast<float>(golden.clip_norm), .clip_slices = true});
    EXPECT_NEAR(norm, golden.norm, 1e-5 * golden.norm);
    for (std::int64_t r = 0; r < 6; ++r) {
      for (std::int64_t j = 0; j < dim; ++j) EXPECT_NEAR(-table.row(r)[j], want.row(r)[j], 3e-6);
    }
    for (std::int64_t r = 0; r < store.get("b").rows(); ++r) {
      EXPECT_NEAR(-*store.get("b").row(r), golden.clipped_dense[1].values[static_cast<std::size_t>(r)], 2e-6);
    }
  }
  EXPECT_GE(seen, 3U);
}

TEST(ApplyGradients, ValuesAreClippedBeforeOrAfterRowsAreSummed) {
  ThreadPool pool(1);
  for (const bool slices : {false, true}) {
    ParameterStore store(1, {.name = "sgd", .lr = 1.0F, .clip_value = 0.5F});
    Parameter& p = store.add("p", 2, 1);
    Tape tape(pool, 1);
    tape.begin({.training = true});
    const float one = 1.0F;
    const auto rows = tape.row_gradient(p).add(3);
    rows[0] = {1, &one, 2.0F};
    rows[1] = {1, &one, -1.9F};
    rows[2] = {1, &one, 0.25F};
    apply_gradients(tape, store, {.clip_slices = slices});
    EXPECT_NEAR(-*p.row(1), slices ? 0.25 : 0.35, 1e-6);
    EXPECT_EQ(*p.row(0), 0.0F);
  }
}

TEST(ApplyGradients, EachOptimizerClipsItsOwnParametersBeforeAllAreClipped) {
  ThreadPool pool(1);
  ParameterStore store(
      1, {.name = "sgd", .lr = 1.0F, .clip_norm = 1.0F},
      {{"g*", {.name = "sgd", .lr = 1.0F, .global_clip_norm = 5.0F}}, {"free", {.name = "sgd", .lr = 2.0F}}});
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const float one = 1.0F;
  const std::pair<const char*, float> gradients[] = {
      {"a", 3.0F}, {"b", 0.5F}, {"g1", 6.0F}, {"g2", 8.0F}, {"free", 7.0F}};
  for (const auto& [name, size] : gradients) tape.row_gradient(store.add(name, 1, 1)).add(1)[0] = {0, &one, size};
  apply_gradients(tape, store, {});
  EXPECT_NEAR(*store.get("a").row(0), -1.0, 1e-6);
  EXPECT_NEAR(*store.get("b").row(0), -0.5, 1e-6);
  EXPECT_NEAR(*store.get("g1").row(0), -3.0, 1e-6);
  EXPECT_NEAR(*store.get("g2").row(0), -4.0, 1e-6);
  EXPECT_NEAR(*store.get("free").row(0), -14.0, 1e-6);

  tape.begin({.training = true});
  for (const auto& [name, size] : gradients) {
    *store.get(name).row(0) = 0.0F;
    tape.row_gradient(store.get(name)).add(1)[0] = {0, &one, size};
  }
  const double norm = std::sqrt(1 + 0.25 + 9 + 16 + 49);
  EXPECT_NEAR(apply_gradients(tape, store, {.clip_norm = 2.0F}), norm, 1e-6);
  EXPECT_NEAR(*store.get("g2").row(0), -4.0 * 2.0 / norm, 1e-6);
  EXPECT_NEAR(*store.get("free").row(0), -14.0 * 2.0 / norm, 1e-6);
}

TEST(ApplyGradients, TheGlobalNormOfAnOptimizerIsTakenOfClippedGradients) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "sgd", .lr = 1.0F, .clip_norm = 3.0F, .global_clip_norm = 2.5F});
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const float one = 1.0F;
  tape.row_gradient(store.add("a", 1, 1)).add(1)[0] = {0, &one, 6.0F};
  tape.row_gradient(store.add("b", 1, 1)).add(1)[0] = {0, &one, 4.0F};
  tape.row_gradient(store.add("c", 1, 1)).add(1)[0] = {0, &one, 0.0F};
  EXPECT_EQ(apply_gradients(tape, store, {}), 0.0);
  EXPECT_NEAR(*store.get("a").row(0), -2.5 / std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(*store.get("b").row(0), -2.5 / std::sqrt(2.0), 1e-6);
  EXPECT_EQ(*store.get("c").row(0), 0.0F);
}

TEST(ApplyGradients, AParameterWithoutAnyGradientStays) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "adam", .lazy = false});
  Parameter& p = store.add("p", 2, 1);
  Tape tape(pool, 1);
  const float one = 1.0F;
  tape.begin({.training = true});
  tape.row_gradient(p).add(1)[0] = {0, &one, 1.0F};
  apply_gradients(tape, store, {});
  const std::string before = testing::bytes_of(store);
  tape.begin({.training = true});
  tape.variable(p);
  apply_gradients(tape, store, {.step = 2});
  EXPECT_TRUE(testing::bytes_of(store) == before);
  tape.row_gradient(p).add(0);
  apply_gradients(tape, store, {.step = 2});
  EXPECT_FALSE(testing::bytes_of(store) == before) << "adam moves by its means, as in TensorFlow";
}

TEST(ApplyGradients, ClippingSeesL2) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "sgd", .lr = 1.0F});
  Parameter& p = store.add("p", 2, 1);
  p.row(0)[0] = 8.0F;
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const float one = 1.0F;
  tape.row_gradient(p).add(1)[0] = {0, &one, 1.0F};
  EXPECT_NEAR(apply_gradients(tape, store, {.l2 = 0.5F, .clip_norm = 1.0F}), 5.0, 1e-12);
  EXPECT_NEAR(p.row(0)[0], 7.0, 1e-6);
}

TEST(ApplyGradients, AStoreWithoutOptimizerCannotTrain) {
  ThreadPool pool(1);
  ParameterStore store;
  Tape tape(pool, 1);
  tape.begin({.training = true});
  EXPECT_THROW(apply_gradients(tape, store, {}), Error);
}

TEST(ApplyGradients, RowsOfOneWeightMoveManyAtATimeAsOneByOne) {
  ThreadPool pool(2);
  const Matrix sources = testing::random_matrix(1, 3000, 1);
  const testing::Ids ids = testing::random_ids(4, 3000, 0, 2, 700, /*negative=*/true);
  // A norm that nothing reaches changes no number, but has rows wait for it and be moved one by one.
  const auto run = [&](const OptimizerOptions& optimizer, float clip_norm) {
    ParameterStore store(3, optimizer);
    Parameter& table = testing::random_parameter(store, pool, "table", 700, 1);
    Tape tape(pool, 1);
    for (std::int64_t step = 0; step < 3; ++step) {
      tape.begin({.step = step, .training = true});
      RandomStream stream(9, Purpose::kPick, static_cast<std::uint64_t>(step), 0);
      RowGradient& gradient = tape.row_gradient(table);
      const auto rows = gradient.add(2000);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = static_cast<std::int64_t>(stream.below(400)) - 1;
        rows[i] = {row, sources.row(static_cast<std::int64_t>(i)), stream.uniform()};
      }
      gradient.add_examples(ids.tensor(), sources.view());
      apply_gradients(tape, store, {.step = step + 1, .l2 = 1e-3F, .clip_norm = clip_norm});
    }
    return testing::bytes_of(store);
  };
  for (const OptimizerOptions& optimizer : testing::every_optimizer()) {
    EXPECT_TRUE(run(optimizer, 0.0F) == run(optimizer, 1e30F)) << optimizer.name << " " << optimizer.compat;
  }
}

TEST(ApplyGradients, ARowBeyondATableOfOneWeightIsOurError) {
  ThreadPool pool(1);
  ParameterStore store(1, {.name = "ftrl"});
  Parameter& p = store.add("movies", 4, 1);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const float one = 1.0F;
  tape.row_gradient(p).add(1)[0] = {4, &one, 1.0F};
  try {
    apply_gradients(tape, store, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    EXPECT_NE(error.message().find("row 4 of 'movies'"), std::string::npos) << error.message();
  }
}

TEST(ApplyGradients, TheThreadsDoNotChangeAByte) {
  const auto run = [](int threads, const OptimizerOptions& optimizer, float clip) {
    ThreadPool pool(threads);
    ParameterStore store(3, optimizer);
    Parameter& table = testing::random_parameter(store, pool, "table", 500, 20);
    Parameter& kernel = testing::random_parameter(store, pool, "kernel", 70, 33);
    const Matrix sources = testing::random_matrix(1, 2000, 20);
    const Matrix whole = testing::random_matrix(2, 70, 33);
    Tape tape(pool, 1);
    for (std::int64_t step = 0; step < 3; ++step) {
      tape.begin({.step = step, .training = true});
      RandomStream stream(9, Purpose::kPick, static_cast<std::uint64_t>(step), 0);
      const auto rows = tape.row_gradient(table).add(2000);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = {static_cast<std::int64_t>(stream.below(300)), sources.row(static_cast<std::int64_t>(i)), 0.01F};
      }
      const MatrixView d = tape.matrix(70, 33);
      std::copy(whole.values().begin(), whole.values().end(), d.data);
      tape.add_gradient(tape.variable(kernel), d);
      apply_gradients(tape, store,
                      {.step = step + 1, .l2 = 1e-3F, .clip_norm = clip, .clip_slices = optimizer.compat != "none"});
    }
    return testing::bytes_of(store);
  };
  for (const OptimizerOptions& optimizer : testing::every_optimizer()) {
    for (const float clip : {0.0F, 0.7F}) {
      const std::string one = run(1, optimizer, clip);
      for (const int threads : {2, 3, 8}) {
        EXPECT_TRUE(run(threads, optimizer, clip) == one) << optimizer.name << " " << optimizer.compat << " " << clip;
      }
    }
  }
}

}  // namespace
}  // namespace kin
