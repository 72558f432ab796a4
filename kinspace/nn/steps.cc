#include "kinspace/nn/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/internal/sequence.h"

namespace kin {
namespace internal {

void check_sequence(const char* op, const SequenceInput& x) {
  check_shape(op, "the matrix of steps", x.steps.value(), rows_of(x) * x.length, x.steps.cols());
  for (const std::int64_t length : x.lengths) {
    if (length < 0 || length > x.length) {
      throw Error::internal(fmt::format("{}: a row of {} steps where all have {}", op, length, x.length));
    }
  }
}

}  // namespace internal

namespace {

using internal::for_rows;
using internal::rows_of;
using internal::steps_of;

float weight_of(StepPooling pooling, std::int64_t steps) {
  return pooling == StepPooling::kMean ? 1.0F / static_cast<float>(steps) : 1.0F;
}

Var add_steps(Tape& tape, const SequenceInput& x, StepPooling pooling) {
  const MatrixView out = tape.zeros(rows_of(x), x.steps.cols());
  for_rows(tape, out.rows, [&](std::int64_t b) {
    const kernels::Table& k = kernels::active();
    for (std::int64_t t = 0; t < steps_of(x, b); ++t) {
      k.add(x.steps.value().row(b * x.length + t), out.row(b), out.cols);
    }
    k.scale(steps_of(x, b) == 0 ? 0.0F : weight_of(pooling, steps_of(x, b)), out.row(b), out.row(b), out.cols);
  });
  const Var result = tape.result(out, x.steps.tracked());
  tape.record(result, [&tape, x, pooling](ConstMatrixView d_out) {
    const MatrixView d = tape.zeros(x.steps.rows(), x.steps.cols());
    for_rows(tape, d_out.rows, [&](std::int64_t b) {
      for (std::int64_t t = 0; t < steps_of(x, b); ++t) {
        kernels::active().scale(weight_of(pooling, steps_of(x, b)), d_out.row(b), d.row(b * x.length + t), d.cols);
      }
    });
    tape.add_gradient(x.steps, d);
  });
  return result;
}

Var greatest_steps(Tape& tape, const SequenceInput& x) {
  const MatrixView out = tape.zeros(rows_of(x), x.steps.cols());
  const auto cols = static_cast<std::size_t>(out.cols);
  const auto winners = tape.arena().array<std::int64_t>(static_cast<std::size_t>(out.rows) * cols);
  for_rows(tape, out.rows, [&](std::int64_t b) {
    std::int64_t* winner = winners.data() + static_cast<std::size_t>(b) * cols;
    std::fill_n(winner, cols, b * x.length);
    if (steps_of(x, b) > 0) std::copy_n(x.steps.value().row(b * x.length), cols, out.row(b));
    for (std::int64_t t = 1; t < steps_of(x, b); ++t) {
      const float* step = x.steps.value().row(b * x.length + t);
      for (std::int64_t c = 0; c < out.cols; ++c) {
        float& greatest = out.row(b)[c];
        if (step[c] > greatest || std::isnan(step[c])) {  // NaN wins: it must not vanish
          greatest = step[c];
          winner[c] = b * x.length + t;
        }
      }
    }
  });
  const Var result = tape.result(out, x.steps.tracked());
  tape.record(result, [&tape, x, winners, cols](ConstMatrixView d_out) {
    const MatrixView d = tape.zeros(x.steps.rows(), x.steps.cols());
    for_rows(tape, d_out.rows, [&](std::int64_t b) {
      if (steps_of(x, b) == 0) return;
      const std::int64_t* winner = winners.data() + static_cast<std::size_t>(b) * cols;
      for (std::int64_t c = 0; c < d.cols; ++c) d.row(winner[c])[c] = d_out.row(b)[c];
    });
    tape.add_gradient(x.steps, d);
  });
  return result;
}

}  // namespace

Var pool_steps(Tape& tape, const SequenceInput& x, StepPooling pooling) {
  internal::check_sequence("pool_steps", x);
  return pooling == StepPooling::kMax ? greatest_steps(tape, x) : add_steps(tape, x, pooling);
}

}  // namespace kin
