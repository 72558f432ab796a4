#include "kinspace/nn/dense.h"

#include <algorithm>

#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

/// Whether the result of an activation tells its slope, so that the argument need not be kept.
constexpr bool keeps_slope(kernels::Activation f) noexcept {
  using enum kernels::Activation;
  return f == kLinear || f == kRelu || f == kTanh || f == kSigmoid;
}

/// Gradient of x, of the columns that count; the others become 0.
void add_to_input(Tape& tape, Precision precision, ConstMatrixView d, Var x, ConstMatrixView kernel) {
  const GradientTarget to = tape.gradient_target(x);
  const auto [begin, end] = x.wanted();
  const ConstMatrixView rows(kernel.row(begin), end - begin, kernel.cols, kernel.stride);
  const MatrixView cols{to.matrix.data + begin, to.matrix.rows, end - begin, to.matrix.stride};
  gemm(tape.pool(), precision, Transpose::kNo, d, Transpose::kYes, rows, cols, !to.fresh);
  if (!to.fresh || cols.cols == x.cols()) return;
  for (std::int64_t b = 0; b < x.rows(); ++b) {
    std::fill(to.matrix.row(b), to.matrix.row(b) + begin, 0.0F);
    std::fill(to.matrix.row(b) + end, to.matrix.row(b) + x.cols(), 0.0F);
  }
}

}  // namespace

Var dense(Tape& tape, Var x, Var kernel, Var bias, kernels::Activation activation) {
  const std::int64_t batch = x.rows();
  const std::int64_t width = kernel.cols();
  internal::check_shape("dense", "kernel", kernel.value(), x.cols(), width);
  if (bias.exists()) internal::check_shape("dense", "bias", bias.value(), 1, width);

  const bool linear = activation == kernels::Activation::kLinear;
  const MatrixView before = internal::matrix_for_products(tape, batch, width);
  const MatrixView out = keeps_slope(activation) ? before : internal::matrix_for_products(tape, batch, width);
  const Precision precision = tape.precision(std::min(x.cols(), width));
  gemm(tape.pool(), precision, Transpose::kNo, x.value(), Transpose::kNo, kernel.value(), before);
  const std::int64_t chunk = internal::rows_worth_a_thread(width);
  const std::int64_t touched = linear && !bias.exists() ? 0 : batch;
  parallel_for(tape.pool(), touched, chunk, [&](std::int64_t begin, std::int64_t end) {
    const kernels::Table& k = kernels::active();
    for (std::int64_t b = begin; b < end; ++b) {
      if (bias.exists()) k.add(bias.value().data, before.row(b), width);
      if (!linear) k.activate(activation, before.row(b), out.row(b), width);
    }
  });

  const Var result = tape.result(out, x.tracked() || kernel.tracked() || bias.tracked());
  tape.record(result, [&tape, x, kernel, bias, activation, linear, before, out, chunk,
                       precision](ConstMatrixView d_out) {
    ConstMatrixView d_before = d_out;
    if (!linear) {
      const MatrixView d = internal::matrix_for_products(tape, out.rows, out.cols);
      parallel_for(tape.pool(), out.rows, chunk, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t b = begin; b < end; ++b) {
          kernels::active().activate_backward(activation, before.row(b), out.row(b), d_out.row(b), d.row(b), out.cols);
        }
      });
      d_before = d;
    }
    if (kernel.tracked()) {
      const GradientTarget to = tape.gradient_target(kernel);
      gemm(tape.pool(), precision, Transpose::kYes, x.value(), Transpose::kNo, d_before, to.matrix, !to.fresh);
    }
    if (bias.tracked()) {
      const MatrixView ones = tape.matrix(1, out.rows);
      std::fill_n(ones.data, out.rows, 1.0F);
      const GradientTarget to = tape.gradient_target(bias);
      gemm(tape.pool(), Transpose::kNo, ones, Transpose::kNo, d_before, to.matrix, !to.fresh);
    }
    if (x.tracked()) add_to_input(tape, precision, d_before, x, kernel.value());
  });
  return result;
}

}  // namespace kin
