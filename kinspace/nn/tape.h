#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "kinspace/base/arena.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/nn/row_gradient.h"
#include "kinspace/tensor/gemm.h"
#include "kinspace/tensor/matrix.h"

// A whole training loop on this engine:
//
//   kin::ThreadPool pool;
//   kin::ParameterStore store(/*seed=*/7, {.name = "adam", .lr = 0.003F});
//   kin::Parameter& table = store.parameter(pool, "watched/embedding", rows, 64,
//       {.initial = kin::Initial::truncated_normal(0.125F)}, [&](std::int64_t row) { return keys.number(row); });
//   kin::Parameter& kernel = store.parameter(pool, "user/kernel", 64, 64, {.initial = kin::Initial::glorot_uniform()});
//   kin::Parameter& shift = store.parameter(pool, "user/bias", 1, 64, {.decay = false});
//   kin::Parameter& popular = store.parameter(pool, "watched/bias", rows, 1, {.decay = false});
//   const kin::Sampler sampler = kin::Sampler::log_uniform(rows);
//
//   kin::Tape tape(pool, /*seed=*/7);
//   for (std::int64_t step = 0; step < steps; ++step) {
//     const Batch batch = next_batch();                    // context and targets: SparseTensor of rows
//     tape.begin({.step = step, .training = true});        // everything of the last step is gone
//     kin::Var x = kin::combine(tape, table, kin::drop_ids(tape, batch.context, 0.1F), kin::Combiner::kSqrtN);
//     x = kin::dropout(tape, x, 0.2F);
//     x = kin::dense(tape, x, tape.variable(kernel), tape.variable(shift), kin::kernels::Activation::kTanh);
//     kin::Var loss;
//     if (full) {
//       loss = kin::softmax_loss(tape, x, tape.variable(table), tape.variable(popular), batch.targets, {});
//     } else {
//       const kin::Negatives negatives = sampler.draw(tape, 1024);
//       const auto expected = sampler.log_expected(tape, batch.targets.ids, negatives);
//       loss = kin::sampled_softmax_loss(tape, x, table, &popular, batch.targets, expected, negatives, {});
//     }
//     tape.backward(loss);
//     kin::apply_gradients(tape, store, {.step = step + 1, .rate_factor = kin::rate_factor(schedule, step, steps)});
//   }

namespace kin {

/// Columns [begin, end) of a matrix.
struct ColumnRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

namespace detail {

struct TapeNode {
  ConstMatrixView value;
  MatrixView gradient{};  // no data until somebody adds to it
  bool tracked = false;
  ColumnRange wanted{};  // of the gradient, if not all
};

}  // namespace detail

/// A value of the current step: a handle that is copied freely and dies with the step.
class Var {
 public:
  Var() = default;

  bool exists() const noexcept { return node_ != nullptr; }
  ConstMatrixView value() const noexcept { return node_->value; }
  std::int64_t rows() const noexcept { return node_->value.rows; }
  std::int64_t cols() const noexcept { return node_->value.cols; }

  /// The only element of a [1, 1] value, such as a loss.
  float scalar() const noexcept { return *node_->value.data; }

  /// Whether a gradient is wanted for it: some parameter lies below it and the tape is recording.
  bool tracked() const noexcept { return node_ != nullptr && node_->tracked; }

  /// The columns of its gradient that count, if it is tracked; nobody looks at the others, which may be 0.
  ColumnRange wanted() const noexcept { return node_->wanted.end == 0 ? ColumnRange{0, cols()} : node_->wanted; }

 private:
  friend class Tape;
  explicit Var(detail::TapeNode* node) noexcept : node_(node) {}
  detail::TapeNode* node_ = nullptr;
};

/// What a step is. Dropout acts and backward functions are recorded only while training.
struct StepOptions {
  std::int64_t step = 0;  ///< random numbers of the step are functions of it
  bool training = false;
  bool dry = false;  ///< a trial of the model: nothing outlives the step, moving averages stay as they are
  Precision precision = Precision::kFp32;  ///< of the matrix products of ops, on both ways; sums are floats in any case
};

/// Where a backward function puts a gradient: it adds to `matrix`, or, when `fresh`, overwrites all of it (the memory
/// is not cleared).
struct GradientTarget {
  MatrixView matrix;
  bool fresh;
};

/// The record of one step, from parameters to a loss; its memory is reused by the next one.
///
/// Ops are functions that take the tape, compute a value, and leave behind a closure for the way back. Closures live in
/// the arena, so they may hold only trivially destructible things: views, numbers, Vars, pointers.
/// Threads: one tape belongs to one thread, which shares its loops with `pool`.
class Tape {
 public:
  Tape(ThreadPool& pool, std::uint64_t seed) noexcept : pool_(&pool), seed_(seed) {}

