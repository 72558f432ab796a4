#include "kinspace/nn/elementwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"

namespace kin {
namespace {

/// Calls f(row) for all rows of a matrix, in parallel.
void for_rows(Tape& tape, ConstMatrixView matrix, FunctionRef<void(std::int64_t)> f) {
  const std::int64_t chunk = internal::rows_worth_a_thread(matrix.cols);
  parallel_for(tape.pool(), matrix.rows, chunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) f(r);
  });
}

void copy_row(const float* from, float* to, std::int64_t n) noexcept {
  std::copy_n(from, n, to);
}

/// to (+)= factor * from.
void pass_gradient(Tape& tape, Var to, float factor, ConstMatrixView from) {
  const GradientTarget target = tape.gradient_target(to);
  for_rows(tape, from, [&](std::int64_t r) {
    const kernels::Table& k = kernels::active();
    if (target.fresh) {
      k.scale(factor, from.row(r), target.matrix.row(r), from.cols);
    } else {
      k.axpy(factor, from.row(r), target.matrix.row(r), from.cols);
    }
  });
}

}  // namespace

Var add(Tape& tape, Var a, Var b) {
  internal::check_shape("add", "the second value", b.value(), a.rows(), a.cols());
  const MatrixView out = tape.matrix(a.rows(), a.cols());
  for_rows(tape, out, [&](std::int64_t r) {
    copy_row(a.value().row(r), out.row(r), out.cols);
    kernels::active().add(b.value().row(r), out.row(r), out.cols);
  });
  const Var result = tape.result(out, a.tracked() || b.tracked());
  tape.record(result, [&tape, a, b](ConstMatrixView d_out) {
    if (a.tracked()) pass_gradient(tape, a, 1.0F, d_out);
    if (b.tracked()) pass_gradient(tape, b, 1.0F, d_out);
  });
  return result;
}

Var add_row(Tape& tape, Var x, Var row) {
  internal::check_shape("add_row", "the row", row.value(), 1, x.cols());
  const MatrixView out = tape.matrix(x.rows(), x.cols());
  for_rows(tape, out, [&](std::int64_t r) {
    copy_row(x.value().row(r), out.row(r), out.cols);
    kernels::active().add(row.value().data, out.row(r), out.cols);
  });
  const Var result = tape.result(out, x.tracked() || row.tracked());
  tape.record(result, [&tape, x, row](ConstMatrixView d_out) {
    if (x.tracked()) pass_gradient(tape, x, 1.0F, d_out);
    if (!row.tracked()) return;
    const GradientTarget to = tape.gradient_target(row);
    if (to.fresh) std::fill_n(to.matrix.data, d_out.cols, 0.0F);
    for (std::int64_t r = 0; r < d_out.rows; ++r) kernels::active().add(d_out.row(r), to.matrix.data, d_out.cols);
  });
  return result;
}

Var scale(Tape& tape, Var x, float factor) {
  const MatrixView out = tape.matrix(x.rows(), x.cols());
  for_rows(tape, out, [&](std::int64_t r) { kernels::active().scale(factor, x.value().row(r), out.row(r), out.cols); });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, factor](ConstMatrixView d_out) { pass_gradient(tape, x, factor, d_out); });
  return result;
}

Var activate(Tape& tape, Var x, kernels::Activation f) {
  const MatrixView out = tape.matrix(x.rows(), x.cols());
  for_rows(tape, out, [&](std::int64_t r) { kernels::active().activate(f, x.value().row(r), out.row(r), out.cols); });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, f, out](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(out.rows, out.cols);
    for_rows(tape, out, [&](std::int64_t r) {
      kernels::active().activate_backward(f, x.value().row(r), out.row(r), d_out.row(r), d.row(r), out.cols);
    });
    tape.add_gradient(x, d);
  });
  return result;
}

Var dropout(Tape& tape, Var x, float rate) {
  if (!(rate >= 0 && rate < 1)) {
    throw Error::invalid_argument(fmt::format("dropout: rate = {} has to be from 0 to below 1", rate));
  }
  if (!tape.training() || rate == 0) return x;
  const std::uint64_t site = tape.next_site();
  const float kept = 1.0F / (1.0F - rate);
  const MatrixView mask = tape.matrix(x.rows(), x.cols());
  const MatrixView out = tape.matrix(x.rows(), x.cols());
  for_rows(tape, out, [&](std::int64_t r) {
    RandomStream stream(tape.seed(), Purpose::kDropout, static_cast<std::uint64_t>(tape.step()),
                        site << 48 | static_cast<std::uint64_t>(r));
    float* m = mask.row(r);
    for (std::int64_t i = 0; i < out.cols; ++i) m[i] = stream.uniform() < rate ? 0.0F : kept;
    copy_row(x.value().row(r), out.row(r), out.cols);
    kernels::active().multiply(m, out.row(r), out.cols);
  });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, mask](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(mask.rows, mask.cols);
    for_rows(tape, d, [&](std::int64_t r) {
      copy_row(d_out.row(r), d.row(r), d.cols);
      kernels::active().multiply(mask.row(r), d.row(r), d.cols);
    });
    tape.add_gradient(x, d);
  });
  return result;
}

Var normalize_rows(Tape& tape, Var x) {
  constexpr float kSmallest = 1e-12F;
  const MatrixView out = tape.matrix(x.rows(), x.cols());
  const auto inverse = tape.arena().array<float>(static_cast<std::size_t>(x.rows()));
  for_rows(tape, out, [&](std::int64_t r) {
    const kernels::Table& k = kernels::active();
    const float* row = x.value().row(r);
    const float squares = k.dot(row, row, out.cols);
    const float factor = 1.0F / std::sqrt(std::max(squares, kSmallest));
    // The sign tells the way back that the length was replaced by the constant.
    inverse[static_cast<std::size_t>(r)] = squares > kSmallest ? factor : -factor;
    k.scale(factor, row, out.row(r), out.cols);
  });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, out, inverse](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(out.rows, out.cols);
    for_rows(tape, out, [&](std::int64_t r) {
      const kernels::Table& k = kernels::active();
      const float factor = inverse[static_cast<std::size_t>(r)];
      k.scale(std::abs(factor), d_out.row(r), d.row(r), d.cols);
      if (factor > 0) k.axpy(-factor * k.dot(d_out.row(r), out.row(r), d.cols), out.row(r), d.row(r), d.cols);
    });
    tape.add_gradient(x, d);
  });
  return result;
}

}  // namespace kin