  /// Forgets the last step: its Vars and gradients are gone.
  void begin(const StepOptions& options);

  bool training() const noexcept { return options_.training; }
  bool dry() const noexcept { return options_.dry; }
  std::int64_t step() const noexcept { return options_.step; }
  std::uint64_t seed() const noexcept { return seed_; }
  ThreadPool& pool() const noexcept { return *pool_; }

  /// That of the step, for a product whose narrowest side is `narrowest`: below 16, where it saves nothing, fp32.
  Precision precision(std::int64_t narrowest) const noexcept {
    return narrowest < 16 ? Precision::kFp32 : options_.precision;
  }
  Arena& arena() noexcept { return arena_; }

  /// A number for every op of a step that draws random numbers, in the order of the calls.
  std::uint64_t next_site() noexcept { return sites_++; }

  /// Input without a gradient; the memory must outlive the step.
  Var constant(ConstMatrixView value);

  /// A whole parameter of floats; its gradient is a matrix [N, D], and there is none when it is not trainable. Asked
  /// twice in a step, it is the same Var. Errors: kInvalidArgument for a table in bf16.
  Var variable(Parameter& parameter);

  /// Result of an op, tracked for its columns `wanted` only, as Var::wanted() has it.
  Var result(ConstMatrixView value, bool tracked);
  Var result(ConstMatrixView value, ColumnRange wanted);

  /// Uninitialised, and zero, arena memory.
  MatrixView matrix(std::int64_t rows, std::int64_t cols);
  MatrixView zeros(std::int64_t rows, std::int64_t cols);

  /// Leaves backward(ConstMatrixView gradient_of_out) for the way back. It runs once, in reverse order, and only if
  /// something added to the gradient of `out`. Does nothing when `out` is not tracked.
  template <class Backward>
  void record(Var out, Backward backward) {
    if (!out.tracked()) return;
    static_assert(std::is_trivially_destructible_v<Backward>, "closures are never destroyed");
    last_ = arena_.create<Record>(
        out.node_, [](void* closure, ConstMatrixView gradient) { (*static_cast<Backward*>(closure))(gradient); },
        static_cast<void*>(arena_.create<Backward>(std::move(backward))), last_);
  }

  /// Where to put the gradient of a tracked Var.
  GradientTarget gradient_target(Var v);

  /// Gives `v` the gradient `matrix` (contiguous arena memory, not used by the caller any more), or adds it to what is
  /// there already.
  void add_gradient(Var v, MatrixView matrix);

  /// Runs the closures from `loss` [1, 1] down, its own gradient being 1. Errors: kInternal when the loss has another
  /// shape or does not depend on a parameter.
  void backward(Var loss);

  /// The gradient of `v`; no data when there is none.
  MatrixView gradient(Var v) const noexcept { return v.node_->gradient; }

  /// Row contributions to the gradient of a trainable parameter, made on first use.
  RowGradient& row_gradient(Parameter& parameter);

  /// One parameter that got a gradient of either kind in this step.
  struct Touched {
    RowGradient rows;
    detail::TapeNode whole;  // value: the weights
    bool by_row = false;     // some op added row contributions, be it none
    Touched* next = nullptr;
  };

  /// In the order in which ops first asked for them.
  Touched* touched() const noexcept { return first_; }

 private:
  struct Record {
    detail::TapeNode* out;
    void (*run)(void* closure, ConstMatrixView gradient);
    void* closure;
    Record* previous;
  };

  Touched& touch(Parameter& parameter);

  ThreadPool* pool_;
  std::uint64_t seed_;
  StepOptions options_;
  Arena arena_;
  std::uint64_t sites_ = 0;
  Record* last_ = nullptr;
  Touched* first_ = nullptr;
};

}  // namespace kin
